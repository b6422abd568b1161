using System.Buffers.Binary;

using VisionCell.Formats;
using VisionCell.Volumes;

namespace VisionCell.Tests.Formats;

/// <summary>N5 and Neuroglancer's precomputed volumes, whose chunks at the end of the array are smaller than the others.</summary>
public class ChunkedReadTests
{
    [Theory]
    [InlineData("raw-u1.n5", VoxelType.UInt8)]
    [InlineData("blosc-u2.n5", VoxelType.UInt16)]
    [InlineData("zlib-f4.n5", VoxelType.Float32)]
    [InlineData("levels-u2.n5", VoxelType.UInt16)]
    [InlineData("cut-mode-1-f4.n5", VoxelType.Float32)]
    [InlineData("raw-u2.precomputed", VoxelType.UInt16)]
    [InlineData("zipped-f4.precomputed", VoxelType.Float32)]
    public void Reads_the_goldens(string name, VoxelType type)
    {
        var volume = VolumeFormats.Read(Golden.Path(name));
        Golden.AssertVoxels(volume, type);
        Assert.Equal(new VoxelSize(40, 8, 6), volume.VoxelSize);
        // Across blocks, and no more of them than needed.
        var box = new Box(1, 10, 9, new Shape3(4, 9, 24));
        Golden.AssertEqual(volume.Crop(box), OmeZarr.Open(Golden.Path(name)).Read(0, box));
        using var reader = VolumeFormats.OpenSections(Golden.Path(name)).Reader;
        Assert.Equal(volume.Shape, reader.Info.Shape);
    }

    [Fact]
    public void A_block_that_is_not_there_is_zero()
    {
        var volume = VolumeFormats.Read(Golden.Path("cut-u2.n5"));
        for (var z = 0; z < 5; z++)
        {
            for (var y = 0; y < 19; y++)
            {
                for (var x = 0; x < 33; x++)
                    Assert.Equal(z < 4 && y < 16 && x is >= 16 and < 32 ? 0 : Golden.Expected(VoxelType.UInt16, z, y, x), volume.ValueAt(z, y, x));
            }
        }
    }

    [Theory]
    [InlineData("levels-u2.n5", 0.0, 0.0, 0.0)]
    [InlineData("raw-u2.precomputed", 400.0, 160.0, 180.0)]
    public void Levels_have_their_size_and_lie_over_each_other(string name, double z, double y, double x)
    {
        var image = OmeZarr.Open(Golden.Path(name));
        Assert.Equal(2, image.LevelCount);
        Assert.Equal(new Position(z, y, x), image.Info.Origin);
        var coarse = image.Read(1);
        Assert.Equal((new Shape3(5, 10, 17), new VoxelSize(40, 16, 12)), (coarse.Shape, coarse.VoxelSize));
        // The first voxel of the coarse level covers two of the fine one along y and x.
        Assert.Equal(new Position(z, y + 4, x + 3), coarse.Origin);
        Assert.Equal(Golden.Expected(VoxelType.UInt16, 4, 18, 32), coarse.ValueAt(4, 9, 16));
    }

    [Fact]
    public void An_origin_is_read_by_its_axes() =>
        Assert.Equal(new Position(100, 200, 300), VolumeFormats.Read(Golden.Path("raw-u1.n5")).Origin);

    [Fact]
    public void Jpeg_chunks_are_read_with_a_notice()
    {
        List<string> notices = [];
        var volume = VolumeFormats.Read(Golden.Path("jpeg-u1.precomputed"), notice: notices.Add);
        Assert.Contains("JPEG", Assert.Single(notices), StringComparison.Ordinal);
        var worst = Enumerable.Range(0, (int)Golden.Shape.Count).Max(i => Math.Abs(volume.Bytes[i] - Golden.Expected(VoxelType.UInt8, i / (19 * 33), i / 33 % 19, i % 33)));
        Assert.InRange(worst, 0, 8);
    }

    [Theory]
    [InlineData("xz-u1.n5/attributes.json", "compression xz")]
    [InlineData("sharded/info", "shards")]
    [InlineData("channels/info", "2 channels")]
    [InlineData("empty.n5", "s0, s1")]
    public void What_is_not_read_is_named(string name, string what)
    {
        using var scratch = new Scratch();
        var path = Path.GetDirectoryName(name) is { Length: > 0 } folder ? folder : name;
        if (Directory.Exists(Golden.Path(path)))
            path = Golden.Path(path);
        else
        {
            path = scratch[path];
            Directory.CreateDirectory(path);
            const string Scale = """{ "key": "a", "size": [4, 4, 4], "resolution": [8, 8, 8], "chunk_sizes": [[4, 4, 4]], "encoding": "raw", "sharding": {} }""";
            if (Path.GetFileName(name) == "info")
                File.WriteAllText(Path.Combine(path, "info"), $$"""{ "data_type": "uint8", "num_channels": {{(name[0] == 'c' ? 2 : 1)}}, "scales": [{{Scale}}] }""");
        }
        var message = Assert.Throws<BadInputException>(() => VolumeFormats.Read(path)).Message;
        Assert.Contains(what, message, StringComparison.Ordinal);
        Assert.Contains(path, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 7)]
    [InlineData(2, 4)]
    [InlineData(7, 17)]
    [InlineData(7, 3)]
    public void A_header_that_makes_no_sense_is_damage(int at, byte value)
    {
        using var scratch = new Scratch();
        var block = Copied(scratch);
        var bytes = File.ReadAllBytes(block);
        bytes[at] = value;
        File.WriteAllBytes(block, bytes);
        Assert.Contains(block, Assert.Throws<BadInputException>(() => VolumeFormats.Read(scratch["a.n5"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_block_that_is_cut_off_is_damage()
    {
        using var scratch = new Scratch();
        var block = Copied(scratch);
        var whole = File.ReadAllBytes(block);
        Assert.Equal(16 * 16 * 4, whole.Length - 16);
        Assert.Equal(16, BinaryPrimitives.ReadInt32BigEndian(whole.AsSpan(4)));
        foreach (var length in new[] { 0, 3, 15, 16, whole.Length - 1 })
        {
            File.WriteAllBytes(block, whole[..length]);
            Assert.Contains(block, Assert.Throws<BadInputException>(() => VolumeFormats.Read(scratch["a.n5"])).Message, StringComparison.Ordinal);
        }
    }

    // The first block of a copy of a golden.
    private static string Copied(Scratch scratch)
    {
        foreach (var file in Directory.EnumerateFiles(Golden.Path("raw-u1.n5"), "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(scratch["a.n5"], Path.GetRelativePath(Golden.Path("raw-u1.n5"), file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
        return scratch["a.n5/0/0/0"];
    }
}
