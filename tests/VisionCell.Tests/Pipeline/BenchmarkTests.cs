using VisionCell.Acquisition;
using VisionCell.Evaluation;
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
    public void Seeds_labels_and_borders_are_in_the_report()
    {
        var wave = Wave(new VoxelSize(10, 10, 10));
        var labels = LabelVolume.Of(new Volume<byte>([.. Enumerable.Range(0, 33 * 24 * 26).Select(i => (byte)(1 + i % 26 / 13))], wave.Shape, wave.VoxelSize, default, Provenance.Of("labels")));
        var options = new BenchmarkOptions { Seeds = 2, Labels = labels, LabelsName = "halves", Border = 2 };
        var report = Benchmark.Run(wave, "wave", AxialSampling.Decimate(4), ["nearest", "linear"], new TrainingOptions(Seed: 5, Cancellation: TestContext.Current.CancellationToken), null, options);
        Assert.Equal("decimate-4-heldout-border-2/1", report.Protocol!.Id);
        Assert.Equal([5, 6], report.Protocol.Seeds);
        var method = report.Methods[1];
        Assert.Equal([5, 6], method.Seeds!.Select(s => s.Seed));
        // Nothing random in interpolation: both seeds, their mean, and the blocks say the same.
        Assert.All(method.Seeds!, s => Assert.Equal(method.Psnr!.Value, s.Scores.Psnr, 1e-9));
        Assert.Equal(24 * 20 * 22, method.Blocks!.Counts.Sum());
        Assert.Equal(method.Psnr!.Value, 10 * Math.Log10(255 * 255 * method.Blocks.Counts.Sum() / method.Blocks.SquaredErrors[1].Sum()), 1e-9);
        Assert.Equal("halves", report.Segmentation!.Labels);
        Assert.Equal(report.Segmentation.Floor, method.Segmentation);
        Assert.Equal(0, method.Measures!.DataConsistency!.Largest);
        Assert.Contains("33 x 24 x 27", Assert.Throws<BadInputException>(() => Benchmark.Run(wave, "wave", AxialSampling.Decimate(4), ["linear"], new TrainingOptions(), null,
            options with { Labels = LabelVolume.Of(new Volume<byte>([.. Enumerable.Repeat((byte)1, 33 * 24 * 27)], new Shape3(33, 24, 27), wave.VoxelSize, default, Provenance.Of("labels"))) })).Message, StringComparison.Ordinal);
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
