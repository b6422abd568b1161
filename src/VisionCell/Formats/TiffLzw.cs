namespace VisionCell.Formats;

/// <summary>
/// LZW as TIFF stores it (TIFF 6.0 section 13): codes of 9 to 12 bits, most significant bit first, the width growing one code
/// early. The bit-reversed variant of files older than 1990 is recognised and refused.
/// </summary>
internal static class TiffLzw
{
    private const int Clear = 256;
    private const int End = 257;
    private const int TableSize = 4096;

    /// <summary>Decodes into <paramref name="target"/> and returns the bytes that came out, at most its length.</summary>
    /// <exception cref="InvalidDataException">The codes make no sense.</exception>
    public static int Decode(ReadOnlySpan<byte> source, Span<byte> target)
    {
        if (source is [0, 1, ..] or [0, 3, ..])
            throw new InvalidDataException("LZW in the bit order of before 1990 is not supported");
        // An entry is a piece of the output already written: its start and length.
        Span<int> start = stackalloc int[TableSize];
        Span<int> length = stackalloc int[TableSize];
        var (next, width, written) = (End + 1, 9, 0);
        var (previousStart, previousLength) = (0, 0);
        var (bits, available, position) = (0u, 0, 0);
        while (written < target.Length)
        {
            while (available < width)
            {
                if (position == source.Length)
                    return written;
                bits = (bits << 8) | source[position++];
                available += 8;
            }
            var code = (int)(bits >> (available - width)) & ((1 << width) - 1);
            available -= width;
            if (code == End)
                break;
            if (code == Clear)
            {
                (next, width, previousLength) = (End + 1, 9, 0);
                continue;
            }
            var begin = written;
            if (code < Clear)
            {
                target[written++] = (byte)code;
            }
            else if (code < next && code > End)
            {
                written += Copy(target, start[code], written, length[code]);
            }
            else if (code == next && previousLength > 0)
            {
                written += Copy(target, previousStart, written, previousLength);
                if (written < target.Length)
                    target[written++] = target[begin];
            }
            else
            {
                throw new InvalidDataException($"LZW code {code} where {next} is the next");
            }
            if (previousLength > 0 && next < TableSize)
            {
                (start[next], length[next]) = (previousStart, previousLength + 1);
                next++;
                if (next >= (1 << width) - 1 && width < 12)
                    width++;
            }
            (previousStart, previousLength) = (begin, written - begin);
        }
        return written;
    }

    // The piece may overlap what it writes, so bytes are copied one after the other.
    private static int Copy(Span<byte> target, int from, int to, int count)
    {
        count = Math.Min(count, target.Length - to);
        for (var i = 0; i < count; i++)
            target[to + i] = target[from + i];
        return count;
    }
}
