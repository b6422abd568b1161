using System.Text.Json.Nodes;

using VisionCell.Volumes;

namespace VisionCell.Formats;

/// <summary>
/// An open OME-Zarr image, or one of N5 or of Neuroglancer's precomputed format: its resolution levels, finest first, each readable as a whole or by boxes without loading the
/// rest. Holds no files open; thread safe.
/// </summary>
public sealed class OmeZarrImage
{
    private readonly string _path;
    private readonly Level[] _levels;
    private readonly Provenance _provenance;

    internal OmeZarrImage(string path, string format, string axes, Level[] levels, Provenance provenance, IReadOnlyList<string> notices)
    {
        _path = path;
        _levels = levels;
        _provenance = provenance;
        var first = levels[0];
        List<string> notes = [first.Array.Description, $"{levels.Length} resolution level(s)"];
        if (provenance.Sections is { Unobserved.Count: > 0 } marked)
            notes.Add($"not observed: section(s) {string.Join(", ", marked.Unobserved.Order())}");
        if (provenance.Sections is { PositionsNm: not null })
            notes.Add("sections at z positions of their own");
        Info = new VolumeInfo(path, format, first.Array.Shape, first.Array.Type, first.Size, first.Origin, axes, notes, notices);
    }

    /// <summary>What the finest level holds.</summary>
    public VolumeInfo Info { get; }

    /// <summary>Number of resolution levels.</summary>
    public int LevelCount => _levels.Length;

    /// <summary>Number of voxels of a level.</summary>
    public Shape3 ShapeOf(int level) => At(level).Array.Shape;

    /// <summary>Voxel size of a level in nm, or <c>null</c> where the file does not say.</summary>
    public VoxelSize? VoxelSizeOf(int level) => At(level).Size;

    /// <summary>Reads a level or a box of it.</summary>
    /// <param name="level">Resolution level, 0 the finest.</param>
    /// <param name="box">Which voxels; all where <c>null</c>.</param>
    /// <param name="voxelSize">Overrides what the file says, nm; the size of the level's own voxels.</param>
    /// <param name="progress">Fraction done, 0 to 1.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="BadInputException">
    /// There is no such level, the box reaches outside, a chunk is damaged, or nobody says the voxel size.
    /// </exception>
    public Volume Read(int level = 0, Box? box = null, VoxelSize? voxelSize = null, IProgress<double>? progress = null, CancellationToken cancellationToken = default)
    {
        var from = At(level);
        var shape = from.Array.Shape;
        var part = box ?? Box.Of(shape);
        if (!part.IsInside(shape))
            throw new BadInputException($"{_path}: a box of {part.Shape} at ({part.Z}, {part.Y}, {part.X}) does not lie inside level {level} of {shape}");
        var size = voxelSize ?? from.Size ?? throw new BadInputException($"{_path}: the file does not say its voxel size; pass --voxel-size Z,Y,X in nm");
        var origin = new Position(from.Origin.Z + part.Z * size.Z, from.Origin.Y + part.Y * size.Y, from.Origin.X + part.X * size.X);
        return ReadGuard.Run(_path, "OME-Zarr", () =>
        {
            // The layout is of the sections of the finest level.
            var sections = _provenance.Sections is { } layout && layout.Count == shape.Z ? layout.Crop(part.Z, part.Shape.Z) : null;
            var volume = SectionBytes.NewUnfilled(from.Array.Type, part.Shape, size, origin, _provenance with { Sections = sections });
            from.Array.Read(part, volume, progress, cancellationToken);
            return volume;
        });
    }

    /// <summary>Opens the finest level to be read section by section. Memory: one row of chunks along z, at most 256 MB of it.</summary>
    /// <param name="voxelSize">Voxel size, nm.</param>
    public SectionReader OpenSections(VoxelSize voxelSize)
    {
        var (array, shape) = (_levels[0].Array, _levels[0].Array.Shape);
        var affordable = (int)Math.Max(1, (256L << 20) / ((long)shape.SectionCount * SectionBytes.Size(array.Type)));
        return new SectionReader.Blocks(Info, _provenance, Math.Min(array.ChunkSections, affordable), (first, count) =>
            Read(0, new Box(first, 0, 0, shape with { Z = count }), voxelSize));
    }

    private Level At(int level) => level >= 0 && level < _levels.Length
        ? _levels[level]
        : throw new BadInputException($"{_path}: level {level} of {_levels.Length}; the finest is 0");

    internal sealed record Level(ZarrArray Array, VoxelSize? Size, Position Origin);

    /// <summary>The path of a level, relative to its group, if it is one.</summary>
    /// <exception cref="InvalidDataException">It is missing, or leads out of the group.</exception>
    internal static string Inside(string? path) => path is null ? throw new InvalidDataException("a dataset without a path")
        : Path.IsPathRooted(path) || path.Split('/').Contains("..") ? throw new InvalidDataException($"dataset path {path} leaves the group") : path;

    /// <summary>Opens an image: a group with multiscales metadata of OME-NGFF 0.1 to 0.5, a bare array, or <see cref="N5"/> or <see cref="Precomputed"/>.</summary>
    internal static OmeZarrImage Open(string path)
    {
        path = Path.TrimEndingDirectorySeparator(path);
        var name = Path.GetFileName(path);
        if (ZarrMetadata.IsArray(path))
        {
            return new OmeZarrImage(path, "Zarr array", "zyx", [new Level(new ZarrArray(path, isComplete: false), null, default)], Provenance.Of(name),
                ["a bare Zarr array, whose axes are taken as z, y, x"]);
        }
        if (!ZarrFiles.Exists(Path.Combine(path, "zarr.json")) && !ZarrFiles.Exists(Path.Combine(path, ".zattrs")))
        {
            if (Precomputed.Is(path))
                return Precomputed.Open(path);
            if (N5.Is(path))
                return N5.Open(path);
        }
        var (ome, attributes) = Attributes(path);
        if (ome["multiscales"] is not JsonArray { Count: > 0 } multiscales)
        {
            var hint = ome["bioformats2raw.layout"] is not null ? $"; open one of the images in it, for example {Path.Combine(path, "0")}" : "";
            throw new BadInputException($"{path}: a Zarr group without an image (no multiscales metadata){hint}");
        }
        var image = multiscales[0]!;
        List<string> notices = multiscales.Count > 1 ? [$"holds {multiscales.Count} images; the first is read"] : [];
        var version = (string?)ome["version"] ?? (string?)image["version"] ?? "of unknown version";
        var (axes, units) = Axes(image["axes"]);
        var levels = new List<Level>();
        foreach (var dataset in image["datasets"] as JsonArray ?? throw new InvalidDataException("datasets are missing"))
        {
            var relative = Inside((string?)dataset?["path"]);
            var array = new ZarrArray(Path.Combine(path, relative), (bool?)attributes["visioncell"]?["everyChunkWritten"] == true);
            if (axes.Length > 0 && axes.Length != array.Rank)
                throw new InvalidDataException($"axes {axes} for an array of {array.Rank} dimensions");
            var (size, origin) = OmeTransformations.Apply(units, dataset?["coordinateTransformations"], image["coordinateTransformations"]);
            levels.Add(new Level(array, size, origin));
        }
        if (levels.Count == 0)
            throw new InvalidDataException("no datasets");
        axes = axes.Length > 0 ? axes : "tczyx"[^levels[0].Array.Rank..];
        return new OmeZarrImage(path, $"OME-Zarr {version}", axes, [.. levels], ProvenanceOf(attributes, name), notices);
    }

    private static (JsonNode Ome, JsonNode Attributes) Attributes(string path)
    {
        var v3 = Path.Combine(path, "zarr.json");
        if (ZarrFiles.Exists(v3))
        {
            var attributes = ZarrMetadata.Load(v3)["attributes"] ?? new JsonObject();
            return (attributes["ome"] ?? attributes, attributes);
        }
        var v2 = Path.Combine(path, ".zattrs");
        if (!ZarrFiles.Exists(v2))
            throw new BadInputException($"{path}: holds no Zarr metadata (.zattrs or zarr.json): no OME-Zarr image, or an incomplete one");
        var json = ZarrMetadata.Load(v2);
        return (json, json);
    }

    // Axes and the unit of each spatial one. OME-NGFF 0.3 has plain names; before it axes are always t, c, z, y, x.
    private static (string Axes, string?[] Units) Axes(JsonNode? json)
    {
        if (json is null)
            return ("", [null, null, null]);
        var names = new List<string>();
        var units = new List<string?>();
        foreach (var axis in (JsonArray)json)
        {
            names.Add((string?)(axis is JsonObject ? axis["name"] : axis) ?? throw new InvalidDataException("an axis without a name"));
            units.Add(axis is JsonObject ? (string?)axis["unit"] : null);
        }
        if (names.Count < 3 || names[^3] != "z" || names[^2] != "y" || names[^1] != "x")
            throw new InvalidDataException($"axes {string.Join(", ", names)}; the last three must be z, y, x");
        return (string.Concat(names.Select(n => n.Length == 1 ? n : $"({n})")) is { } s && s.Length == names.Count ? s : string.Concat(Enumerable.Repeat('?', names.Count - 3)) + "zyx",
            [.. units[^3..]]);
    }

    private static SectionLayout? LayoutOf(JsonNode? json) => json is null ? null : new SectionLayout(
        (int?)json["count"] ?? throw new InvalidDataException("the layout of its sections has no count"),
        (json["positionsNm"] as JsonArray)?.Select(p => (double)p!).ToArray(),
        (json["unobserved"] as JsonArray)?.Select(z => (int)z!));

    private static Provenance ProvenanceOf(JsonNode attributes, string name) =>
        attributes["visioncell"] is JsonObject own && own["steps"] is JsonArray steps
            ? new Provenance((string?)own["source"] ?? name, [.. steps.Select(s => (string?)s ?? "")]) { Sections = LayoutOf(own["sections"]) }
            : Provenance.Of(name);
}
