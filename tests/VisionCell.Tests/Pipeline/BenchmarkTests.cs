using VisionCell.Acquisition;
using VisionCell.Pipeline;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Tests.Pipeline;

public sealed class BenchmarkTests
{
    private static Volume<byte> Wave(VoxelSize size)
    {
        var volume = new Volume<byte>(new Shape3(33, 24, 26), size, default, Provenance.Of("wave"));
        for (var z = 0; z < 33; z++)
        {
            for (var i = 0; i < 24 * 26; i++)
                volume.Section(z)[i] = (byte)(128 + 100 * Math.Sin(z / 7.0 + i % 26 / 9.0));
        }
        return volume;
    }

    [Fact]
    public void Methods_are_scored_in_the_order_asked_for_on_held_out_voxels()
    {
        var report = Benchmark.Run(Wave(new VoxelSize(10, 10, 10)), "wave", AxialSampling.Decimate(4), ["cubic", "nearest", "linear"], new TrainingOptions(Seed: 5, Cancellation: TestContext.Current.CancellationToken));
        Assert.Equal(["cubic", "nearest", "linear"], report.Methods.Select(m => m.Name));
        Assert.True(report.Methods[0].Psnr > report.Methods[2].Psnr, "a cubic spline follows a sine better than lines do");
        Assert.True(report.Methods[2].Psnr > report.Methods[1].Psnr, "lines follow a sine better than steps do");
        Assert.Equal(("decimate:4", 5), (report.Degradation, report.Seed));
        Assert.Contains("255", report.Scored, StringComparison.Ordinal);
    }

    [Fact]
    public void An_anisotropic_volume_is_no_truth() =>
        Assert.Contains("isotropic", Assert.Throws<BadInputException>(() => Benchmark.Run(Wave(new VoxelSize(40, 10, 10)), "wave", AxialSampling.Decimate(4), ["linear"], new TrainingOptions())).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("linear,lienar")]
    [InlineData("linear,linear")]
    [InlineData("")]
    public void Unknown_and_doubled_methods_are_refused_before_anything_runs(string methods) =>
        Assert.Throws<BadInputException>(() => Benchmark.Run(Wave(new VoxelSize(10, 10, 10)), "wave", AxialSampling.Decimate(4), methods.Split(',', StringSplitOptions.RemoveEmptyEntries), new TrainingOptions()));

    [Fact]
    public void A_reconstruction_is_written_once_and_then_reused()
    {
        var folder = Directory.CreateTempSubdirectory("visioncell-reconstruct").FullName;
        try
        {
            var run = RunWorkspace.Open(folder);
            var stack = Wave(new VoxelSize(30, 10, 10));
            var first = Reconstructor.Run(stack, SparseVolume.FromStack(stack), "cubic", run, new TrainingOptions());
            Assert.False(first.Reused);
            var volume = VisionCell.Formats.VolumeFormats.Read(first.Path);
            Assert.Equal(new Shape3(97, 24, 26), volume.Shape);
            Assert.True(volume.VoxelSize.IsIsotropic());
            Assert.Equal(VoxelType.UInt8, volume.VoxelType);
            Assert.True(Reconstructor.Run(stack, SparseVolume.FromStack(stack), "cubic", run, new TrainingOptions()).Reused);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
