using System.Diagnostics;
using System.Text.Json.Nodes;
using VisionCell.Figures;
using VisionCell.Runs;

namespace VisionCell.Tests.Figures;

/// <summary>The live view of a training: what it shows, and that it keeps to its share of the time.</summary>
[Collection("Figures")]
public sealed class TrainingViewTests
{
    private static TrainingProgress At(int step, double fraction) => new(step, TimeSpan.FromSeconds(90 * fraction), fraction, 0.5 / step, 1e-3, step % 2 == 0 ? 0.1 * step : null);

    [Fact]
    public void Curves_time_left_and_an_example_stand_in_one_figure()
    {
        var snapshot = new TrainingSnapshot(2, new Dictionary<string, float[]>(), [new TrainingPicture("linear, network, truth", [.. Enumerable.Range(0, 12 * 30).Select(i => i / 360f)], 30)]);
        var figure = Show.LiveTraining([At(1, 0.1), At(2, 0.25)], snapshot);
        Assert.Equal("Training: 0:22 min, about 1:07 min left", figure.Title);
        var spec = JsonNode.Parse(figure.Json)!;
        Assert.Equal(["scatter", "scatter", "heatmap"], spec["data"]!.AsArray().Select(t => t!["type"]!.GetValue<string>()));
        Assert.Equal("linear, network, truth (step 2)", spec["layout"]!["annotations"]![0]!["text"]!.GetValue<string>());
        // The picture stands below the curves.
        Assert.True(spec["layout"]!["yaxis3"]!["domain"]![1]!.GetValue<double>() < spec["layout"]!["yaxis"]!["domain"]![0]!.GetValue<double>());
        Assert.Equal("Training: 1:30 min", Show.LiveTraining([At(1, 0.1), At(2, 1)], null).Title);
    }

    [Fact]
    public void Drawing_that_is_slow_is_done_seldom()
    {
        const double Share = 0.05;
        var lines = new List<string>();
        var view = new TrainingView(_ => Thread.Sleep(150), lines.Add, Share);
        var clock = Stopwatch.StartNew();
        for (var step = 1; clock.Elapsed < TimeSpan.FromSeconds(7); step++)
        {
            view.Report(At(step, clock.Elapsed.TotalSeconds / 7));
            Thread.Sleep(10);
        }
        // The first at once, and the second when 150 ms are within the share: not before 3 s.
        Assert.InRange(view.Drawn, 2, 3);
        Assert.InRange(view.Share, 0.15 / 7, 3 * 0.4 / 7);
        Assert.Single(lines);
    }
}
