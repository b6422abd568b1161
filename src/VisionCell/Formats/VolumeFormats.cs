using VisionCell.Volumes;

namespace VisionCell.Formats;

/// <summary>Reads and writes volumes in every registered format. Thread safe.</summary>
public static class VolumeFormats
{
    private static readonly Lock _gate = new();
    private static IVolumeFormat[] _formats = [new TiffFormat(), new OmeZarrFormat(), new SliceFolderFormat()];

    /// <summary>The formats, in the order in which they are asked.</summary>
    public static IReadOnlyList<IVolumeFormat> All => _formats;

    /// <summary>Adds a format; it is asked before those already there.</summary>
    public static void Register(IVolumeFormat format)
    {
        lock (_gate)
            _formats = [format, .. _formats];
    }

    /// <summary>What a file holds, without decoding its voxels.</summary>
    /// <exception cref="BadInputException">The path does not exist, or no format reads it.</exception>
    public static VolumeInfo Inspect(string path)
    {
        var format = FormatOf(path);
        return ReadGuard.Run(path, format.Name, () => format.Inspect(path));
    }

    /// <summary>Reads a volume.</summary>
    /// <param name="path">File, Zarr group or folder of numbered slices.</param>
    /// <param name="voxelSize">Voxel size in nm that overrides what the file says; needed where the file does not say.</param>
    /// <param name="notice">Receives one line for everything the user should know about how the file was read.</param>
    /// <param name="progress">Fraction done, 0 to 1.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="BadInputException">
    /// The path does not exist, the file is corrupt or of a kind that is not supported, or nobody says its voxel size.
    /// </exception>
    public static Volume Read(
        string path,
        VoxelSize? voxelSize = null,
        Action<string>? notice = null,
        IProgress<double>? progress = null,
        CancellationToken cancellationToken = default)
    {
        var format = FormatOf(path);
        return ReadGuard.Run(path, format.Name, () =>
        {
            var info = format.Inspect(path);
            foreach (var line in info.Notices)
                notice?.Invoke($"{path}: {line}");
            var size = Settle(info, voxelSize, notice);
            return format.Read(path, size, progress, cancellationToken);
        });
    }

    /// <summary>Opens a stack to be read section by section, so that it need not fit in memory.</summary>
    /// <param name="path">File, Zarr group or folder of numbered slices.</param>
    /// <param name="voxelSize">Voxel size in nm that overrides what the file says; needed where the file does not say.</param>
    /// <param name="notice">Receives one line for everything the user should know about how the file was read.</param>
    /// <returns>The reader, and the voxel size that holds.</returns>
    /// <exception cref="BadInputException">As <see cref="Read"/>.</exception>
    public static (SectionReader Reader, VoxelSize VoxelSize) OpenSections(string path, VoxelSize? voxelSize = null, Action<string>? notice = null)
    {
        var format = FormatOf(path);
        return ReadGuard.Run(path, format.Name, () =>
        {
            var info = format.Inspect(path);
            foreach (var line in info.Notices)
                notice?.Invoke($"{path}: {line}");
            var size = Settle(info, voxelSize, notice);
            return (format.OpenSections(path, size), size);
        });
    }

    /// <summary>
    /// Writes a volume in the format that the ending of the path names: <c>.tif</c>/<c>.tiff</c> (with ImageJ metadata),
    /// <c>.ome.tif</c>/<c>.ome.tiff</c> (with OME-XML) or <c>.zarr</c>. The path appears, or is replaced, only when complete.
    /// </summary>
    /// <exception cref="BadInputException">No format writes that ending, or the path is in the way.</exception>
    /// <exception cref="IOException">The disk is full or not writable; one line that names the path.</exception>
    public static void Write(Volume volume, string path, IProgress<double>? progress = null, CancellationToken cancellationToken = default)
    {
        var name = Path.TrimEndingDirectorySeparator(path);
        var format = Array.Find(_formats, f => f.WriteExtensions.Any(e => name.EndsWith(e, StringComparison.OrdinalIgnoreCase)))
            ?? throw new BadInputException(
                $"{path}: no format is written under this ending; use one of {string.Join(", ", _formats.SelectMany(f => f.WriteExtensions))}");
        format.Write(volume, path, progress, cancellationToken);
    }

    private static IVolumeFormat FormatOf(string path)
    {
        if (!ZarrFiles.IsRemote(path) && !File.Exists(path) && !Directory.Exists(path))
            throw new BadInputException($"{path}: no such file or folder");
        return ReadGuard.Run(path, "volume", () => Array.Find(_formats, f => f.Recognises(path)))
            ?? throw new BadInputException(
                $"{path}: not a volume that can be read; give a TIFF stack, an OME-Zarr group, an N5 dataset, a precomputed volume or a folder of numbered TIFF, PNG or JPEG slices");
    }

    private static VoxelSize Settle(VolumeInfo info, VoxelSize? asked, Action<string>? notice)
    {
        if (asked is not { } size)
        {
            return info.VoxelSize ?? throw new BadInputException(
                $"{info.Path}: the file does not say its voxel size; pass --voxel-size Z,Y,X in nm");
        }
        // Resolution tags are rationals of 32 bits: a relative difference below 1e-6 is rounding, not a contradiction.
        if (info.VoxelSize is { } stated && (Differs(stated.Z, size.Z) || Differs(stated.Y, size.Y) || Differs(stated.X, size.X)))
            notice?.Invoke($"{info.Path}: voxel size {size} as asked, though the file says {stated}");
        return size;
    }

    private static bool Differs(double a, double b) => Math.Abs(a - b) > 1e-6 * Math.Max(a, b);
}
