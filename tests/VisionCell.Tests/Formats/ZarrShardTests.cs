using System.Buffers.Binary;
using System.Text.Json.Nodes;

using VisionCell.Formats;
using VisionCell.Volumes;

namespace VisionCell.Tests.Formats;

/// <summary>Shards of OME-Zarr 0.5: what is written is what the specification says, reads back, and damage is named.</summary>
public class ZarrShardTests
{
    private static readonly Shape3 Shape = new(70, 50, 33);
    private static readonly OmeZarrOptions Sharded = new() { Version = OmeZarrVersion.V05, Chunk = 16, Shard = 32, IsMultiscale = false };

    [Theory]
    [InlineData(VoxelType.UInt8)]
    [InlineData(VoxelType.UInt16)]
    [InlineData(VoxelType.Float32)]
    public void A_volume_comes_back_whole_and_in_parts(VoxelType type)
    {
        using var scratch = new Scratch();
        var volume = Golden.Noise(type, Shape);
        OmeZarr.Write(volume, scratch["a.zarr"], Sharded with { IsMultiscale = true });
        var image = OmeZarr.Open(scratch["a.zarr"]);
        Assert.True(image.LevelCount > 1);
        Assert.Contains("chunks 16 x 16 x 16 in shards of 32 x 32 x 32", string.Join(", ", image.Info.Notes), StringComparison.Ordinal);
        Assert.True(volume.Bytes.SequenceEqual(image.Read().Bytes));
        var box = new Box(15, 30, 1, new Shape3(50, 20, 32));
        Assert.True(volume.Crop(box).Bytes.SequenceEqual(image.Read(0, box).Bytes));
        OmeZarr.Write(volume, scratch["b.zarr"], new OmeZarrOptions { Chunk = 16 });
        Assert.True(OmeZarr.Open(scratch["b.zarr"]).Read(1).Bytes.SequenceEqual(image.Read(1).Bytes));
    }

    [Fact]
    public void A_shard_is_chunks_and_an_index_with_their_sums_as_the_specification_says()
    {
        using var scratch = new Scratch();
        OmeZarr.Write(Golden.Noise(VoxelType.UInt8, Shape), scratch["a.zarr"], Sharded);
        var files = Directory.GetFiles(scratch["a.zarr/0/c"], "*", SearchOption.AllDirectories);
        Assert.Equal(3 * 2 * 2, files.Length);
        // At the far corner 6 x 18 x 1 voxels are left of 32³: one chunk along z and x, two along y.
        var shard = File.ReadAllBytes(scratch["a.zarr/0/c/2/1/1"]);
        var index = shard.AsSpan(^(8 * 16 + 4)..);
        Assert.Equal(Sum(index[..^4]), BinaryPrimitives.ReadUInt32LittleEndian(index[^4..]));
        var end = 0L;
        for (var i = 0; i < 8; i++)
        {
            var (offset, length) = (BinaryPrimitives.ReadInt64LittleEndian(index[(16 * i)..]), BinaryPrimitives.ReadInt64LittleEndian(index[(16 * i + 8)..]));
            if (i is 0 or 2)
            {
                Assert.Equal(end, offset);
                var chunk = shard.AsSpan((int)offset, (int)length);
                Assert.Equal(Sum(chunk[..^4]), BinaryPrimitives.ReadUInt32LittleEndian(chunk[^4..]));
                end = offset + length;
            }
            else
            {
                Assert.Equal((-1, -1), (offset, length));
            }
        }
        Assert.Equal(shard.Length - index.Length, end);
        var codec = JsonNode.Parse(File.ReadAllBytes(scratch["a.zarr/0/zarr.json"]))!["codecs"]!.AsArray().Single()!;
        Assert.Equal("sharding_indexed", (string?)codec["name"]);
        Assert.Equal("end", (string?)codec["configuration"]!["index_location"]);
        Assert.Equal(["bytes", "zstd", "crc32c"], codec["configuration"]!["codecs"]!.AsArray().Select(c => (string?)c!["name"]));
        Assert.Equal(["bytes", "crc32c"], codec["configuration"]!["index_codecs"]!.AsArray().Select(c => (string?)c!["name"]));
    }

    [Fact]
    public void The_check_sum_is_that_of_RFC_3720()
    {
        Assert.Equal(0xE3069283u, ZarrCodec.Crc32C("123456789"u8));
        var noise = Golden.Noise(VoxelType.UInt8, new Shape3(1, 1, 1001)).Bytes;
        for (var n = 0; n < 40; n++)
            Assert.Equal(Sum(noise[..(961 + n)]), ZarrCodec.Crc32C(noise[..(961 + n)]));
    }

    [Fact]
    public void Damage_names_the_file_the_chunk_and_the_sum_and_spares_the_other_chunks()
    {
        using var scratch = new Scratch();
        var volume = Golden.Noise(VoxelType.UInt8, Shape);
        OmeZarr.Write(volume, scratch["a.zarr"], Sharded);
        var file = scratch["a.zarr/0/c/1/0/0"];
        var whole = File.ReadAllBytes(file);
        // The second chunk of the shard at z 32: (2, 0, 1) of the array.
        var second = (int)BinaryPrimitives.ReadInt64LittleEndian(whole.AsSpan(^(8 * 16 + 4 - 16)..));
        Assert.All(new[] { "c/1/0/0", "chunk (2, 0, 1)", "crc32c" }, part => Assert.Contains(part, Damaged(second + 100), StringComparison.Ordinal));
        var other = new Box(48, 16, 0, new Shape3(16, 16, 16));
        Assert.True(volume.Crop(other).Bytes.SequenceEqual(OmeZarr.Open(scratch["a.zarr"]).Read(0, other).Bytes));
        Assert.All(new[] { "c/1/0/0", "index", "crc32c" }, part => Assert.Contains(part, Damaged(whole.Length - 20), StringComparison.Ordinal));
        File.WriteAllBytes(file, whole[..100]);
        Assert.Contains("c/1/0/0", Assert.Throws<BadInputException>(() => OmeZarr.Read(scratch["a.zarr"])).Message, StringComparison.Ordinal);

        string Damaged(int at)
        {
            var bytes = (byte[])whole.Clone();
            bytes[at] ^= 4;
            File.WriteAllBytes(file, bytes);
            return Assert.Throws<BadInputException>(() => OmeZarr.Read(scratch["a.zarr"])).Message;
        }
    }

    [Fact]
    public void A_chunk_missing_from_a_shard_written_here_is_a_loss()
    {
        using var scratch = new Scratch();
        OmeZarr.Write(Golden.Noise(VoxelType.UInt8, Shape), scratch["a.zarr"], Sharded);
        var file = scratch["a.zarr/0/c/0/0/0"];
        var bytes = File.ReadAllBytes(file);
        var index = bytes.AsSpan(^(8 * 16 + 4)..);
        index[(3 * 16)..(4 * 16)].Fill(255);
        BinaryPrimitives.WriteUInt32LittleEndian(index[^4..], Sum(index[..^4]));
        File.WriteAllBytes(file, bytes);
        var message = Assert.Throws<BadInputException>(() => OmeZarr.Read(scratch["a.zarr"])).Message;
        Assert.All(new[] { "c/0/0/0", "chunk (0, 1, 1)", "missing" }, part => Assert.Contains(part, message, StringComparison.Ordinal));
        File.Delete(file);
        Assert.Contains("missing", Assert.Throws<BadInputException>(() => OmeZarr.Read(scratch["a.zarr"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Writers_side_by_side_leave_the_bytes_of_one()
    {
        using var scratch = new Scratch();
        var options = Sharded with { IsMultiscale = true };
        var volume = Golden.Noise(VoxelType.UInt16, Shape);
        OmeZarr.Write(volume, scratch["whole/a.zarr"], options);
        OmeZarrTiles Open() => new(scratch["work"], Shape, VoxelType.UInt16, volume.VoxelSize, volume.Origin, options);
        Box[] tiles = [.. from z in new[] { 0, 32, 64 } from y in new[] { 0, 32 } select new Box(z, y, 0, new Shape3(Math.Min(32, 70 - z), Math.Min(32, 50 - y), 33))];
        Open();
        // Each does some tiles of its own, and one that the others do as well.
        Parallel.For(0, 3, writer =>
        {
            var image = Open();
            foreach (var tile in tiles.Where((_, i) => i == 0 || i % 3 == writer))
                image.Write(volume.Crop(tile), tile, TestContext.Current.CancellationToken);
        });
        Open().Complete(scratch["tiles/a.zarr"], volume.Provenance, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(Runs(scratch["whole/a.zarr"]), Runs(scratch["tiles/a.zarr"]));
        var off = new Box(0, 16, 0, new Shape3(32, 32, 33));
        Assert.Throws<ArgumentException>(() => Open().Write(volume.Crop(off), off, TestContext.Current.CancellationToken));

        static string Runs(string folder) => VisionCell.Runs.ContentHash.OfFolder(folder);
    }

    [Fact]
    public void Shards_that_do_not_suit_are_refused_before_anything_is_written()
    {
        using var scratch = new Scratch();
        var volume = Golden.Noise(VoxelType.UInt8, new Shape3(8, 8, 8));
        Assert.Contains("0.5", Refused(new OmeZarrOptions { Shard = 128 }), StringComparison.Ordinal);
        Assert.Contains("give 64", Refused(new OmeZarrOptions { Version = OmeZarrVersion.V05, Shard = 100 }), StringComparison.Ordinal);
        Assert.Throws<BadInputException>(() => new OmeZarrOptions { Shard = 4096 });
        Assert.Throws<BadInputException>(() => new VisionCell.Pipeline.Tiling { Image = new OmeZarrOptions { Version = OmeZarrVersion.V05, Shard = 192 } }.Of(new Shape3(99, 99, 99), splitRows: true));
        Assert.Empty(Directory.GetFileSystemEntries(scratch.Folder));

        string Refused(OmeZarrOptions options) => Assert.Throws<BadInputException>(() => OmeZarr.Write(volume, scratch["a.zarr"], options)).Message;
    }

    // Bit by bit, from the polynomial.
    private static uint Sum(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var b in data)
        {
            crc ^= b;
            for (var i = 0; i < 8; i++)
                crc = crc >> 1 ^ ((crc & 1) == 1 ? 0x82F63B78 : 0);
        }
        return ~crc;
    }
}
