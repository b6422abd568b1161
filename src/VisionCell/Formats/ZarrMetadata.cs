using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;

using VisionCell.Volumes;

namespace VisionCell.Formats;

/// <summary>How the chunks of shards lie in a shard (Zarr v3, sharding_indexed).</summary>
internal sealed record ZarrSharding(int[] Chunks, ZarrChunkCodec Codec, IReadOnlyList<ZarrCodec> IndexCodecs, bool IndexAtEnd);

/// <summary>From the bytes of a chunk to its elements.</summary>
/// <param name="Order">For each stored axis, slowest first, the axis of the array.</param>
/// <param name="BigEndian">Elements are stored most significant byte first.</param>
/// <param name="Codecs">Byte codecs in the order in which they were applied.</param>
/// <param name="Sharding">Set where a chunk is a shard; byte order and codecs are then those inside.</param>
internal sealed record ZarrChunkCodec(int[] Order, bool BigEndian, IReadOnlyList<ZarrCodec> Codecs, ZarrSharding? Sharding);

/// <summary>What a chunk that reaches beyond the end of its array holds.</summary>
internal enum ZarrChunkEnd
{
    /// <summary>A whole chunk, filled up with anything (Zarr).</summary>
    Filled,

    /// <summary>What lies inside the array (<see cref="Precomputed"/>).</summary>
    Cut,

    /// <summary>As much as its header says (<see cref="N5"/>).</summary>
    Headed,
}

/// <summary>
/// The description of one Zarr array: <c>.zarray</c> of Zarr v2 (spec of 2021) or <c>zarr.json</c> of v3 (core spec 3.0).
/// </summary>
internal sealed record ZarrMetadata(string Format, int[] Shape, int[] Chunks, VoxelType Type, byte[] Fill, ZarrChunkCodec Codec, Func<int[], string> KeyOf)
{
    // OME-NGFF has at most t, c, z, y, x.
    private const int MaximumRank = 5;

    /// <summary>What chunks at the end of the array hold.</summary>
    public ZarrChunkEnd ChunkEnd { get; init; }

    /// <summary>Reads a JSON file.</summary>
    /// <exception cref="BadInputException">It is not valid JSON.</exception>
    public static JsonNode Load(string path)
    {
        try
        {
            using var text = ZarrFiles.Read(path) ?? throw new BadInputException($"{path}: no such file");
            return JsonNode.Parse(text.Span) ?? throw new BadInputException($"{path}: is null");
        }
        catch (JsonException e)
        {
            throw new BadInputException($"{path}: is not valid JSON, corrupt or truncated ({e.Message.TrimEnd('.')})", e);
        }
    }

    /// <summary>Whether a folder is a Zarr array.</summary>
    public static bool IsArray(string folder) =>
        ZarrFiles.Exists(Path.Combine(folder, ".zarray"))
        || (ZarrFiles.Exists(Path.Combine(folder, "zarr.json")) && (string?)Load(Path.Combine(folder, "zarr.json"))["node_type"] == "array");

    /// <summary>Reads the description of an array.</summary>
    /// <exception cref="BadInputException">It is missing, damaged, or asks for what is not supported.</exception>
    public static ZarrMetadata Of(string folder)
    {
        var v2 = Path.Combine(folder, ".zarray");
        var v3 = Path.Combine(folder, "zarr.json");
        var file = ZarrFiles.Exists(v2) ? v2 : ZarrFiles.Exists(v3) ? v3 : throw new BadInputException($"{folder}: holds no Zarr array (.zarray or zarr.json is missing)");
        return ReadGuard.Run(file, "a Zarr array", () => file == v2 ? Version2(Load(file)) : Version3(Load(file)));
    }

    private static ZarrMetadata Version2(JsonNode json)
    {
        if ((int?)json["zarr_format"] != 2)
            throw new InvalidDataException("zarr_format is not 2");
        var shape = Integers(json["shape"], "shape", 0);
        var chunks = Integers(json["chunks"], "chunks", 1);
        if (json["filters"] is JsonArray { Count: > 0 } filters)
            throw new InvalidDataException($"filter {(string?)filters[0]?["id"]} is not supported");
        if (json["dtype"] is not JsonValue)
            throw new InvalidDataException("structured elements are not supported");
        var (type, big) = (string?)json["dtype"] switch
        {
            "|u1" or "<u1" or ">u1" => (VoxelType.UInt8, false),
            "<u2" => (VoxelType.UInt16, false),
            ">u2" => (VoxelType.UInt16, true),
            "<f4" => (VoxelType.Float32, false),
            ">f4" => (VoxelType.Float32, true),
            var other => throw Unsupported(other),
        };
        var order = Enumerable.Range(0, shape.Length).ToArray();
        if ((string?)json["order"] == "F")
            Array.Reverse(order);
        var separator = (string?)json["dimension_separator"] ?? ".";
        ZarrCodec[] codecs = json["compressor"] is { } compressor ? [ZarrCodec.Of(compressor, "id")] : [];
        return new ZarrMetadata("Zarr v2", shape, chunks, type, FillOf(json["fill_value"], type), new ZarrChunkCodec(order, big, codecs, null), at => string.Join(separator, at)).Checked();
    }

    private static ZarrMetadata Version3(JsonNode json)
    {
        if ((int?)json["zarr_format"] != 3 || (string?)json["node_type"] != "array")
            throw new InvalidDataException("no array of zarr_format 3");
        if (json["storage_transformers"] is JsonArray { Count: > 0 })
            throw new InvalidDataException("storage transformers are not supported");
        var shape = Integers(json["shape"], "shape", 0);
        if ((string?)json["chunk_grid"]?["name"] != "regular")
            throw new InvalidDataException($"chunk grid {json["chunk_grid"]?["name"]} is not supported");
        var chunks = Integers(json["chunk_grid"]?["configuration"]?["chunk_shape"], "chunk_shape", 1);
        var type = TypeOf((string?)json["data_type"]);
        var encoding = json["chunk_key_encoding"];
        var isDefault = (string?)encoding?["name"] is "default";
        if (!isDefault && (string?)encoding?["name"] != "v2")
            throw new InvalidDataException($"chunk key encoding {encoding?["name"]} is not supported");
        var separator = (string?)encoding?["configuration"]?["separator"] ?? (isDefault ? "/" : ".");
        var codec = ChunkCodec(json["codecs"], shape.Length);
        return new ZarrMetadata("Zarr v3", shape, chunks, type, FillOf(json["fill_value"], type), codec,
            at => isDefault ? string.Join(separator, at.Select(i => i.ToString(CultureInfo.InvariantCulture)).Prepend("c")) : string.Join(separator, at)).Checked();
    }

    private static ZarrChunkCodec ChunkCodec(JsonNode? json, int rank)
    {
        var order = Enumerable.Range(0, rank).ToArray();
        bool? big = null;
        ZarrSharding? sharding = null;
        var codecs = new List<ZarrCodec>();
        foreach (var codec in json as JsonArray ?? throw new InvalidDataException("codecs are missing"))
        {
            var configuration = codec?["configuration"];
            switch ((string?)codec?["name"])
            {
                case "transpose":
                    var permutation = Integers(configuration?["order"], "order", 0);
                    if (permutation.Length != rank || !permutation.Order().SequenceEqual(Enumerable.Range(0, rank)) || sharding is not null)
                        throw new InvalidDataException("the order of a transpose codec is no permutation of the axes");
                    order = [.. permutation.Select(p => order[p])];
                    break;
                case "bytes":
                    big = (string?)configuration?["endian"] == "big";
                    break;
                case "sharding_indexed":
                    if (!order.SequenceEqual(Enumerable.Range(0, rank)))
                        throw new InvalidDataException("transposed shards are not supported");
                    var index = ChunkCodec(configuration?["index_codecs"], 1);
                    var location = (string?)configuration?["index_location"] ?? "end";
                    if (index.BigEndian || index.Sharding is not null || index.Codecs.Any(c => c.Name != "crc32c"))
                        throw new InvalidDataException("shard indices other than little-endian bytes with crc32c are not supported");
                    sharding = new ZarrSharding(
                        Integers(configuration?["chunk_shape"], "chunk_shape", 1), ChunkCodec(configuration?["codecs"], rank), index.Codecs, location == "end");
                    if (sharding.Codec.Sharding is not null)
                        throw new InvalidDataException("shards within shards are not supported");
                    break;
                default:
                    codecs.Add(ZarrCodec.Of(codec, "name"));
                    break;
            }
        }
        if (big is null && sharding is null)
            throw new InvalidDataException("the codec bytes is missing");
        if (sharding is not null && codecs.Count > 0)
            throw new InvalidDataException("compressed shards are not supported (compressed chunks within shards are)");
        return new ZarrChunkCodec(order, big ?? false, codecs, sharding);
    }

    /// <summary>The same, if it makes sense.</summary>
    /// <exception cref="InvalidDataException">It does not.</exception>
    public ZarrMetadata Checked()
    {
        if (Shape.Length is < 3 or > MaximumRank || Chunks.Length != Shape.Length)
            throw new InvalidDataException($"{Shape.Length} axes with chunks of {Chunks.Length}; 3 to {MaximumRank} are read");
        var chunk = Chunks.Aggregate(1.0, (product, n) => product * n) * SectionBytes.Size(Type);
        if (chunk > Array.MaxLength)
            throw new InvalidDataException($"chunks of {chunk:N0} bytes");
        if (Codec.Sharding is { } s && (s.Chunks.Length != Chunks.Length || s.Chunks.Where((c, i) => Chunks[i] % c != 0).Any()))
            throw new InvalidDataException("shards are no multiple of their chunks");
        return this;
    }

    /// <summary>The voxel type of a name as Zarr v3, N5 and precomputed volumes write it.</summary>
    /// <exception cref="InvalidDataException">It is not supported.</exception>
    public static VoxelType TypeOf(string? name) => name switch
    {
        "uint8" => VoxelType.UInt8,
        "uint16" => VoxelType.UInt16,
        "float32" => VoxelType.Float32,
        var other => throw Unsupported(other),
    };

    private static InvalidDataException Unsupported(string? type) =>
        new($"elements of type {type}; 8- and 16-bit unsigned integers and 32-bit floats are read, convert it first");

    /// <summary>Whole numbers.</summary>
    /// <exception cref="InvalidDataException">There are none, or one is less than allowed.</exception>
    public static int[] Integers(JsonNode? json, string name, int least)
    {
        if (json is not JsonArray array || array.Count == 0)
            throw new InvalidDataException($"{name} is missing");
        var values = array.Select(v => (int)(v ?? throw new InvalidDataException($"{name} has a null"))).ToArray();
        return values.All(v => v >= least) ? values : throw new InvalidDataException($"{name} {json.ToJsonString()} makes no sense");
    }

    // null counts as 0, which is what zarr-python shows for it.
    private static byte[] FillOf(JsonNode? json, VoxelType type)
    {
        var text = json?.GetValueKind() == JsonValueKind.String ? (string?)json : null;
        if (text?.StartsWith("0x", StringComparison.Ordinal) == true)
        {
            var bits = Convert.ToUInt32(text[2..], 16);
            return MemoryMarshal.AsBytes<uint>([bits])[..SectionBytes.Size(type)].ToArray();
        }
        var value = text switch
        {
            "NaN" => double.NaN,
            "Infinity" => double.PositiveInfinity,
            "-Infinity" => double.NegativeInfinity,
            not null => throw new InvalidDataException($"fill_value {text} makes no sense"),
            _ => json is null ? 0 : (double)json,
        };
        return type switch
        {
            VoxelType.UInt8 => [checked((byte)value)],
            VoxelType.UInt16 => BitConverter.GetBytes(checked((ushort)value)),
            _ => BitConverter.GetBytes((float)value),
        };
    }
}
