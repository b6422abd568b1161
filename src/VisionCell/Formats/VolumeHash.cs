using System.Globalization;
using System.Security.Cryptography;
using System.Text;

using VisionCell.Volumes;

namespace VisionCell.Formats;

/// <summary>Fingerprint of a volume for run records.</summary>
public static class VolumeHash
{
    /// <summary>
    /// SHA-256, lower-case hex, over shape, voxel type, voxel size (nm, round-trip decimal) and voxels (little-endian,
    /// <c>[Z, Y, X]</c>). Origin and provenance do not enter: the same data hash the same wherever they come from.
    /// </summary>
    public static string Sha256(Volume volume)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var (shape, size) = (volume.Shape, volume.VoxelSize);
        hash.AppendData(Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $"volume {shape.Z},{shape.Y},{shape.X} {volume.VoxelType} {size.Z:R},{size.Y:R},{size.X:R}\n")));
        for (var z = 0; z < shape.Z; z++)
            hash.AppendData(SectionBytes.Of(volume, z));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
