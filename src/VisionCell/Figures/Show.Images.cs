using System.Globalization;
using System.Text.Json.Nodes;
using VisionCell.Volumes;

namespace VisionCell.Figures;

public static partial class Show
{
    /// <summary>
    /// Three orthogonal sections through one point: xy, yz beside it, xz below it. Sliders move each plane, a click moves the
    /// other two to the point clicked, and lines mark where they cut.
    /// </summary>
    /// <param name="volume">Any volume <c>[Z, Y, X]</c>.</param>
    /// <param name="title">Stands above.</param>
    /// <param name="at">Voxel (z, y, x) where the planes meet at first; null for the middle.</param>
    /// <exception cref="BadInputException">The point lies outside.</exception>
    public static Figure Sections(Volume volume, string title = "Sections", (int Z, int Y, int X)? at = null)
    {
        var full = volume.Shape;
        var (z, y, x) = at ?? (full.Z / 2, full.Y / 2, full.X / 2);
        if (z < 0 || z >= full.Z || y < 0 || y >= full.Y || x < 0 || x >= full.X)
            throw new BadInputException($"sections through voxel ({z}, {y}, {x}): the volume has {full} voxels");
        var notices = Notices();
        var shown = FigureData.GetReduced(volume, WithinBudget(full, volume.VoxelSize, SectionsBudget));
        if (shown.Shape != full)
            Say(notices, $"Shown at {shown.Shape} voxels, averaged from {full}.");
        var (shape, size, origin) = (shown.Shape, shown.VoxelSize, shown.Origin);
        int[] n = [shape.Z, shape.Y, shape.X];
        int[] middle = [(int)((long)z * shape.Z / full.Z), (int)((long)y * shape.Y / full.Y), (int)((long)x * shape.X / full.X)];
        double[] start = [origin.Z, origin.Y, origin.X], step = [size.Z, size.Y, size.X];
        double[] length = [shape.Z * size.Z, shape.Y * size.Y, shape.X * size.X];
        string[] names = ["z", "y", "x"];

        // 8-bit data keep their levels; others are shown in 256 between the limits of contrast.
        var (low, high) = FigureData.GetContrastLimits(shown.Data);
        JsonObject Packed(ReadOnlySpan<float> values, params int[] rows) => volume.VoxelType == VoxelType.UInt8
            ? PlotlyJson.Quantised(values, 0, 255, rows)
            : PlotlyJson.Quantised(values, low, high, rows);

        // Panels at one scale: columns x and z wide, rows y and z high.
        const double Gap = 0.06;
        double wide = (1 - Gap) * length[2] / (length[2] + length[0]), tall = (1 - Gap) * length[1] / (length[1] + length[0]);
        const int Width = 760, SliderHeight = 58;
        const int Left = 70, Right = 90, Top = 50;
        var plotHeight = (int)Math.Clamp((Width - Left - Right) * (length[1] + length[0]) / (length[2] + length[0]), 200, 900);
        var bottom = 55 + 3 * SliderHeight;
        var height = Top + plotHeight + bottom;

        var data = new JsonArray();
        var images = new[] { SectionPlane.Xy, SectionPlane.Xz, SectionPlane.Yz }.Select((p, i) => FigureData.GetSection(shown, p, middle[i])).ToArray();
        for (var p = 0; p < 3; p++)
        {
            var image = images[p];
            var trace = Heatmap(image, Packed(image.Data, image.Rows, image.Columns), low, high, ColourScale.Grey, p == 0);
            trace["name"] = names[p] + " plane";
            (trace["xaxis"], trace["yaxis"]) = p switch { 0 => ("x", "y"), 1 => ("x3", "y3"), _ => ("x2", "y2") };
            data.Add((JsonNode)trace);
        }

        var layout = BaseLayout(title, Width, height, Left, Right, Top, bottom);
        layout["xaxis"] = Axis(null, 0, wide, "y", images[0].ColumnStart, images[0].ColumnStep, n[2]);
        layout["yaxis"] = Axis("y (nm)", 1 - tall, 1, "x", images[0].RowStart, images[0].RowStep, n[1], down: true, scaleTo: "x");
        layout["xaxis2"] = Axis("z (nm)", wide + Gap, 1, "y2", origin.Z, size.Z, n[0], scaleTo: "y2");
        layout["yaxis2"] = Axis(null, 1 - tall, 1, "x2", origin.Y, size.Y, n[1], down: true, matches: "y");
        layout["xaxis3"] = Axis("x (nm)", 0, wide, "y3", origin.X, size.X, n[2], matches: "x");
        layout["yaxis3"] = Axis("z (nm)", 0, Math.Max(0.01, 1 - tall - Gap), "x3", origin.Z, size.Z, n[0], down: true, scaleTo: "x3");

        // The plane of one axis is a line in the panels of the two others.
        var shapes = new JsonArray();
        var lines = new JsonArray();
        foreach (var (axis, xref, yref, along) in ((int, string, string, string)[])
            [(2, "x", "y domain", "x"), (1, "x domain", "y", "y"), (2, "x3", "y3 domain", "x"), (0, "x3 domain", "y3", "y"), (0, "x2", "y2 domain", "x"), (1, "x2 domain", "y2", "y")])
        {
            var place = start[axis] + middle[axis] * step[axis];
            var across = along == "x" ? "y" : "x";
            shapes.Add((JsonNode)new JsonObject
            {
                ["type"] = "line", ["xref"] = xref, ["yref"] = yref,
                [along + "0"] = place, [along + "1"] = place, [across + "0"] = 0, [across + "1"] = 1,
                ["line"] = new JsonObject { ["color"] = ColourScale.Css(ColourScale.Categories[4 - axis]), ["width"] = 1, ["dash"] = "dot" },
            });
            lines.Add((JsonNode)new JsonObject { ["axis"] = axis, ["along"] = along });
        }
        layout["shapes"] = shapes;
        layout["sliders"] = new JsonArray([.. Enumerable.Range(0, 3).Select(axis => (JsonNode)Slider(axis, names[axis], n[axis], middle[axis], start[axis], step[axis], -(45.0 + axis * SliderHeight) / plotHeight))]);

        var sections = new JsonObject
        {
            ["values"] = Packed(shown.Data),
            ["shape"] = new JsonArray(n[0], n[1], n[2]),
            ["at"] = new JsonArray(middle[0], middle[1], middle[2]),
            ["origin"] = new JsonArray(start[0], start[1], start[2]),
            ["spacing"] = new JsonArray(step[0], step[1], step[2]),
            ["slider"] = new JsonArray(0, 1, 2),
            ["lines"] = lines,
        };
        Panel Of(int p, string label) => new(images[p], ColourScale.Grey, low, high, label);
        byte[] Draw() => ImagePicture.Draw(title, [[Of(0, $"xy at z {Labels.Length(start[0] + middle[0] * step[0])}"), Of(2, "yz")], [Of(1, "xz")]], 640);
        return new Figure(title, data, layout, Width, height, Draw, notices, sections);
    }

    /// <summary>A section in any direction, with its place in the volume.</summary>
    /// <param name="volume">Any volume <c>[Z, Y, X]</c>.</param>
    /// <param name="tilt">Angle between the normal of the plane and z, degrees: 0 is an xy section, 90 stands upright.</param>
    /// <param name="azimuth">Direction into which the normal is tilted, degrees from x towards y.</param>
    /// <param name="offset">Distance of the plane from the centre of the volume, nm.</param>
    /// <param name="title">Stands above.</param>
    /// <exception cref="BadInputException">The plane misses the volume.</exception>
    public static Figure ObliqueSection(Volume volume, double tilt = 45, double azimuth = 0, double offset = 0, string? title = null)
    {
        title ??= string.Create(CultureInfo.InvariantCulture, $"Oblique section: tilt {tilt:0.#}\u00B0, azimuth {azimuth:0.#}\u00B0, {offset:0.#} nm from the centre");
        var plane = ObliquePlane.Of(volume, tilt, azimuth, offset, ImageBudget);
        var image = plane.Sample(volume);
        var notices = Notices();
        var size = volume.VoxelSize;
        if (plane.Step > Math.Min(size.Z, Math.Min(size.Y, size.X)) * (1 + 1e-9))
            Say(notices, string.Create(CultureInfo.InvariantCulture, $"Shown at one pixel each {plane.Step:0.##} nm, coarser than the voxels of {size}."));
        var (low, high) = FigureData.GetContrastLimits(volume.ToFloat32().Data);
        // Outside the volume there is nothing: NaN, which float32 carries and 256 levels would not.
        var flat = Heatmap(image, PlotlyJson.Typed<float>(image.Data, image.Rows, image.Columns), low, high, ColourScale.Grey, true);

        // In the volume: the plane as a coarse textured surface, the box as lines.
        const int Texture = 96;
        var (rows, columns) = (Math.Min(Texture, plane.Rows), Math.Min(Texture, plane.Columns));
        float[] px = new float[rows * columns], py = new float[px.Length], pz = new float[px.Length], colours = new float[px.Length];
        var source = volume.ToFloat32();
        for (var i = 0; i < px.Length; i++)
        {
            var p = plane.At(i / columns * (plane.Rows - 1) / Math.Max(1, rows - 1), i % columns * (plane.Columns - 1) / Math.Max(1, columns - 1));
            colours[i] = ObliquePlane.Interpolate(source, p);
            // A missing height is what makes plotly.js leave a hole.
            (px[i], py[i], pz[i]) = ((float)p.X, (float)p.Y, float.IsNaN(colours[i]) ? float.NaN : (float)p.Z);
        }
        var surface = new JsonObject
        {
            ["type"] = "surface", ["scene"] = "scene", ["showscale"] = false, ["cmin"] = low, ["cmax"] = high, ["colorscale"] = ColourScale.Grey.ToJson(),
            ["x"] = PlotlyJson.Typed<float>(px, rows, columns), ["y"] = PlotlyJson.Typed<float>(py, rows, columns), ["z"] = PlotlyJson.Typed<float>(pz, rows, columns),
            ["surfacecolor"] = PlotlyJson.Typed<float>(colours, rows, columns), ["hoverinfo"] = "x+y+z",
            ["lighting"] = new JsonObject { ["ambient"] = 1, ["diffuse"] = 0, ["specular"] = 0 },
        };
        const int Width = 860, Height = 460;
        var layout = BaseLayout(title, Width, Height);
        layout["xaxis"] = Axis("u (nm)", 0, 0.46, "y", image.ColumnStart, image.ColumnStep, image.Columns);
        layout["yaxis"] = Axis("v (nm)", 0, 1, "x", image.RowStart, image.RowStep, image.Rows, down: true, scaleTo: "x");
        layout["scene"] = Scene(0.56, 1);
        layout["showlegend"] = false;
        flat["colorbar"]!["x"] = 0.47;
        JsonArray data = [flat, surface, BoxLines(volume)];
        return new Figure(title, data, layout, Width, Height, () => ImagePicture.Draw(title, [[new Panel(image, ColourScale.Grey, low, high, "u to the right, v down")]], 480), notices);
    }

    /// <summary>A heatmap at its place in nm.</summary>
    private static JsonObject Heatmap(SectionImage image, JsonObject values, double low, double high, ColourScale scale, bool showScale, string? unit = null)
    {
        var trace = new JsonObject
        {
            ["type"] = "heatmap", ["z"] = values,
            ["x0"] = image.ColumnStart, ["dx"] = image.ColumnStep, ["y0"] = image.RowStart, ["dy"] = image.RowStep,
            ["zmin"] = low, ["zmax"] = high, ["colorscale"] = scale.ToJson(), ["showscale"] = showScale, ["zsmooth"] = false,
            ["hovertemplate"] = $"{image.ColumnAxis} %{{x:.1f}} nm<br>{image.RowAxis} %{{y:.1f}} nm<br>%{{z:.4g}}<extra></extra>",
        };
        if (showScale)
            trace["colorbar"] = new JsonObject { ["thickness"] = 12, ["outlinewidth"] = 0, ["title"] = Title(unit ?? "grey level") };
        return trace;
    }

    private static JsonObject Axis(string? title, double from, double to, string anchor, double start, double step, int count, bool down = false, string? scaleTo = null, string? matches = null)
    {
        // Pixels reach half a step beyond the first and the last centre.
        double first = start - step / 2, last = start + (count - 0.5) * step;
        var axis = new JsonObject
        {
            ["domain"] = new JsonArray(from, to), ["anchor"] = anchor, ["showgrid"] = false, ["zeroline"] = false, ["constrain"] = "domain",
            ["range"] = down ? new JsonArray(last, first) : new JsonArray(first, last), ["exponentformat"] = "none", ["ticks"] = "outside", ["nticks"] = 6,
        };
        if (title is not null)
            axis["title"] = Title(title);
        else
            axis["showticklabels"] = false;
        if (scaleTo is not null)
            (axis["scaleanchor"], axis["scaleratio"]) = (scaleTo, 1);
        if (matches is not null)
            axis["matches"] = matches;
        return axis;
    }

    private static JsonObject Slider(int axis, string name, int count, int active, double start, double step, double y) => new()
    {
        ["active"] = active, ["x"] = 0, ["len"] = 1, ["y"] = y, ["yanchor"] = "top", ["pad"] = new JsonObject { ["t"] = 0, ["b"] = 0 },
        ["ticklen"] = 0, ["minorticklen"] = 0, ["font"] = new JsonObject { ["size"] = 1, ["color"] = "rgba(0,0,0,0)" },
        ["currentvalue"] = new JsonObject { ["prefix"] = name + " ", ["xanchor"] = "left", ["font"] = new JsonObject { ["size"] = 12, ["color"] = "black" } },
        ["steps"] = new JsonArray([.. Enumerable.Range(0, count).Select(i => (JsonNode)new JsonObject
        {
            ["method"] = "skip", ["value"] = $"{axis}:{i}", ["label"] = string.Create(CultureInfo.InvariantCulture, $"{start + i * step:0.##} nm"),
        })]),
    };

    /// <summary>Shape of at most that many voxels: the finest axes give way first, so that voxels come nearer to cubes.</summary>
    internal static Shape3 WithinBudget(Shape3 shape, VoxelSize size, long budget)
    {
        if (shape.Count <= budget)
            return shape;
        double[] lengths = [shape.Z * size.Z, shape.Y * size.Y, shape.X * size.X];
        int[] full = [shape.Z, shape.Y, shape.X];
        // The edge of a cubic voxel at which the budget is met, by bisection; no axis gains voxels by it.
        int[] At(double edge) => [.. full.Select((n, a) => Math.Clamp((int)(lengths[a] / edge), 1, n))];
        double fine = Math.Min(size.Z, Math.Min(size.Y, size.X)), coarse = lengths.Max();
        for (var i = 0; i < 60; i++)
        {
            var edge = (fine + coarse) / 2;
            var n = At(edge);
            if ((long)n[0] * n[1] * n[2] > budget)
                fine = edge;
            else
                coarse = edge;
        }
        var best = At(coarse);
        return new Shape3(best[0], best[1], best[2]);
    }

    /// <summary>An image of at most that many pixels a side, by averaging.</summary>
    internal static SectionImage Reduced(SectionImage image, int most)
    {
        int rows = Math.Min(image.Rows, most), columns = Math.Min(image.Columns, most);
        if (rows == image.Rows && columns == image.Columns)
            return image;
        var data = BoxAverage.Along(BoxAverage.Along(image.Data, image.Rows, image.Columns, 1, columns), 1, image.Rows, columns, rows);
        double rowStep = image.RowStep * image.Rows / rows, columnStep = image.ColumnStep * image.Columns / columns;
        return image with
        {
            Data = data, Rows = rows, Columns = columns, RowStep = rowStep, ColumnStep = columnStep,
            RowStart = image.RowStart + (rowStep - image.RowStep) / 2, ColumnStart = image.ColumnStart + (columnStep - image.ColumnStep) / 2,
        };
    }
}
