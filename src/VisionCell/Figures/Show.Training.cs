using System.Text.Json.Nodes;
using VisionCell.Runs;

namespace VisionCell.Figures;

public static partial class Show
{
    /// <summary>A training as it stands: its curves, the time left, and below them what the network makes of an example.</summary>
    /// <param name="progress">Reports in the order they came.</param>
    /// <param name="snapshot">What the network looks like; null where nothing was told yet.</param>
    /// <exception cref="Volumes.BadInputException">There is no report.</exception>
    public static Figure LiveTraining(IReadOnlyList<TrainingProgress> progress, TrainingSnapshot? snapshot)
    {
        var curves = TrainingCurves(progress, progress.Count == 0 ? "" : StandsAt(progress[^1]));
        if (snapshot?.Pictures is not [var picture, ..])
            return curves;
        const int Width = 760, CurveHeight = 420;
        var rows = picture.Pixels.Length / picture.Width;
        var tall = Math.Clamp((Width - 140) * rows / picture.Width, 60, 400);
        const int Gap = 60;
        double plot = CurveHeight - 100 + Gap + tall, upper = 1 - (CurveHeight - 100) / plot;
        var spec = curves.Spec();
        var (data, layout) = ((JsonArray)spec["data"]!.DeepClone(), (JsonObject)spec["layout"]!.DeepClone());
        foreach (var axis in (string[])["yaxis", "yaxis2"])
        {
            if (layout[axis] is { } y)
                y["domain"] = new JsonArray(upper, 1);
        }
        var image = new SectionImage(picture.Pixels, rows, picture.Width, 0, 1, 0, 1, "row", "pixel");
        var trace = Heatmap(image, PlotlyJson.Quantised(picture.Pixels, 0, 1, rows, picture.Width), 0, 1, ColourScale.Grey, false);
        (trace["xaxis"], trace["yaxis"], trace["hoverinfo"]) = ("x3", "y3", "skip");
        trace.Remove("hovertemplate");
        data.Add((JsonNode)trace);
        layout["xaxis"]!["anchor"] = "y";
        layout["xaxis3"] = Axis(null, 0, 1, "y3", 0, 1, picture.Width);
        layout["yaxis3"] = Axis(null, 0, tall / plot, "x3", 0, 1, rows, down: true);
        layout["annotations"] = new JsonArray(new JsonObject
        {
            ["text"] = $"{picture.Name} (step {snapshot.Step})", ["x"] = 0.5, ["y"] = tall / plot, ["xref"] = "paper", ["yref"] = "paper", ["xanchor"] = "center", ["yanchor"] = "bottom", ["showarrow"] = false,
        });
        var height = (int)(plot + 100);
        layout["height"] = height;
        return new Figure(curves.Title, data, layout, Width, height, () => curves.Picture);
    }

    /// <summary>How far a training is, and how long it still takes at this pace.</summary>
    private static string StandsAt(TrainingProgress last)
    {
        static string Clock(TimeSpan time) => FormattableString.Invariant($"{(int)time.TotalMinutes}:{time.Seconds:00}");
        var left = last.Fraction is > 0 and < 1 ? $", about {Clock(last.Elapsed * ((1 - last.Fraction) / last.Fraction))} min left" : "";
        return $"Training: {Clock(last.Elapsed)} min{left}";
    }
}
