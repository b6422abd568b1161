using System.CommandLine;
using VisionCell.Formats;
using VisionCell.Volumes;

namespace VisionCell.Cli.CommandLine;

/// <summary>Volumes on the command line.</summary>
internal static class VolumeArguments
{
    /// <summary>A volume to be read.</summary>
    public static Argument<string> Volume(string name = "VOLUME", string description = "TIFF stack, OME-Zarr group or folder of numbered slices.") =>
        new(name) { Description = description };

    /// <summary>Reads a volume, with its notices and progress shown.</summary>
    /// <exception cref="BadInputException">It cannot be read, or nothing says its voxel size.</exception>
    public static Volume Read(string path, VoxelSize? voxelSize, Messages messages, CancellationToken cancellation) =>
        messages.Run($"reading {Path.GetFileName(Path.TrimEndingDirectorySeparator(path))}",
            progress => VolumeFormats.Read(path, voxelSize, messages.Notice, progress, cancellation));
}
