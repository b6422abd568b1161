using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Tests.Runs;

public sealed class TrainingLogTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vc-log").FullName;

    private static TrainingProgress At(int step, double? gain = null) => new(step, TimeSpan.FromSeconds(step / 10.0), step / 100.0, 1.0 / step, 1e-3, gain);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_log_is_read_as_it_was_written()
    {
        var path = Path.Combine(_folder, "log.json");
        var log = new TrainingLog();
        log.Report(At(10));
        log.Report(At(20, 0.5));
        log.Write(path);
        Assert.Equal(log.Reports, TrainingLog.Read(path).Reports);
    }

    [Fact]
    public void A_training_that_goes_on_replaces_the_steps_that_it_repeats()
    {
        var path = Path.Combine(_folder, "log.json");
        var before = new TrainingLog();
        foreach (var step in new[] { 10, 20, 30, 40 })
            before.Report(At(step));
        before.Write(path);

        var after = new TrainingLog();
        after.TakeOver(path);
        after.Report(At(25, 1));
        after.Report(At(35));
        Assert.Equal([10, 20, 25, 35], after.Reports.Select(r => r.Step));

        // Begun anew: nothing of before stays.
        after.Report(At(1));
        Assert.Equal([1], after.Reports.Select(r => r.Step));
    }

    [Fact]
    public void Another_network_of_the_same_method_replaces_nothing()
    {
        var log = new TrainingLog();
        log.Report(At(10));
        log.Report(At(20));
        log.Report(At(5) with { Stage = "further" });
        Assert.Equal([10, 20, 5], log.Reports.Select(r => r.Step));
        Assert.Contains("further: step 5", log.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_log_is_looked_at_once_an_interval()
    {
        int often = 0, seldom = 0;
        var each = new TrainingLog(TimeSpan.Zero, _ => often++);
        var first = new TrainingLog(TimeSpan.FromHours(1), _ => seldom++);
        for (var step = 1; step <= 5; step++)
        {
            each.Report(At(step));
            first.Report(At(step));
        }
        Assert.Equal((5, 1), (often, seldom));
    }

    [Fact]
    public void The_line_names_the_last_gain_that_was_measured()
    {
        var log = new TrainingLog();
        Assert.Equal("no step yet", log.ToString());
        log.Report(At(10, 1.234));
        log.Report(At(50));
        Assert.Equal("5 s (50 %), step 50, loss 0.0200, +1.23 dB over linear on lines held out", log.ToString());
    }

    [Fact]
    public void A_file_that_is_no_log_is_refused()
    {
        var path = Path.Combine(_folder, "log.json");
        File.WriteAllText(path, """{"report": []}""");
        Assert.Contains(path, Assert.Throws<BadInputException>(() => TrainingLog.Read(path)).Message, StringComparison.Ordinal);
    }
}
