using System.Text.Json;
using System.Text.Json.Nodes;

using VisionCell.Volumes;

namespace VisionCell.Formats;

/// <summary>Which OME-Zarr is written.</summary>
public enum OmeZarrVersion
{
    /// <summary>OME-NGFF 0.4 on Zarr v2, which every reader of OME-Zarr knows.</summary>
    V04,

    /// <summary>OME-NGFF 0.5 on Zarr v3.</summary>
    V05,
}

/// <summary>How an OME-Zarr image is written.</summary>
public sealed record OmeZarrOptions
{
    private readonly int _chunk = 64;
    private readonly int _compressionLevel = 1;
    private readonly int? _shard;

    /// <summary>Version of the format; 0.4 by default, because Zarr v3 needs zarr-python 3.</summary>
    public OmeZarrVersion Version { get; init; }

    /// <summary>
    /// Edge of a chunk in voxels, 16 to 512; 64 by default: 256 KiB of 8-bit voxels, what viewers fetch comfortably.
    /// </summary>
    /// <exception cref="BadInputException">Outside 16 to 512.</exception>
    public int Chunk
    {
        get => _chunk;
        init => _chunk = value is >= 16 and <= 512 ? value : throw new BadInputException($"chunk edge {value}: must be 16 to 512 voxels");
    }

    /// <summary>
    /// Edge of a shard in voxels: so many chunks lie in one file, which spares a file system or an object store millions of small ones. A multiple of
    /// <see cref="Chunk"/>, at most 2,048; null for a file a chunk. Shards are of version 0.5 alone.
    /// </summary>
    /// <exception cref="BadInputException">Outside 1 to 2,048.</exception>
    public int? Shard
    {
        get => _shard;
        init => _shard = value is null or (>= 1 and <= 2048) ? value : throw new BadInputException($"shard edge {value}: must be 1 to 2,048 voxels");
    }

    /// <summary>Edge of what one file holds, in voxels: a shard, else a chunk.</summary>
    internal int FileEdge => Shard ?? Chunk;

    /// <summary>Finds options that do not go together.</summary>
    /// <exception cref="BadInputException">Shards are asked for in version 0.4, or are no multiple of the chunk.</exception>
    public OmeZarrOptions Checked() =>
        Shard is not { } shard ? this
        : Version == OmeZarrVersion.V04 ? throw new BadInputException($"shards of {shard} voxels in OME-Zarr 0.4: only 0.5 has shards; write 0.5, or no shards")
        : shard % Chunk != 0 ? throw new BadInputException($"shards of {shard} voxels: no multiple of the chunk's {Chunk}; give {Math.Max(1, shard / Chunk) * Chunk}")
        : this;

    /// <summary>
    /// Level of zstd, 1 (fast) to 19 (small); 1 by default: chunks of FIB-SEM shrink to 0.867 of their size at level 1, to 0.866
    /// at 3 and to 0.854 at 12 (medulla-1, November 2026), and level 3 takes three times as long.
    /// </summary>
    /// <exception cref="BadInputException">Outside 1 to 19.</exception>
    public int CompressionLevel
    {
        get => _compressionLevel;
        init => _compressionLevel = value is >= 1 and <= 19 ? value : throw new BadInputException($"zstd level {value}: must be 1 to 19");
    }

    /// <summary>Whether coarser levels are written, until none of their edges exceeds 64 voxels.</summary>
    public bool IsMultiscale { get; init; } = true;
}

/// <summary>
/// OME-Zarr images (OME-NGFF 0.4 and 0.5, ngff.openmicroscopy.org): writing with zstd and a multiscale pyramid, reading with
/// the codecs of <see cref="ZarrCodec"/>. Axes z, y, x in nanometres; the origin is the translation of each level.
/// </summary>
public static class OmeZarr
{
    private const int CoarsestEdge = 64;

    private static readonly JsonSerializerOptions _indented = new() { WriteIndented = true };
    private static readonly string[] _metadataFiles = [".zattrs", ".zgroup", ".zarray", "zarr.json"];
    private static readonly string[] _axes = ["z", "y", "x"];

    /// <summary>Opens an image to look at its levels or read boxes; its path may be an http(s) address.</summary>
    /// <exception cref="BadInputException">The folder holds no readable OME-Zarr image.</exception>
    public static OmeZarrImage Open(string path)
    {
        if (!ZarrFiles.IsRemote(path) && !Directory.Exists(path))
            throw new BadInputException(File.Exists(path) ? $"{path}: is a file; an OME-Zarr image is a folder" : $"{path}: no such folder");
        return ReadGuard.Run(path, "OME-Zarr", () => OmeZarrImage.Open(path));
    }

    /// <summary>Reads the finest level.</summary>
    /// <param name="path">The folder of the image.</param>
    /// <param name="voxelSize">Overrides what the file says, nm.</param>
    /// <param name="progress">Fraction done, 0 to 1.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="BadInputException">The image is damaged or not supported, or nobody says its voxel size.</exception>
    public static Volume Read(string path, VoxelSize? voxelSize = null, IProgress<double>? progress = null, CancellationToken cancellationToken = default) =>
        Open(path).Read(0, null, voxelSize, progress, cancellationToken);

    /// <summary>Writes an image; the folder appears, or is replaced, only when it is complete.</summary>
    /// <exception cref="BadInputException">A file, or a folder that is no Zarr group, is in the way.</exception>
    /// <exception cref="IOException">The disk is full; one line that names the path.</exception>
    public static void Write(Volume volume, string path, OmeZarrOptions? options = null, IProgress<double>? progress = null, CancellationToken cancellationToken = default)
    {
        var chosen = (options ?? new OmeZarrOptions()).Checked();
        AtomicWrite.Folder(path, IsZarr, folder => WriteLevels(volume, folder, Path.GetFileName(Path.TrimEndingDirectorySeparator(path)), chosen, progress, cancellationToken));
    }

    /// <summary>Whether a folder holds Zarr metadata.</summary>
    internal static bool IsZarr(string path) =>
        Array.Exists(_metadataFiles, name => File.Exists(Path.Combine(path, name)));

    private static void WriteLevels(Volume volume, string folder, string name, OmeZarrOptions options, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        var total = 0L;
        foreach (var (shape, _) in Shapes(volume.Shape, volume.VoxelSize, options))
            total += ZarrWriter.FileCount(shape, options);
        var counter = new ProgressCounter(progress, total);
        var levels = new List<(VoxelSize Size, Position Origin)>();
        for (var level = volume; ;)
        {
            ZarrWriter.Write(level, Path.Combine(folder, $"{levels.Count}"), options, counter, cancellationToken);
            levels.Add((level.VoxelSize, level.Origin));
            if (!HasNext(level.Shape, options))
                break;
            level = Pyramid.Halve(level, Pyramid.NextFactors(level.Shape, level.VoxelSize), cancellationToken);
        }
        WriteGroup(folder, name, levels, volume.Provenance, options.Version);
    }

    /// <summary>Shape and voxel size of each level, finest first.</summary>
    internal static IEnumerable<(Shape3 Shape, VoxelSize Size)> Shapes(Shape3 shape, VoxelSize size, OmeZarrOptions options)
    {
        yield return (shape, size);
        while (HasNext(shape, options))
        {
            var f = Pyramid.NextFactors(shape, size);
            shape = Pyramid.Halved(shape, f);
            size = new VoxelSize(size.Z * f.Z, size.Y * f.Y, size.X * f.X);
            yield return (shape, size);
        }
    }

    private static bool HasNext(Shape3 shape, OmeZarrOptions options) =>
        options.IsMultiscale && Math.Max(shape.Z, Math.Max(shape.Y, shape.X)) > CoarsestEdge;

    internal static void WriteGroup(string folder, string name, List<(VoxelSize Size, Position Origin)> levels, Provenance provenance, OmeZarrVersion version)
    {
        static JsonArray Triple(double z, double y, double x) => [z, y, x];
        var datasets = new JsonArray();
        for (var i = 0; i < levels.Count; i++)
        {
            var (size, origin) = levels[i];
            datasets.Add(new JsonObject
            {
                ["path"] = $"{i}",
                ["coordinateTransformations"] = new JsonArray(
                    new JsonObject { ["type"] = "scale", ["scale"] = Triple(size.Z, size.Y, size.X) },
                    new JsonObject { ["type"] = "translation", ["translation"] = Triple(origin.Z, origin.Y, origin.X) }),
            });
        }
        var image = new JsonObject
        {
            ["name"] = name,
            ["axes"] = new JsonArray([.. _axes.Select(a => new JsonObject { ["name"] = a, ["type"] = "space", ["unit"] = "nanometer" })]),
            ["datasets"] = datasets,
            ["type"] = "mean",
        };
        var own = new JsonObject { ["everyChunkWritten"] = true, ["source"] = provenance.Source, ["steps"] = new JsonArray([.. provenance.Steps.Select(s => JsonValue.Create(s))]) };
        if (provenance.Sections is { } sections)
        {
            own["sections"] = new JsonObject
            {
                ["count"] = sections.Count,
                ["positionsNm"] = sections.PositionsNm is { } positions ? new JsonArray([.. positions.Select(p => JsonValue.Create(p))]) : null,
                ["unobserved"] = new JsonArray([.. sections.Unobserved.Order().Select(z => JsonValue.Create(z))]),
            };
        }
        if (version == OmeZarrVersion.V04)
        {
            image["version"] = "0.4";
            Save(Path.Combine(folder, ".zgroup"), new JsonObject { ["zarr_format"] = 2 });
            Save(Path.Combine(folder, ".zattrs"), new JsonObject { ["multiscales"] = new JsonArray(image), ["visioncell"] = own });
            return;
        }
        Save(Path.Combine(folder, "zarr.json"), new JsonObject
        {
            ["zarr_format"] = 3,
            ["node_type"] = "group",
            ["attributes"] = new JsonObject
            {
                ["ome"] = new JsonObject { ["version"] = "0.5", ["multiscales"] = new JsonArray(image) },
                ["visioncell"] = own,
            },
        });
    }

    internal static void Save(string file, JsonObject json) => File.WriteAllText(file, json.ToJsonString(_indented));
}
