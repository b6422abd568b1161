using System.Globalization;
using System.Text.Json.Nodes;
using VisionCell.Meshing;
using VisionCell.Volumes;

namespace VisionCell.Figures;

/// <summary>A volume as sections show it.</summary>
/// <param name="Values">As reduced for the page.</param>
/// <param name="Scale">Colours.</param>
/// <param name="Limits">Values of the first and the last colour.</param>
/// <param name="Levels">Values of the first and the last of the 256 levels in the page.</param>
/// <param name="Unit">What the values are.</param>
internal sealed record SectionLayer(Volume<float> Values, ColourScale Scale, (double Low, double High) Limits, (double Low, double High) Levels, string Unit)
{
    public JsonObject Packed(ReadOnlySpan<float> values, params int[] rows) => PlotlyJson.Quantised(values, Levels.Low, Levels.High, rows);
}

/// <summary>
/// The figure behind <see cref="Show.Sections"/>: panels at one scale, each with the lines of the planes that cut it, and sliders. This lays out
/// what is seen at first and packs the volumes; what moves is in figure.sections.js, which counts on the order of traces, shapes and sliders here.
/// </summary>
internal sealed class LinkedSections
{
    private const double Gap = 0.06;
    private const double ObliqueGap = 0.12; // the numbers and the title of its axis stand there
    private const int SliderHeight = 58, Left = 70, Top = 50;
    private const int ObliquePixels = 192; // a side: as float32, since 256 levels have none for what lies outside
    private const int TiltStep = 5, AzimuthStep = 10;
    private const double OverOpacity = 0.5, OpacityStep = 0.1;

    private static readonly string[] s_names = ["z", "y", "x"];

    private readonly string _title;
    private readonly SectionLayer _grey;
    private readonly SectionLayer? _over;
    private readonly int[] _at;
    private readonly (double Tilt, double Azimuth)? _oblique;
    private readonly ObliquePlane? _plane;
    private readonly int[] _count;
    private readonly double[] _start, _step;

    /// <summary>Of layers on one grid, at a voxel (z, y, x).</summary>
    public LinkedSections(string title, SectionLayer grey, SectionLayer? over, int[] at, (double Tilt, double Azimuth)? oblique)
    {
        (_title, _grey, _over, _at, _oblique) = (title, grey, over, at, oblique);
        var (shape, size, origin) = (grey.Values.Shape, grey.Values.VoxelSize, grey.Values.Origin);
        (_count, _start, _step) = ([shape.Z, shape.Y, shape.X], [origin.Z, origin.Y, origin.X], [size.Z, size.Y, size.X]);
        _plane = oblique is { } o ? ObliquePlane.Through(grey.Values, o.Tilt, o.Azimuth, new Vector3d(Place(2), Place(1), Place(0)), ObliquePixels) : null;
    }

    private double Place(int axis) => _start[axis] + _at[axis] * _step[axis];

    public Figure ToFigure(IReadOnlyList<string> notices)
    {
        // Columns x and z wide, rows y and z high; the oblique panel beside them, over the whole height.
        var length = _count.Zip(_step, (n, step) => n * step).ToArray();
        var share = _plane is null ? 1 : 0.58;
        double wide = share * (1 - Gap) * length[2] / (length[2] + length[0]), tall = (1 - Gap) * length[1] / (length[1] + length[0]);
        int width = _plane is null ? 760 : 1000, right = _over is null ? 90 : 170;
        var plotHeight = (int)Math.Clamp(share * (width - Left - right) * (length[1] + length[0]) / (length[2] + length[0]), _plane is null ? 200 : 300, 900);
        var bottom = 55 + 3 * SliderHeight;

        var images = Images(_grey);
        var data = new JsonArray([.. Traces(_grey, images, over: false), .. _over is null ? [] : Traces(_over, Images(_over), over: true)]);

        var layout = Show.BaseLayout(_title, width, Top + plotHeight + bottom, Left, right, Top, bottom);
        layout["xaxis"] = Show.Axis(null, 0, wide, "y", _start[2], _step[2], _count[2]);
        layout["yaxis"] = Show.Axis("y (nm)", 1 - tall, 1, "x", _start[1], _step[1], _count[1], down: true, scaleTo: "x");
        layout["xaxis2"] = Show.Axis("z (nm)", wide + share * Gap, share, "y2", _start[0], _step[0], _count[0], scaleTo: "y2");
        layout["yaxis2"] = Show.Axis(null, 1 - tall, 1, "x2", _start[1], _step[1], _count[1], down: true, matches: "y");
        layout["xaxis3"] = Show.Axis("x (nm)", 0, wide, "y3", _start[2], _step[2], _count[2], matches: "x");
        layout["yaxis3"] = Show.Axis("z (nm)", 0, Math.Max(0.01, 1 - tall - Gap), "x3", _start[0], _step[0], _count[0], down: true, scaleTo: "x3");
        if (_plane is not null)
        {
            layout["xaxis4"] = Show.Axis("oblique: u (nm)", share + ObliqueGap, 1, "y4", _plane.UMin, _plane.Step, _plane.Columns);
            layout["yaxis4"] = Show.Axis("v (nm)", 0, 1, "x4", _plane.VMin, _plane.Step, _plane.Rows, down: true, scaleTo: "x4");
        }
        var (shapes, lines) = Lines();
        layout["shapes"] = shapes;
        layout["sliders"] = Sliders(plotHeight);

        var sections = new JsonObject
        {
            ["values"] = _grey.Packed(_grey.Values.Data),
            ["shape"] = Numbers(_count), ["at"] = Numbers(_at), ["origin"] = Numbers(_start), ["spacing"] = Numbers(_step), ["lines"] = lines,
        };
        if (_oblique is { } o)
            sections["oblique"] = new JsonObject
            {
                ["tilt"] = o.Tilt, ["azimuth"] = o.Azimuth, ["tiltStep"] = TiltStep, ["azimuthStep"] = AzimuthStep, ["reach"] = _plane!.UMax, ["count"] = _plane.Columns,
            };
        if (_over is not null)
            sections["overlay"] = new JsonObject { ["values"] = _over.Packed(_over.Values.Data), ["opacityStep"] = OpacityStep };
        return new Figure(_title, data, layout, width, Top + plotHeight + bottom, () => Draw(images), notices, ("sections", sections));
    }

    /// <summary>Panels in the order of figure.sections.js: xy, xz, yz, oblique.</summary>
    private SectionImage[] Images(SectionLayer layer) =>
    [
        FigureData.GetSection(layer.Values, SectionPlane.Xy, _at[0]), FigureData.GetSection(layer.Values, SectionPlane.Xz, _at[1]), FigureData.GetSection(layer.Values, SectionPlane.Yz, _at[2]),
        .. _plane is null ? [] : (SectionImage[])[_plane.Sample(layer.Values)],
    ];

    private static IEnumerable<JsonNode> Traces(SectionLayer layer, SectionImage[] images, bool over)
    {
        for (var p = 0; p < images.Length; p++)
        {
            var image = images[p];
            var values = p < 3 ? layer.Packed(image.Data, image.Rows, image.Columns) : PlotlyJson.Typed<float>(image.Data, image.Rows, image.Columns);
            var trace = Show.Heatmap(image, values, layer.Limits.Low, layer.Limits.High, layer.Scale, p == 0, layer.Unit);
            trace["name"] = (p < 3 ? s_names[p] + " plane" : "oblique plane") + (over ? ", " + layer.Unit : "");
            (trace["xaxis"], trace["yaxis"]) = p switch { 0 => ("x", "y"), 1 => ("x3", "y3"), 2 => ("x2", "y2"), _ => ("x4", "y4") };
            if (over)
            {
                // The pointer reads grey levels and clicks through.
                trace.Remove("hovertemplate");
                (trace["hoverinfo"], trace["opacity"]) = ("skip", OverOpacity);
                if (p == 0)
                    trace["colorbar"]!["x"] = 1.12;
            }
            yield return trace;
        }
    }

    /// <summary>The plane of one axis is a line in the panels of the two others; then where the oblique plane meets each, in either's panel.</summary>
    private (JsonArray Shapes, JsonArray Moved) Lines()
    {
        var (shapes, moved) = (new JsonArray(), new JsonArray());
        void Line(int colour, string xref, string yref, (string Key, double Value)[] ends)
        {
            var line = new JsonObject { ["type"] = "line", ["xref"] = xref, ["yref"] = yref, ["line"] = new JsonObject { ["color"] = ColourScale.Css(ColourScale.Categories[colour]), ["width"] = 1, ["dash"] = "dot" } };
            foreach (var (key, value) in ends)
                line[key] = value;
            shapes.Add((JsonNode)line);
        }
        foreach (var (axis, xref, yref, along) in ((int, string, string, string)[])
            [(2, "x", "y domain", "x"), (1, "x domain", "y", "y"), (2, "x3", "y3 domain", "x"), (0, "x3 domain", "y3", "y"), (0, "x2", "y2 domain", "x"), (1, "x2 domain", "y2", "y")])
        {
            var across = along == "x" ? "y" : "x";
            Line(4 - axis, xref, yref, [(along + "0", Place(axis)), (along + "1", Place(axis)), (across + "0", 0), (across + "1", 1)]);
            moved.Add((JsonNode)new JsonObject { ["axis"] = axis, ["along"] = along });
        }
        if (_plane is null)
            return (shapes, moved);
        // Only points here: figure.sections.js draws the lines through them.
        foreach (var (xref, yref, x, y) in ((string, string, int, int)[])[("x", "y", 2, 1), ("x3", "y3", 2, 0), ("x2", "y2", 0, 1)])
            Line(0, xref, yref, [("x0", Place(x)), ("x1", Place(x)), ("y0", Place(y)), ("y1", Place(y))]);
        foreach (var axis in (int[])[0, 1, 2])
            Line(4 - axis, "x4", "y4", [("x0", 0), ("x1", 0), ("y0", 0), ("y1", 0)]);
        return (shapes, moved);
    }

    /// <summary>z, y, x; tilt, azimuth; opacity: in this order, the second three beside the first.</summary>
    private JsonArray Sliders(int plotHeight)
    {
        static string Degrees(int angle) => string.Create(CultureInfo.InvariantCulture, $"{angle}\u00B0");
        double Row(int row) => -(45.0 + row * SliderHeight) / plotHeight;
        var length = _oblique is null && _over is null ? 1 : 0.47;
        var sliders = Enumerable.Range(0, 3).Select(axis => Show.Slider(
            $"{axis}", s_names[axis], Enumerable.Range(0, _count[axis]).Select(i => string.Create(CultureInfo.InvariantCulture, $"{_start[axis] + i * _step[axis]:0.##} nm")), _at[axis], Row(axis), 0, length)).ToList();
        if (_oblique is { } o)
        {
            sliders.Add(Show.Slider("tilt", "tilt", Enumerable.Range(0, 90 / TiltStep + 1).Select(i => Degrees(i * TiltStep)), (int)Math.Round(o.Tilt / TiltStep), Row(0), 0.53, length));
            sliders.Add(Show.Slider("azimuth", "azimuth", Enumerable.Range(0, 360 / AzimuthStep).Select(i => Degrees(i * AzimuthStep)), (int)Math.Round(o.Azimuth / AzimuthStep) % (360 / AzimuthStep), Row(1), 0.53, length));
        }
        if (_over is not null)
            sliders.Add(Show.Slider("opacity", $"opacity of {_over.Unit}", Enumerable.Range(0, 11).Select(i => $"{10 * i} %"), (int)Math.Round(OverOpacity / OpacityStep), Row(2), 0.53, length));
        return new JsonArray([.. sliders.Select(s => (JsonNode)s)]);
    }

    private byte[] Draw(SectionImage[] images)
    {
        var over = _over is null ? null : Images(_over);
        Panel Of(int p, string label) => new(images[p], _grey.Scale, _grey.Limits.Low, _grey.Limits.High, label,
            over is null ? null : (new Panel(over[p], _over!.Scale, _over.Limits.Low, _over.Limits.High, ""), OverOpacity));
        Panel?[] first = [Of(0, $"xy at z {Labels.Length(Place(0))}"), Of(2, "yz"), .. _plane is null ? [] : (Panel?[])[Of(3, "oblique")]];
        return ImagePicture.Draw(_title, [first, [Of(1, "xz"), .. new Panel?[first.Length - 1]]], _plane is null ? 640 : 860);
    }

    private static JsonArray Numbers<T>(T[] values) => new([.. values.Select(v => (JsonNode?)JsonValue.Create(v))]);
}
