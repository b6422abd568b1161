using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using VisionCell.Volumes;

namespace VisionCell.Runs;

/// <summary>SHA-256 of what a stage reads: the same content gives the same 64 lower-case hexadecimal digits wherever it lies.</summary>
public static class ContentHash
{
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
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        AppendText(hash, string.Create(System.Globalization.CultureInfo.InvariantCulture,
            $"{volume.VoxelType} {volume.Shape} {volume.VoxelSize.Z:R},{volume.VoxelSize.Y:R},{volume.VoxelSize.X:R} {volume.Origin.Z:R},{volume.Origin.Y:R},{volume.Origin.X:R}"));

        if (volume.Provenance.Sections is { } layout)
            AppendText(hash, $"{string.Join(',', layout.PositionsNm?.Select(p => p.ToString("R", System.Globalization.CultureInfo.InvariantCulture)) ?? [])} {string.Join(',', layout.Unobserved.Order())}");

        // In sections, since a volume may have more bytes than one span can hold.
        var bytes = volume.Shape.SectionCount * (volume.VoxelType switch { VoxelType.UInt8 => 1, VoxelType.UInt16 => 2, _ => 4 });
        var all = volume.Bytes;
        for (var z = 0; z < volume.Shape.Z; z++)
            hash.AppendData(all.Slice(z * bytes, bytes));
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

    private static void AppendText(IncrementalHash hash, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
        hash.AppendData(length);
        hash.AppendData(bytes);
    }
}
