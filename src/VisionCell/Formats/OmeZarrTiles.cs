using VisionCell.Volumes;

namespace VisionCell.Formats;

/// <summary>
/// Writes an OME-Zarr image tile by tile, in any order, so that neither the image nor one of its sections need fit in memory, and goes on where
/// it was interrupted: a tile that is complete leaves a mark. Several processes may write at once, the same tile too: chunks, or shards, are renamed into place.
/// Of the coarser levels a tile writes those of which it holds whole chunks: with chunks of 64 and tiles of 256 voxels the next two.
/// <see cref="Complete"/> makes the others from them and moves the image into place.
/// The bytes are those of <see cref="OmeZarr.Write"/>.
/// </summary>
public sealed class OmeZarrTiles
{
    private readonly string _work;
    private readonly string _image;
    private readonly Shape3 _shape;
    private readonly VoxelType _type;
    private readonly VoxelSize _size;
    private readonly Position _origin;
    private readonly OmeZarrOptions _options;
    private readonly (Shape3 Shape, VoxelSize Size)[] _levels;

    /// <summary>Begins an image, or goes on with one.</summary>
    /// <param name="work">Folder to work in; what it holds of an earlier run is taken up, so give another one where anything has changed.</param>
    /// <param name="shape">Number of voxels along z, y, x.</param>
    /// <param name="type">How a voxel is stored.</param>
    /// <param name="size">Voxel size, nm.</param>
    /// <param name="origin">Centre of voxel (0, 0, 0), nm.</param>
    /// <param name="options">How it is written; null for the defaults.</param>
    /// <exception cref="BadInputException">The options do not go together.</exception>
    public OmeZarrTiles(string work, Shape3 shape, VoxelType type, VoxelSize size, Position origin, OmeZarrOptions? options = null)
    {
        (_work, _shape, _type, _size, _origin, _options) = (work, shape, type, size, origin, (options ?? new OmeZarrOptions()).Checked());
        _image = Path.Combine(work, "image");
        _levels = [.. OmeZarr.Shapes(shape, size, _options)];
        // Moved into place, and then interrupted: the marks that are left are of an image that is gone.
        if (Directory.Exists(work) && !Directory.Exists(_image))
            Directory.Delete(work, recursive: true);
        if (File.Exists(Path.Combine(work, BegunMark)))
            return;
        Directory.CreateDirectory(Path.Combine(_image, "0"));
        ZarrDescription.Write(Path.Combine(_image, "0"), shape, type, _options);
        File.WriteAllBytes(Path.Combine(work, BegunMark), []);
    }

    /// <summary>Name of the file, in the folder that is worked in, which is there once the image is begun and others may join in.</summary>
    internal const string BegunMark = "begun";

    /// <summary>Name of the file, in the folder that is worked in, which is there once a tile is complete.</summary>
    internal static string MarkOf(Box tile) => FormattableString.Invariant($"tile-{tile.Z}-{tile.Y}-{tile.X}");

    /// <summary>Tiles begin at multiples of this many voxels.</summary>
    public int Step => _options.FileEdge;

    /// <summary>Whether a tile is complete.</summary>
    public bool IsWritten(Box tile) => File.Exists(Mark(tile));

    /// <summary>Writes a tile.</summary>
    /// <param name="voxels">Its voxels, in the type of the image.</param>
    /// <param name="tile">Where it lies: from a multiple of <see cref="Step"/> to one, or to the end of the image.</param>
    /// <param name="cancellationToken">Stops between chunks; the tile then counts as not written.</param>
    public void Write(Volume voxels, Box tile, CancellationToken cancellationToken = default)
    {
        if (voxels.VoxelType != _type || voxels.Shape != tile.Shape || !tile.IsInside(_shape) || !HoldsWholeFiles(tile, _shape, Step))
        {
            throw new ArgumentException($"{voxels.VoxelType} tile of {voxels.Shape} for {tile.Shape} at ({tile.Z}, {tile.Y}, {tile.X}) of a {_type} image of {_shape} in files of {Step}", nameof(tile));
        }
        WriteFiles(voxels, tile, Path.Combine(_image, "0"), _options, cancellationToken);
        var part = tile;
        for (var level = 1; level < _levels.Length; level++)
        {
            var factors = Pyramid.NextFactors(_levels[level - 1].Shape, _levels[level - 1].Size);
            if (Coarser(part, factors) is not { } coarser)
                break;
            var (folder, options) = HoldsWholeFiles(coarser, _levels[level].Shape, Step) ? (Path.Combine(_image, $"{level}"), _options) : (Parts(level), ZarrShardParts.Of(_options, level));
            if (options is null || !HoldsWholeFiles(coarser, _levels[level].Shape, options.FileEdge))
                break;
            (voxels, part) = (Pyramid.Halve(voxels, factors, cancellationToken), coarser);
            WriteFiles(voxels, part, folder, options, cancellationToken);
        }
        File.WriteAllBytes(Mark(tile), []);
    }

    /// <summary>Reads what was written; where nothing was, an error.</summary>
    /// <exception cref="BadInputException">A chunk is not there.</exception>
    public Volume Read(Box box, CancellationToken cancellationToken = default)
    {
        var volume = SectionBytes.NewUnfilled(_type, box.Shape, _size, _origin, Provenance.Of(""));
        return ReadGuard.Run(_image, "OME-Zarr", () =>
        {
            new ZarrArray(Path.Combine(_image, "0"), isComplete: true).Read(box, volume, null, cancellationToken);
            return volume;
        });
    }

    /// <summary>Makes the coarser levels and moves the image to its place, where it replaces an older one.</summary>
    /// <param name="path">The folder of the image.</param>
    /// <param name="provenance">Where the data come from.</param>
    /// <param name="progress">Fraction done, 0 to 1.</param>
    /// <param name="cancellationToken">Stops; the next call goes on with the level that was interrupted.</param>
    /// <exception cref="BadInputException">A file, or a folder that is no Zarr group, is in the way; or a tile was not written.</exception>
    public void Complete(string path, Provenance provenance, IProgress<double>? progress = null, CancellationToken cancellationToken = default)
    {
        // Every tile, those that no coarser level is made of as well.
        if (ZarrWriter.FilesIn(Path.Combine(_image, "0"), _options) < ZarrWriter.FileCount(_shape, _options))
            throw new BadInputException($"{_image}: not every tile is written");
        ZarrWriter.RemoveUnfinished(_image);
        for (var level = 1; level < _levels.Length; level++)
        {
            if (Directory.Exists(Parts(level)) && ZarrShardParts.Of(_options, level) is { } part)
                ZarrShardParts.Assemble(Parts(level), part, Path.Combine(_image, $"{level}"), _levels[level].Shape, _options, cancellationToken);
        }
        OmeZarrLevels.Complete(_image, path, _shape, _type, _size, _origin, provenance, _options, progress, cancellationToken);
        Directory.Delete(_work, recursive: true);
    }

    private static void WriteFiles(Volume voxels, Box tile, string folder, OmeZarrOptions options, CancellationToken cancellationToken) =>
        ZarrWriter.WriteBlock(voxels, (tile.Z / options.FileEdge, tile.Y / options.FileEdge, tile.X / options.FileEdge), folder, options, new ProgressCounter(null, 1), cancellationToken);

    private static bool HoldsWholeFiles(Box tile, Shape3 shape, int edge)
    {
        bool Fits(int start, int length, int limit) => start % edge == 0 && (length % edge == 0 || start + length == limit);
        return Fits(tile.Z, tile.Shape.Z, shape.Z) && Fits(tile.Y, tile.Shape.Y, shape.Y) && Fits(tile.X, tile.Shape.X, shape.X);
    }

    /// <summary>Where a tile lies in the next level; null where it begins within one of its voxels.</summary>
    private static Box? Coarser(Box tile, Shape3 factors) => tile.Z % factors.Z != 0 || tile.Y % factors.Y != 0 || tile.X % factors.X != 0 ? null
        : new Box(tile.Z / factors.Z, tile.Y / factors.Y, tile.X / factors.X, Pyramid.Halved(tile.Shape, factors));

    /// <summary>Folder of the parts of a level's shards.</summary>
    private string Parts(int level) => Path.Combine(_work, "parts", $"{level}");

    private string Mark(Box tile) => Path.Combine(_work, MarkOf(tile));
}
