using System.CommandLine;
using VisionCell.Meshing;
using VisionCell.Scenes;
using VisionCell.Volumes;

namespace VisionCell.Cli.CommandLine;

/// <summary>What the viewers' commands share: layers beside the grey volume, the surface, the view.</summary>
internal static class SceneArguments
{
    /// <summary><c>--labels VOLUME</c>.</summary>
    public static Option<string?> Labels() => new("--labels") { HelpName = "VOLUME", Description = "Whole numbers that name objects, 0 for none: 8 or 16 bit." };

    /// <summary><c>--uncertainty VOLUME</c>.</summary>
    public static Option<string?> Uncertainty() => new("--uncertainty") { HelpName = "VOLUME", Description = "Uncertainty of each voxel, shown over the volume." };

    /// <summary><c>--iso V</c>.</summary>
    public static Option<string?> Iso() => new("--iso") { HelpName = "V", Description = "Add the surface at this grey value; 'auto' for Otsu's threshold." };

    /// <summary><c>--dark</c>.</summary>
    public static Option<bool> Dark() => new("--dark") { Description = "The structure is darker than the iso value (stained membranes), not brighter." };

    /// <summary><c>--decimate SHARE</c>.</summary>
    public static Option<double?> Decimate() => new("--decimate") { HelpName = "SHARE", Description = "Share of the surface's triangles to keep, above 0 and at most 1." };

    /// <summary><c>--view FILE</c>.</summary>
    public static Option<string?> View() => new("--view") { HelpName = "FILE", Description = "A view.json of another viewer: where to look from at first." };

    /// <summary>The view that was asked for, or null.</summary>
    /// <exception cref="BadInputException">It can't be read.</exception>
    public static ViewState? ViewOf(this ParseResult parsed, Option<string?> option) => parsed.GetValue(option) is { } path ? ViewState.Read(path) : null;

    /// <summary>The grey value of a surface, or null for a threshold that is found.</summary>
    /// <exception cref="BadInputException">It is no number.</exception>
    public static double? IsoValue(string text)
    {
        if (text == "auto")
            return null;
        return double.TryParse(text, System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture, out var value) && double.IsFinite(value)
            ? value
            : throw new BadInputException($"--iso {text}: give a grey value, or 'auto'");
    }

    /// <summary>The share of triangles to keep, 1 where none is given.</summary>
    /// <exception cref="BadInputException">It is out of range.</exception>
    public static double ShareOf(this ParseResult parsed, Option<double?> option) => (parsed.GetValue(option) ?? 1) is > 0 and <= 1 and var share ? share
        : throw new BadInputException(FormattableString.Invariant($"--decimate {parsed.GetValue(option)}: the share of triangles to keep must be above 0 and at most 1"));

    /// <summary>Extracts a surface and simplifies it, with progress shown.</summary>
    /// <param name="source">The volume.</param>
    /// <param name="iso">Grey value; null for Otsu's threshold, which is told.</param>
    /// <param name="share">Share of the triangles to keep.</param>
    /// <param name="options">Which side is inside.</param>
    /// <param name="messages">Told the threshold.</param>
    /// <param name="cancellation">Stops.</param>
    /// <returns>The surface, how many triangles were found, and the iso value.</returns>
    public static (Mesh Mesh, int Found, double Iso) Surface(Volume source, double? iso, double share, MarchingCubesOptions options, Messages messages, CancellationToken cancellation)
    {
        var value = iso ?? IsoThreshold.Suggest(source);
        if (iso is null)
            messages.Notice(FormattableString.Invariant($"iso value {value:G6} (Otsu)"));
        var mesh = MarchingCubes.Extract(source.ToFloat32(), value, options, cancellation);
        var found = mesh.TriangleCount;
        if (share < 1)
            mesh = messages.Run("decimating", progress => MeshDecimation.Decimate(mesh, Math.Max(4, (int)(share * found)), null, progress, cancellation));
        return (mesh, found, value);
    }
}
