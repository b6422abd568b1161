using System.Text;
using VisionCell.Volumes;

namespace VisionCell.Scenes;

/// <summary>Volumes as NumPy arrays <c>[Z, Y, X]</c>, little endian. Source: NumPy Enhancement Proposal 1 (format 1.0).</summary>
internal static class NumpyFile
{
    /// <summary>Writes a volume.</summary>
    public static void Write(string path, Volume volume)
    {
        var kind = volume.VoxelType switch
        {
            VoxelType.UInt8 => "|u1",
            VoxelType.UInt16 => "<u2",
            _ => "<f4",
        };
        var header = $"{{'descr': '{kind}', 'fortran_order': False, 'shape': ({volume.Shape.Z}, {volume.Shape.Y}, {volume.Shape.X}), }}";
        // Magic, version, length and header fill a multiple of 64 bytes, so that the data are aligned.
        header = header.PadRight((header.Length + 11 + 63) / 64 * 64 - 11) + "\n";
        AtomicWrite.File(path, stream =>
        {
            stream.Write([0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, (byte)(header.Length >> 8)]);
            stream.Write(Encoding.ASCII.GetBytes(header));
            stream.Write(volume.Bytes);
        });
    }
}
