using VisionCell.Volumes;

namespace VisionCell.Meshing;

/// <summary>How far and how a mesh is simplified.</summary>
/// <param name="BorderWeight">Weight of the planes that hold open borders in place, relative to the surface. 100 keeps the cut faces of a volume straight.</param>
/// <param name="MinimumTurn">Least cosine between the normal of a triangle before and after a collapse; 0.2 (78°) forbids folds.</param>
public sealed record MeshDecimationOptions(double BorderWeight = 100, double MinimumTurn = 0.2);

/// <summary>
/// Simplification by edge collapses in the order of their quadric error: each vertex carries the sum of squared distances to
/// the planes of its triangles, weighted by area; the edge whose merged vertex is cheapest goes first. A collapse that would
/// change the topology (link condition) or fold a triangle over is not made, so a closed manifold stays one of the same genus,
/// and the budget is missed where nothing more can go.
/// Sources: M. Garland, P. Heckbert, SIGGRAPH 1997, doi:10.1145/258734.258849; link condition: T. Dey, H. Edelsbrunner et al.,
/// "Topology preserving edge contraction", Publ. Inst. Math. 66 (1999).
/// </summary>
public static class MeshDecimation
{
    /// <summary>Simplifies a mesh to at most <paramref name="targetTriangles"/> triangles; the mesh itself when it has no more.</summary>
    /// <param name="mesh">The surface.</param>
    /// <param name="targetTriangles">Triangles that may remain, at least 4.</param>
    /// <param name="options">Treatment of borders and folds.</param>
    /// <param name="progress">Share of the work done, 0 to 1.</param>
    /// <param name="cancellation">Stops between collapses.</param>
    /// <exception cref="BadInputException">The target is below 4.</exception>
    public static Mesh Decimate(Mesh mesh, int targetTriangles, MeshDecimationOptions? options = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        if (targetTriangles < 4)
            throw new BadInputException($"decimation to {targetTriangles} triangles: at least 4 make a closed surface");
        if (mesh.TriangleCount <= targetTriangles)
            return mesh;
        return new Collapser(mesh, options ?? new MeshDecimationOptions()).Run(targetTriangles, double.PositiveInfinity, progress, cancellation);
    }

    /// <summary>Simplifies a mesh by a share of its triangles or by an error.</summary>
    /// <param name="mesh">The surface.</param>
    /// <param name="share">Share of the triangles that may remain, above 0 and at most 1; 1 leaves it to the error.</param>
    /// <param name="maxErrorNm">How far a vertex may lie from the planes of the triangles that it stands for: root mean square, weighted by area, nm; null for no limit.</param>
    /// <param name="options">Treatment of borders and folds.</param>
    /// <param name="progress">Share of the work done, 0 to 1.</param>
    /// <param name="cancellation">Stops between collapses.</param>
    /// <exception cref="BadInputException">A share or an error is out of range.</exception>
    public static Mesh Decimate(Mesh mesh, double share, double? maxErrorNm, MeshDecimationOptions? options = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        if (share is not (> 0 and <= 1))
            throw new BadInputException(FormattableString.Invariant($"decimation to a share of {share}: must be above 0 and at most 1"));
        if (maxErrorNm is { } limit && !(limit > 0 && double.IsFinite(limit)))
            throw new BadInputException(FormattableString.Invariant($"decimation with an error of {limit} nm: must be above 0"));
        if (mesh.TriangleCount <= 4 || (share == 1 && maxErrorNm is null))
            return mesh;
        var target = share < 1 ? Math.Max(4, (int)(share * mesh.TriangleCount)) : 4;
        return new Collapser(mesh, options ?? new MeshDecimationOptions()).Run(target, maxErrorNm ?? double.PositiveInfinity, progress, cancellation);
    }

    private sealed class Collapser
    {
        private readonly MeshDecimationOptions _options;
        private readonly byte[]? _colours;
        private readonly double[] _positions; // [vertex, xyz], relative to the first vertex, for precision far from the origin
        private readonly (float X, float Y, float Z) _origin;
        private readonly int[] _triangles;
        private readonly bool[] _dead; // triangles
        private readonly int[] _head, _tail, _next; // corners around each vertex, linked
        private readonly Quadric[] _quadrics;
        private readonly int[] _stamps; // raised when a vertex changes: older queue entries are void
        private readonly int[] _marks;
        private readonly PriorityQueue<(int U, int V, int StampU, int StampV), double> _queue;
        private readonly List<int> _around = [];
        private int _mark;
        private int _alive;

        public Collapser(Mesh mesh, MeshDecimationOptions options)
        {
            _options = options;
            var vertices = mesh.VertexCount;
            _triangles = (int[])mesh.Triangles.Clone();
            _colours = (byte[]?)mesh.Colours?.Clone();
            _alive = mesh.TriangleCount;
            _dead = new bool[mesh.TriangleCount];
            _origin = (mesh.Positions[0], mesh.Positions[1], mesh.Positions[2]);
            _positions = new double[mesh.Positions.Length];
            for (var i = 0; i < _positions.Length; i += 3)
                (_positions[i], _positions[i + 1], _positions[i + 2]) = ((double)mesh.Positions[i] - _origin.X, (double)mesh.Positions[i + 1] - _origin.Y, (double)mesh.Positions[i + 2] - _origin.Z);
            _head = new int[vertices];
            _tail = new int[vertices];
            _next = new int[_triangles.Length];
            _quadrics = new Quadric[vertices];
            _stamps = new int[vertices];
            _marks = new int[vertices];
            Array.Fill(_head, -1);
            for (var c = 0; c < _triangles.Length; c++)
                Append(_triangles[c], c);

            for (var t = 0; t < _triangles.Length; t += 3)
            {
                var plane = Quadric.OfTriangle(Point(_triangles[t]), Point(_triangles[t + 1]), Point(_triangles[t + 2]));
                for (var i = 0; i < 3; i++)
                    _quadrics[_triangles[t + i]] += plane;
            }
            _queue = new(CollectEdges());
        }

        public Mesh Run(int target, double maxError, IProgress<double>? progress, CancellationToken cancellation)
        {
            var start = _alive;
            for (var step = 0; _alive > target && _queue.TryDequeue(out var entry, out _); step++)
            {
                if ((step & 4095) == 0)
                {
                    cancellation.ThrowIfCancellationRequested();
                    progress?.Report((double)(start - _alive) / (start - target));
                }
                var (u, v, stampU, stampV) = entry;
                if (_stamps[u] != stampU || _stamps[v] != stampV)
                    continue;
                if (KeepsTopology(u, v) && TryPlace(u, v, out var point) && IsWithin(maxError, u, v, point))
                    Collapse(u, v, point);
            }
            return Compact();
        }

        /// <summary>All edges with their costs; border edges add planes that stand on the surface first.</summary>
        private ((int, int, int, int), double)[] CollectEdges()
        {
            var edges = new (int A, int B, int Corner)[_triangles.Length];
            for (var c = 0; c < edges.Length; c++)
            {
                int a = _triangles[c], b = _triangles[c % 3 == 2 ? c - 2 : c + 1];
                edges[c] = a < b ? (a, b, c) : (b, a, c);
            }
            Array.Sort(edges, (p, q) => p.A != q.A ? p.A.CompareTo(q.A) : p.B.CompareTo(q.B));
            var count = 0;
            for (int i = 0, end; i < edges.Length; i = end)
            {
                for (end = i + 1; end < edges.Length && edges[end].A == edges[i].A && edges[end].B == edges[i].B;)
                    end++;
                var (a, b, corner) = edges[i];
                edges[count++] = edges[i];
                if (end - i > 1)
                    continue;
                var t = corner / 3 * 3;
                var plane = Quadric.OfBorder(Point(a), Point(b), Cross(t), _options.BorderWeight);
                _quadrics[a] += plane;
                _quadrics[b] += plane;
            }
            var result = new ((int, int, int, int), double)[count];
            Parallel.For(0, count, i => result[i] = ((edges[i].A, edges[i].B, 0, 0), Target(edges[i].A, edges[i].B).Cost));
            return result;
        }

        private (Vector3d Point, double Cost) Target(int u, int v)
        {
            Vector3d a = Point(u), b = Point(v);
            var quadric = _quadrics[u] + _quadrics[v];
            var edge = (b - a).Dot(b - a);
            var middle = (a + b) * 0.5;
            var best = middle;
            // The optimum is unbounded along flat directions; one that leaves the neighbourhood of the edge is no use.
            if (quadric.TryMinimise(out var optimum) && (optimum - middle).Dot(optimum - middle) <= edge)
            {
                best = optimum;
            }
            else
            {
                if (quadric.Error(a) < quadric.Error(best))
                    best = a;
                if (quadric.Error(b) < quadric.Error(best))
                    best = b;
            }
            // On flat parts all errors are zero: the small second term takes short edges first and keeps triangles round.
            return (best, Math.Max(0, quadric.Error(best)) + 1e-6 * edge * edge);
        }

        /// <summary>The cheapest place that folds nothing: the optimum, else the middle or an end of the edge.</summary>
        private bool TryPlace(int u, int v, out Vector3d point)
        {
            Vector3d a = Point(u), b = Point(v);
            foreach (var candidate in (ReadOnlySpan<Vector3d>)[Target(u, v).Point, (a + b) * 0.5, a, b])
            {
                point = candidate;
                if (!Folds(u, v, point) && !Folds(v, u, point))
                    return true;
            }
            point = default;
            return false;
        }

        /// <summary>Planes weigh what their normals' squares sum up to, so that error over trace is the mean squared distance.</summary>
        private bool IsWithin(double maxError, int u, int v, Vector3d point)
        {
            if (double.IsPositiveInfinity(maxError))
                return true;
            var quadric = _quadrics[u] + _quadrics[v];
            return quadric.Error(point) <= maxError * maxError * (quadric.XX + quadric.YY + quadric.ZZ);
        }

        /// <summary>Link condition: what the ends have in common is what their shared triangles span, and no more.</summary>
        private bool KeepsTopology(int u, int v)
        {
            var mark = ++_mark;
            int shared = 0, common = 0;
            bool borderU = false, borderV = false;
            // Neighbours of u carry the mark; on a closed fan each is met twice, on a border end once.
            var parity = 0;
            foreach (var c in Corners(u))
            {
                var (p, q) = Others(c);
                if (p == v || q == v)
                    shared++;
                foreach (var n in (ReadOnlySpan<int>)[p, q])
                {
                    parity ^= n;
                    _marks[n] = mark;
                }
            }
            borderU = parity != 0;
            parity = 0;
            var seen = ++_mark;
            var opposite = -1;
            foreach (var c in Corners(v))
            {
                var (p, q) = Others(c);
                foreach (var n in (ReadOnlySpan<int>)[p, q])
                {
                    parity ^= n;
                    if (_marks[n] != mark)
                        continue;
                    _marks[n] = seen;
                    common++;
                    opposite = n;
                }
            }
            borderV = parity != 0;
            if (shared is 0 or > 2 || common != shared)
                return false;
            // Two border vertices may merge along the border alone; otherwise the surface would be pinched.
            if (borderU && borderV && shared != 1)
                return false;
            return shared == 1 ? !HasLoneTriangle(u, v) : !IsTetrahedron(u, v, opposite);
        }

        /// <summary>A lone triangle would vanish with its part of the surface.</summary>
        private bool HasLoneTriangle(int u, int v)
        {
            int aroundU = 0, aroundV = 0;
            foreach (var _ in Corners(u))
                aroundU++;
            foreach (var _ in Corners(v))
                aroundV++;
            return aroundU == 1 && aroundV == 1;
        }

        /// <summary>Both ends have a triangle over the same opposite edge: the collapse would lay these onto each other.</summary>
        private bool IsTetrahedron(int u, int v, int opposite)
        {
            foreach (var c in Corners(u))
            {
                var (p, q) = Others(c);
                if (p == v || q == v || (p != opposite && q != opposite))
                    continue;
                var other = p == opposite ? q : p;
                foreach (var d in Corners(v))
                {
                    var (r, s) = Others(d);
                    if ((r == opposite && s == other) || (s == opposite && r == other))
                        return true;
                }
            }
            return false;
        }

        /// <summary>Whether moving <paramref name="moved"/> to a point turns one of its triangles over or flattens it.</summary>
        private bool Folds(int moved, int other, Vector3d point)
        {
            foreach (var c in Corners(moved))
            {
                var (p, q) = Others(c);
                if (p == other || q == other)
                    continue;
                Vector3d a = Point(p), b = Point(q);
                var before = (a - Point(moved)).Cross(b - Point(moved));
                var after = (a - point).Cross(b - point);
                double areaBefore = before.Dot(before), areaAfter = after.Dot(after);
                // A sliver that is flat within rounding has no direction to keep, but no new one may come.
                var flat = 1e-12 * (b - a).Dot(b - a) * (b - a).Dot(b - a);
                if (areaBefore > flat && (areaAfter <= flat || before.Dot(after) < _options.MinimumTurn * Math.Sqrt(areaBefore * areaAfter)))
                    return true;
            }
            return false;
        }

        private void Collapse(int u, int v, Vector3d point)
        {
            BlendColours(u, v, point);
            (_positions[3 * u], _positions[3 * u + 1], _positions[3 * u + 2]) = (point.X, point.Y, point.Z);
            _quadrics[u] += _quadrics[v];
            foreach (var c in Corners(v))
            {
                var (p, q) = Others(c);
                if (p == u || q == u)
                {
                    _dead[c / 3] = true;
                    _alive--;
                }
            }
            foreach (var c in Corners(v))
                _triangles[c] = u;
            if (_head[v] >= 0)
            {
                _next[_tail[u]] = _head[v];
                _tail[u] = _tail[v];
                _head[v] = -1;
            }
            _stamps[u]++;
            _stamps[v] = -1;

            _around.Clear();
            var mark = ++_mark;
            _marks[u] = mark;
            foreach (var c in Corners(u))
            {
                var (p, q) = Others(c);
                foreach (var n in (ReadOnlySpan<int>)[p, q])
                {
                    if (_marks[n] == mark)
                        continue;
                    _marks[n] = mark;
                    _around.Add(n);
                }
            }
            foreach (var n in _around)
                _queue.Enqueue((u, n, _stamps[u], _stamps[n]), Target(u, n).Cost);
        }

        private void BlendColours(int u, int v, Vector3d point)
        {
            if (_colours is null)
                return;
            Vector3d a = Point(u), along = Point(v) - a;
            var t = Math.Clamp((point - a).Dot(along) / Math.Max(along.Dot(along), double.Epsilon), 0, 1);
            for (var i = 0; i < 4; i++)
                _colours[4 * u + i] = (byte)Math.Round((1 - t) * _colours[4 * u + i] + t * _colours[4 * v + i]);
        }

        private Mesh Compact()
        {
            var number = new int[_head.Length];
            Array.Fill(number, -1);
            var triangles = new List<int>(3 * _alive);
            var positions = new List<float>();
            var colours = new List<byte>();
            for (var c = 0; c < _triangles.Length; c++)
            {
                if (_dead[c / 3])
                    continue;
                var v = _triangles[c];
                if (number[v] < 0)
                {
                    number[v] = positions.Count / 3;
                    positions.AddRange([(float)(_positions[3 * v] + _origin.X), (float)(_positions[3 * v + 1] + _origin.Y), (float)(_positions[3 * v + 2] + _origin.Z)]);
                    if (_colours is not null)
                        colours.AddRange(_colours.AsSpan(4 * v, 4));
                }
                triangles.Add(number[v]);
            }
            return new Mesh([.. positions], [.. triangles], null, _colours is null ? null : [.. colours]);
        }

        private void Append(int vertex, int corner)
        {
            _next[corner] = -1;
            if (_head[vertex] < 0)
                _head[vertex] = corner;
            else
                _next[_tail[vertex]] = corner;
            _tail[vertex] = corner;
        }

        /// <summary>The corners of living triangles at a vertex.</summary>
        private CornerList Corners(int vertex) => new(this, _head[vertex]);

        private (int P, int Q) Others(int corner) => (corner % 3) switch
        {
            0 => (_triangles[corner + 1], _triangles[corner + 2]),
            1 => (_triangles[corner + 1], _triangles[corner - 1]),
            _ => (_triangles[corner - 2], _triangles[corner - 1]),
        };

        private Vector3d Point(int v) => new(_positions[3 * v], _positions[3 * v + 1], _positions[3 * v + 2]);

        private Vector3d Cross(int t)
        {
            var a = Point(_triangles[t]);
            return (Point(_triangles[t + 1]) - a).Cross(Point(_triangles[t + 2]) - a);
        }

        private readonly ref struct CornerList(Collapser owner, int head)
        {
            public Enumerator GetEnumerator() => new(owner, head);

            public ref struct Enumerator(Collapser owner, int head)
            {
                private int _following = head;

                public int Current { get; private set; } = -1;

                public bool MoveNext()
                {
                    while (_following >= 0)
                    {
                        Current = _following;
                        _following = owner._next[_following];
                        if (!owner._dead[Current / 3])
                            return true;
                    }
                    return false;
                }
            }
        }
    }
}
