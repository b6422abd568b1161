using VisionCell.Volumes;

namespace VisionCell.Formats;

/// <summary>
/// One file format. <see cref="VolumeFormats"/> asks each registered format in turn whether it recognises a path; the voxel
/// size has been settled by the time <see cref="Read"/> is called.
/// </summary>
public interface IVolumeFormat
{
    /// <summary>Name for messages, for example "TIFF".</summary>
    string Name { get; }

    /// <summary>Endings of the paths that <see cref="Write"/> answers, lower case with the dot; empty for a format that is only read.</summary>
    IReadOnlyList<string> WriteExtensions { get; }

    /// <summary>Whether the format reads this existing file or folder, judged by its name or what lies in it.</summary>
    bool Recognises(string path);

    /// <summary>Reads what the file says about itself.</summary>
    /// <exception cref="BadInputException">The file is not readable as this format.</exception>
    VolumeInfo Inspect(string path);

    /// <summary>Reads the voxels.</summary>
    /// <param name="path">File or folder.</param>
    /// <param name="voxelSize">Voxel size of the result, nm.</param>
    /// <param name="progress">Fraction done, 0 to 1.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="BadInputException">The file is not readable as this format.</exception>
    Volume Read(string path, VoxelSize voxelSize, IProgress<double>? progress, CancellationToken cancellationToken);

    /// <summary>Opens a file to be read section by section; a format that cannot do so reads the whole.</summary>
    /// <param name="path">File or folder.</param>
    /// <param name="voxelSize">Voxel size, nm, which has been settled.</param>
    /// <exception cref="BadInputException">The file is not readable as this format.</exception>
    SectionReader OpenSections(string path, VoxelSize voxelSize) => new SectionReader.Whole(Inspect(path), Read(path, voxelSize, null, default));

    /// <summary>Writes a volume; the path appears only when it is complete.</summary>
    /// <param name="volume">What to write.</param>
    /// <param name="path">File or folder to make or replace.</param>
    /// <param name="progress">Fraction done, 0 to 1.</param>
    /// <param name="cancellationToken">Stops the writing and leaves nothing behind.</param>
    /// <exception cref="IOException">The disk is full or not writable.</exception>
    void Write(Volume volume, string path, IProgress<double>? progress, CancellationToken cancellationToken);
}
