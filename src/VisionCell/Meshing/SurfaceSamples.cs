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
    private readonly List<int> _moving = [];

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

    /// <summary>The squared distance of a place from the surface as it was, or more: from the triangles around the nearest of the points on some triangles.</summary>
    /// <param name="triangles">Where to look.</param>
    /// <param name="place">A place.</param>
    /// <param name="enough">The search ends with a distance that is no larger.</param>
    public double Off(List<int> triangles, Vector3d place, double enough)
    {
        var (nearest, vertex) = (double.PositiveInfinity, -1);
        foreach (var t in triangles)
        {
            for (var p = _first[t]; p >= 0 && nearest > enough; p = _next[p])
            {
                var away = _points[p] - place;
                var distance = away.Dot(away);
                if (distance < nearest)
                    (nearest, vertex) = (distance, p);
            }
        }
        if (vertex < 0)
            return 0;
        for (var i = _cornerStart[vertex]; i < _cornerStart[vertex + 1] && nearest > enough; i++)
        {
            var c = _corners[i];
            nearest = Math.Min(nearest, Distance(place, _points[vertex], (_points[_triangles[Mesh.NextCorner(c)]], _points[_triangles[Mesh.NextCorner(Mesh.NextCorner(c))]])));
        }
        return nearest;
    }

    /// <summary>The largest squared distance of the points on some triangles from a fan of others.</summary>
    /// <param name="triangles">Triangles that are to go.</param>
    /// <param name="apex">The vertex of the fan.</param>
    /// <param name="rim">The edges opposite to it.</param>
    /// <param name="enough">No larger one is of any interest: then 0 is returned.</param>
    /// <param name="limit">A larger one is of no interest: then anything above is returned.</param>
    public double Farthest(List<int> triangles, Vector3d apex, ReadOnlySpan<(Vector3d A, Vector3d B)> rim, double enough, double limit)
    {
        var (worst, likely) = (enough, 0);
        foreach (var t in triangles)
        {
            for (var p = _first[t]; p >= 0 && worst <= limit; p = _next[p])
            {
                // Neighbours mostly lie over the same triangle: one that is near enough ends the search.
                var nearest = Distance(_points[p], apex, rim[likely]);
                for (var i = 0; nearest > worst && i < rim.Length; i++)
                {
                    var distance = Distance(_points[p], apex, rim[i]);
                    if (distance < nearest)
                        (nearest, likely) = (distance, i);
                }
                worst = Math.Max(worst, nearest);
            }
        }
        return worst > enough ? worst : 0;
    }

    /// <summary>Moves the points of some triangles to the nearest of a fan.</summary>
    /// <param name="triangles">Triangles that go.</param>
    /// <param name="apex">The vertex of the fan.</param>
    /// <param name="rim">The edges opposite to it.</param>
    /// <param name="fan">The numbers of its triangles.</param>
    public void Move(List<int> triangles, Vector3d apex, ReadOnlySpan<(Vector3d A, Vector3d B)> rim, List<int> fan)
    {
        _moving.Clear();
        foreach (var t in triangles)
        {
            for (var p = _first[t]; p >= 0; p = _next[p])
                _moving.Add(p);
            _first[t] = -1;
        }
        foreach (var p in _moving)
        {
            var (nearest, best) = (double.PositiveInfinity, 0);
            for (var i = 0; i < rim.Length; i++)
            {
                var distance = Distance(_points[p], apex, rim[i]);
                if (distance < nearest)
                    (nearest, best) = (distance, i);
            }
            Put(p, fan[best]);
        }
    }

    private void Put(int point, int triangle) => (_next[point], _first[triangle]) = (_first[triangle], point);

    /// <summary>Squared distance of a point from the triangle of an apex and an edge.</summary>
    private static double Distance(Vector3d point, Vector3d apex, (Vector3d A, Vector3d B) edge)
    {
        Vector3d ab = edge.A - apex, ac = edge.B - apex, ap = point - apex;
        double d1 = ab.Dot(ap), d2 = ac.Dot(ap), abab = ab.Dot(ab), abac = ab.Dot(ac), acac = ac.Dot(ac);
        double d3 = d1 - abab, d4 = d2 - abac, d5 = d1 - abac, d6 = d2 - acac;
        Vector3d nearest;
        double vc = d1 * d4 - d3 * d2, vb = d5 * d2 - d1 * d6, va = d3 * d6 - d5 * d4;
        if (d1 <= 0 && d2 <= 0)
            nearest = apex;
        else if (d3 >= 0 && d4 <= d3)
            nearest = edge.A;
        else if (vc <= 0 && d1 >= 0 && d3 <= 0)
            nearest = apex + ab * (d1 / (d1 - d3));
        else if (d6 >= 0 && d5 <= d6)
            nearest = edge.B;
        else if (vb <= 0 && d2 >= 0 && d6 <= 0)
            nearest = apex + ac * (d2 / (d2 - d6));
        else if (va <= 0 && d4 >= d3 && d5 >= d6)
            nearest = edge.A + (edge.B - edge.A) * ((d4 - d3) / (d4 - d3 + (d5 - d6)));
        else
            nearest = apex + (ab * vb + ac * vc) * (1 / (va + vb + vc));
        var off = point - nearest;
        return off.Dot(off);
    }
}
