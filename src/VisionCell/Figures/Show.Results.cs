using System.Text.Json.Nodes;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Figures;

public static partial class Show
{
    /// <summary>
    /// The same section through several volumes, one above the other; with a reference, which comes first, the signed error
    /// of each beside it (volume minus reference) on one scale for all. Zooming into one zooms into all.
    /// </summary>
    /// <param name="items">Names and volumes of one shape.</param>
    /// <param name="reference">The truth, or null where there is none.</param>
    /// <param name="sectionIndex">Voxel number along the axis that the plane cuts; null for the middle.</param>
    /// <param name="plane">xz by default: the gaps between sections lie in it.</param>
    /// <param name="title">Stands above.</param>
    /// <exception cref="BadInputException">Nothing is given, shapes differ, or the section lies outside.</exception>
    public static Figure BeforeAfter(IReadOnlyList<(string Name, Volume<float> Volume)> items, Volume<float>? reference = null, int? sectionIndex = null, SectionPlane plane = SectionPlane.Xz, string title = "Before and after")
    {
        if (items.Count == 0)
            throw new BadInputException("a comparison needs at least one volume");
        var shape = (reference ?? items[0].Volume).Shape;
        foreach (var (name, volume) in items)
        {
            if (volume.Shape != shape)
                throw new BadInputException($"'{name}' has {volume.Shape} voxels, the others {shape}: crop or resample it to compare");
        }
        var notices = Notices();
        SectionImage Cut(Volume<float> volume) => FigureData.GetSection(volume, plane, sectionIndex);
        var truth = reference is null ? null : Cut(reference);
        var all = items.Select(i => (i.Name, Image: Cut(i.Volume))).ToList();
        var errors = truth is null ? [] : all.Select(i => i.Image with { Data = [.. i.Image.Data.Zip(truth.Data, (a, b) => a - b)] }).ToList();
        var (low, high) = FigureData.GetContrastLimits((truth ?? all[0].Image).Data);
        // One symmetric scale, so that white is no error and the methods can be compared by eye.
        var most = errors.Count == 0 ? 0 : errors.Max(e => FigureData.GetContrastLimits(Array.ConvertAll(e.Data, Math.Abs), 0.005).High);
        if (truth is not null)
            all.Insert(0, ("reference", truth));
        var first = all[0].Image;
        var shown = Reduced(first, ImageBudget);
        if (shown.Data.Length < first.Data.Length)
            Say(notices, $"Shown at {shown.Rows} x {shown.Columns} pixels, averaged from {first.Rows} x {first.Columns}.");

        const int Width = 820, Left = 70, Right = 90, Top = 60, Bottom = 50, Gap = 30;
        var columns = truth is null ? 1 : 2;
        var panelWidth = (Width - Left - Right - (columns - 1) * Gap) / (double)columns;
        var panelHeight = Math.Clamp(panelWidth * first.Rows * first.RowStep / (first.Columns * first.ColumnStep), 60, 420);
        var plotHeight = all.Count * panelHeight + (all.Count - 1) * Gap;
        var height = (int)(Top + plotHeight + Bottom);
        var layout = BaseLayout(title, Width, height, Left, Right, Top, Bottom);
        var data = new JsonArray();
        var annotations = new JsonArray();
        var panels = new List<Panel?[]>();
        var number = 0;
        for (var r = 0; r < all.Count; r++)
        {
            var row = new Panel?[columns];
            for (var c = 0; c < columns; c++)
            {
                var isError = c == 1;
                if (isError && r == 0)
                    continue;
                var (name, image) = isError ? ($"{all[r].Name} \u2212 reference", errors[r - 1]) : all[r];
                var small = Reduced(image, ImageBudget);
                var (from, to, scale) = isError ? (-most, most, ColourScale.Diverging) : (low, high, ColourScale.Grey);
                row[c] = new Panel(small, scale, from, to, name);
                var suffix = number++ == 0 ? "" : number.ToString(System.Globalization.CultureInfo.InvariantCulture);
                var trace = Heatmap(small, PlotlyJson.Quantised(small.Data, from, to, small.Rows, small.Columns), from, to, scale, r == all.Count - 1 || (r == 0 && !isError && columns > 1), isError ? "error" : null);
                (trace["xaxis"], trace["yaxis"], trace["name"]) = ("x" + suffix, "y" + suffix, name);
                if (trace["colorbar"] is { } bar)
                    (bar["len"], bar["y"], bar["x"]) = (columns > 1 ? 0.45 : 0.9, columns > 1 ? (isError ? 0.22 : 0.78) : 0.5, 1.02);
                // With a reference the grey scale stands at its row and the error scale at the last.
                if (columns > 1 && !isError && r > 0)
                {
                    trace["showscale"] = false;
                    trace.Remove("colorbar");
                }
                data.Add((JsonNode)trace);
                double left = c * (panelWidth + Gap) / (Width - Left - Right), right = left + panelWidth / (Width - Left - Right);
                var top = 1 - r * (panelHeight + Gap) / plotHeight;
                var bottom = top - panelHeight / plotHeight;
                layout["xaxis" + suffix] = Axis(r == all.Count - 1 ? $"{small.ColumnAxis} (nm)" : null, left, Math.Min(1, right), "y" + suffix, small.ColumnStart, small.ColumnStep, small.Columns, matches: number > 1 ? "x" : null);
                layout["yaxis" + suffix] = Axis(c == 0 ? $"{small.RowAxis} (nm)" : null, Math.Max(0, bottom), Math.Min(1, top), "x" + suffix, small.RowStart, small.RowStep, small.Rows, down: true, scaleTo: number == 1 ? "x" : null, matches: number > 1 ? "y" : null);
                annotations.Add((JsonNode)new JsonObject { ["text"] = name, ["xref"] = "paper", ["yref"] = "paper", ["x"] = (left + right) / 2, ["y"] = Math.Min(1, top), ["xanchor"] = "center", ["yanchor"] = "bottom", ["showarrow"] = false });
            }
            panels.Add(row);
        }
        layout["annotations"] = annotations;
        return new Figure(title, data, layout, Width, height, () => ImagePicture.Draw(title, panels, 640), notices);
    }

    /// <summary>Loss, and gain in PSNR over linear interpolation where it was measured, over training time.</summary>
    /// <param name="progress">Reports in the order they came.</param>
    /// <param name="title">Stands above.</param>
    /// <exception cref="BadInputException">There is no report.</exception>
    public static Figure TrainingCurves(IReadOnlyList<TrainingProgress> progress, string title = "Training")
    {
        if (progress.Count == 0)
            throw new BadInputException("no report of a training was recorded: give TrainingOptions.Progress a receiver");
        var measured = progress.Where(p => p.ValidationGain is not null).ToList();
        JsonObject Curve(string name, IEnumerable<double> seconds, IEnumerable<double> values, int colour, string axis) => new()
        {
            ["type"] = "scatter", ["mode"] = axis == "y" ? "lines" : "lines+markers", ["name"] = name, ["yaxis"] = axis,
            ["x"] = PlotlyJson.Typed<double>(seconds.ToArray()), ["y"] = PlotlyJson.Typed<double>(values.ToArray()),
            ["line"] = new JsonObject { ["color"] = ColourScale.Css(ColourScale.Categories[colour]) },
            ["hovertemplate"] = "%{x:.1f} s: %{y:.4g}<extra>" + name + "</extra>",
        };

        JsonArray data = [.. progress.GroupBy(p => p.Stage).Select((stage, i) =>
            Curve(stage.Key.Length == 0 ? "loss" : $"loss, {stage.Key}", stage.Select(p => p.Elapsed.TotalSeconds), stage.Select(p => p.Loss), i == 0 ? 0 : i + 1, "y"))];
        const int Width = 760, Height = 420;
        var layout = BaseLayout(title, Width, Height, 70, 70);
        layout["xaxis"] = new JsonObject { ["title"] = Title("training time (s)") };
        layout["yaxis"] = new JsonObject { ["title"] = Title("loss"), ["type"] = "log", ["exponentformat"] = "power" };
        layout["legend"] = new JsonObject { ["orientation"] = "h", ["y"] = 1.02, ["yanchor"] = "bottom", ["x"] = 1, ["xanchor"] = "right" };
        if (measured.Count > 0)
        {
            data.Add((JsonNode)Curve("gain over linear", measured.Select(p => p.Elapsed.TotalSeconds), measured.Select(p => p.ValidationGain!.Value), 1, "y2"));
            layout["yaxis2"] = new JsonObject { ["title"] = Title("gain (dB)"), ["overlaying"] = "y", ["side"] = "right", ["showgrid"] = false };
        }
        return new Figure(title, data, layout, Width, Height, () => ChartPicture.Draw(title, data, layout, Width, Height));
    }

    /// <summary>A table of metrics, one row a method.</summary>
    /// <param name="rows">Name of each row and its values by column; columns come in the order they first appear, a missing value is left empty.</param>
    /// <param name="title">Stands above.</param>
    /// <exception cref="BadInputException">There is no row.</exception>
    public static Figure MetricsTable(IReadOnlyList<(string Name, IReadOnlyDictionary<string, double> Values)> rows, string title = "Metrics")
    {
        var columns = MetricNames(rows);
        string Cell((string Name, IReadOnlyDictionary<string, double> Values) row, string column) => row.Values.TryGetValue(column, out var v) && double.IsFinite(v) ? Labels.Number(v) : "";
        string[] header = ["", .. columns];
        var cells = new List<string[]> { rows.Select(r => r.Name).ToArray() };
        cells.AddRange(columns.Select(c => rows.Select(r => Cell(r, c)).ToArray()));
        JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Select(t => (JsonNode)t)]);
        var trace = new JsonObject
        {
            ["type"] = "table",
            ["header"] = new JsonObject { ["values"] = Texts(header), ["align"] = "left", ["fill"] = new JsonObject { ["color"] = "rgb(235,235,235)" } },
            ["cells"] = new JsonObject { ["values"] = new JsonArray([.. cells.Select(c => (JsonNode)Texts(c))]), ["align"] = "left", ["height"] = 24, ["fill"] = new JsonObject { ["color"] = "white" } },
        };
        const int Width = 760;
        var height = 100 + 26 * (rows.Count + 1);
        var layout = BaseLayout(title, Width, height, 10, 10, 50, 10);
        return new Figure(title, [trace], layout, Width, height, () => TablePicture.Draw(title, header, cells));
    }

    /// <summary>One metric of several methods as bars.</summary>
    /// <param name="rows">Name of each method and its metrics.</param>
    /// <param name="metric">Which metric.</param>
    /// <param name="title">Stands above.</param>
    /// <exception cref="BadInputException">There is no row, or none has the metric.</exception>
    public static Figure MetricsBars(IReadOnlyList<(string Name, IReadOnlyDictionary<string, double> Values)> rows, string metric, string? title = null)
    {
        title ??= metric;
        if (!MetricNames(rows).Contains(metric))
            throw new BadInputException($"no method has the metric '{metric}'; there are {string.Join(", ", MetricNames(rows))}");
        var with = rows.Where(r => r.Values.ContainsKey(metric)).ToList();
        var trace = new JsonObject
        {
            ["type"] = "bar", ["x"] = new JsonArray([.. with.Select(r => (JsonNode)r.Name)]), ["y"] = PlotlyJson.Typed<double>(with.Select(r => r.Values[metric]).ToArray()),
            ["text"] = new JsonArray([.. with.Select(r => (JsonNode)Labels.Number(r.Values[metric]))]), ["textposition"] = "outside", ["cliponaxis"] = false,
            ["marker"] = new JsonObject { ["color"] = new JsonArray([.. with.Select((_, i) => (JsonNode)ColourScale.Css(ColourScale.Categories[i % ColourScale.Categories.Count]))]) },
            ["hoverinfo"] = "skip",
        };
        const int Width = 640, Height = 380;
        var layout = BaseLayout(title, Width, Height);
        layout["yaxis"] = new JsonObject { ["title"] = Title(metric) };
        JsonArray data = [trace];
        return new Figure(title, data, layout, Width, Height, () => ChartPicture.Draw(title, data, layout, Width, Height));
    }

    private static List<string> MetricNames(IReadOnlyList<(string Name, IReadOnlyDictionary<string, double> Values)> rows) =>
        rows.Count == 0 ? throw new BadInputException("no result to show: the list of methods is empty") : [.. rows.SelectMany(r => r.Values.Keys).Distinct()];
}
