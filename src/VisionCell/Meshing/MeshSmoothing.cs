using VisionCell.Volumes;

namespace VisionCell.Meshing;

/// <summary>
/// Taubin's λ|μ smoothing: alternating steps towards and away from the mean of the neighbours, a low-pass filter of the surface
/// that does not shrink it. Vertices on an open border stay where they are.
/// Source: G. Taubin, "A signal processing approach to fair surface design", SIGGRAPH 1995, doi:10.1145/218380.218473.
/// </summary>
public static class MeshSmoothing
{
    /// <summary>Smooths a mesh; its triangles and colours are kept, its normals computed anew.</summary>
    /// <param name="mesh">The surface.</param>
    /// <param name="iterations">Pairs of steps. 10 removes the staircase of binary labels; 0 returns the mesh itself.</param>
    /// <param name="passBand">Spatial frequency k_PB that is kept, in Taubin's unit (0 to 2); μ = 1 / (k_PB − 1/λ).</param>
    /// <param name="lambda">Weight of the step towards the mean, above 0 and at most 1.</param>
    /// <exception cref="BadInputException">A parameter is out of range.</exception>
    public static Mesh Taubin(Mesh mesh, int iterations = 10, double passBand = 0.1, double lambda = 0.5)
    {
        if (iterations < 0 || !(lambda is > 0 and <= 1) || !(passBand > 0 && passBand < 1 / lambda))
            throw new BadInputException($"smoothing with {iterations} iterations, pass band {passBand}, lambda {lambda}: iterations must be at least 0, lambda above 0 and at most 1, the pass band above 0 and below 1/lambda");
        if (iterations == 0)
            return mesh;
        var mu = 1 / (passBand - 1 / lambda);
        var (start, neighbours, border) = Neighbours(mesh);
        var current = Array.ConvertAll(mesh.Positions, p => (double)p);
        var next = new double[current.Length];
        for (var step = 0; step < 2 * iterations; step++)
        {
            var weight = step % 2 == 0 ? lambda : mu;
            var (from, to) = (current, next);
            Parallel.For(0, mesh.VertexCount, v =>
            {
                var degree = start[v + 1] - start[v];
                for (var a = 0; a < 3; a++)
                {
                    var position = from[3 * v + a];
                    if (degree > 0 && !border[v])
                    {
                        var sum = 0.0;
                        for (var n = start[v]; n < start[v + 1]; n++)
                            sum += from[3 * neighbours[n] + a];
                        position += weight * (sum / degree - position);
                    }
                    to[3 * v + a] = position;
                }
            });
            (current, next) = (next, current);
        }
        return new Mesh(Array.ConvertAll(current, p => (float)p), mesh.Triangles, null, mesh.Colours);
    }

    private static (int[] Start, int[] Neighbours, bool[] Border) Neighbours(Mesh mesh)
    {
        var triangles = mesh.Triangles;
        var edges = new ulong[triangles.Length];
        for (var c = 0; c < triangles.Length; c++)
        {
            uint a = (uint)triangles[c], b = (uint)triangles[c % 3 == 2 ? c - 2 : c + 1];
            edges[c] = (ulong)Math.Min(a, b) << 32 | Math.Max(a, b);
        }
        Array.Sort(edges);
        var start = new int[mesh.VertexCount + 1];
        var border = new bool[mesh.VertexCount];
        for (var pass = 0; ; pass++)
        {
            var neighbours = pass == 0 ? [] : new int[start[^1]];
            var fill = pass == 0 ? [] : start[..^1];
            for (int i = 0, end; i < edges.Length; i = end)
            {
                for (end = i + 1; end < edges.Length && edges[end] == edges[i];)
                    end++;
                int a = (int)(edges[i] >> 32), b = (int)(uint)edges[i];
                if (pass == 0)
                {
                    start[a + 1]++;
                    start[b + 1]++;
                    if (end - i == 1)
                        border[a] = border[b] = true;
                    continue;
                }
                neighbours[fill[a]++] = b;
                neighbours[fill[b]++] = a;
            }
            if (pass == 1)
                return (start, neighbours, border);
            for (var v = 0; v < mesh.VertexCount; v++)
                start[v + 1] += start[v];
        }
    }
}
