using System.CommandLine;
using VisionCell.Evaluation;
using VisionCell.Volumes;

namespace VisionCell.Cli.CommandLine;

/// <summary>What several commands say of which voxels count, and of objects in them.</summary>
internal static class ScoreOptions
{
    /// <summary><c>--labels LABELS</c>.</summary>
    public static Option<string?> Labels() => new("--labels") { HelpName = "LABELS", Description = "Volume of whole numbers on the grid of the truth, one for each object, 0 for none: says how well objects can be told apart." };

    /// <summary><c>--border N</c>.</summary>
    public static Option<int> Border() => new("--border") { HelpName = "N", Description = "Pixels along y and x that do not count, from each edge." };

    /// <summary><c>--mask MASK</c>.</summary>
    public static Option<string?> Mask() => new("--mask") { HelpName = "MASK", Description = "Volume on the grid of the truth; voxels that are 0 in it do not count." };

    /// <summary>The last part of a path.</summary>
    public static string Name(string? path) => Path.GetFileName(Path.TrimEndingDirectorySeparator(path ?? ""));

    /// <summary>The value of <see cref="Labels"/>.</summary>
    /// <exception cref="BadInputException">It can't be read, or holds no labels.</exception>
    public static LabelVolume? LabelsOf(this ParseResult parsed, Option<string?> option, VoxelSize size, Messages messages, CancellationToken cancellation) =>
        parsed.GetValue(option) is { } path ? LabelVolume.Of(VolumeArguments.Read(path, size, messages, cancellation), path) : null;

    /// <summary>The value of <see cref="Mask"/>.</summary>
    /// <exception cref="BadInputException">It can't be read.</exception>
    public static Volume<byte>? MaskOf(this ParseResult parsed, Option<string?> option, VoxelSize size, Messages messages, CancellationToken cancellation) =>
        parsed.GetValue(option) is { } path ? VolumeArguments.Read(path, size, messages, cancellation).ToFloat32().Map(v => (byte)(v != 0 ? 1 : 0)) : null;
}
