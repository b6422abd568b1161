using System.Buffers.Binary;
using System.IO.Compression;
using System.Numerics;
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

    /// <summary>Decodes into a buffer; returns the length.</summary>
    /// <exception cref="InvalidDataException">The data are damaged, or longer than the buffer.</exception>
    public int Decode(PooledBytes data, Span<byte> target)
    {
        switch (Name)
        {
            case "zlib":
                using (var stream = new ZLibStream(StreamOf(data), CompressionMode.Decompress))
                    return ReadAll(stream, target);
            case "gzip":
                using (var stream = new GZipStream(StreamOf(data), CompressionMode.Decompress))
                    return ReadAll(stream, target);
            case "zstd":
                return Zstd.Current.Decompress(data.Span, target);
            case "blosc":
                return Blosc.Decode(data.Span, target);
            case "lz4":
                return Lz4(data.Span, target);
            case "jpeg":
                return Slice.ReadJpeg(data.Span, target);
            default:
                return WithoutCrc32C(data.Span, target);
        }
    }

    /// <summary>CRC-32C (RFC 3720, appendix B.4), as the codec crc32c of Zarr v3 puts it behind its data.</summary>
    public static uint Crc32C(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        for (; data.Length >= sizeof(ulong); data = data[sizeof(ulong)..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(data));
        foreach (var b in data)
            crc = BitOperations.Crc32C(crc, b);
        return ~crc;
    }

    private static MemoryStream StreamOf(PooledBytes data) => new(data.Array, 0, data.Length);

    private static int ReadAll(Stream stream, Span<byte> target)
    {
        var n = stream.ReadAtLeast(target, target.Length, throwOnEndOfStream: false);
        // Reading beyond the end makes the stream check its sum.
        return stream.ReadByte() < 0 ? n : throw new InvalidDataException($"more than {target.Length:N0} bytes in a chunk");
    }

    // numcodecs writes the length in front of the block.
    private static int Lz4(ReadOnlySpan<byte> data, Span<byte> target)
    {
        var length = data.Length < 4 ? -1 : BinaryPrimitives.ReadInt32LittleEndian(data);
        if (length < 0 || length > target.Length)
            throw new InvalidDataException($"an LZ4 chunk of {length:N0} bytes where {target.Length:N0} are the limit");
        return LZ4Codec.Decode(data[4..], target[..length]) == length ? length : throw new InvalidDataException("an LZ4 chunk is damaged");
    }

    private static int WithoutCrc32C(ReadOnlySpan<byte> data, Span<byte> target)
    {
        if (data.Length < 4)
            throw new InvalidDataException("a chunk without its check sum");
        var body = data[..^4];
        var (stored, found) = (BinaryPrimitives.ReadUInt32LittleEndian(data[^4..]), Crc32C(body));
        if (stored != found)
            throw new InvalidDataException($"the check sum crc32c is {found:x8}, and {stored:x8} is stored");
        if (body.Length > target.Length)
            throw new InvalidDataException($"{body.Length:N0} bytes before the check sum where {target.Length:N0} are the limit");
        body.CopyTo(target);
        return body.Length;
    }
}
