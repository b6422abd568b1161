using System.Globalization;
using System.Text.Json.Nodes;
using VisionCell.Volumes;

namespace VisionCell.Figures;

public static partial class Show
{
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
    internal static JsonObject Heatmap(SectionImage image, JsonObject values, double low, double high, ColourScale scale, bool showScale, string? unit = null)
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

    internal static JsonObject Axis(string? title, double from, double to, string anchor, double start, double step, int count, bool down = false, string? scaleTo = null, string? matches = null)
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
