using System.Runtime.InteropServices;

namespace VisionCell.Meshing;

/// <summary>The work of <see cref="MeshDecimation"/>: a mesh whose edges collapse in the order of how far the surface would move.</summary>
internal sealed partial class Collapser
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
    private readonly SurfaceSamples _samples;
    private readonly List<int> _around = [];
    private readonly List<int> _stars = []; // triangles at both ends of an edge
    private readonly List<(Vector3d A, Vector3d B)> _rim = []; // what is opposite to both ends
    private readonly List<int> _fan = []; // the triangles there, which remain
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
        _samples = new SurfaceSamples(_positions, _triangles);
        _queue = new(CollectEdges());
    }

    /// <summary>Collapses edges until so many triangles are left, or until the next collapse would leave a vertex of the surface farther from it than the error.</summary>
    public Mesh Run(int target, double maxError, IProgress<double>? progress, CancellationToken cancellation)
    {
        var start = _alive;
        var limit = maxError * maxError;
        for (var step = 0; _alive > target && _queue.TryDequeue(out var entry, out var cost) && cost <= limit; step++)
        {
            if ((step & 4095) == 0)
            {
                cancellation.ThrowIfCancellationRequested();
                progress?.Report((double)(start - _alive) / (start - target));
            }
            var (u, v, stampU, stampV) = entry;
            if (_stamps[u] != stampU || _stamps[v] != stampV || !KeepsTopology(u, v))
                continue;
            Gather(u, v);
            var enough = _queue.TryPeek(out _, out var next) ? Math.Max(cost, next) : double.PositiveInfinity;
            if (!TryPlace(u, v, Math.Min(enough, limit), limit, out var point, out var moved))
                continue;
            // The cost by quadrics is a guess from below: an edge that turns out dearer waits for its turn.
            if (moved > enough)
                _queue.Enqueue(entry, moved);
            else
                Collapse(u, v, point);
        }
        return Compact();
    }

    /// <summary>Notes the triangles at both ends of an edge, and the rim around them.</summary>
    private void Gather(int u, int v)
    {
        _stars.Clear();
        _rim.Clear();
        _fan.Clear();
        foreach (var (own, other) in (ReadOnlySpan<(int, int)>)[(u, v), (v, u)])
        {
            foreach (var c in Corners(own))
            {
                var (p, q) = Others(c);
                var shared = p == other || q == other;
                if (!shared || own == u)
                    _stars.Add(c / 3);
                if (shared)
                    continue;
                _rim.Add((Point(p), Point(q)));
                _fan.Add(c / 3);
            }
        }
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
        // Planes weigh what their normals' squares sum up to, so that this is the mean squared distance from them, nm².
        // On flat parts all errors are zero: the small second term takes short edges first and keeps triangles round.
        return (best, Math.Max(0, quadric.Error(best)) / Math.Max(quadric.XX + quadric.YY + quadric.ZZ, double.Epsilon) + 1e-6 * edge);
    }

    /// <summary>
    /// Where the merged vertex folds nothing, and the squared distance between the surface as it was and as it would be there: the optimum, the
    /// middle or an end of the edge, the first that is near enough, else the nearest.
    /// </summary>
    private bool TryPlace(int u, int v, double enough, double limit, out Vector3d point, out double moved)
    {
        Vector3d a = Point(u), b = Point(v);
        var rim = CollectionsMarshal.AsSpan(_rim);
        (point, moved) = (default, double.PositiveInfinity);
        var taken = false;
        foreach (var candidate in (ReadOnlySpan<Vector3d>)[Target(u, v).Point, (a + b) * 0.5, a, b])
        {
            if (Folds(u, v, candidate) || Folds(v, u, candidate))
                continue;
            if (!taken)
                _samples.Take(_stars);
            taken = true;
            var distance = Math.Max(_samples.Off(candidate, enough), _samples.Farthest(candidate, rim, enough, moved));
            if (distance >= moved)
                continue;
            (point, moved) = (candidate, distance);
            if (moved <= enough)
                break;
        }
        return moved <= limit;
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
        _samples.Move(_stars, point, CollectionsMarshal.AsSpan(_rim), _fan);
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

    private Vector3d Cross(int t)
    {
        var a = Point(_triangles[t]);
        return (Point(_triangles[t + 1]) - a).Cross(Point(_triangles[t + 2]) - a);
    }
}
