using System.CommandLine;
using VisionCell.Cli.CommandLine;
using VisionCell.Formats;
using VisionCell.Volumes;

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
        var zarr = new ZarrArguments();
        zarr.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            var messages = Messages.Of(parsed);
            var target = parsed.GetRequiredValue(output);
            var options = zarr.Of(parsed);
            if (options is not null && !IsZarr(target))
                throw new BadInputException($"{target}: --zarr and --shard are for OME-Zarr; give a name that ends in .zarr");
            var volume = VolumeArguments.Read(parsed.GetRequiredValue(input), parsed.VoxelSizeOf(voxelSize), messages, cancellation);
            messages.Run($"writing {Path.GetFileName(target)}", progress =>
            {
                if (options is not null)
                    OmeZarr.Write(volume, target, options, progress, cancellation);
                else
                    VolumeFormats.Write(volume, target, progress, cancellation);
                return target;
            });
            if (volume.Provenance.Sections is not null && !IsZarr(target))
                messages.Notice($"{target}: this format cannot say which sections were not observed or where they lie; keep {parsed.GetRequiredValue(input)} for that");
            messages.Notice($"{target}: {volume.Shape}, {volume.VoxelSize}");
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    private static bool IsZarr(string path) => Path.TrimEndingDirectorySeparator(path).EndsWith(".zarr", StringComparison.OrdinalIgnoreCase);
}
