namespace VisionCell.Preprocessing;

/// <summary>
/// What local matches between two sections ask of their displacement fields: that the field of <c>To</c> minus that of <c>From</c> be the target (Y, X), at every node with
/// a weight that is a symmetric matrix, since a place with one straight membrane says where it lies across it and nothing of where along it.
/// </summary>
internal sealed record ElasticLink(int From, int To, float[] YY, float[] YX, float[] XX, float[] Y, float[] X)
{
    /// <summary>A link that asks nothing.</summary>
    public static ElasticLink Empty(int from, int to, int nodes) => new(from, to, new float[nodes], new float[nodes], new float[nodes], new float[nodes], new float[nodes]);

    /// <summary>Mean weight over the directions at a node.</summary>
    public float Weight(int node) => 0.5f * (YY[node] + XX[node]);
}

/// <summary>
/// Displacements of the nodes of a stack of meshes that fit all local matches best: minimises Σ rᵀ weight r with r = e_to - e_from - target over the
/// links, plus the bending of each mesh (squared second differences between nodes, which leave shifts, turns and shears free), a
/// little of its stretching, and a weak pull of every node to rest. The pull makes what lies further along the stack than its reach
/// irrelevant, so that a window of sections can be solved at a time. Quadratic, so that conjugate gradients find the one minimum
/// (Hestenes and Stiefel 1952, doi:10.6028/jres.049.044); the same energy, with springs of finite length, is relaxed in TrakEM2 and SOFIMA.
/// </summary>
/// <param name="rows">Rows of nodes.</param>
/// <param name="columns">Columns of nodes.</param>
/// <param name="stiffness">What bending costs against a link of weight 1.</param>
/// <param name="rest">What the pull to rest costs; it reaches sqrt(weight / rest) sections.</param>
internal sealed class ElasticMesh(int rows, int columns, double stiffness, double rest)
{
    private const double StretchShare = 0.02;
    private const int MaxIterations = 200;
    private const double Tolerance = 1e-3;

    private readonly int _nodes = rows * columns;

    /// <summary>Solves for both coordinates.</summary>
    /// <param name="y">Displacements along y of all sections that the links name; those of <paramref name="free"/> are the start and receive the solution.</param>
    /// <param name="x">The same along x.</param>
    /// <param name="free">Sections to be solved for; the others stay.</param>
    /// <param name="links">What the matches ask.</param>
    public void Solve(IReadOnlyDictionary<int, float[]> y, IReadOnlyDictionary<int, float[]> x, IReadOnlyList<int> free, IReadOnlyList<ElasticLink> links)
    {
        var index = free.Select((z, i) => (z, i)).ToDictionary(p => p.z, p => p.i);
        var half = free.Count * _nodes; // unknowns: all y, then all x
        var count = 2 * half;
        int At(int z) => index.TryGetValue(z, out var i) ? i * _nodes : -1;
        var placed = links.Select(l => (From: At(l.From), To: At(l.To), Link: l)).Where(l => l.From >= 0 || l.To >= 0).ToArray();

        // 1. Right-hand side and diagonal.
        var (right, diagonal) = (new double[count], new double[count]);
        Array.Fill(diagonal, rest + stiffness * (12 + 4 * StretchShare));
        foreach (var (from, to, link) in placed)
        {
            for (var n = 0; n < _nodes; n++)
            {
                var (yy, yx, xx) = (link.YY[n], link.YX[n], link.XX[n]);
                if (yy == 0 && xx == 0)
                    continue;
                double askY = link.Y[n], askX = link.X[n];
                if (from < 0)
                    (askY, askX) = (askY + y[link.From][n], askX + x[link.From][n]);
                if (to < 0)
                    (askY, askX) = (askY - y[link.To][n], askX - x[link.To][n]);
                var (pullY, pullX) = (yy * askY + yx * askX, yx * askY + xx * askX);
                if (to >= 0)
                {
                    right[to + n] += pullY;
                    right[half + to + n] += pullX;
                    diagonal[to + n] += yy;
                    diagonal[half + to + n] += xx;
                }
                if (from >= 0)
                {
                    right[from + n] -= pullY;
                    right[half + from + n] -= pullX;
                    diagonal[from + n] += yy;
                    diagonal[half + from + n] += xx;
                }
            }
        }

        void Multiply(double[] v, double[] result)
        {
            Parallel.For(0, 2 * free.Count, i => Bend(v.AsSpan(i * _nodes, _nodes), result.AsSpan(i * _nodes, _nodes)));
            foreach (var (from, to, link) in placed)
            {
                for (var n = 0; n < _nodes; n++)
                {
                    var dy = (to >= 0 ? v[to + n] : 0) - (from >= 0 ? v[from + n] : 0);
                    var dx = (to >= 0 ? v[half + to + n] : 0) - (from >= 0 ? v[half + from + n] : 0);
                    var (pullY, pullX) = (link.YY[n] * dy + link.YX[n] * dx, link.YX[n] * dy + link.XX[n] * dx);
                    if (to >= 0)
                    {
                        result[to + n] += pullY;
                        result[half + to + n] += pullX;
                    }
                    if (from >= 0)
                    {
                        result[from + n] -= pullY;
                        result[half + from + n] -= pullX;
                    }
                }
            }
        }

        // 2. Conjugate gradients, preconditioned by the diagonal.
        var solution = new double[count];
        for (var i = 0; i < free.Count; i++)
        {
            for (var n = 0; n < _nodes; n++)
                (solution[i * _nodes + n], solution[half + i * _nodes + n]) = (y[free[i]][n], x[free[i]][n]);
        }
        var (residual, direction, product) = (new double[count], new double[count], new double[count]);
        Multiply(solution, product);
        double rho = 0, scale = 0;
        for (var n = 0; n < count; n++)
        {
            residual[n] = right[n] - product[n];
            direction[n] = residual[n] / diagonal[n];
            rho += residual[n] * direction[n];
            scale += right[n] * right[n] / diagonal[n];
        }
        for (var iteration = 0; iteration < MaxIterations && rho > Tolerance * Tolerance * scale + 1e-12; iteration++)
        {
            Multiply(direction, product);
            var curvature = 0.0;
            for (var n = 0; n < count; n++)
                curvature += direction[n] * product[n];
            var step = rho / curvature;
            var next = 0.0;
            for (var n = 0; n < count; n++)
            {
                solution[n] += step * direction[n];
                residual[n] -= step * product[n];
                next += residual[n] * residual[n] / diagonal[n];
            }
            var share = next / rho;
            for (var n = 0; n < count; n++)
                direction[n] = residual[n] / diagonal[n] + share * direction[n];
            rho = next;
        }
        for (var i = 0; i < free.Count; i++)
        {
            for (var n = 0; n < _nodes; n++)
                (y[free[i]][n], x[free[i]][n]) = ((float)solution[i * _nodes + n], (float)solution[half + i * _nodes + n]);
        }
    }

    /// <summary>Gradient of half the energy of one mesh.</summary>
    private void Bend(ReadOnlySpan<double> v, Span<double> result)
    {
        for (var n = 0; n < _nodes; n++)
            result[n] = rest * v[n];
        var (bend, stretch) = (stiffness, stiffness * StretchShare);
        for (var r = 0; r < rows; r++)
        {
            for (var c = 0; c < columns; c++)
            {
                var n = r * columns + c;
                if (c + 1 < columns)
                    Pull(v, result, n, n + 1, stretch);
                if (r + 1 < rows)
                    Pull(v, result, n, n + columns, stretch);
                if (c > 0 && c + 1 < columns)
                    Second(v, result, n - 1, n, n + 1, bend);
                if (r > 0 && r + 1 < rows)
                    Second(v, result, n - columns, n, n + columns, bend);
                if (c + 1 < columns && r + 1 < rows)
                {
                    var twist = 2 * bend * (v[n] - v[n + 1] - v[n + columns] + v[n + columns + 1]);
                    result[n] += twist;
                    result[n + 1] -= twist;
                    result[n + columns] -= twist;
                    result[n + columns + 1] += twist;
                }
            }
        }
    }

    private static void Pull(ReadOnlySpan<double> v, Span<double> result, int a, int b, double weight)
    {
        var pull = weight * (v[b] - v[a]);
        result[b] += pull;
        result[a] -= pull;
    }

    private static void Second(ReadOnlySpan<double> v, Span<double> result, int a, int b, int c, double weight)
    {
        var bend = weight * (v[a] - 2 * v[b] + v[c]);
        result[a] += bend;
        result[b] -= 2 * bend;
        result[c] += bend;
    }
}
