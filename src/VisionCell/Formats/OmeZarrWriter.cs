using VisionCell.Volumes;

namespace VisionCell.Formats;

/// <summary>
/// Writes an OME-Zarr image section by section, so that it need not fit in memory, and goes on where it was interrupted. It works in a folder of its
/// own: a section that does not yet fill a row of chunks, or shards, lies there as it is, and is put into chunks with the others of its row. <see cref="Complete"/>
/// makes the coarser levels and moves the image into place. Memory: a row of them. The bytes are those of
/// <see cref="OmeZarr.Write"/>.
/// </summary>
public sealed class OmeZarrWriter
{
    private readonly string _work;
    private readonly string _image;
    private readonly Shape3 _shape;
    private readonly VoxelType _type;
    private readonly VoxelSize _size;
    private readonly Position _origin;
    private readonly OmeZarrOptions _options;

    /// <summary>Begins an image, or goes on with one.</summary>
    /// <param name="work">Folder to work in; what it holds of an earlier run is taken up, so give another one where anything has changed.</param>
    /// <param name="shape">Number of voxels along z, y, x.</param>
    /// <param name="type">How a voxel is stored.</param>
    /// <param name="size">Voxel size, nm.</param>
    /// <param name="origin">Centre of voxel (0, 0, 0), nm.</param>
    /// <param name="options">How it is written; null for the defaults.</param>
    public OmeZarrWriter(string work, Shape3 shape, VoxelType type, VoxelSize size, Position origin, OmeZarrOptions? options = null)
    {
        (_work, _shape, _type, _size, _origin, _options) = (work, shape, type, size, origin, (options ?? new OmeZarrOptions()).Checked());
        _image = Path.Combine(work, "image");
        Directory.CreateDirectory(_image);
        Directory.CreateDirectory(Path.Combine(work, "sections"));
        var rows = 0;
        while (File.Exists(RowMark(rows)))
            rows++;
        Written = Math.Min(shape.Z, rows * _options.FileEdge);
        while (Written < shape.Z && File.Exists(SectionFile(Written)))
            Written++;
    }

    /// <summary>Number of sections written, from the first on; the next one goes there.</summary>
    public int Written { get; private set; }

    /// <summary>Adds the next section.</summary>
    /// <param name="section">Voxels <c>[Y, X]</c> as bytes in machine order.</param>
    /// <param name="cancellationToken">Stops the compression; what is done stays.</param>
    public void Append(ReadOnlySpan<byte> section, CancellationToken cancellationToken = default)
    {
        if (Written == _shape.Z)
            throw new InvalidOperationException($"all {_shape.Z} sections are written");
        var file = SectionFile(Written);
        File.WriteAllBytes(file + ".new", section);
        File.Move(file + ".new", file, overwrite: true);
        Written++;
        if (Written % _options.FileEdge == 0 || Written == _shape.Z)
            Pack((Written - 1) / _options.FileEdge, cancellationToken);
    }

    /// <summary>Makes the coarser levels and moves the image to its place, where it replaces an older one.</summary>
    /// <param name="path">The folder of the image.</param>
    /// <param name="provenance">Where the data come from.</param>
    /// <param name="progress">Fraction done, 0 to 1.</param>
    /// <param name="cancellationToken">Stops; the next call goes on with the level that was interrupted.</param>
    /// <exception cref="BadInputException">A file, or a folder that is no Zarr group, is in the way.</exception>
    public void Complete(string path, Provenance provenance, IProgress<double>? progress = null, CancellationToken cancellationToken = default)
    {
        if (Written < _shape.Z)
            throw new InvalidOperationException($"{Written} of {_shape.Z} sections are written");
        // Interrupted while the last row was packed.
        for (var row = 0; row * _options.FileEdge < _shape.Z; row++)
        {
            if (!File.Exists(RowMark(row)))
                Pack(row, cancellationToken);
        }
        OmeZarrLevels.Complete(_image, path, _shape, _type, _size, _origin, provenance, _options, progress, cancellationToken);
        Directory.Delete(_work, recursive: true);
    }

    /// <summary>Puts the sections of a row into chunks.</summary>
    private void Pack(int row, CancellationToken cancellationToken)
    {
        var first = row * _options.FileEdge;
        var slab = SectionBytes.NewUnfilled(_type, _shape with { Z = Math.Min(_options.FileEdge, _shape.Z - first) }, _size, _origin, Provenance.Of(""));
        for (var z = 0; z < slab.Shape.Z; z++)
        {
            using var file = File.OpenRead(SectionFile(first + z));
            file.ReadExactly(SectionBytes.Of(slab, z));
        }
        ZarrWriter.WriteBlock(slab, (row, 0, 0), LevelFolder(0), _options, new ProgressCounter(null, 1), cancellationToken);
        ZarrDescription.Write(LevelFolder(0), _shape, _type, _options);
        File.WriteAllBytes(RowMark(row), []);
        for (var z = 0; z < slab.Shape.Z; z++)
            File.Delete(SectionFile(first + z));
    }

    private string LevelFolder(int level) => Path.Combine(_image, $"{level}");

    private string RowMark(int row) => Path.Combine(_work, $"row-{row}");

    private string SectionFile(int z) => Path.Combine(_work, "sections", $"{z}.raw");
}
