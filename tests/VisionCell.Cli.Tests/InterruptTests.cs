using System.Diagnostics;

namespace VisionCell.Cli.Tests;

/// <summary>Ctrl-C ends a long command soon, with exit code 4 and what was reached kept.</summary>
public sealed class InterruptTests
{
    [Fact]
    public void A_training_is_interrupted_and_leaves_its_checkpoint()
    {
        using var folder = new TemporaryFolder();
        var clock = Stopwatch.StartNew();
        var outcome = Command.RunAndInterrupt("superresolution: train", "reconstruct", Command.Sample, "--voxel-size", "80,10,10", "--minutes", "20", "--out", folder.Path);
        Assert.Equal(4, outcome.Code);
        Assert.Equal("visioncell: interrupted; give the same command again to go on from what is done", outcome.FailureLine);
        Assert.Empty(outcome.Output);
        Assert.True(clock.Elapsed < TimeSpan.FromMinutes(3), $"took {clock.Elapsed}");
        Assert.NotEmpty(Directory.EnumerateFiles(folder.File("checkpoints"), "*.safetensors"));
        Assert.True(File.Exists(folder.File("run.json")));
        Assert.False(Directory.Exists(folder.File("volumes/superresolution.zarr")));
    }

    [Fact]
    public void A_benchmark_is_interrupted_without_a_report()
    {
        using var folder = new TemporaryFolder();
        var report = folder.File("report.json");
        var outcome = Command.RunAndInterrupt("superresolution: train", "benchmark", Command.Sample, "--degrade", "decimate:8", "--methods", "superresolution", "--minutes", "20", "--json", report);
        Assert.Equal(4, outcome.Code);
        Assert.False(File.Exists(report));
    }
}
