using System.CommandLine;
using VisionCell.Formats;
using VisionCell.Volumes;

namespace VisionCell.Cli.CommandLine;

/// <summary>Volumes on the command line.</summary>
internal static class VolumeArguments
{
    /// <summary>A volume to be read.</summary>
    public static Argument<string> Volume(string name = "VOLUME", string description = "TIFF stack, OME-Zarr group, N5 dataset, precomputed volume or folder of numbered slices.") =>
        new(name) { Description = description };

    /// <summary><c>--z-positions FILE</c>: where the sections of a stack truly lie.</summary>
    public static Option<string?> ZPositions() => new("--z-positions")
    {
        HelpName = "FILE",
        Description = "Text file with the z position of each section in nm, ascending, for sections that are not evenly spaced.",
    };

    /// <summary>A volume with its sections at given positions.</summary>
    /// <exception cref="BadInputException">The positions do not fit the volume.</exception>
    public static Volume At(Volume volume, string? positions) => positions is null ? volume
        : volume.WithProvenance(volume.Provenance with { Sections = new SectionLayout(volume.Shape.Z, SectionLayout.ReadPositions(positions, volume.Shape.Z), volume.Unobserved) });

    /// <summary>Reads a volume, with its notices and progress shown.</summary>
    /// <exception cref="BadInputException">It cannot be read, or nothing says its voxel size.</exception>
    public static Volume Read(string path, VoxelSize? voxelSize, Messages messages, CancellationToken cancellation) =>
        messages.Run($"reading {Path.GetFileName(Path.TrimEndingDirectorySeparator(path))}",
            progress => VolumeFormats.Read(path, voxelSize, messages.Notice, progress, cancellation));
}
