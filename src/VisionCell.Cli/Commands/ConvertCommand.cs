using System.CommandLine;
using VisionCell.Cli.CommandLine;
using VisionCell.Formats;

namespace VisionCell.Cli.Commands;

/// <summary><c>visioncell convert IN OUT</c>: the same volume in another format; nothing is rescaled.</summary>
internal static class ConvertCommand
{
    public static Command Create()
    {
        var input = VolumeArguments.Volume("IN");
        var output = new Argument<string>("OUT") { Description = "Where to; its ending names the format: .tif, .ome.tif, .zarr." };
        var voxelSize = CommonOptions.VoxelSize();
        var command = new Command("convert", "Write a volume in another format; values are not rescaled.") { input, output, voxelSize };
        command.SetAction((parsed, cancellation) =>
        {
            var messages = Messages.Of(parsed);
            var target = parsed.GetRequiredValue(output);
            var volume = VolumeArguments.Read(parsed.GetRequiredValue(input), parsed.VoxelSizeOf(voxelSize), messages, cancellation);
            messages.Run($"writing {Path.GetFileName(target)}", progress =>
            {
                VolumeFormats.Write(volume, target, progress, cancellation);
                return target;
            });
            if (volume.Provenance.Sections is not null && !Path.TrimEndingDirectorySeparator(target).EndsWith(".zarr", StringComparison.OrdinalIgnoreCase))
                messages.Notice($"{target}: this format cannot say which sections were not observed or where they lie; keep {parsed.GetRequiredValue(input)} for that");
            messages.Notice($"{target}: {volume.Shape}, {volume.VoxelSize}");
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }
}
