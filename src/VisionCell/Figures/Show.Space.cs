using System.Text.Json.Nodes;
using VisionCell.Volumes;
using VoxelVolume = VisionCell.Volumes.Volume;

namespace VisionCell.Figures;

/// <summary>Which grey levels of a volume are opaque.</summary>
public enum OpaqueLevels
{
    /// <summary>Dark levels: stained membranes in electron microscopy.</summary>
    Dark,

    /// <summary>Bright levels.</summary>
    Bright,

    /// <summary>All levels alike.</summary>
    All,
}

public static partial class Show
{
    /// <summary>
    /// A volume as translucent layers of equal grey level. plotly.js meshes every layer in the browser, so the volume is averaged
    /// to a few dozen voxels along each axis first.
    /// </summary>
    /// <param name="volume">Any volume <c>[Z, Y, X]</c>.</param>
    /// <param name="title">Stands above.</param>
    /// <param name="opaque">Which grey levels are opaque.</param>
    /// <param name="limits">Grey levels shown black and white; null for the 0.2 % and 99.8 % percentiles.</param>
    /// <param name="opacity">Opacity of a layer, above 0 and at most 1.</param>
    /// <param name="layers">Number of layers, 1 to 20: the time to draw grows with it.</param>
    /// <param name="voxels">Voxels along each axis, at most <see cref="VolumeBudget"/>: the time grows with their cube.</param>
    /// <exception cref="BadInputException">A parameter is out of range.</exception>
    public static Figure Volume(VoxelVolume volume, string title = "Volume", OpaqueLevels opaque = OpaqueLevels.Dark, (double Low, double High)? limits = null, double opacity = 0.3, int layers = 5, int voxels = 48)
    {
        if (!(opacity is > 0 and <= 1))
            throw new BadInputException($"opacity {opacity}: must be above 0 and at most 1");
        if (layers is < 1 or > 20 || voxels is < 2 or > VolumeBudget)
            throw new BadInputException($"a volume figure of {layers} layers and {voxels} voxels along each axis: 1 to 20 layers, 2 to {VolumeBudget} voxels");
        var notices = Notices();
        var shown = FigureData.GetReduced(volume, new Shape3(voxels, voxels, voxels));
        var (shape, size, origin) = (shown.Shape, shown.VoxelSize, shown.Origin);
        if (shape != volume.Shape)
            Say(notices, $"Shown at {shape} voxels, averaged from {volume.Shape}.");
        var (low, high) = limits ?? FigureData.GetContrastLimits(shown.Data);
        var trace = new JsonObject
        {
            ["type"] = "volume",
            ["x"] = PlotlyJson.Ramp(origin.X, size.X, shape.X, 1, shape.Z * shape.Y),
            ["y"] = PlotlyJson.Ramp(origin.Y, size.Y, shape.Y, shape.X, shape.Z),
            ["z"] = PlotlyJson.Ramp(origin.Z, size.Z, shape.Z, shape.SectionCount),
            ["value"] = PlotlyJson.Quantised(shown.Data, low, high),
            ["isomin"] = low, ["isomax"] = high, ["cmin"] = low, ["cmax"] = high,
            ["opacity"] = opacity, ["surface"] = new JsonObject { ["count"] = layers },
            ["opacityscale"] = opaque switch { OpaqueLevels.Dark => "min", OpaqueLevels.Bright => "max", _ => "uniform" },
            ["colorscale"] = ColourScale.Grey.ToJson(),
            ["colorbar"] = new JsonObject { ["thickness"] = 12, ["outlinewidth"] = 0, ["title"] = Title("grey level") },
            ["hovertemplate"] = "x %{x:.1f} nm<br>y %{y:.1f} nm<br>z %{z:.1f} nm<br>%{value:.4g}<extra></extra>",
        };
        const int Width = 760, Height = 540;
        var layout = BaseLayout(title, Width, Height, 0, 0, 40, 0);
        layout["scene"] = Scene(0, 1);
        double Opacity(double level) => opacity * opaque switch { OpaqueLevels.Dark => Math.Pow(1 - level, 2), OpaqueLevels.Bright => level * level, _ => 1 };
        return new Figure(title, [trace], layout, Width, Height, () => VolumePicture.Draw(title, shown, low, high, l => 0.5 * Opacity(l)), notices);
    }

    internal static Rgb ParseColour(string colour)
    {
        if (colour.Length == 7 && colour[0] == '#' && uint.TryParse(colour.AsSpan(1), System.Globalization.NumberStyles.AllowHexSpecifier, null, out var value))
            return new Rgb((byte)(value >> 16), (byte)(value >> 8), (byte)value);
        throw new BadInputException($"colour '{colour}': give #rrggbb, for example #d9a066");
    }

    /// <summary>A 3D view whose axes have one scale, nm.</summary>
    private static JsonObject Scene(double from, double to)
    {
        JsonObject Of(string name) => new() { ["title"] = Title(name + " (nm)"), ["exponentformat"] = "none", ["nticks"] = 6, ["showbackground"] = false, ["gridcolor"] = "rgb(225,225,225)" };
        return new JsonObject
        {
            ["domain"] = new JsonObject { ["x"] = new JsonArray(from, to), ["y"] = new JsonArray(0, 1) },
            ["aspectmode"] = "data", ["camera"] = new JsonObject { ["eye"] = new JsonObject { ["x"] = 1.5, ["y"] = 1.5, ["z"] = 1.3 } },
            ["xaxis"] = Of("x"), ["yaxis"] = Of("y"), ["zaxis"] = Of("z"),
        };
    }

    /// <summary>The twelve edges of a volume's box as one broken line.</summary>
    internal static JsonObject BoxLines(VoxelVolume volume)
    {
        var (low, high) = ObliquePlane.Extent(volume);
        List<float> x = [], y = [], z = [];
        for (var c = 0; c < 8; c++)
        {
            for (var bit = 1; bit < 8; bit <<= 1)
            {
                if ((c & bit) != 0)
                    continue;
                foreach (var end in (int[])[c, c | bit])
                {
                    x.Add((float)((end & 1) != 0 ? high.X : low.X));
                    y.Add((float)((end & 2) != 0 ? high.Y : low.Y));
                    z.Add((float)((end & 4) != 0 ? high.Z : low.Z));
                }
                x.Add(float.NaN);
                y.Add(float.NaN);
                z.Add(float.NaN);
            }
        }
        return new JsonObject
        {
            ["type"] = "scatter3d", ["mode"] = "lines", ["scene"] = "scene", ["hoverinfo"] = "skip", ["line"] = new JsonObject { ["color"] = "rgb(120,120,120)", ["width"] = 2 },
            ["x"] = PlotlyJson.Typed<float>(x.ToArray()), ["y"] = PlotlyJson.Typed<float>(y.ToArray()), ["z"] = PlotlyJson.Typed<float>(z.ToArray()),
        };
    }
}
