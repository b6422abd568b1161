using VisionCell.Volumes;

namespace VisionCell.Formats;

/// <summary><see cref="OmeZarr"/> behind the registry: reads the finest level, that of <see cref="N5"/> and <see cref="Precomputed"/> too, and writes version 0.4.</summary>
public sealed class OmeZarrFormat : IVolumeFormat
{
    /// <inheritdoc/>
    public string Name => "OME-Zarr";

    /// <inheritdoc/>
    public IReadOnlyList<string> WriteExtensions { get; } = [".zarr"];

    /// <inheritdoc/>
    public bool Recognises(string path) =>
        ZarrFiles.IsRemote(path) || (Directory.Exists(path) && (OmeZarr.IsZarr(path) || Path.TrimEndingDirectorySeparator(path).EndsWith(".zarr", StringComparison.OrdinalIgnoreCase) || N5.Is(path) || Precomputed.Is(path)));

    /// <inheritdoc/>
    public VolumeInfo Inspect(string path) => OmeZarr.Open(path).Info;

    /// <inheritdoc/>
    public Volume Read(string path, VoxelSize voxelSize, IProgress<double>? progress, CancellationToken cancellationToken) =>
        OmeZarr.Read(path, voxelSize, progress, cancellationToken);

    /// <inheritdoc/>
    public SectionReader OpenSections(string path, VoxelSize voxelSize) => OmeZarr.Open(path).OpenSections(voxelSize);

    /// <inheritdoc/>
    public void Write(Volume volume, string path, IProgress<double>? progress, CancellationToken cancellationToken) =>
        OmeZarr.Write(volume, path, null, progress, cancellationToken);
}
