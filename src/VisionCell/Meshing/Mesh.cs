using VisionCell.Volumes;

namespace VisionCell.Meshing;

/// <summary>
/// A triangle mesh. Positions are nanometres, <c>x, y, z</c> for each vertex; triangles are three vertex numbers each, wound
/// counter-clockwise seen from outside, so that normals point out of the structure.
/// </summary>
public sealed class Mesh
{
    private float[]? _normals;

    /// <summary>Wraps arrays without copying them.</summary>
    /// <param name="positions">Positions <c>[vertex, xyz]</c>, nm.</param>
    /// <param name="triangles">Vertex numbers <c>[triangle, 3]</c>.</param>
    /// <param name="normals">Unit normals <c>[vertex, xyz]</c>; null for area-weighted ones computed when first asked for.</param>
    /// <param name="colours">Colours <c>[vertex, RGBA]</c>, sRGB 0 to 255; null for none.</param>
    /// <exception cref="BadInputException">Lengths do not agree, or a triangle names a vertex that does not exist.</exception>
    public Mesh(float[] positions, int[] triangles, float[]? normals = null, byte[]? colours = null)
    {
        if (positions.Length % 3 != 0)
            throw new BadInputException($"{positions.Length} mesh coordinates: must be a multiple of 3 (x, y, z)");
        if (triangles.Length % 3 != 0)
            throw new BadInputException($"{triangles.Length} triangle corners: must be a multiple of 3");
        var vertices = positions.Length / 3;
        if (normals is not null && normals.Length != positions.Length)
            throw new BadInputException($"{normals.Length / 3} normals for {vertices} vertices");
        if (colours is not null && colours.Length != 4 * vertices)
            throw new BadInputException($"{colours.Length} colour bytes for {vertices} vertices: must be 4 each (RGBA)");
        foreach (var corner in triangles)
        {
            if ((uint)corner >= (uint)vertices)
                throw new BadInputException($"a triangle names vertex {corner} of a mesh with {vertices}");
        }
        Positions = positions;
        Triangles = triangles;
        Colours = colours;
        _normals = normals;
    }

    /// <summary>Positions <c>[vertex, xyz]</c>, nm.</summary>
    public float[] Positions { get; }

    /// <summary>Vertex numbers <c>[triangle, 3]</c>.</summary>
    public int[] Triangles { get; }

    /// <summary>Unit normals <c>[vertex, xyz]</c>, pointing out of the structure.</summary>
    public float[] Normals => _normals ??= ComputeNormals(Positions, Triangles);

    /// <summary>Colours <c>[vertex, RGBA]</c>, sRGB 0 to 255, or null.</summary>
    public byte[]? Colours { get; }

    /// <summary>Number of vertices.</summary>
    public int VertexCount => Positions.Length / 3;

    /// <summary>Number of triangles.</summary>
    public int TriangleCount => Triangles.Length / 3;

    /// <summary>The smallest and largest coordinates, nm.</summary>
    public (Position Min, Position Max) Bounds
    {
        get
        {
            Span<float> low = [float.PositiveInfinity, float.PositiveInfinity, float.PositiveInfinity];
            Span<float> high = [float.NegativeInfinity, float.NegativeInfinity, float.NegativeInfinity];
            for (var i = 0; i < Positions.Length; i += 3)
            {
                for (var a = 0; a < 3; a++)
                {
                    low[a] = Math.Min(low[a], Positions[i + a]);
                    high[a] = Math.Max(high[a], Positions[i + a]);
                }
            }
            return (new Position(low[2], low[1], low[0]), new Position(high[2], high[1], high[0]));
        }
    }

    /// <summary>The same surface in one colour, sRGB.</summary>
    public Mesh WithColour(byte r, byte g, byte b)
    {
        var colours = new byte[4 * VertexCount];
        for (var i = 0; i < colours.Length; i += 4)
            (colours[i], colours[i + 1], colours[i + 2], colours[i + 3]) = (r, g, b, 255);
        return new Mesh(Positions, Triangles, Normals, colours);
    }

    /// <summary>Several meshes as one; colours are kept where all of them have some.</summary>
    public static Mesh Merge(IEnumerable<Mesh> meshes)
    {
        var all = meshes.ToList();
        var triangles = new int[all.Sum(m => (long)m.Triangles.Length)];
        int at = 0, offset = 0;
        foreach (var mesh in all)
        {
            foreach (var corner in mesh.Triangles)
                triangles[at++] = corner + offset;
            offset += mesh.VertexCount;
        }
        return new Mesh([.. all.SelectMany(m => m.Positions)], triangles, [.. all.SelectMany(m => m.Normals)],
            all.All(m => m.Colours is not null) ? [.. all.SelectMany(m => m.Colours!)] : null);
    }

    /// <summary>Surface area, nm².</summary>
    public double Area()
    {
        var sum = 0.0;
        for (var t = 0; t < Triangles.Length; t += 3)
        {
            var (x, y, z) = AreaVector(Positions, Triangles, t);
            sum += Math.Sqrt(x * x + y * y + z * z);
        }
        return sum;
    }

    /// <summary>Enclosed volume, nm³: the sum of signed tetrahedra, so it means something for closed surfaces alone.</summary>
    public double EnclosedVolume()
    {
        // Relative to the first vertex: far from the origin the terms would cancel in their leading digits.
        if (Positions.Length == 0)
            return 0;
        double ox = Positions[0], oy = Positions[1], oz = Positions[2], sum = 0;
        for (var t = 0; t < Triangles.Length; t += 3)
        {
            var (x, y, z) = AreaVector(Positions, Triangles, t);
            var a = 3 * Triangles[t];
            sum += x * (Positions[a] - ox) + y * (Positions[a + 1] - oy) + z * (Positions[a + 2] - oz);
        }
        return sum / 3;
    }

    /// <summary>Normals as the normalised sum of the area vectors of the triangles around each vertex.</summary>
    internal static float[] ComputeNormals(float[] positions, int[] triangles)
    {
        var sums = new double[positions.Length];
        for (var t = 0; t < triangles.Length; t += 3)
        {
            var (x, y, z) = AreaVector(positions, triangles, t);
            for (var i = 0; i < 3; i++)
            {
                var v = 3 * triangles[t + i];
                sums[v] += x;
                sums[v + 1] += y;
                sums[v + 2] += z;
            }
        }
        var normals = new float[positions.Length];
        for (var v = 0; v < sums.Length; v += 3)
            SetUnit(normals.AsSpan(v, 3), sums[v], sums[v + 1], sums[v + 2]);
        return normals;
    }

    /// <summary>Writes the unit vector in a direction.</summary>
    internal static void SetUnit(Span<float> normal, double x, double y, double z)
    {
        var length = Math.Sqrt(x * x + y * y + z * z);
        // An isolated vertex has no side; a unit vector keeps files valid.
        (normal[0], normal[1], normal[2]) = length > 0 ? ((float)(x / length), (float)(y / length), (float)(z / length)) : (0, 0, 1);
    }

    /// <summary>The corner after one in its triangle.</summary>
    internal static int NextCorner(int corner) => corner % 3 == 2 ? corner - 2 : corner + 1;

    /// <summary>Half the cross product of two edges: the normal times the area. <paramref name="t"/> is the first corner of the triangle.</summary>
    internal static (double X, double Y, double Z) AreaVector(float[] positions, int[] triangles, int t)
    {
        int a = 3 * triangles[t], b = 3 * triangles[t + 1], c = 3 * triangles[t + 2];
        double ux = (double)positions[b] - positions[a], uy = (double)positions[b + 1] - positions[a + 1], uz = (double)positions[b + 2] - positions[a + 2];
        double vx = (double)positions[c] - positions[a], vy = (double)positions[c + 1] - positions[a + 1], vz = (double)positions[c + 2] - positions[a + 2];
        return ((uy * vz - uz * vy) / 2, (uz * vx - ux * vz) / 2, (ux * vy - uy * vx) / 2);
    }
}
