using System.Globalization;
using System.Text.Json.Nodes;
using VisionCell.Volumes;

namespace VisionCell.Figures;

public static partial class Show
{
    /// <summary>
    /// Many runs at once: an upright axis for each quantity, a line for each run. Ranges dragged along the axes pick the runs that
    /// pass through all of them. A quantity that is the same in all runs, or missing in one, is left out.
    /// </summary>
    /// <param name="rows">Name of each run and its quantities as text; texts that are not numbers are listed along their axis.</param>
    /// <param name="title">Stands above.</param>
    /// <param name="colourBy">Quantity that colours the lines; null for the last that is a number.</param>
    /// <exception cref="BadInputException">There are fewer than two runs, they differ in nothing, or the quantity is unknown.</exception>
    public static Figure ParallelCoordinates(IReadOnlyList<(string Name, IReadOnlyDictionary<string, string> Values)> rows, string title = "Runs", string? colourBy = null)
    {
        if (rows.Count < 2)
            throw new BadInputException($"parallel coordinates of {rows.Count} runs: there must be at least two");
        var names = rows.SelectMany(r => r.Values.Keys).Distinct()
            .Where(n => rows.All(r => r.Values.ContainsKey(n)) && rows.Select(r => r.Values[n]).Distinct().Count() > 1).ToList();
        if (names.Count == 0)
            throw new BadInputException("the runs differ in nothing that all of them have: there is no axis to draw");
        var axes = names.Select(n => QuantityAxis.Of(n, [.. rows.Select(r => r.Values[n])])).ToList();
        if (colourBy is not null && !names.Contains(colourBy))
            throw new BadInputException($"colour by '{colourBy}': the runs differ in {string.Join(", ", names)}");
        var by = axes.FirstOrDefault(a => a.Name == colourBy) ?? axes.LastOrDefault(a => a.Labels is null) ?? axes[^1];
        var dimensions = new JsonArray([.. axes.Select(a =>
        {
            // Long names of stages are broken at their dots: they stand above their axis.
            var dimension = new JsonObject { ["label"] = a.Name.Replace(".", "<br>", StringComparison.Ordinal), ["values"] = PlotlyJson.Typed<double>(a.Values) };
            if (a.Labels is { } labels)
            {
                dimension["tickvals"] = new JsonArray([.. labels.Select((_, i) => (JsonNode)i)]);
                dimension["ticktext"] = new JsonArray([.. labels.Select(l => (JsonNode)l)]);
            }
            return (JsonNode)dimension;
        })]);
        var trace = new JsonObject
        {
            ["type"] = "parcoords", ["dimensions"] = dimensions, ["labelfont"] = new JsonObject { ["size"] = 11 },
            ["line"] = new JsonObject { ["color"] = PlotlyJson.Typed<double>(by.Values), ["colorscale"] = ColourScale.Amount.ToJson(), ["showscale"] = true, ["colorbar"] = new JsonObject { ["title"] = Title(by.Name), ["thickness"] = 12 } },
        };
        var width = Math.Clamp(120 * axes.Count, 640, 2400);
        const int Height = 460;
        var layout = BaseLayout(title, width, Height, 60, 60, 110, 40);
        return new Figure(title, [trace], layout, width, Height, () => DrawParallel(title, axes, by, Math.Min(width, 1200)));
    }

    private static byte[] DrawParallel(string title, List<QuantityAxis> axes, QuantityAxis by, int width)
    {
        const int Height = 420, Top = 60, Bottom = 30, Side = 60;
        var canvas = new Canvas(width, Height);
        canvas.TextWithin(10, 8, width - 20, title, Rgb.Ink, 2);
        int X(int axis) => Side + (axes.Count == 1 ? 0 : axis * (width - 2 * Side) / (axes.Count - 1));
        int Y(QuantityAxis axis, int run) => Height - Bottom - (int)(axis.Share(run) * (Height - Top - Bottom));
        for (var run = 0; run < by.Values.Length; run++)
        {
            var colour = ColourScale.Amount.At(by.Share(run), 0, 1);
            for (var axis = 1; axis < axes.Count; axis++)
                canvas.Line(X(axis - 1), Y(axes[axis - 1], run), X(axis), Y(axes[axis], run), colour, 2);
        }
        for (var axis = 0; axis < axes.Count; axis++)
        {
            canvas.Line(X(axis), Top, X(axis), Height - Bottom, Rgb.Ink);
            canvas.TextWithin(X(axis) - Side + 6, Top - 18, 2 * Side - 12, axes[axis].Name.Split('.')[^1], Rgb.Ink);
            canvas.Text(X(axis) + 4, Top + 2, axes[axis].Text(axes[axis].Values.Max()), Rgb.Ink);
            canvas.Text(X(axis) + 4, Height - Bottom - 10, axes[axis].Text(axes[axis].Values.Min()), Rgb.Ink);
        }
        return canvas.ToPng();
    }

    /// <summary>A quantity of several runs as places along an axis.</summary>
    private sealed record QuantityAxis(string Name, double[] Values, string[]? Labels)
    {
        public static QuantityAxis Of(string name, string[] texts)
        {
            var values = Array.ConvertAll(texts, t => double.TryParse(t, NumberStyles.Float, CultureInfo.InvariantCulture, out var v) ? v : double.NaN);
            if (values.All(double.IsFinite))
                return new QuantityAxis(name, values, null);
            string[] labels = [.. texts.Distinct().Order(StringComparer.Ordinal)];
            return new QuantityAxis(name, Array.ConvertAll(texts, t => (double)Array.IndexOf(labels, t)), labels);
        }

        public double Share(int run) => (Values[run] - Values.Min()) / Math.Max(1e-300, Values.Max() - Values.Min());

        public string Text(double value) => Labels is { } labels ? labels[(int)value] : Figures.Labels.Number(value);
    }
}
