using System.Buffers.Binary;
using System.IO.Compression;
using System.Text.Json.Nodes;

using K4os.Compression.LZ4;

namespace VisionCell.Formats;

/// <summary>
/// One step from stored bytes to chunk bytes, in Zarr v2 (numcodecs, "id") and v3 ("name") spelling.
/// </summary>
internal sealed record ZarrCodec(string Name)
{
    /// <summary>A codec by its name in the metadata.</summary>
    /// <exception cref="InvalidDataException">It is not supported.</exception>
    public static ZarrCodec Of(JsonNode? description, string key)
    {
        var name = (string?)description?[key] ?? throw new InvalidDataException("a codec without a name");
        return name is "zlib" or "gzip" or "zstd" or "blosc" or "lz4" or "crc32c"
            ? new ZarrCodec(name)
            : throw new InvalidDataException($"codec {name} is not supported; zlib, gzip, zstd, lz4, blosc and crc32c are");
    }

    /// <summary>Decodes; the result may have at most <paramref name="limit"/> bytes.</summary>
    /// <exception cref="InvalidDataException">The data are damaged or longer.</exception>
    public byte[] Decode(byte[] data, int limit)
    {
        switch (Name)
        {
            case "zlib":
                using (var stream = new ZLibStream(new MemoryStream(data), CompressionMode.Decompress))
                    return ReadAll(stream, limit);
            case "gzip":
                using (var stream = new GZipStream(new MemoryStream(data), CompressionMode.Decompress))
                    return ReadAll(stream, limit);
            case "zstd":
                return Zstd(data, limit);
            case "blosc":
                return Blosc.Decode(data, limit);
            case "lz4":
                return Lz4(data, limit);
            default:
                return Crc32C(data);
        }
    }

    private static byte[] ReadAll(Stream stream, int limit)
    {
        var target = new byte[limit];
        var n = stream.ReadAtLeast(target, limit, throwOnEndOfStream: false);
        // Reading beyond the end makes the stream check its sum.
        if (stream.ReadByte() >= 0)
            throw new InvalidDataException($"more than {limit:N0} bytes in a chunk");
        return n == limit ? target : target[..n];
    }

    private static byte[] Zstd(byte[] data, int limit)
    {
        using var zstd = new ZstdSharp.Decompressor();
        var target = new byte[limit];
        var n = zstd.Unwrap(data, target);
        return n == limit ? target : target[..n];
    }

    // numcodecs writes the length in front of the block.
    private static byte[] Lz4(byte[] data, int limit)
    {
        var length = data.Length < 4 ? -1 : BinaryPrimitives.ReadInt32LittleEndian(data);
        if (length < 0 || length > limit)
            throw new InvalidDataException($"an LZ4 chunk of {length:N0} bytes where {limit:N0} are the limit");
        var target = new byte[length];
        return LZ4Codec.Decode(data.AsSpan(4), target) == length ? target : throw new InvalidDataException("an LZ4 chunk is damaged");
    }

    private static byte[] Crc32C(byte[] data)
    {
        if (data.Length < 4)
            throw new InvalidDataException("a chunk without its check sum");
        var body = data.AsSpan(0, data.Length - 4);
        var crc = uint.MaxValue;
        foreach (var b in body)
            crc = System.Numerics.BitOperations.Crc32C(crc, b);
        return ~crc == BinaryPrimitives.ReadUInt32LittleEndian(data.AsSpan(body.Length))
            ? body.ToArray()
            : throw new InvalidDataException("the check sum of a chunk does not match");
    }
}
