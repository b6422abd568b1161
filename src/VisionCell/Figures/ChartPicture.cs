using System.Globalization;
using System.Text.Json.Nodes;

namespace VisionCell.Figures;

/// <summary>
/// The static picture of a flat chart, from its Plotly JSON: lines, markers and bars over linear or logarithmic axes, a second
/// y axis on the right. Of traces that it can't draw it says the kind; the interactive figure shows them.
/// </summary>
internal static class ChartPicture
{
    private const int Left = 70, Top = 40, Bottom = 50;

    public static byte[] Draw(string? title, JsonArray data, JsonObject layout, int width, int height)
    {
        var canvas = new Canvas(Math.Clamp(width, 240, 1200), Math.Clamp(height, 180, 900));
        canvas.TextWithin(10, 10, canvas.Width - 20, title ?? "chart", Rgb.Ink, (title?.Length ?? 0) * 12 < canvas.Width ? 2 : 1);
        var traces = data.OfType<JsonObject>().Select((t, i) => Trace.Of(t, i)).ToList();
        var drawn = traces.OfType<Trace>().Where(t => t.Y.Length > 0).ToList();
        if (drawn.Count == 0)
        {
            var kinds = string.Join(", ", data.OfType<JsonObject>().Select(t => t["type"]?.ToString() ?? "scatter").Distinct());
            canvas.Text(10, 40, $"An interactive chart ({kinds}): open it with scripts on.", Rgb.Ink);
            return canvas.ToPng();
        }
        var right = drawn.Any(t => t.OnRight) ? 70 : 20;
        var (w, h) = (canvas.Width - Left - right, canvas.Height - Top - Bottom);
        var categories = drawn.SelectMany(t => t.Categories ?? []).Distinct().ToList();
        var x = new Scale(layout["xaxis"] as JsonObject, drawn.SelectMany(t => t.XValues(categories)), false, drawn.Any(t => t.IsBar || t.Categories is not null) ? 0.5 : 0);
        Scale Side(bool onRight) => new(
            layout[onRight ? "yaxis2" : "yaxis"] as JsonObject, drawn.Where(t => t.OnRight == onRight).SelectMany(t => t.Y), drawn.Any(t => t.IsBar && t.OnRight == onRight), 0);
        Scale[] sides = [Side(false), Side(true)];

        // Axes.
        canvas.Frame(Left, Top, w, h, Rgb.Pale);
        foreach (var tick in sides[0].Ticks())
        {
            var py = Top + h - (int)(sides[0].At(tick) * h);
            canvas.Line(Left, py, Left + w, py, Rgb.Pale);
            var text = Labels.Number(tick);
            canvas.Text(Left - 6 - Canvas.TextWidth(text), py - 3, text, Rgb.Ink);
        }
        if (right > 20)
        {
            foreach (var tick in sides[1].Ticks())
                canvas.Text(Left + w + 6, Top + h - (int)(sides[1].At(tick) * h) - 3, Labels.Number(tick), Rgb.Ink);
        }
        if (categories.Count > 0)
        {
            for (var i = 0; i < categories.Count; i++)
                canvas.Text(Left + (int)(x.At(i) * w) - Canvas.TextWidth(categories[i]) / 2, Top + h + 8, categories[i], Rgb.Ink);
        }
        else
        {
            foreach (var tick in x.Ticks())
            {
                var text = Labels.Number(tick);
                canvas.Text(Left + (int)(x.At(tick) * w) - Canvas.TextWidth(text) / 2, Top + h + 8, text, Rgb.Ink);
            }
        }
        canvas.Text(Left + (w - Canvas.TextWidth(x.Title)) / 2, Top + h + 26, x.Title, Rgb.Ink);
        canvas.Text(6, Top - 12, sides[0].Title, Rgb.Ink);
        if (right > 20)
            canvas.Text(canvas.Width - 6 - Canvas.TextWidth(sides[1].Title), Top - 12, sides[1].Title, Rgb.Ink);

        // Traces and their names.
        var legend = Left + 8;
        foreach (var trace in drawn)
        {
            var y = sides[trace.OnRight ? 1 : 0];
            var points = trace.XValues(categories).Zip(trace.Y, (px, py) => (X: Left + x.At(px) * w, Y: Top + h - y.At(py) * h)).ToList();
            if (trace.IsBar)
            {
                var bar = (int)Math.Max(2, 0.7 * w / Math.Max(1, x.Span));
                for (var i = 0; i < points.Count; i++)
                    canvas.Fill((int)points[i].X - bar / 2, (int)points[i].Y, bar, Top + h - (int)points[i].Y, categories.Count > 0 && drawn.Count == 1 ? ColourScale.Categories[i % ColourScale.Categories.Count] : trace.Colour);
                continue;
            }
            for (var i = 0; i < points.Count; i++)
            {
                if (trace.HasLines && i > 0)
                    canvas.Line(points[i - 1].X, points[i - 1].Y, points[i].X, points[i].Y, trace.Colour, 2);
                if (trace.HasMarkers && double.IsFinite(points[i].X + points[i].Y))
                    canvas.Fill((int)points[i].X - 2, (int)points[i].Y - 2, 5, 5, trace.Colour);
            }
            if (trace.Name.Length == 0)
                continue;
            canvas.Fill(legend, Top + 8, 12, 3, trace.Colour);
            canvas.Text(legend + 16, Top + 6, trace.Name, Rgb.Ink);
            legend += 28 + Canvas.TextWidth(trace.Name);
        }
        return canvas.ToPng();
    }

    private sealed record Trace(string Name, bool IsBar, bool HasLines, bool HasMarkers, bool OnRight, Rgb Colour, double[]? X, string[]? Categories, double[] Y)
    {
        public static Trace? Of(JsonObject json, int number)
        {
            var type = json["type"]?.ToString() ?? "scatter";
            if (type is not ("scatter" or "scattergl" or "bar") || Numbers(json["y"]) is not { } y)
                return null;
            var x = Numbers(json["x"]);
            var texts = x is null && json["x"] is JsonArray names ? names.Select(n => n?.ToString() ?? "").ToArray() : null;
            var mode = json["mode"]?.ToString() ?? (y.Length < 20 ? "lines+markers" : "lines");
            return new Trace(json["name"]?.ToString() ?? "", type == "bar", mode.Contains("lines", StringComparison.Ordinal), mode.Contains("markers", StringComparison.Ordinal),
                json["yaxis"]?.ToString() == "y2", ColourScale.Categories[number % ColourScale.Categories.Count], x, texts, y);
        }

        public IEnumerable<double> XValues(List<string> categories) =>
            Categories?.Select(c => (double)categories.IndexOf(c)) ?? X ?? Enumerable.Range(0, Y.Length).Select(i => (double)i);

        private static double[]? Numbers(JsonNode? node)
        {
            if (node is JsonObject typed && typed["bdata"] is not null)
                return Array.ConvertAll(PlotlyJson.ReadTyped(typed), v => (double)v);
            if (node is not JsonArray array)
                return null;
            var result = new double[array.Count];
            for (var i = 0; i < result.Length; i++)
            {
                result[i] = double.NaN;
                if (array[i] is JsonValue value && !value.TryGetValue(out result[i]))
                    return null;
            }
            return result;
        }
    }

    /// <summary>An axis: values to 0..1.</summary>
    private sealed class Scale
    {
        private readonly bool _isLog;
        private readonly double _low, _high;

        public Scale(JsonObject? axis, IEnumerable<double> values, bool fromZero, double margin)
        {
            _isLog = axis?["type"]?.ToString() == "log";
            Title = axis?["title"] switch
            {
                JsonObject text => text["text"]?.ToString() ?? "",
                { } text => text.ToString(),
                null => "",
            };
            var finite = values.Where(v => double.IsFinite(v) && (!_isLog || v > 0)).Select(v => _isLog ? Math.Log10(v) : v).DefaultIfEmpty(0).ToList();
            (_low, _high) = (finite.Min() - margin, finite.Max() + margin);
            if (fromZero && !_isLog)
                (_low, _high) = (Math.Min(0, _low), Math.Max(0, _high) * 1.05);
            if (!(_high > _low))
                (_low, _high) = (_low - 0.5, _high + 0.5);
        }

        public string Title { get; }

        public double Span => _high - _low;

        public double At(double value) => ((_isLog ? Math.Log10(value) : value) - _low) / (_high - _low);

        public IEnumerable<double> Ticks()
        {
            var raw = (_high - _low) / 5;
            var power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
            var step = power * (raw / power >= 5 ? 5 : raw / power >= 2 ? 2 : 1);
            for (var tick = Math.Ceiling(_low / step) * step; tick <= _high + 1e-9 * step; tick += step)
                yield return _isLog ? double.Parse(Math.Pow(10, tick).ToString("G3", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) : Math.Round(tick, 12);
        }
    }
}
