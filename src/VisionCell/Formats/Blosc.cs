using System.Buffers.Binary;
using System.IO.Compression;

using K4os.Compression.LZ4;

namespace VisionCell.Formats;

/// <summary>
/// Decoder of the Blosc 1 container, the default of zarr-python 2: blocks of LZ4, zstd, zlib or BloscLZ, with the bytes or the
/// bits of neighbouring elements shuffled together (Alted 2010, doi:10.1109/MCSE.2010.51; format as in c-blosc
/// README_CHUNK_FORMAT.rst).
/// </summary>
internal static class Blosc
{
    private const int HeaderSize = 16;

    // A block is split into one stream per byte of the element only where a stream has at least 128 bytes and an element at most 16.
    private const int MinimumSplit = 128;
    private const int MaximumSplits = 16;

    /// <summary>Decodes a container into a buffer; returns the length.</summary>
    /// <exception cref="InvalidDataException">The data are damaged, longer than the buffer, or compressed with Snappy.</exception>
    public static int Decode(ReadOnlySpan<byte> data, Span<byte> buffer)
    {
        if (data.Length < HeaderSize)
            throw new InvalidDataException("a Blosc chunk shorter than its header");
        var (flags, typeSize) = (data[2], (int)data[3]);
        var size = BinaryPrimitives.ReadInt32LittleEndian(data[4..]);
        var blockSize = BinaryPrimitives.ReadInt32LittleEndian(data[8..]);
        var stored = BinaryPrimitives.ReadInt32LittleEndian(data[12..]);
        if (size < 0 || size > buffer.Length || stored > data.Length || stored < HeaderSize || (size > 0 && blockSize < 1) || typeSize == 0)
            throw new InvalidDataException($"a Blosc chunk of {size:N0} bytes in {data.Length:N0} where {buffer.Length:N0} are the limit");
        var target = buffer[..size];
        if (size == 0)
            return 0;
        if ((flags & 2) != 0)
        {
            data.Slice(HeaderSize, size).CopyTo(target);
            return size;
        }
        blockSize = Math.Min(blockSize, size);
        var blocks = (size + blockSize - 1) / blockSize;
        var shuffled = new byte[blockSize];
        for (var b = 0; b < blocks; b++)
        {
            var block = target.Slice(b * blockSize, Math.Min(blockSize, size - b * blockSize));
            var start = BinaryPrimitives.ReadInt32LittleEndian(data[(HeaderSize + 4 * b)..]);
            var isLast = block.Length < blockSize;
            var split = (flags & 0x10) == 0 && !isLast && typeSize <= MaximumSplits && blockSize / typeSize >= MinimumSplit;
            var isBytes = (flags & 1) != 0 && typeSize > 1;
            var isBits = (flags & 4) != 0 && blockSize >= typeSize;
            var decoded = isBytes || isBits ? shuffled.AsSpan(0, block.Length) : block;
            Streams(data[start..], decoded, split ? typeSize : 1, flags >> 5);
            if (isBytes)
                Unshuffle(decoded, block, typeSize);
            else if (isBits)
                UnshuffleBits(decoded, block, typeSize);
        }
        return size;
    }

    private static void Streams(ReadOnlySpan<byte> data, Span<byte> block, int count, int codec)
    {
        var piece = block.Length / count;
        for (var i = 0; i < count; i++)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(data);
            var source = data.Slice(4, length);
            var target = block.Slice(i * piece, piece);
            data = data[(4 + length)..];
            // A stream that did not shrink is stored as it is.
            if (length == piece)
                source.CopyTo(target);
            else if (Decompress(source, target, codec) != piece)
                throw new InvalidDataException("a Blosc block is damaged");
        }
    }

    private static int Decompress(ReadOnlySpan<byte> source, Span<byte> target, int codec)
    {
        switch (codec)
        {
            case 0:
                return BloscLz(source, target);
            case 1:
                return LZ4Codec.Decode(source, target);
            case 3:
                using (var stream = new ZLibStream(new MemoryStream(source.ToArray()), CompressionMode.Decompress))
                    return stream.ReadAtLeast(target, target.Length, throwOnEndOfStream: false);
            case 4:
                return Zstd.Current.Decompress(source, target);
            default:
                throw new InvalidDataException(codec == 2 ? "Blosc with Snappy is not supported" : $"Blosc codec {codec} is unknown");
        }
    }

    // All first bytes of the elements, then all second ones; bytes beyond the last whole element stand at the end as they are.
    private static void Unshuffle(ReadOnlySpan<byte> source, Span<byte> target, int typeSize)
    {
        var n = source.Length / typeSize;
        for (var b = 0; b < typeSize; b++)
        {
            var plane = source.Slice(b * n, n);
            for (var i = 0; i < n; i++)
                target[i * typeSize + b] = plane[i];
        }
        source[(n * typeSize)..].CopyTo(target[(n * typeSize)..]);
    }

    // All lowest bits of the first bytes, then the second bits, ...; only a multiple of 8 elements is shuffled.
    private static void UnshuffleBits(ReadOnlySpan<byte> source, Span<byte> target, int typeSize)
    {
        var n = source.Length / typeSize / 8 * 8;
        target[..(n * typeSize)].Clear();
        for (var b = 0; b < typeSize; b++)
        {
            for (var bit = 0; bit < 8; bit++)
            {
                var plane = source.Slice((b * 8 + bit) * (n / 8), n / 8);
                for (var i = 0; i < n; i++)
                    target[i * typeSize + b] |= (byte)((plane[i >> 3] >> (i & 7) & 1) << bit);
            }
        }
        source[(n * typeSize)..].CopyTo(target[(n * typeSize)..]);
    }

    // BloscLZ (derived from FastLZ level 2): a control byte begins a run of literals (below 32) or a match.
    private static int BloscLz(ReadOnlySpan<byte> source, Span<byte> target)
    {
        const int far = 8191;
        var (at, written) = (1, 0);
        var control = source[0] & 31;
        while (true)
        {
            if (control >= 32)
            {
                var length = (control >> 5) - 1;
                var distance = (control & 31) << 8;
                byte code;
                if (length == 6)
                {
                    do
                    {
                        code = source[at++];
                        length += code;
                    }
                    while (code == 255);
                }
                code = source[at++];
                distance += code;
                if (code == 255 && distance - code == 31 << 8)
                {
                    distance = (source[at] << 8) + source[at + 1] + far;
                    at += 2;
                }
                length += 3;
                var from = written - distance - 1;
                for (var i = 0; i < length; i++)
                    target[written + i] = target[from + i];
                written += length;
            }
            else
            {
                source.Slice(at, control + 1).CopyTo(target[written..]);
                at += control + 1;
                written += control + 1;
            }
            if (at >= source.Length)
                return written;
            control = source[at++];
        }
    }
}
