using System.Buffers.Binary;
using System.Text.Json.Nodes;

using VisionCell.Volumes;

namespace VisionCell.Formats;

/// <summary>
/// Reads N5 (github.com/saalfeldlab/n5, specification 4.0): a folder with <c>attributes.json</c>, or a group of levels <c>s0</c>, <c>s1</c>, … of it. Its
/// axes are written x, y, z with x fastest, which is <c>[Z, Y, X]</c> here; elements are most significant byte first, and each block begins with a
/// header that says its own shape, since those at the end may be smaller.
/// </summary>
internal static class N5
{
    private const string Attributes = "attributes.json";

    private static readonly string[] _axes = ["z", "y", "x"];

    /// <summary>Whether a path is a dataset of N5, a group of levels, or a container, in which neither may be.</summary>
    public static bool Is(string path) => IsArray(path) || IsArray(Path.Combine(path, "s0")) || Path.TrimEndingDirectorySeparator(path).EndsWith(".n5", StringComparison.OrdinalIgnoreCase);

    /// <summary>Opens a dataset or a group of levels.</summary>
    /// <exception cref="BadInputException">There is none, or it is of a kind that is not read.</exception>
    public static OmeZarrImage Open(string path) => ReadGuard.Run(path, "N5", () =>
    {
        List<string> folders = IsArray(path) ? [path] : [];
        while (folders.Count < 64 && !folders.Contains(path) && Path.Combine(path, $"s{folders.Count}") is var next && IsArray(next))
            folders.Add(next);
        if (folders.Count == 0)
            throw new BadInputException($"{path}: no N5 dataset ({Attributes} with dimensions), nor levels s0, s1, … of one; give the folder of a dataset in it");
        var group = folders[0] != path && ZarrFiles.Exists(Path.Combine(path, Attributes)) ? ZarrMetadata.Load(Path.Combine(path, Attributes)) : new JsonObject();
        var levels = new List<OmeZarrImage.Level>();
        foreach (var folder in folders)
        {
            var json = ZarrMetadata.Load(Path.Combine(folder, Attributes));
            var (size, origin) = GeometryOf(json);
            if (size is null && levels.Count == 0)
                (size, origin) = GeometryOf(group);
            else if (size is null && levels[0].Size is { } finest && json["downsamplingFactors"] is JsonArray)
            {
                var f = ZarrMetadata.Integers(json["downsamplingFactors"], "downsamplingFactors", 1);
                var factors = new Shape3(f[^1], f[^2], f[^3]);
                (size, origin) = (new VoxelSize(finest.Z * factors.Z, finest.Y * factors.Y, finest.X * factors.X), Pyramid.Origin(levels[0].Origin, finest, factors));
            }
            levels.Add(new OmeZarrImage.Level(new ZarrArray(folder, MetadataOf(json, folder), isComplete: false), size, origin));
        }
        return new OmeZarrImage(path, "N5", "zyx", [.. levels], Provenance.Of(Path.GetFileName(path)), []);
    });

    /// <summary>Reads the header of a block and takes it away.</summary>
    /// <param name="data">The block; afterwards what follows the header.</param>
    /// <param name="needed">Voxels along z, y, x that it must have.</param>
    /// <param name="most">Voxels along z, y, x that it may have.</param>
    /// <returns>Voxels along z, y, x that it has.</returns>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public static int[] TakeHeader(PooledBytes data, int[] needed, int[] most)
    {
        var header = data.Span;
        var (mode, rank) = (BinaryPrimitives.ReadUInt16BigEndian(header), BinaryPrimitives.ReadUInt16BigEndian(header[2..]));
        if (mode > 1 || rank != most.Length)
            throw new InvalidDataException($"a block of mode {mode} and {rank} axes; modes 0 and 1 of {most.Length} axes are read");
        var shape = new int[rank];
        for (var i = 0; i < rank; i++)
        {
            shape[rank - 1 - i] = BinaryPrimitives.ReadInt32BigEndian(header[(4 + 4 * i)..]);
            if (shape[rank - 1 - i] < needed[rank - 1 - i] || shape[rank - 1 - i] > most[rank - 1 - i])
                throw new InvalidDataException($"a block of {shape[rank - 1 - i]} voxels along an axis, where {needed[rank - 1 - i]} to {most[rank - 1 - i]} belong");
        }
        // Mode 1 states the number of elements as well.
        var body = header[(4 + 4 * rank + 4 * mode)..];
        body.CopyTo(header);
        data.Length = body.Length;
        return shape;
    }

    private static bool IsArray(string folder) =>
        Path.Combine(folder, Attributes) is var file && ZarrFiles.Exists(file) && ZarrMetadata.Load(file)["dimensions"] is JsonArray;

    private static ZarrMetadata MetadataOf(JsonNode json, string folder) => ReadGuard.Run(Path.Combine(folder, Attributes), "an N5 dataset", () =>
    {
        int[] shape = [.. ZarrMetadata.Integers(json["dimensions"], "dimensions", 0).Reverse()], blocks = [.. ZarrMetadata.Integers(json["blockSize"], "blockSize", 1).Reverse()];
        if (shape.Length != 3)
            throw new InvalidDataException($"{shape.Length} axes; 3 are read");
        var compression = json["compression"];
        // Before version 2 the name stood alone.
        ZarrCodec[] codecs = ((string?)compression?["type"] ?? (string?)json["compressionType"]) switch
        {
            "raw" => [],
            "gzip" => [new ZarrCodec((bool?)compression?["useZlib"] == true ? "zlib" : "gzip")],
            "zstd" => [new ZarrCodec("zstd")],
            "blosc" => [new ZarrCodec("blosc")],
            var other => throw new InvalidDataException($"compression {other} is not supported; raw, gzip, zstd and blosc are"),
        };
        var type = ZarrMetadata.TypeOf((string?)json["dataType"]);
        var codec = new ZarrChunkCodec([0, 1, 2], BigEndian: true, codecs, null);
        return new ZarrMetadata("N5", shape, blocks, type, new byte[SectionBytes.Size(type)], codec, at => string.Join('/', at.Reverse())) { ChunkEnd = ZarrChunkEnd.Headed }.Checked();
    });

    /// <summary>Voxel size and origin in one of the three ways in which they are written: by their axes (Janelia's COSEM), or for x, y, z with one unit (n5-viewer) or three.</summary>
    private static (VoxelSize? Size, Position Origin) GeometryOf(JsonNode json)
    {
        if (json["transform"] is JsonObject { } transform && transform["axes"] is JsonArray axes)
        {
            int[] order = [.. _axes.Select(name => axes.Select(a => (string?)a).ToList().IndexOf(name))];
            if (order.Contains(-1))
                throw new InvalidDataException($"transform of the axes {axes.ToJsonString()}; z, y, x are read");
            return Stated(i => Number(transform["scale"], order[i]), i => (string?)transform["units"]?[order[i]], i => Number(transform["translate"], order[i]) ?? 0);
        }
        if (json["pixelResolution"] is JsonObject { } pixel)
            return Stated(i => Number(pixel["dimensions"], 2 - i), _ => (string?)pixel["unit"], _ => 0);
        return json["resolution"] is JsonArray resolution && json["units"] is JsonArray units ? Stated(i => Number(resolution, 2 - i), i => (string?)units[2 - i], _ => 0) : (null, default);
    }

    private static (VoxelSize? Size, Position Origin) Stated(Func<int, double?> edge, Func<int, string?> unit, Func<int, double> origin)
    {
        double?[] nanometres = [.. Enumerable.Range(0, 3).Select(i => LengthUnit.InNanometres(unit(i)))];
        var size = TiffMetadata.SizeOf(edge(0) * nanometres[0], edge(1) * nanometres[1], edge(2) * nanometres[2]);
        return size is null ? (null, default) : (size, new Position(origin(0) * nanometres[0]!.Value, origin(1) * nanometres[1]!.Value, origin(2) * nanometres[2]!.Value));
    }

    private static double? Number(JsonNode? array, int i) => array is JsonArray values && i < values.Count ? (double?)values[i] : null;
}
