using VisionCell.Acquisition;
using VisionCell.Formats;
using VisionCell.Pipeline;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Tests.Pipeline;

public sealed class ReconstructorTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vc-reconstructor").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_training_leaves_its_curve_and_its_times_and_is_not_done_twice()
    {
        var sparse = SparseVolume.Of(Sample.Medulla(new Box(0, 0, 0, new Shape3(25, 32, 32))), "decimate:4");
        var run = RunWorkspace.Open(_folder);
        var options = new TrainingOptions(Steps: 20);

        var (path, reused) = Reconstructor.Run(sparse.Observed, sparse, "superresolution", run, options);
        Assert.False(reused);
        Assert.Equal(sparse.IsotropicShape, VolumeFormats.Inspect(path).Shape);
        var log = Reconstructor.TrainingLogPath(run, "superresolution");
        var reports = TrainingLog.Read(log).Reports;
        Assert.Equal(20, reports[^1].Step);
        Assert.Equal(reports.Select(r => r.Step).Order(), reports.Select(r => r.Step));
        var figures = run.Record.Stages["reconstruct-superresolution"].Figures;
        Assert.True(figures["trainSeconds"] > 0 && figures["inferSeconds"] > 0);

        Assert.True(Reconstructor.Run(sparse.Observed, sparse, "superresolution", run, options).Reused);
        File.Delete(log);
        Assert.False(Reconstructor.Run(sparse.Observed, sparse, "superresolution", run, options).Reused);
    }

    [Fact]
    public void What_does_not_train_leaves_no_curve()
    {
        var sparse = SparseVolume.Of(Sample.Medulla(new Box(0, 0, 0, new Shape3(9, 16, 16))), "decimate:4");
        var run = RunWorkspace.Open(_folder);
        Reconstructor.Run(sparse.Observed, sparse, "linear", run, new TrainingOptions());
        Assert.False(File.Exists(Reconstructor.TrainingLogPath(run, "linear")));
    }
}
