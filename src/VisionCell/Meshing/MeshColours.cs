using VisionCell.Formats;

namespace VisionCell.Meshing;

/// <summary>
/// Colours of vertices by what a volume holds where they lie: uncertainty, error, labels. Quantities take viridis, which grows evenly
/// in lightness and is read with any colour vision; labels take hues a golden angle apart, so that neighbouring numbers differ.
/// Source of viridis: S. van der Walt, N. Smith, "A better default colormap for matplotlib", SciPy 2015 (sampled at nine points).
/// </summary>
public static class MeshColours
{
    // Share of the values beyond the colours at either end.
    private const double QuantityTail = 0.02;

    private static readonly (byte R, byte G, byte B)[] s_viridis =
        [(68, 1, 84), (71, 44, 122), (59, 81, 139), (44, 113, 142), (33, 144, 141), (39, 173, 129), (92, 200, 99), (170, 220, 50), (253, 231, 37)];

    /// <summary>The mesh with the colour of the voxel that each vertex lies in; beyond the volume that of the nearest voxel.</summary>
    /// <param name="mesh">A surface, nm.</param>
    /// <param name="values">Values <c>[Z, Y, X]</c> in the same space; each section is read once.</param>
    /// <param name="colour">Colour of a value, sRGB.</param>
    /// <param name="cancellation">Stops between sections.</param>
    public static Mesh Paint(Mesh mesh, SectionedVolume values, Func<float, (byte R, byte G, byte B)> colour, CancellationToken cancellation = default) =>
        Painted(mesh, Sample(mesh, values, cancellation), colour);

    /// <summary>The value of the voxel that each vertex lies in; beyond the volume that of the nearest voxel.</summary>
    /// <param name="mesh">A surface, nm.</param>
    /// <param name="values">Values <c>[Z, Y, X]</c> in the same space; each section that a vertex lies in is read once.</param>
    /// <param name="cancellation">Stops between sections.</param>
    public static float[] Sample(Mesh mesh, SectionedVolume values, CancellationToken cancellation = default)
    {
        var (shape, size, origin) = (values.Shape, values.VoxelSize, values.Origin);
        static int Voxel(double position, double start, double step, int count) => (int)Math.Clamp(Math.Round((position - start) / step), 0, count - 1);
        var (sampled, order, sections) = (new float[mesh.VertexCount], new int[mesh.VertexCount], new int[mesh.VertexCount]);
        for (var v = 0; v < order.Length; v++)
            (order[v], sections[v]) = (v, Voxel(mesh.Positions[3 * v + 2], origin.Z, size.Z, shape.Z));
        Array.Sort(sections, order);
        var section = new float[shape.SectionCount];
        for (var i = 0; i < order.Length; i++)
        {
            if (i == 0 || sections[i] != sections[i - 1])
            {
                cancellation.ThrowIfCancellationRequested();
                values.Reader.Read(sections[i], section);
            }
            var v = order[i];
            sampled[v] = section[Voxel(mesh.Positions[3 * v + 1], origin.Y, size.Y, shape.Y) * shape.X + Voxel(mesh.Positions[3 * v], origin.X, size.X, shape.X)];
        }
        return sampled;
    }

    /// <summary>Meshes coloured by a quantity, dark blue at the 2nd percentile to yellow at the 98th, and the two.</summary>
    /// <param name="meshes">Surfaces, nm.</param>
    /// <param name="values">Uncertainty or error <c>[Z, Y, X]</c> in the same space, read twice, section by section, for all meshes together.</param>
    /// <param name="cancellation">Stops between sections.</param>
    public static (Mesh[] Meshes, double Low, double High) ByQuantity(IReadOnlyList<Mesh> meshes, SectionedVolume values, CancellationToken cancellation = default)
    {
        var (low, high, _, _) = values.Limits(QuantityTail, cancellation);
        var sampled = Sample(meshes.Count == 1 ? meshes[0] : new Mesh([.. meshes.SelectMany(m => m.Positions)], []), values, cancellation);
        var (result, first) = (new Mesh[meshes.Count], 0);
        for (var m = 0; m < result.Length; first += meshes[m++].VertexCount)
            result[m] = Painted(meshes[m], sampled.AsMemory(first, meshes[m].VertexCount), Sequential(low, high));
        return (result, low, high);
    }

    private static Mesh Painted(Mesh mesh, ReadOnlyMemory<float> sampled, Func<float, (byte R, byte G, byte B)> colour)
    {
        var colours = new byte[4 * mesh.VertexCount];
        Parallel.For(0, mesh.VertexCount, v =>
        {
            (colours[4 * v], colours[4 * v + 1], colours[4 * v + 2]) = colour(sampled.Span[v]);
            colours[4 * v + 3] = 255;
        });
        return new Mesh(mesh.Positions, mesh.Triangles, mesh.Normals, colours);
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
