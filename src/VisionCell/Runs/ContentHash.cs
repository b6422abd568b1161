using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using VisionCell.Volumes;

namespace VisionCell.Runs;

/// <summary>SHA-256 of what a stage reads: the same content gives the same 64 lower-case hexadecimal digits wherever it lies.</summary>
public static class ContentHash
{
    /// <summary>Reads section <paramref name="z"/>, <c>[Y, X]</c>, as bytes in machine order.</summary>
    public delegate void SectionOf(int z, Span<byte> section);

    /// <summary>Hash of bytes.</summary>
    public static string OfBytes(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <summary>Hash of a text as UTF-8.</summary>
    public static string OfString(string text) => OfBytes(Encoding.UTF8.GetBytes(text));

    /// <summary>Hash of several hashes or texts in this order; none runs into the next.</summary>
    public static string Combine(params ReadOnlySpan<string> parts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in parts)
            AppendText(hash, part);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Hash of a volume: shape, voxel type, voxel size, origin and voxels; and where its sections lie and which were observed; where it comes from is not part of its content.</summary>
    public static string Of(Volume volume)
    {
        // In sections, since a volume may have more bytes than one span can hold.
        var length = volume.Shape.SectionCount * Size(volume.VoxelType);
        return OfSections(volume.Shape, volume.VoxelType, volume.VoxelSize, volume.Origin, volume.Provenance.Sections, (z, section) => volume.Bytes.Slice(z * length, length).CopyTo(section));
    }

    /// <summary>The same hash of a volume that is read section by section.</summary>
    /// <param name="shape">Number of voxels along z, y, x.</param>
    /// <param name="type">How a voxel is stored.</param>
    /// <param name="size">Voxel size, nm.</param>
    /// <param name="origin">Centre of voxel (0, 0, 0), nm.</param>
    /// <param name="layout">Where its sections lie and which were observed; null where nothing is known.</param>
    /// <param name="read">Reads section z as bytes in machine order.</param>
    public static string OfSections(Shape3 shape, VoxelType type, VoxelSize size, Position origin, SectionLayout? layout, SectionOf read)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        AppendText(hash, string.Create(System.Globalization.CultureInfo.InvariantCulture,
            $"{type} {shape} {size.Z:R},{size.Y:R},{size.X:R} {origin.Z:R},{origin.Y:R},{origin.X:R}"));

        if (layout is not null)
            AppendText(hash, $"{string.Join(',', layout.PositionsNm?.Select(p => p.ToString("R", System.Globalization.CultureInfo.InvariantCulture)) ?? [])} {string.Join(',', layout.Unobserved.Order())}");

        var bytes = new byte[shape.SectionCount * Size(type)];
        for (var z = 0; z < shape.Z; z++)
        {
            read(z, bytes);
            hash.AppendData(bytes);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Hash of a file's content; its name does not count.</summary>
    /// <exception cref="BadInputException">There is no such file.</exception>
    public static string OfFile(string path)
    {
        if (!File.Exists(path))
            throw new BadInputException($"{path}: no such file");
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, FileOptions.SequentialScan);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    /// <summary>Hash of a folder: relative names and contents of all files below it, in ordinal order; empty folders do not count.</summary>
    /// <exception cref="BadInputException">There is no such folder.</exception>
    public static string OfFolder(string path)
    {
        if (!Directory.Exists(path))
            throw new BadInputException($"{path}: no such folder");
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var files = Directory.GetFiles(path, "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(path, file).Replace(Path.DirectorySeparatorChar, '/'))
            .Order(StringComparer.Ordinal);
        foreach (var file in files)
        {
            AppendText(hash, file);
            AppendText(hash, OfFile(Path.Combine(path, file)));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Hash of a file or of a folder, whichever the path is.</summary>
    /// <exception cref="BadInputException">It is neither.</exception>
    public static string OfPath(string path) =>
        Directory.Exists(path) ? OfFolder(path) : File.Exists(path) ? OfFile(path) : throw new BadInputException($"{path}: no such file or folder");

    private static int Size(VoxelType type) => type switch { VoxelType.UInt8 => 1, VoxelType.UInt16 => 2, _ => 4 };

    private static void AppendText(IncrementalHash hash, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
        hash.AppendData(length);
        hash.AppendData(bytes);
    }
}
