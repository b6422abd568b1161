using System.Buffers.Binary;

using OpenCvSharp;

using VisionCell.Volumes;

namespace VisionCell.Formats;

/// <summary>
/// One slice as an image file. Headers are read here, so that looking at a folder needs no native library; PNG and JPEG are
/// decoded by OpenCV, TIFF by <see cref="TiffFormat"/>.
/// </summary>
internal static class Slice
{
    public readonly record struct Header(int Width, int Height, VoxelType Type);

    private static ReadOnlySpan<byte> PngMagic => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>"TIFF", "PNG", "JPEG" by the ending of the name, or <c>null</c>.</summary>
    public static string? KindOf(string file) => Path.GetExtension(file).ToLowerInvariant() switch
    {
        ".tif" or ".tiff" => "TIFF",
        ".png" => "PNG",
        ".jpg" or ".jpeg" => "JPEG",
        _ => null,
    };

    /// <summary>Size and type of a slice.</summary>
    /// <exception cref="BadInputException">The file is no image of a supported kind, or is cut off.</exception>
    public static Header Inspect(string file)
    {
        if (KindOf(file) != "TIFF")
            return HeaderOf(File.ReadAllBytes(file), file);
        using var tiff = TiffFile.Open(file);
        var page = OnlyPage(tiff);
        return new Header(page.Width, page.Height, page.Type);
    }

    /// <summary>Decodes a slice into <c>[Y, X]</c> bytes in machine order, of the size that <see cref="Inspect"/> gave.</summary>
    /// <exception cref="BadInputException">The file is damaged, or its colour channels differ.</exception>
    public static unsafe void Read(string file, Span<byte> target)
    {
        if (KindOf(file) == "TIFF")
        {
            using var tiff = TiffFile.Open(file);
            TiffFormat.ReadPage(tiff, OnlyPage(tiff), target);
            return;
        }
        var data = File.ReadAllBytes(file);
        var header = HeaderOf(data, file);
        using var image = Cv2.ImDecode(data, ImreadModes.Unchanged);
        var size = SectionBytes.Size(header.Type);
        if (image.Empty() || image.Width != header.Width || image.Height != header.Height || image.ElemSize1() != size)
            throw new BadInputException($"{file}: cannot be decoded, corrupt or truncated");
        var row = header.Width * size;
        for (var y = 0; y < header.Height; y++)
        {
            var source = new ReadOnlySpan<byte>((void*)image.Ptr(y), row * image.Channels());
            if (!CopyGrey(source, image.Channels(), size, target.Slice(y * row, row)))
                throw new BadInputException($"{file}: is a colour image (row {y} is not grey); convert it to grey first");
        }
    }

    /// <summary>Decodes a grey JPEG of any width and height, row by row; returns the number of pixels.</summary>
    /// <exception cref="InvalidDataException">It is damaged, has colours, or more pixels than there is room for.</exception>
    public static unsafe int ReadJpeg(ReadOnlySpan<byte> data, Span<byte> target)
    {
        if (data.LastIndexOf([(byte)0xFF, (byte)0xD9]) < 0)
            throw new InvalidDataException("a JPEG without its end marker");
        using var image = Cv2.ImDecode(data.ToArray(), ImreadModes.Unchanged);
        if (image.Empty() || image.Channels() != 1 || image.ElemSize() != 1 || image.Total() > target.Length)
            throw new InvalidDataException($"a JPEG of {image.Height} x {image.Width} pixels and {image.Channels()} channel(s) where {target.Length:N0} grey pixels are the limit");
        var (height, width) = (image.Height, image.Width);
        for (var y = 0; y < height; y++)
            new ReadOnlySpan<byte>((void*)image.Ptr(y), width).CopyTo(target[(y * width)..]);
        return height * width;
    }

    // One channel, or the first of several that agree; a fourth is transparency and must be opaque.
    private static bool CopyGrey(ReadOnlySpan<byte> source, int channels, int size, Span<byte> target)
    {
        if (channels == 1)
        {
            source.CopyTo(target);
            return true;
        }
        for (var (i, x) = (0, 0); x < target.Length; i += channels * size, x += size)
        {
            var first = source.Slice(i, size);
            for (var c = 1; c < Math.Min(channels, 3); c++)
            {
                if (!first.SequenceEqual(source.Slice(i + c * size, size)))
                    return false;
            }
            if (channels == 4 && source.Slice(i + 3 * size, size).ContainsAnyExcept((byte)255))
                return false;
            first.CopyTo(target[x..]);
        }
        return true;
    }

    private static TiffPage OnlyPage(TiffFile tiff) => tiff.Pages.Count == 1
        ? tiff.Pages[0]
        : throw tiff.Fail(0, $"holds {tiff.Pages.Count} pages; a folder of slices has one in each file");

    private static Header HeaderOf(ReadOnlySpan<byte> data, string file)
    {
        if (data.IsEmpty)
            throw new BadInputException($"{file}: the file is empty");
        return KindOf(file) == "PNG" ? Png(data, file) : Jpeg(data, file);
    }

    // PNG (ISO 15948): chunks of length, type, data, check sum, from IHDR to IEND.
    private static Header Png(ReadOnlySpan<byte> data, string file)
    {
        if (!data.StartsWith(PngMagic) || data.Length < 33 || !data[12..16].SequenceEqual("IHDR"u8))
            throw new BadInputException($"{file}: not a PNG file");
        for (var at = 8L; ;)
        {
            if (at + 12 > data.Length)
                throw new BadInputException($"{file}: ends before its last chunk: truncated");
            var chunk = data[(int)at..];
            if (chunk[4..8].SequenceEqual("IEND"u8))
                break;
            at += 12 + BinaryPrimitives.ReadUInt32BigEndian(chunk);
        }
        var (width, height) = (BinaryPrimitives.ReadInt32BigEndian(data[16..]), BinaryPrimitives.ReadInt32BigEndian(data[20..]));
        var (bits, isPalette) = (data[24], data[25] == 3);
        if (bits < 8 && !isPalette)
            throw new BadInputException($"{file}: holds {bits}-bit samples; convert it to 8 or 16 bit first");
        return Checked(width, height, bits == 16 ? VoxelType.UInt16 : VoxelType.UInt8, file);
    }

    // JPEG (ISO 10918-1): markers up to the frame header, and an end marker.
    private static Header Jpeg(ReadOnlySpan<byte> data, string file)
    {
        if (data is not [0xFF, 0xD8, 0xFF, ..])
            throw new BadInputException($"{file}: not a JPEG file");
        if (data.LastIndexOf([(byte)0xFF, (byte)0xD9]) < 0)
            throw new BadInputException($"{file}: has no end marker: truncated");
        for (var at = 2; at + 9 < data.Length;)
        {
            if (data[at] != 0xFF)
                break;
            var marker = data[at + 1];
            if (marker == 0xFF)
            {
                at++;
                continue;
            }
            // Start of frame: C0 to CF but for three tables that share the range.
            if (marker is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC))
            {
                if (data[at + 4] != 8)
                    throw new BadInputException($"{file}: holds {data[at + 4]}-bit samples; convert it to 8 or 16 bit first");
                return Checked(BinaryPrimitives.ReadUInt16BigEndian(data[(at + 7)..]), BinaryPrimitives.ReadUInt16BigEndian(data[(at + 5)..]), VoxelType.UInt8, file);
            }
            at += 2 + BinaryPrimitives.ReadUInt16BigEndian(data[(at + 2)..]);
        }
        throw new BadInputException($"{file}: has no frame header: corrupt");
    }

    private static Header Checked(int width, int height, VoxelType type, string file) => width > 0 && height > 0 && (long)width * height < 1 << 30
        ? new Header(width, height, type)
        : throw new BadInputException($"{file}: claims {height} x {width} pixels: corrupt");
}
