using System.IO.Compression;

namespace VisionCell.Formats;

/// <summary>
/// Compressions and predictors of TIFF (TIFF 6.0 sections 9, 13, 14; Adobe Photoshop TIFF Technical Note 3 for the
/// floating-point predictor).
/// </summary>
internal static class TiffCodec
{
    public static bool IsSupported(int compression) => compression is 1 or 5 or 8 or 32773 or 32946 or 50000;

    public static string NameOf(int compression) => compression switch
    {
        1 => "none",
        2 or 3 or 4 => "CCITT fax",
        5 => "LZW",
        6 or 7 => "JPEG",
        8 or 32946 => "deflate",
        32773 => "PackBits",
        34712 or 33003 or 33004 or 33005 => "JPEG 2000",
        34887 => "LERC",
        34925 => "LZMA",
        50000 => "zstd",
        50001 => "WebP",
        _ => $"number {compression}",
    };

    /// <summary>Decompresses one strip or tile into exactly <paramref name="target"/>; returns the bytes that came out, fewer where data are missing.</summary>
    /// <exception cref="InvalidDataException">The data are damaged.</exception>
    public static int Decompress(int compression, byte[] source, int length, Span<byte> target)
    {
        switch (compression)
        {
            case 1:
                var n = Math.Min(length, target.Length);
                source.AsSpan(0, n).CopyTo(target);
                return n;
            case 5:
                return TiffLzw.Decode(source.AsSpan(0, length), target);
            case 8 or 32946:
                return Inflate(source, length, target);
            case 32773:
                return PackBits(source.AsSpan(0, length), target);
            case 50000:
                return Zstd.Current.Decompress(source.AsSpan(0, length), target);
            default:
                throw new InvalidDataException($"compression {NameOf(compression)} is not supported");
        }
    }

    /// <summary>
    /// Undoes a predictor, row by row; the result is in machine order, whatever the order of the file.
    /// </summary>
    public static void Unpredict(int predictor, Span<byte> data, int rowBytes, int sampleSize, bool bigEndian)
    {
        if (predictor == 3)
        {
            var scratch = new byte[rowBytes];
            for (var i = 0; i < data.Length; i += rowBytes)
                UnpredictFloat(data.Slice(i, rowBytes), scratch);
            return;
        }
        if (bigEndian)
            SectionBytes.Swap(data, sampleSize);
        if (predictor != 2)
            return;
        for (var i = 0; i < data.Length; i += rowBytes)
            Accumulate(data.Slice(i, rowBytes), sampleSize);
    }

    private static void Accumulate(Span<byte> row, int sampleSize)
    {
        if (sampleSize == 1)
        {
            byte sum = 0;
            foreach (ref var v in row)
                v = sum = (byte)(sum + v);
        }
        else if (sampleSize == 2)
        {
            ushort sum = 0;
            foreach (ref var v in System.Runtime.InteropServices.MemoryMarshal.Cast<byte, ushort>(row))
                v = sum = (ushort)(sum + v);
        }
        else
        {
            // Floats with the integer predictor are differenced as the 32-bit integers of the same bits.
            uint sum = 0;
            foreach (ref var v in System.Runtime.InteropServices.MemoryMarshal.Cast<byte, uint>(row))
                v = sum += v;
        }
    }

    private static void UnpredictFloat(Span<byte> row, byte[] scratch)
    {
        byte sum = 0;
        foreach (ref var v in row)
            v = sum = (byte)(sum + v);
        row.CopyTo(scratch);
        // The row holds all most significant bytes, then all second ones, and so on.
        var n = row.Length / 4;
        for (var i = 0; i < n; i++)
        {
            row[4 * i] = scratch[3 * n + i];
            row[4 * i + 1] = scratch[2 * n + i];
            row[4 * i + 2] = scratch[n + i];
            row[4 * i + 3] = scratch[i];
        }
    }

    private static int Inflate(byte[] source, int length, Span<byte> target)
    {
        using var stream = new ZLibStream(new MemoryStream(source, 0, length), CompressionMode.Decompress);
        var n = stream.ReadAtLeast(target, target.Length, throwOnEndOfStream: false);
        // One byte beyond the end makes the stream check its sum.
        if (n == target.Length)
            stream.ReadByte();
        return n;
    }

    private static int PackBits(ReadOnlySpan<byte> source, Span<byte> target)
    {
        var written = 0;
        for (var i = 0; i < source.Length && written < target.Length;)
        {
            var code = (sbyte)source[i++];
            if (code >= 0)
            {
                var n = Math.Min(Math.Min(code + 1, source.Length - i), target.Length - written);
                source.Slice(i, n).CopyTo(target[written..]);
                i += code + 1;
                written += n;
            }
            else if (code != sbyte.MinValue && i < source.Length)
            {
                var n = Math.Min(1 - code, target.Length - written);
                target.Slice(written, n).Fill(source[i++]);
                written += n;
            }
        }
        return written;
    }
}
