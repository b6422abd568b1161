using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

using VisionCell.Volumes;

namespace VisionCell.Formats;

/// <summary>
/// Reads Neuroglancer's precomputed volumes (github.com/google/neuroglancer, src/datasource/precomputed/volume.md): a file <c>info</c> with the scales,
/// and one file a chunk, named after the voxels that it holds, those at the end smaller. Axes are written x, y, z with x fastest, which is
/// <c>[Z, Y, X]</c> here; edges of voxels are nanometres. On disk chunks may be gzipped, with <c>.gz</c> behind their names, as CloudVolume leaves them.
/// </summary>
internal static class Precomputed
{
    private const string Info = "info";

    /// <summary>Whether a folder holds such a volume; a file of that name may hold anything.</summary>
    public static bool Is(string path)
    {
        using var text = ZarrFiles.Read(Path.Combine(path, Info));
        try
        {
            return text is not null && JsonNode.Parse(text.Span) is JsonObject json && json["scales"] is JsonArray;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>Opens a volume.</summary>
    /// <exception cref="BadInputException">It is damaged, or stored in a way that is not read.</exception>
    public static OmeZarrImage Open(string path) => ReadGuard.Run(Path.Combine(path, Info), "a precomputed volume", () =>
    {
        var json = ZarrMetadata.Load(Path.Combine(path, Info));
        if ((int?)json["num_channels"] is { } channels and not 1)
            throw new BadInputException($"{path}: holds {channels} channels; save the one to be used on its own");
        var type = ZarrMetadata.TypeOf((string?)json["data_type"]);
        var levels = new List<OmeZarrImage.Level>();
        foreach (var scale in (JsonArray)json["scales"]!)
        {
            var key = OmeZarrImage.Inside((string?)scale?["key"]);
            double[] edges = scale!["resolution"] is JsonArray { Count: 3 } resolution ? [.. resolution.Select(r => (double)r!)] : throw new InvalidDataException($"scale {key} has no resolution");
            int[] offset = scale["voxel_offset"] is JsonArray { Count: 3 } begin ? [.. begin.Select(o => (int)o!)] : [0, 0, 0];
            var size = new VoxelSize(edges[2], edges[1], edges[0]);
            var finest = levels.Count == 0 ? size : levels[0].Size!.Value;
            // Scales share their corner; an origin is the centre of the first voxel, and where the finest has no offset it is zero.
            var origin = new Position(offset[2] * size.Z + (size.Z - finest.Z) / 2, offset[1] * size.Y + (size.Y - finest.Y) / 2, offset[0] * size.X + (size.X - finest.X) / 2);
            levels.Add(new OmeZarrImage.Level(new ZarrArray(Path.Combine(path, key), MetadataOf(scale, key, type, offset), isComplete: false), size, origin));
        }
        return levels.Count == 0 ? throw new InvalidDataException("no scales")
            : new OmeZarrImage(path, "Neuroglancer precomputed", "zyx", [.. levels], Provenance.Of(Path.GetFileName(path)), levels[0].Array.IsLossy ? ["JPEG chunks have lost detail"] : []);
    });

    private static ZarrMetadata MetadataOf(JsonNode scale, string key, VoxelType type, int[] offset)
    {
        if (scale["sharding"] is not null)
            throw new InvalidDataException($"scale {key} is in shards, which are not supported; export it with one file a chunk, or as OME-Zarr");
        ZarrCodec[] codecs = (string?)scale["encoding"] switch
        {
            "raw" => [],
            "jpeg" when type == VoxelType.UInt8 => [new ZarrCodec("jpeg")],
            var other => throw new InvalidDataException($"encoding {other} of {type} is not supported; raw, and jpeg of 8 bits, are"),
        };
        int[] size = ZarrMetadata.Integers(scale["size"], "size", 1), chunk = ZarrMetadata.Integers(scale["chunk_sizes"]?[0], "chunk_sizes", 1);
        if (size.Length != 3 || chunk.Length != 3)
            throw new InvalidDataException($"size {size.Length} and chunks {chunk.Length} numbers; 3 are read");
        string KeyOf(int[] at) => string.Join('_', Enumerable.Range(0, 3).Select(i =>
        {
            var first = at[2 - i] * chunk[i];
            return string.Create(CultureInfo.InvariantCulture, $"{offset[i] + first}-{offset[i] + Math.Min(first + chunk[i], size[i])}");
        }));
        var codec = new ZarrChunkCodec([0, 1, 2], BigEndian: false, codecs, null);
        return new ZarrMetadata("Precomputed", [size[2], size[1], size[0]], [chunk[2], chunk[1], chunk[0]], type, new byte[SectionBytes.Size(type)], codec, KeyOf) { ChunkEnd = ZarrChunkEnd.Cut }.Checked();
    }
}
