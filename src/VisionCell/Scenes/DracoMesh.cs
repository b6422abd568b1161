using System.Buffers.Binary;

namespace VisionCell.Scenes;

/// <summary>
/// Triangles as a Draco bitstream, version 2.2: sequential connectivity, integer positions as wrapped differences from vertex to vertex, both without
/// entropy coding, which decoders read as any other (6 bytes a vertex at 16 bits, 2 bytes a corner up to 65,535 vertices). What Neuroglancer's
/// multiresolution meshes hold. Source: "Draco Bitstream Specification", google.github.io/draco/spec, sections 4 (header), 5 (sequential
/// connectivity), 6 (attributes), 8.4 (integer attributes) and 9.2, 9.3 (difference, wrap transform).
/// </summary>
internal static class DracoMesh
{
    private const byte TriangularMesh = 1, Sequential = 0, Uncompressed = 1;
    private const byte Position = 0, Int32 = 5, IntegerAttribute = 1;
    private const byte Difference = 0, Wrap = 1;

    /// <summary>Encodes a mesh.</summary>
    /// <param name="positions">Coordinates <c>[vertex, xyz]</c>, 0 to 65,535.</param>
    /// <param name="triangles">Vertex numbers <c>[triangle, 3]</c>.</param>
    /// <exception cref="ArgumentOutOfRangeException">A coordinate is out of range.</exception>
    public static byte[] Encode(ReadOnlySpan<int> positions, ReadOnlySpan<int> triangles)
    {
        int low = int.MaxValue, high = int.MinValue;
        foreach (var value in positions)
            (low, high) = (Math.Min(low, value), Math.Max(high, value));
        if (low < 0 || high > ushort.MaxValue)
            throw new ArgumentOutOfRangeException(nameof(positions), $"coordinates {low} to {high}: 0 to {ushort.MaxValue} are encoded");
        var vertices = positions.Length / 3;
        using var stream = new MemoryStream(2 * positions.Length + 4 * triangles.Length + 64);

        // 1. Header.
        stream.Write("DRACO"u8);
        stream.Write([2, 2, TriangularMesh, Sequential, 0, 0]);

        // 2. Connectivity: corners as they are, as wide as the number of vertices asks for.
        WriteVariable(stream, (uint)triangles.Length / 3);
        WriteVariable(stream, (uint)vertices);
        stream.WriteByte(Uncompressed);
        foreach (var corner in triangles)
        {
            if (vertices is >= 1 << 16 and < 1 << 21)
                WriteVariable(stream, (uint)corner);
            else
                WriteFixed(stream, (uint)corner, vertices < 1 << 8 ? 1 : vertices < 1 << 16 ? 2 : 4);
        }

        // 3. One decoder of one attribute: three 32-bit integers, not normalised, number 0.
        stream.WriteByte(1);
        WriteVariable(stream, 1);
        stream.Write([Position, Int32, 3, 0]);
        WriteVariable(stream, 0);
        stream.WriteByte(IntegerAttribute);

        // 4. Differences from the vertex before, wrapped into the range of the values, the sign in the lowest bit.
        stream.Write([Difference, Wrap, 0, 2]);
        var range = 1 + high - low;
        var most = range / 2;
        var least = -most;
        if (range % 2 == 0)
            most--;
        for (var i = 0; i < positions.Length; i++)
        {
            // Before the first vertex lies 0, which the decoder clamps into the range.
            var difference = positions[i] - (i < 3 ? Math.Clamp(0, low, high) : positions[i - 3]);
            difference += difference < least ? range : difference > most ? -range : 0;
            WriteFixed(stream, difference >= 0 ? (uint)difference << 1 : ((uint)-(difference + 1) << 1) | 1, 2);
        }
        WriteFixed(stream, (uint)low, 4);
        WriteFixed(stream, (uint)high, 4);
        return stream.ToArray();
    }

    /// <summary>Seven bits a byte, lowest first.</summary>
    private static void WriteVariable(MemoryStream stream, uint value)
    {
        for (; value >= 0x80; value >>= 7)
            stream.WriteByte((byte)(value | 0x80));
        stream.WriteByte((byte)value);
    }

    private static void WriteFixed(MemoryStream stream, uint value, int bytes)
    {
        Span<byte> word = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(word, value);
        stream.Write(word[..bytes]);
    }
}
