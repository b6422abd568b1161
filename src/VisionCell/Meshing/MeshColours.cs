using VisionCell.Volumes;

namespace VisionCell.Meshing;

/// <summary>
/// Colours of vertices by what a volume holds where they lie: uncertainty, error, labels. Quantities take viridis, which grows evenly
/// in lightness and is read with any colour vision; labels take hues a golden angle apart, so that neighbouring numbers differ.
/// Source of viridis: S. van der Walt, N. Smith, "A better default colormap for matplotlib", SciPy 2015 (sampled at nine points).
/// </summary>
public static class MeshColours
{
    private static readonly (byte R, byte G, byte B)[] s_viridis =
        [(68, 1, 84), (71, 44, 122), (59, 81, 139), (44, 113, 142), (33, 144, 141), (39, 173, 129), (92, 200, 99), (170, 220, 50), (253, 231, 37)];

    /// <summary>The mesh with the colour of the voxel that each vertex lies in; beyond the volume that of the nearest voxel.</summary>
    /// <param name="mesh">A surface, nm.</param>
    /// <param name="values">Values <c>[Z, Y, X]</c> in the same space.</param>
    /// <param name="colour">Colour of a value, sRGB.</param>
    public static Mesh Paint(Mesh mesh, Volume<float> values, Func<float, (byte R, byte G, byte B)> colour)
    {
        var sampled = Sample(mesh, values);
        var colours = new byte[4 * mesh.VertexCount];
        Parallel.For(0, mesh.VertexCount, v =>
        {
            (colours[4 * v], colours[4 * v + 1], colours[4 * v + 2]) = colour(sampled[v]);
            colours[4 * v + 3] = 255;
        });
        return new Mesh(mesh.Positions, mesh.Triangles, mesh.Normals, colours);
    }

    /// <summary>The value of the voxel that each vertex lies in; beyond the volume that of the nearest voxel.</summary>
    /// <param name="mesh">A surface, nm.</param>
    /// <param name="values">Values <c>[Z, Y, X]</c> in the same space.</param>
    public static float[] Sample(Mesh mesh, Volume<float> values)
    {
        var (shape, size, origin) = (values.Shape, values.VoxelSize, values.Origin);
        static int Voxel(double position, double start, double step, int count) => (int)Math.Clamp(Math.Round((position - start) / step), 0, count - 1);
        var sampled = new float[mesh.VertexCount];
        Parallel.For(0, sampled.Length, v => sampled[v] = values[
            Voxel(mesh.Positions[3 * v + 2], origin.Z, size.Z, shape.Z), Voxel(mesh.Positions[3 * v + 1], origin.Y, size.Y, shape.Y), Voxel(mesh.Positions[3 * v], origin.X, size.X, shape.X)]);
        return sampled;
    }

    /// <summary>Dark blue at <paramref name="low"/> to yellow at <paramref name="high"/>; what is not a number is grey.</summary>
    public static Func<float, (byte R, byte G, byte B)> Sequential(double low, double high) => value =>
    {
        if (float.IsNaN(value))
            return (160, 160, 160);
        var at = (s_viridis.Length - 1) * (high > low ? Math.Clamp((value - low) / (high - low), 0, 1) : 0);
        var i = Math.Min((int)at, s_viridis.Length - 2);
        var ((r, g, b), (p, q, s)) = (s_viridis[i], s_viridis[i + 1]);
        byte Mix(byte from, byte to) => (byte)Math.Round(from + (at - i) * (to - from));
        return (Mix(r, p), Mix(g, q), Mix(b, s));
    };

    /// <summary>The colour of an object by its number; 0, the background, is grey.</summary>
    public static (byte R, byte G, byte B) Label(float label)
    {
        if (!(label >= 1))
            return (160, 160, 160);
        // Hue turns by the golden angle, of which no small multiple comes back near the start; lightness alternates as well.
        var hue = (label * 0.6180339887498949) % 1 * 6;
        var (saturation, value) = (0.65, (long)label % 2 == 0 ? 0.95 : 0.78);
        byte Channel(double shift)
        {
            var k = (shift + hue) % 6;
            return (byte)Math.Round(255 * (value - value * saturation * Math.Max(0, Math.Min(Math.Min(k, 4 - k), 1))));
        }
        return (Channel(5), Channel(3), Channel(1));
    }
}
