using System.Diagnostics;
using System.Runtime.InteropServices;
using TorchSharp;
using VisionCell.Kernels;

namespace VisionCell.Tests.Kernels;

public sealed class NativeLibrariesTests
{
    private static string Shim => Path.Combine(NativeLibraries.Folder ?? throw new InvalidOperationException("no native folder"), "libLibTorchSharp.so");

    [Fact]
    public void Torch_computes()
    {
        using var scope = torch.NewDisposeScope();
        Assert.Equal(6, torch.ones(2, 3).sum().ToSingle());
    }

    [Fact]
    public void OpenCv_computes()
    {
        using var image = new OpenCvSharp.Mat(2, 3, OpenCvSharp.MatType.CV_32FC1, new OpenCvSharp.Scalar(2));
        Assert.Equal(12, image.Sum().Val0);
    }

    [Fact]
    public void Weakening_changes_one_half_word_and_only_that_version()
    {
        var image = File.ReadAllBytes(Shim);
        var weakened = image.ToArray();
        Assert.Equal(1, ElfVersions.Weaken(weakened, NativeLibraries.UnusedVersion));
        Assert.Single(Enumerable.Range(0, image.Length), i => image[i] != weakened[i]);
        Assert.Equal(0, ElfVersions.Weaken(weakened, "GLIBCXX_9.9.9"));
    }

    [Fact]
    public void The_weakened_copy_loads()
    {
        using var scope = torch.NewDisposeScope();
        torch.ones(1); // libtorch is in memory from here on, which the copy needs.
        var folder = Directory.CreateTempSubdirectory("visioncell-shim").FullName;
        try
        {
            var copy = NativeLibraries.WeakenedCopy(Shim, folder);
            Assert.True(NativeLibrary.TryLoad(copy, out _), "the weakened shim does not load");
            Assert.Equal(copy, NativeLibraries.WeakenedCopy(Shim, folder));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void No_relocation_of_the_shim_uses_the_version_that_is_weakened()
    {
        // Only if this holds is weakening right. readelf is part of binutils, which the test set-up installs.
        using var readelf = Process.Start(new ProcessStartInfo("readelf", ["--wide", "--relocs", Shim]) { RedirectStandardOutput = true })!;
        var relocations = readelf.StandardOutput.ReadToEnd();
        readelf.WaitForExit();
        Assert.Contains("R_X86_64_JUMP_SLO", relocations, StringComparison.Ordinal);
        Assert.DoesNotContain(NativeLibraries.UnusedVersion, relocations, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_elf_file_is_left_alone()
    {
        var text = "not a library, only some text that is longer than an ELF header would be, to be sure of it"u8.ToArray();
        Assert.Equal(0, ElfVersions.Weaken(text, NativeLibraries.UnusedVersion));
    }
}
