using System.Globalization;
using System.Text.Json.Nodes;

namespace VisionCell.Figures.Publication;

/// <summary>A rectangle on paper, mm from the upper left corner of the figure.</summary>
/// <param name="X">Left edge.</param>
/// <param name="Y">Upper edge.</param>
/// <param name="Width">Width.</param>
/// <param name="Height">Height.</param>
internal readonly record struct Area(double X, double Y, double Width, double Height)
{
    public double Right => X + Width;

    public double Bottom => Y + Height;
}

/// <summary>
/// A sheet of paper on which the panels of a figure are placed, in mm and points; it becomes one Plotly figure without margins. On
/// paper one CSS pixel is 1/96 inch.
/// </summary>
/// <param name="style">Letters and lines.</param>
/// <param name="height">Height, mm.</param>
/// <param name="isInteractive">Whether images carry their values for the pointer; on paper they are pictures.</param>
internal sealed class PanelSheet(FigureStyle style, double height, bool isInteractive)
{
    private const double PixelsPerMm = 96 / 25.4;

    private readonly JsonArray _data = [];
    private readonly JsonObject _layout = [];
    private readonly JsonArray _annotations = [];
    private readonly JsonArray _shapes = [];
    private readonly JsonArray _pictures = [];
    private int _axes;
    private int _scenes;
    private char _letter = 'a';

    public FigureStyle Style => style;

    public double Width => style.WidthMm;

    public double Height => height;

    /// <summary>Points as mm.</summary>
    public static double Mm(double points) => points * 25.4 / 72;

    /// <summary>The next panel letter, its capital's upper left corner at a place.</summary>
    public void Letter(double x, double y) => Text(x, y, (_letter++).ToString(), style.LetterPt, bold: true);

    /// <summary>A line of text.</summary>
    /// <param name="x">Left end, middle or right end, mm.</param>
    /// <param name="y">Upper edge, mm.</param>
    /// <param name="text">The text.</param>
    /// <param name="points">Size; 0 for the style's text.</param>
    /// <param name="bold">Whether bold.</param>
    /// <param name="anchor"><c>left</c>, <c>center</c> or <c>right</c>.</param>
    /// <param name="angle">Turned clockwise, degrees.</param>
    /// <param name="colour">CSS colour.</param>
    public void Text(double x, double y, string text, double points = 0, bool bold = false, string anchor = "left", double angle = 0, string colour = "black") => _annotations.Add((JsonNode)new JsonObject
    {
        ["text"] = bold ? $"<b>{text}</b>" : text, ["x"] = x / Width, ["y"] = 1 - y / height, ["xref"] = "paper", ["yref"] = "paper", ["xanchor"] = anchor,
        ["yanchor"] = angle == 0 ? "top" : "middle", ["showarrow"] = false, ["textangle"] = angle, ["borderpad"] = 0, ["borderwidth"] = 0,
        ["font"] = Font(points > 0 ? points : style.TextPt, colour),
    });

    /// <summary>A filled rectangle.</summary>
    public void Fill(Area area, string colour) => _shapes.Add((JsonNode)new JsonObject
    {
        ["type"] = "rect", ["xref"] = "paper", ["yref"] = "paper", ["layer"] = "above", ["fillcolor"] = colour, ["line"] = new JsonObject { ["width"] = 0 },
        ["x0"] = area.X / Width, ["x1"] = area.Right / Width, ["y0"] = 1 - area.Y / height, ["y1"] = 1 - area.Bottom / height,
    });

    /// <summary>An image without axes.</summary>
    public void Image(Area area, SectionImage image, ColourScale scale, double low, double high, string name)
    {
        if (!isInteractive)
        {
            var canvas = new Canvas(image.Columns, image.Rows);
            canvas.Image(0, 0, image.Columns, image.Rows, image.Data, image.Rows, image.Columns, v => scale.At(v, low, high));
            Picture(area, canvas.ToPng());
            return;
        }
        var (xAxis, yAxis) = NewAxes(area, bare: true);
        _layout["xaxis" + xAxis[1..]]!["range"] = new JsonArray(image.ColumnStart - image.ColumnStep / 2, image.ColumnStart + (image.Columns - 0.5) * image.ColumnStep);
        _layout["yaxis" + yAxis[1..]]!["range"] = new JsonArray(image.RowStart + (image.Rows - 0.5) * image.RowStep, image.RowStart - image.RowStep / 2);
        _data.Add((JsonNode)new JsonObject
        {
            ["type"] = "heatmap", ["name"] = name, ["xaxis"] = xAxis, ["yaxis"] = yAxis, ["zsmooth"] = false, ["showscale"] = false, ["zmin"] = low, ["zmax"] = high,
            ["x0"] = image.ColumnStart, ["dx"] = image.ColumnStep, ["y0"] = image.RowStart, ["dy"] = image.RowStep,
            ["z"] = PlotlyJson.QuantisedFinely(image.Data, image.Rows, image.Columns), ["colorscale"] = scale.ToJson(),
            ["hovertemplate"] = image.ColumnAxis.Length == 0 ? "%{z:.4g}<extra></extra>" : $"{name}<br>{image.ColumnAxis} %{{x:.1f}} nm<br>{image.RowAxis} %{{y:.1f}} nm<br>%{{z:.4g}}<extra></extra>",
        });
    }

    /// <summary>A PNG, embedded in its own pixels, which stay square edges however far they are enlarged.</summary>
    public void Picture(Area area, byte[] png) => _pictures.Add((JsonNode)new JsonObject
    {
        ["source"] = "data:image/png;base64," + Convert.ToBase64String(png), ["xref"] = "paper", ["yref"] = "paper", ["layer"] = "below", ["sizing"] = "stretch",
        ["x"] = area.X / Width, ["y"] = 1 - area.Y / height, ["sizex"] = area.Width / Width, ["sizey"] = area.Height / height, ["xanchor"] = "left", ["yanchor"] = "top",
    });

    /// <summary>A bar of a round length in the lower left corner of an image, with its length in nm; shapes and text, which stay editable.</summary>
    public void ScaleBar(Area area, double widthNm)
    {
        var length = Round(widthNm / 4);
        var (bar, text) = (length / widthNm * area.Width, Labels.Length(length));
        // White on a dark plate: read on any image.
        var plate = Math.Max(bar, 0.55 * text.Length * Mm(style.SmallPt)) + 1.2;
        var tall = Mm(style.SmallPt) + 2;
        Fill(new Area(area.X + 0.8, area.Bottom - tall - 0.8, plate, tall), "rgba(0,0,0,0.65)");
        Fill(new Area(area.X + 0.8 + (plate - bar) / 2, area.Bottom - 1.8, bar, 0.5), "white");
        Text(area.X + 0.8 + plate / 2, area.Bottom - tall - 0.5, text, style.SmallPt, anchor: "center", colour: "white");
    }

    /// <summary>A colour scale as an upright bar with its two ends and its middle.</summary>
    public void ColourBar(Area area, ColourScale scale, double low, double high, string title)
    {
        const int Steps = 256;
        float[] values = [.. Enumerable.Range(0, Steps).Select(i => (float)(high - (high - low) * i / (Steps - 1)))];
        Image(area, new SectionImage(values, Steps, 1, 0, 1, 0, 1, "", ""), scale, low, high, title);
        foreach (var share in (double[])[0, 0.5, 1])
            Text(area.Right + 0.6, area.Bottom - share * area.Height - Mm(style.SmallPt) * 0.6, Labels.Number(Math.Round(low + share * (high - low), 2)), style.SmallPt);
        Text(area.Right + 0.6 + 5.5, area.Y + area.Height / 2, title, style.SmallPt, anchor: "center", angle: 90);
    }

    /// <summary>Axes for a chart, with the next panel letter; the area is that of the plot, ticks and titles stand outside it.</summary>
    /// <returns>The chart to draw into.</returns>
    public PanelChart Chart(Area area, string xTitle, string yTitle, (double Low, double High)? x = null, (double Low, double High)? y = null, bool keyBelow = false, double keyWidth = 24)
    {
        Letter(area.X - 10.5, area.Y - 4.5);
        var (xAxis, yAxis) = NewAxes(area, bare: false);
        foreach (var (key, title, range) in new[] { ("xaxis" + xAxis[1..], xTitle, x), ("yaxis" + yAxis[1..], yTitle, y) })
        {
            var axis = (JsonObject)_layout[key]!;
            axis["title"] = new JsonObject { ["text"] = title, ["font"] = Font(style.TextPt), ["standoff"] = Pixels(1) };
            if (range is { } limits)
                axis["range"] = new JsonArray(limits.Low, limits.High);
        }
        return new PanelChart(this, area, xAxis, yAxis) { KeyBelow = keyBelow, KeyWidth = keyWidth };
    }

    /// <summary>A 3D view.</summary>
    public void Scene(Area area, params JsonObject[] traces)
    {
        var name = "scene" + (_scenes++ == 0 ? "" : _scenes.ToString(CultureInfo.InvariantCulture));
        // The frame is drawn by the traces; numbers at its ticks would be pixels, which a journal cannot edit.
        JsonObject Hidden() => new() { ["visible"] = false };
        _layout[name] = new JsonObject
        {
            ["domain"] = Domain(area), ["aspectmode"] = "data", ["dragmode"] = "orbit",
            ["camera"] = new JsonObject { ["eye"] = new JsonObject { ["x"] = 1.3, ["y"] = 1.3, ["z"] = 1.1 } },
            ["xaxis"] = Hidden(), ["yaxis"] = Hidden(), ["zaxis"] = Hidden(),
        };
        foreach (var trace in traces)
        {
            trace["scene"] = name;
            if (trace["type"]?.ToString() == "volume")
                trace["showscale"] = false;
            _data.Add((JsonNode)trace);
        }
    }

    /// <summary>A curve, points or bars.</summary>
    internal void Add(JsonObject trace) => _data.Add((JsonNode)trace);

    /// <summary>The figure at its size.</summary>
    /// <param name="title">What it shows.</param>
    /// <param name="picture">Stands in its place where no script runs.</param>
    public Figure ToFigure(string title, Func<byte[]> picture)
    {
        var (width, tall) = ((int)Math.Round(Width * PixelsPerMm), (int)Math.Round(height * PixelsPerMm));
        var layout = (JsonObject)_layout.DeepClone();
        layout["margin"] = new JsonObject { ["l"] = 0, ["r"] = 0, ["t"] = 0, ["b"] = 0, ["pad"] = 0, ["autoexpand"] = false };
        (layout["width"], layout["height"], layout["autosize"], layout["showlegend"]) = (width, tall, false, false);
        (layout["paper_bgcolor"], layout["plot_bgcolor"]) = ("white", "white");
        layout["font"] = Font(style.TextPt);
        layout["annotations"] = _annotations.DeepClone();
        layout["shapes"] = _shapes.DeepClone();
        layout["images"] = _pictures.DeepClone();
        // A figure without a chart would get empty axes.
        if (_axes == 0)
            (layout["xaxis"], layout["yaxis"]) = (new JsonObject { ["visible"] = false }, new JsonObject { ["visible"] = false });
        layout["meta"] = new JsonObject { ["widthMm"] = Width, ["heightMm"] = height };
        return new Figure(title, (JsonArray)_data.DeepClone(), layout, width, tall, picture);
    }

    internal static double Pixels(double mm) => mm * PixelsPerMm;

    /// <summary>1, 2 or 5 times a power of ten, the largest that is no more than a length.</summary>
    internal static double Round(double length)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(length)));
        return power * (length / power >= 5 ? 5 : length / power >= 2 ? 2 : 1);
    }

    internal JsonObject Font(double points, string colour = "black") => new() { ["family"] = style.Font, ["size"] = points * 96 / 72, ["color"] = colour };

    private JsonObject Domain(Area area) => new() { ["x"] = new JsonArray(area.X / Width, area.Right / Width), ["y"] = new JsonArray(Math.Max(0, 1 - area.Bottom / height), 1 - area.Y / height) };

    private (string X, string Y) NewAxes(Area area, bool bare)
    {
        var suffix = _axes++ == 0 ? "" : _axes.ToString(CultureInfo.InvariantCulture);
        var domain = Domain(area);
        foreach (var (axis, other) in new[] { ("x", "y"), ("y", "x") })
        {
            var made = new JsonObject { ["domain"] = domain[axis]!.DeepClone(), ["anchor"] = other + suffix, ["showgrid"] = false, ["zeroline"] = false, ["exponentformat"] = "none" };
            if (bare)
            {
                (made["visible"], made["fixedrange"]) = (false, false);
            }
            else
            {
                (made["showline"], made["linecolor"], made["linewidth"]) = (true, "black", style.AxisPt * 96 / 72);
                (made["ticks"], made["ticklen"], made["tickwidth"], made["nticks"]) = ("outside", Pixels(0.8), style.AxisPt * 96 / 72, 6);
                (made["tickfont"], made["automargin"]) = (Font(style.SmallPt), false);
            }
            _layout[axis + "axis" + suffix] = made;
        }
        return ("x" + suffix, "y" + suffix);
    }
}
