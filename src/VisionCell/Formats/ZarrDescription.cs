using System.Text.Json.Nodes;

using VisionCell.Volumes;

namespace VisionCell.Formats;

/// <summary>The description of an array that <see cref="ZarrWriter"/> writes: <c>.zarray</c> of Zarr v2 or <c>zarr.json</c> of v3; <see cref="ZarrMetadata"/> reads it.</summary>
internal static class ZarrDescription
{
    /// <summary>Writes the description of an array.</summary>
    public static void Write(string folder, Shape3 shape, VoxelType type, OmeZarrOptions options)
    {
        Directory.CreateDirectory(folder);
        if (options.Version == OmeZarrVersion.V04)
            OmeZarr.Save(Path.Combine(folder, ".zarray"), Version2(shape, type, options));
        else
            OmeZarr.Save(Path.Combine(folder, "zarr.json"), Version3(shape, type, options));
    }

    private static JsonArray Triple(int z, int y, int x) => [z, y, x];

    private static JsonObject Version2(Shape3 shape, VoxelType type, OmeZarrOptions options) => new()
    {
        ["zarr_format"] = 2,
        ["shape"] = Triple(shape.Z, shape.Y, shape.X),
        ["chunks"] = Triple(options.Chunk, options.Chunk, options.Chunk),
        ["dtype"] = type switch { VoxelType.UInt8 => "|u1", VoxelType.UInt16 => "<u2", _ => "<f4" },
        ["compressor"] = new JsonObject { ["id"] = "zstd", ["level"] = options.CompressionLevel },
        ["fill_value"] = 0,
        ["order"] = "C",
        ["filters"] = null,
        ["dimension_separator"] = "/",
    };

    private static JsonObject Version3(Shape3 shape, VoxelType type, OmeZarrOptions options) => new()
    {
        ["zarr_format"] = 3,
        ["node_type"] = "array",
        ["shape"] = Triple(shape.Z, shape.Y, shape.X),
        ["data_type"] = type switch { VoxelType.UInt8 => "uint8", VoxelType.UInt16 => "uint16", _ => "float32" },
        ["chunk_grid"] = new JsonObject
        {
            ["name"] = "regular",
            ["configuration"] = new JsonObject { ["chunk_shape"] = Triple(options.FileEdge, options.FileEdge, options.FileEdge) },
        },
        ["chunk_key_encoding"] = new JsonObject { ["name"] = "default", ["configuration"] = new JsonObject { ["separator"] = "/" } },
        ["fill_value"] = 0,
        ["codecs"] = options.Shard is null ? ChunkCodecs(options) : new JsonArray(new JsonObject
        {
            ["name"] = "sharding_indexed",
            ["configuration"] = new JsonObject
            {
                ["chunk_shape"] = Triple(options.Chunk, options.Chunk, options.Chunk),
                ["codecs"] = ChunkCodecs(options),
                ["index_codecs"] = new JsonArray(Bytes(), Crc32C()),
                ["index_location"] = "end",
            },
        }),
        ["dimension_names"] = new JsonArray("z", "y", "x"),
        ["attributes"] = new JsonObject(),
    };

    private static JsonArray ChunkCodecs(OmeZarrOptions options)
    {
        var zstd = new JsonObject { ["name"] = "zstd", ["configuration"] = new JsonObject { ["level"] = options.CompressionLevel, ["checksum"] = options.Shard is null } };
        return options.Shard is null ? [Bytes(), zstd] : [Bytes(), zstd, Crc32C()];
    }

    private static JsonObject Bytes() => new() { ["name"] = "bytes", ["configuration"] = new JsonObject { ["endian"] = "little" } };

    private static JsonObject Crc32C() => new() { ["name"] = "crc32c" };
}
