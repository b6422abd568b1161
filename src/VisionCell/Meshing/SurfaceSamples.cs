namespace VisionCell.Meshing;

/// <summary>
/// The vertices of a surface while it is simplified, each beside the triangle that it lies nearest to: how far the surface as it was
/// is from what it has become. Each triangle holds its own, so that a collapse looks at those around its edge alone.
/// Distance of a point to a triangle: C. Ericson, Real-Time Collision Detection (2005), section 5.1.5.
/// </summary>
internal sealed class SurfaceSamples
{
    private readonly Vector3d[] _points;
    private readonly int[] _first; // by triangle; -1 for none
    private readonly int[] _next; // by point
    private readonly int[] _corners; // of the surface as it was, by vertex
    private readonly int[] _cornerStart; // by vertex
    private readonly int[] _triangles; // of the surface as it was
    private (Vector3d Point, int Number)[] _inHand = new (Vector3d, int)[256];
    private int _count;
    private Wedge[] _fan = [];

    /// <summary>Begins with every vertex on a triangle of its own.</summary>
    /// <param name="positions"><c>[vertex, xyz]</c>.</param>
    /// <param name="triangles"><c>[triangle, 3]</c>.</param>
    public SurfaceSamples(double[] positions, int[] triangles)
    {
        (_points, _first, _next) = (new Vector3d[positions.Length / 3], new int[triangles.Length / 3], new int[positions.Length / 3]);
        Array.Fill(_first, -1);
        Array.Fill(_next, -2); // not placed yet
        for (var v = 0; v < _points.Length; v++)
            _points[v] = new Vector3d(positions[3 * v], positions[3 * v + 1], positions[3 * v + 2]);
        (_triangles, _corners, _cornerStart) = ((int[])triangles.Clone(), new int[triangles.Length], new int[_points.Length + 1]);
        for (var c = 0; c < triangles.Length; c++)
        {
            if (_next[triangles[c]] == -2)
                Put(triangles[c], c / 3);
            _cornerStart[triangles[c]]++;
        }
        for (var v = 0; v < _points.Length; v++)
            _cornerStart[v + 1] += _cornerStart[v];
        for (var c = triangles.Length - 1; c >= 0; c--)
            _corners[--_cornerStart[triangles[c]]] = c;
    }

    /// <summary>Takes the points on some triangles in hand, for what follows: they lie all over the memory, and are looked at several times.</summary>
    /// <param name="triangles">Triangles around an edge.</param>
    public void Take(List<int> triangles)
    {
        _count = 0;
        foreach (var t in triangles)
        {
            for (var p = _first[t]; p >= 0; p = _next[p])
            {
                if (_count == _inHand.Length)
                    Array.Resize(ref _inHand, 2 * _count);
                _inHand[_count++] = (_points[p], p);
            }
        }
    }

    /// <summary>The squared distance of a place from the surface as it was, or more: from the triangles around the nearest of the points in hand.</summary>
    /// <param name="place">A place.</param>
    /// <param name="enough">The search ends with a distance that is no larger.</param>
    public double Off(Vector3d place, double enough)
    {
        var (nearest, vertex) = (double.PositiveInfinity, -1);
        foreach (ref readonly var p in _inHand.AsSpan(0, _count))
        {
            var away = p.Point - place;
            var distance = away.Dot(away);
            if (distance >= nearest)
                continue;
            (nearest, vertex) = (distance, p.Number);
            if (nearest <= enough)
                return nearest;
        }
        if (vertex < 0)
            return 0;
        for (var i = _cornerStart[vertex]; i < _cornerStart[vertex + 1] && nearest > enough; i++)
        {
            var c = _corners[i];
            var wedge = new Wedge(_points[vertex], _points[_triangles[Mesh.NextCorner(c)]], _points[_triangles[Mesh.NextCorner(Mesh.NextCorner(c))]]);
            nearest = Math.Min(nearest, wedge.Distance(place));
        }
        return nearest;
    }

    /// <summary>The largest squared distance of the points in hand from a fan of triangles.</summary>
    /// <param name="apex">The vertex of the fan.</param>
    /// <param name="rim">The edges opposite to it.</param>
    /// <param name="enough">No larger one is of any interest: then 0 is returned.</param>
    /// <param name="limit">A larger one is of no interest: then anything above is returned.</param>
    public double Farthest(Vector3d apex, ReadOnlySpan<(Vector3d A, Vector3d B)> rim, double enough, double limit)
    {
        var fan = Fan(apex, rim);
        var (worst, likely) = (enough, 0);
        foreach (ref readonly var p in _inHand.AsSpan(0, _count))
        {
            if (worst > limit)
                break;
            // Neighbours mostly lie over the same triangle: one that is near enough ends the search.
            var nearest = fan[likely].Distance(p.Point);
            for (var i = 0; nearest > worst && i < fan.Length; i++)
            {
                var distance = fan[i].Distance(p.Point);
                if (distance < nearest)
                    (nearest, likely) = (distance, i);
            }
            worst = Math.Max(worst, nearest);
        }
        return worst > enough ? worst : 0;
    }

    /// <summary>Moves the points in hand, which are all of some triangles, to the nearest triangles of a fan.</summary>
    /// <param name="triangles">Triangles that go.</param>
    /// <param name="apex">The vertex of the fan.</param>
    /// <param name="rim">The edges opposite to it.</param>
    /// <param name="numbers">The numbers of its triangles.</param>
    public void Move(List<int> triangles, Vector3d apex, ReadOnlySpan<(Vector3d A, Vector3d B)> rim, List<int> numbers)
    {
        foreach (var t in triangles)
            _first[t] = -1;
        var fan = Fan(apex, rim);
        foreach (ref readonly var p in _inHand.AsSpan(0, _count))
        {
            var (nearest, best) = (double.PositiveInfinity, 0);
            for (var i = 0; i < fan.Length; i++)
            {
                var distance = fan[i].Distance(p.Point);
                if (distance < nearest)
                    (nearest, best) = (distance, i);
            }
            Put(p.Number, numbers[best]);
        }
    }

    private ReadOnlySpan<Wedge> Fan(Vector3d apex, ReadOnlySpan<(Vector3d A, Vector3d B)> rim)
    {
        if (_fan.Length < rim.Length)
            _fan = new Wedge[2 * rim.Length];
        for (var i = 0; i < rim.Length; i++)
            _fan[i] = new Wedge(apex, rim[i].A, rim[i].B);
        return _fan.AsSpan(0, rim.Length);
    }

    private void Put(int point, int triangle) => (_next[point], _first[triangle]) = (_first[triangle], point);

    /// <summary>The triangle of an apex and an edge, with what every distance from it needs.</summary>
    private readonly struct Wedge
    {
        private readonly Vector3d _apex, _a, _b, _ab, _ac;
        private readonly double _abab, _abac, _acac;

        public Wedge(Vector3d apex, Vector3d a, Vector3d b)
        {
            (_apex, _a, _b, _ab, _ac) = (apex, a, b, a - apex, b - apex);
            (_abab, _abac, _acac) = (_ab.Dot(_ab), _ab.Dot(_ac), _ac.Dot(_ac));
        }

        /// <summary>Squared distance of a point.</summary>
        public double Distance(Vector3d point)
        {
            var ap = point - _apex;
            double d1 = _ab.Dot(ap), d2 = _ac.Dot(ap);
            double d3 = d1 - _abab, d4 = d2 - _abac, d5 = d1 - _abac, d6 = d2 - _acac;
            Vector3d nearest;
            double vc = d1 * d4 - d3 * d2, vb = d5 * d2 - d1 * d6, va = d3 * d6 - d5 * d4;
            if (d1 <= 0 && d2 <= 0)
                nearest = _apex;
            else if (d3 >= 0 && d4 <= d3)
                nearest = _a;
            else if (vc <= 0 && d1 >= 0 && d3 <= 0)
                nearest = _apex + _ab * (d1 / (d1 - d3));
            else if (d6 >= 0 && d5 <= d6)
                nearest = _b;
            else if (vb <= 0 && d2 >= 0 && d6 <= 0)
                nearest = _apex + _ac * (d2 / (d2 - d6));
            else if (va <= 0 && d4 >= d3 && d5 >= d6)
                nearest = _a + (_b - _a) * ((d4 - d3) / (d4 - d3 + (d5 - d6)));
            else
                nearest = _apex + (_ab * vb + _ac * vc) * (1 / (va + vb + vc));
            var off = point - nearest;
            return off.Dot(off);
        }
    }
}
