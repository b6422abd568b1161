using VisionCell.Formats;
using VisionCell.Volumes;

namespace VisionCell.Tests.Formats;

public class AtomicWriteTests
{
    // What Linux reports, and .NET passes on as HResult, where no space is left.
    private const int NoSpace = 28;

    [Fact]
    public void A_full_disk_leaves_nothing_and_says_so_in_one_line()
    {
        using var scratch = new Scratch();
        var e = Assert.Throws<IOException>(() => AtomicWrite.File(scratch["a.tif"], stream =>
        {
            stream.Write(new byte[100]);
            throw new IOException("No space left on device : '/tmp/x'", NoSpace);
        }));
        Assert.Equal($"{scratch["a.tif"]}: could not be written: No space left on device", e.Message);
        Assert.Equal(NoSpace, e.HResult);
        Assert.Empty(Directory.GetFileSystemEntries(scratch.Folder));

        e = Assert.Throws<IOException>(() => AtomicWrite.Folder(scratch["a.zarr"], _ => false, folder =>
        {
            File.WriteAllText(Path.Combine(folder, "chunk"), "data");
            Parallel.For(0, 2, _ => throw new IOException("No space left on device : '/tmp/x'", NoSpace));
        }));
        Assert.Contains("a.zarr: could not be written: No space left", e.Message, StringComparison.Ordinal);
        Assert.Equal(NoSpace, e.HResult);
        Assert.Empty(Directory.GetFileSystemEntries(scratch.Folder));
    }

    [Theory]
    [InlineData("a.tif")]
    [InlineData("a.zarr")]
    public void Cancelling_leaves_the_old_content(string name)
    {
        using var scratch = new Scratch();
        var old = Golden.Noise(VoxelType.UInt8, new Shape3(4, 20, 20), 1);
        VolumeFormats.Write(old, scratch[name]);
        using var source = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(() =>
            VolumeFormats.Write(Golden.Noise(VoxelType.UInt8, new Shape3(200, 80, 80), 2), scratch[name], new CancelAtOnce(source), source.Token));
        Golden.AssertEqual(old, VolumeFormats.Read(scratch[name]));
        Assert.Single(Directory.GetFileSystemEntries(scratch.Folder));
    }

    [Theory]
    [InlineData("a.tif")]
    [InlineData("a.zarr")]
    public void Writing_again_replaces(string name)
    {
        using var scratch = new Scratch();
        VolumeFormats.Write(Golden.Noise(VoxelType.UInt8, new Shape3(4, 20, 20), 1), scratch[name]);
        var volume = Golden.Noise(VoxelType.UInt16, new Shape3(3, 10, 10), 2);
        VolumeFormats.Write(volume, scratch[name]);
        Golden.AssertEqual(volume, VolumeFormats.Read(scratch[name]));
        Assert.Single(Directory.GetFileSystemEntries(scratch.Folder));
    }

    [Fact]
    public void What_is_in_the_way_is_named_and_kept()
    {
        using var scratch = new Scratch();
        var volume = Golden.Noise(VoxelType.UInt8, new Shape3(1, 2, 3));
        Directory.CreateDirectory(scratch["folder.tif"]);
        Directory.CreateDirectory(scratch["thesis.zarr"]);
        File.WriteAllText(scratch["thesis.zarr/chapter"], "text");
        File.WriteAllText(scratch["file.zarr"], "text");
        foreach (var name in new[] { "folder.tif", "thesis.zarr", "file.zarr" })
            Assert.Contains(name, Assert.Throws<BadInputException>(() => VolumeFormats.Write(volume, scratch[name])).Message, StringComparison.Ordinal);
        Assert.Equal("text", File.ReadAllText(scratch["thesis.zarr/chapter"]));
        Assert.Contains(".zarr", Assert.Throws<BadInputException>(() => VolumeFormats.Write(volume, scratch["a.xyz"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Folders_above_are_made()
    {
        using var scratch = new Scratch();
        VolumeFormats.Write(Golden.Noise(VoxelType.UInt8, new Shape3(1, 2, 3)), scratch["run/volumes/a.zarr/"]);
        Assert.True(File.Exists(scratch["run/volumes/a.zarr/.zattrs"]));
    }

    private sealed class CancelAtOnce(CancellationTokenSource source) : IProgress<double>
    {
        public void Report(double value) => source.Cancel();
    }
}
