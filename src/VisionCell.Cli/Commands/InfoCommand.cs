using System.CommandLine;
using System.Globalization;
using VisionCell.Cli.CommandLine;
using VisionCell.Formats;
using VisionCell.Volumes;

namespace VisionCell.Cli.Commands;

/// <summary><c>visioncell info VOLUME</c>: what a file holds.</summary>
internal static class InfoCommand
{
    public static Command Create()
    {
        var volume = VolumeArguments.Volume();
        var json = CommonOptions.Json();
        var command = new Command("info", "What a file holds: shape, type, voxel size, axes, statistics.") { volume, json };
        command.SetAction((parsed, cancellation) => Task.FromResult(Run(parsed.GetRequiredValue(volume), parsed.GetValue(json), Messages.Of(parsed), cancellation)));
        return command;
    }

    private static int Run(string path, bool json, Messages messages, CancellationToken cancellation)
    {
        var info = VolumeFormats.Inspect(path);
        // Statistics are of grey values alone: a voxel size that nobody knows is stood in for here, and goes nowhere.
        var volume = messages.Run("reading", progress => VolumeFormats.Read(path, info.VoxelSize ?? new VoxelSize(1, 1, 1), null, progress, cancellation));
        var statistics = VolumeStatistics.Of(volume);
        if (json)
        {
            Results.PrintJson(new
            {
                info.Path,
                info.Format,
                shape = new[] { info.Shape.Z, info.Shape.Y, info.Shape.X },
                voxelType = info.VoxelType.ToString().ToLowerInvariant(),
                voxelSizeNm = info.VoxelSize is { } size ? new[] { size.Z, size.Y, size.X } : null,
                originNm = new[] { info.Origin.Z, info.Origin.Y, info.Origin.X },
                info.Axes,
                info.Notes,
                info.Notices,
                statistics,
            });
            return ExitCode.Done;
        }
        Results.PrintTable([.. Lines(info, statistics)]);
        return ExitCode.Done;
    }

    private static IEnumerable<string[]> Lines(VolumeInfo info, VolumeStatistics statistics)
    {
        yield return ["file", info.Path];
        yield return ["format", info.Format];
        yield return ["shape", $"{info.Shape} (z y x)"];
        yield return ["type", info.VoxelType.ToString().ToLowerInvariant()];
        yield return ["voxel size", info.VoxelSize is { } size ? $"{size} (z y x)" : "unknown: pass --voxel-size Z,Y,X in nm to the commands that need it"];
        if (info.Origin != default)
            yield return ["origin", Text($"{info.Origin.Z:0.####}, {info.Origin.Y:0.####}, {info.Origin.X:0.####} nm (z y x)")];
        yield return ["axes", info.Axes];
        yield return ["values", Text($"{statistics.Minimum:G6} to {statistics.Maximum:G6}, mean {statistics.Mean:G6}, standard deviation {statistics.StandardDeviation:G6}, {100 * statistics.ZeroFraction:0.##} % zero")];
        if (statistics.NotFinite > 0)
            yield return ["not finite", Text($"{statistics.NotFinite:N0} voxels are NaN or infinite")];
        foreach (var note in info.Notes)
            yield return ["note", note];
        foreach (var notice in info.Notices)
            yield return ["notice", notice];
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
