using System.CommandLine;
using System.Globalization;
using VisionCell.Formats;
using VisionCell.Meshing;
using VisionCell.Volumes;

namespace VisionCell.Cli.CommandLine;

/// <summary>Surfaces on the command line, so that they read alike wherever one is wanted.</summary>
internal static class SurfaceArguments
{
    /// <summary><c>--iso V</c>.</summary>
    public static Option<string> Iso() => new("--iso") { HelpName = "V", Description = "Grey value of the surface; 'auto' takes Otsu's threshold and says it.", DefaultValueFactory = _ => "auto" };

    /// <summary><c>--iso V</c>, for a surface beside other things.</summary>
    public static Option<string?> OptionalIso() => new("--iso") { HelpName = "V", Description = "Add the surface at this grey value; 'auto' for Otsu's threshold." };

    /// <summary><c>--decimate SHARE</c>.</summary>
    public static Option<double?> Decimate() => new("--decimate") { HelpName = "SHARE", Description = "Share of the surface's triangles to keep, above 0 and at most 1, for example 0.1." };

    /// <summary><c>--dark</c>.</summary>
    public static Option<bool> Dark() => new("--dark") { Description = "The structure is darker than the iso value (stained membranes), not brighter." };

    /// <summary>The value of <see cref="Iso"/>; null for 'auto'.</summary>
    /// <exception cref="BadInputException">It is neither a number nor 'auto'.</exception>
    public static double? IsoOf(this ParseResult parsed, Option<string> option) => IsoValue(parsed.GetRequiredValue(option));

    /// <summary>The grey value of a surface; null for 'auto'.</summary>
    /// <exception cref="BadInputException">It is neither a number nor 'auto'.</exception>
    public static double? IsoValue(string text)
    {
        if (text == "auto")
            return null;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value)
            ? value
            : throw new BadInputException($"--iso {text}: give a grey value, or 'auto'");
    }

    /// <summary>The iso value asked for, or the suggested one, which is shown.</summary>
    public static double IsoFor(this Messages messages, Volume volume, double? iso) => iso ?? Say(messages, IsoThreshold.Suggest(volume));

    /// <summary>As <see cref="IsoFor(Messages, Volume, double?)"/>, of a volume that is read section by section.</summary>
    public static double IsoFor(this Messages messages, SectionReader sections, double? iso, CancellationToken cancellation) =>
        iso ?? Say(messages, messages.Run("looking for a threshold", progress => IsoThreshold.Suggest(sections, progress, cancellation)));

    private static double Say(Messages messages, double suggested)
    {
        messages.Notice(FormattableString.Invariant($"iso value {suggested:G6} (Otsu's threshold; --iso V takes another)"));
        return suggested;
    }

    /// <summary>The share of triangles to keep, 1 where none is given.</summary>
    /// <exception cref="BadInputException">It is out of range.</exception>
    public static double ShareOf(this ParseResult parsed, Option<double?> option) => (parsed.GetValue(option) ?? 1) is > 0 and <= 1 and var share ? share
        : throw new BadInputException(FormattableString.Invariant($"--decimate {parsed.GetValue(option)}: the share of triangles to keep must be above 0 and at most 1"));

    /// <summary>Extracts a surface of a file section by section, so that the volume need not fit into memory, with progress shown.</summary>
    /// <param name="path">The volume.</param>
    /// <param name="voxelSize">Overrides what the file says; null for that.</param>
    /// <param name="iso">Grey value; null for Otsu's threshold, which is told.</param>
    /// <param name="options">Which side is inside, and whether the border is closed.</param>
    /// <param name="messages">Told the threshold, and what the user should know of the file.</param>
    /// <param name="cancellation">Stops.</param>
    /// <returns>The surface, and what is written beside it.</returns>
    public static (Mesh Mesh, MeshMetadata Metadata) Surface(string path, VoxelSize? voxelSize, double? iso, MarchingCubesOptions options, Messages messages, CancellationToken cancellation)
    {
        var (reader, size) = VolumeFormats.OpenSections(path, voxelSize, messages.Notice);
        using (reader)
        {
            var value = messages.IsoFor(reader, iso, cancellation);
            var mesh = messages.Run("extracting the surface", progress => MarchingCubes.Extract(reader, size, reader.Info.Origin, value, options, 0, progress, cancellation));
            return (mesh, new MeshMetadata(size, IsoValue: value, Provenance: reader.Provenance));
        }
    }

    /// <summary>A surface with a share of its triangles, with progress shown.</summary>
    /// <param name="mesh">The surface.</param>
    /// <param name="share">Share of the triangles to keep.</param>
    /// <param name="messages">Shows progress.</param>
    /// <param name="cancellation">Stops.</param>
    public static Mesh Decimated(Mesh mesh, double share, Messages messages, CancellationToken cancellation) => share == 1 ? mesh
        : messages.Run("decimating", progress => MeshDecimation.Decimate(mesh, share, null, null, progress, cancellation));
}
