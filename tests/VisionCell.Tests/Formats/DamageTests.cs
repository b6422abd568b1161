using VisionCell.Formats;
using VisionCell.Volumes;

namespace VisionCell.Tests.Formats;

/// <summary>Whatever a file holds, reading ends in a volume or in a <see cref="BadInputException"/> of one line that names it.</summary>
public class DamageTests
{
    public static TheoryData<string> Tiffs => ["deflate-u2", "lzw-predictor-u2", "tiles-predictor-3-f4", "packbits-u1", "zstd-u2", "bigtiff-big-endian-u1", "imagej-contiguous-u2", "ome-u1.ome", "imagej-u2"];

    public static TheoryData<string> Zarrs => ["default-u2", "zlib", "gzip", "zstd", "lz4", "blosc-zstd-bits", "blosc-blosclz-shuffle", "blosc-lz4-blocks", "five-axes"];

    [Theory]
    [InlineData("", "empty")]
    [InlineData("This is a text file that somebody named .tif.", "not a TIFF")]
    [InlineData("II*", "not a TIFF")]
    public void What_is_no_TIFF_is_said_so(string content, string message)
    {
        using var scratch = new Scratch();
        File.WriteAllText(scratch["notes.tif"], content);
        Assert.Contains(message, AssertOneLine(scratch["notes.tif"], "notes.tif"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_path_is_named() =>
        Assert.Contains("no such file", AssertOneLine("/nowhere/stack.tif", "/nowhere/stack.tif"), StringComparison.Ordinal);

    [Fact]
    public void A_folder_without_slices_and_a_file_of_another_kind_are_named()
    {
        using var scratch = new Scratch();
        File.WriteAllText(scratch["readme.txt"], "text");
        AssertOneLine(scratch.Folder, scratch.Folder);
        AssertOneLine(scratch["readme.txt"], "readme.txt");
        Directory.CreateDirectory(scratch["a.zarr"]);
        AssertOneLine(scratch["a.zarr"], "a.zarr");
    }

    [Fact]
    public void A_directory_that_points_at_itself_ends()
    {
        using var scratch = new Scratch();
        var data = File.ReadAllBytes(Golden.Path("strips-u1.tif"));
        var directory = BitConverter.ToInt32(data, 4);
        var entries = BitConverter.ToUInt16(data, directory);
        BitConverter.TryWriteBytes(data.AsSpan(directory + 2 + 12 * entries), directory);
        File.WriteAllBytes(scratch["loop.tif"], data);
        AssertOneLine(scratch["loop.tif"], "loop.tif");
    }

    [Theory]
    [MemberData(nameof(Tiffs))]
    public void A_truncated_TIFF_never_passes_as_a_volume_of_other_shape(string name)
    {
        using var scratch = new Scratch();
        var data = File.ReadAllBytes(Golden.Path(name + ".tif"));
        var whole = VolumeFormats.Read(Golden.Path(name + ".tif"), Golden.Any);
        var path = scratch["cut.tif"];
        for (var length = 0; length < data.Length; length += Math.Max(1, data.Length / 97))
        {
            File.WriteAllBytes(path, data[..length]);
            // tifffile pads its files, and metadata at the end may go unmissed; voxels may not.
            if (Attempt(path) is { } volume)
                Golden.AssertEqual(whole, volume);
        }
    }

    [Theory]
    [MemberData(nameof(Tiffs))]
    public void A_TIFF_with_flipped_bytes_is_read_or_refused(string name)
    {
        using var scratch = new Scratch();
        var data = File.ReadAllBytes(Golden.Path(name + ".tif"));
        var path = scratch["flipped.tif"];
        var random = new Random(7);
        for (var trial = 0; trial < 400; trial++)
        {
            var copy = (byte[])data.Clone();
            for (var flips = random.Next(1, 4); flips > 0; flips--)
            {
                // Half of them in the header and near its end, where directories lie.
                var at = random.Next(4) switch { 0 => random.Next(Math.Min(16, data.Length)), 1 => data.Length - 1 - random.Next(Math.Min(900, data.Length)), _ => random.Next(data.Length) };
                copy[at] = (byte)random.Next(256);
            }
            File.WriteAllBytes(path, copy);
            Attempt(path);
        }
    }

    [Theory]
    [MemberData(nameof(Zarrs))]
    public void A_Zarr_with_cut_or_flipped_bytes_is_read_or_refused(string name)
    {
        using var scratch = new Scratch();
        var source = Golden.Path(name + ".zarr");
        foreach (var file in Directory.GetFiles(source, "*", SearchOption.AllDirectories))
        {
            var target = scratch["a.zarr" + file[source.Length..]];
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
        var whole = VolumeFormats.Read(source);
        var random = new Random(11);
        foreach (var file in Directory.GetFiles(scratch["a.zarr"], "*", SearchOption.AllDirectories))
        {
            var data = File.ReadAllBytes(file);
            var isChunk = !Path.GetFileName(file).StartsWith('.');
            for (var trial = 0; trial < 40; trial++)
            {
                var copy = (byte[])data.Clone();
                if (trial % 2 == 0)
                    copy = copy[..random.Next(copy.Length)];
                else
                    copy[random.Next(copy.Length)] = (byte)random.Next(256);
                File.WriteAllBytes(file, copy);
                var volume = Attempt(scratch["a.zarr"]);
                if (volume is not null && isChunk && trial % 2 == 0)
                    Golden.AssertEqual(whole, volume);
            }
            File.WriteAllBytes(file, data);
        }
    }

    [Fact]
    public void A_flipped_byte_in_a_chunk_written_here_is_found()
    {
        using var scratch = new Scratch();
        OmeZarr.Write(Golden.Noise(VoxelType.UInt8, new Shape3(16, 16, 16)), scratch["a.zarr"], new OmeZarrOptions { Chunk = 16 });
        var chunk = scratch["a.zarr/0/0/0/0"];
        var data = File.ReadAllBytes(chunk);
        for (var at = 20; at < data.Length; at += 211)
        {
            data[at] ^= 0x10;
            File.WriteAllBytes(chunk, data);
            AssertOneLine(scratch["a.zarr"], "a.zarr");
            data[at] ^= 0x10;
        }
    }

    [Fact]
    public void A_flipped_byte_in_a_strip_written_here_is_found()
    {
        using var scratch = new Scratch();
        VolumeFormats.Write(Golden.Noise(VoxelType.UInt8, new Shape3(1, 64, 64)), scratch["a.tif"]);
        var data = File.ReadAllBytes(scratch["a.tif"]);
        for (var at = 12; at < 4000; at += 311)
        {
            data[at] ^= 0x10;
            File.WriteAllBytes(scratch["b.tif"], data);
            Assert.Contains("page 1", AssertOneLine(scratch["b.tif"], "b.tif"), StringComparison.Ordinal);
            data[at] ^= 0x10;
        }
    }

    // A volume, or null after a proper refusal. Anything else fails the test.
    private static Volume? Attempt(string path)
    {
        try
        {
            return VolumeFormats.Read(path, Golden.Any);
        }
        catch (BadInputException e)
        {
            AssertMessage(e, Path.GetFileName(path));
            return null;
        }
    }

    private static string AssertOneLine(string path, string name)
    {
        var e = Assert.Throws<BadInputException>(() => VolumeFormats.Read(path, Golden.Any));
        AssertMessage(e, name);
        return e.Message;
    }

    private static void AssertMessage(BadInputException e, string name)
    {
        Assert.Contains(name, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }
}
