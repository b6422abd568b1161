using VisionCell.Formats;
using VisionCell.Volumes;

namespace VisionCell.Tests.Formats;

/// <summary>An image that is written tile by tile is the image.</summary>
public sealed class ZarrTilesTests : IDisposable
{
    private static readonly Shape3 Shape = new(150, 201, 133);
    private readonly string _folder = Directory.CreateTempSubdirectory("vc-tiles").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static Volume<byte> Noise()
    {
        var data = new byte[Shape.Count];
        new Random(1).NextBytes(data);
        return new Volume<byte>(data, Shape, new VoxelSize(10, 10, 10), new Position(5, 0, 0), Provenance.Of("noise"));
    }

    private static IEnumerable<Box> Tiles() =>
        from x in new[] { 0, 128 }
        from y in new[] { 128, 0 }
        from z in new[] { 64, 0 }
        select new Box(z, y, x, new Shape3(z == 0 ? 64 : 86, Math.Min(128, Shape.Y - y), Math.Min(128, Shape.X - x)));

    private OmeZarrTiles Begin(Volume<byte> volume, OmeZarrOptions? options = null) => new(Path.Combine(_folder, "work"), volume.Shape, VoxelType.UInt8, volume.VoxelSize, volume.Origin, options);

    /// <summary>With chunks of 16 the tiles, which begin at multiples of 64, write two more levels themselves, of shards their parts; with chunks of 64 none.</summary>
    [Theory]
    [InlineData(64, null, 0)]
    [InlineData(16, null, 2)]
    [InlineData(16, 64, 2)]
    [InlineData(16, 32, 2)]
    [InlineData(64, 64, 0)]
    public void In_any_order_and_interrupted_the_bytes_are_those_of_the_whole(int chunk, int? shard, int coarser)
    {
        var volume = Noise();
        var tiles = Tiles().ToArray();
        var options = new OmeZarrOptions { Chunk = chunk, Shard = shard, Version = shard is null ? OmeZarrVersion.V04 : OmeZarrVersion.V05 };
        foreach (var tile in tiles.Take(5))
            Begin(volume, options).Write(volume.Crop(tile), tile);
        var image = Begin(volume, options);
        Assert.Equal([true, true, true, true, true, false, false, false], tiles.Select(image.IsWritten));
        foreach (var tile in tiles.Where(t => !image.IsWritten(t)))
            image.Write(volume.Crop(tile), tile);
        // Levels of which there are files, whole ones or parts of them.
        string[] written = [.. new[] { "image", "parts" }.Select(f => Path.Combine(_folder, "work", f)).Where(Directory.Exists).SelectMany(Directory.GetDirectories).Select(d => Path.GetFileName(d)!).Distinct()];
        Assert.Equal(1 + coarser, written.Length);
        AssertCompletes(image, volume, options);
    }

    /// <summary>A level of which a part was lost, cut off or changed is made from the finer one.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(100)]
    public void A_part_of_a_shard_that_is_damaged_does_not_count(int? damage)
    {
        var volume = Noise();
        var options = new OmeZarrOptions { Chunk = 16, Shard = 64, Version = OmeZarrVersion.V05 };
        var image = Begin(volume, options);
        foreach (var tile in Tiles())
            image.Write(volume.Crop(tile), tile);
        var part = Directory.GetFiles(Path.Combine(_folder, "work", "parts", "1"), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).First();
        var bytes = File.ReadAllBytes(part);
        if (damage is { } at and >= 0)
            bytes[at] ^= 1;
        if (damage is null)
            File.Delete(part);
        else
            File.WriteAllBytes(part, damage < 0 ? [] : bytes);
        AssertCompletes(image, volume, options);
    }

    private void AssertCompletes(OmeZarrTiles image, Volume<byte> volume, OmeZarrOptions options)
    {
        image.Complete(Path.Combine(_folder, "tiles", "image.zarr"), volume.Provenance);
        OmeZarr.Write(volume, Path.Combine(_folder, "whole", "image.zarr"), options);
        string[] Files(string of) => [.. Directory.GetFiles(Path.Combine(_folder, of), "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(Path.Combine(_folder, of), f)).Order(StringComparer.Ordinal)];
        Assert.True(Files("whole").Length > 20);
        Assert.Equal(Files("whole"), Files("tiles"));
        foreach (var file in Files("whole"))
            Assert.True(File.ReadAllBytes(Path.Combine(_folder, "whole", file)).SequenceEqual(File.ReadAllBytes(Path.Combine(_folder, "tiles", file))), file);
        Assert.False(Directory.Exists(Path.Combine(_folder, "work")));
    }

    [Fact]
    public void A_tile_that_is_missing_is_an_error_and_one_off_the_chunks_is_refused()
    {
        var volume = Noise();
        var image = Begin(volume);
        var tile = Tiles().First();
        image.Write(volume.Crop(tile), tile);
        Assert.Throws<BadInputException>(() => image.Complete(Path.Combine(_folder, "image.zarr"), volume.Provenance));
        Assert.False(Directory.Exists(Path.Combine(_folder, "image.zarr")));
        var off = tile with { X = 32, Shape = tile.Shape with { X = 64 } };
        Assert.Throws<ArgumentException>(() => image.Write(volume.Crop(off), off));
    }

    [Fact]
    public void Marks_of_an_image_that_is_gone_do_not_count()
    {
        var volume = Noise();
        var tile = Tiles().First();
        Begin(volume).Write(volume.Crop(tile), tile);
        Directory.Delete(Path.Combine(_folder, "work", "image"), recursive: true);
        Assert.False(Begin(volume).IsWritten(tile));
    }
}
