namespace VisionCell.Meshing;

/// <content>Which collapses may be made: none that changes the topology, none that folds a triangle over.</content>
internal sealed partial class Collapser
{
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

    /// <summary>The corners of living triangles at a vertex.</summary>
    private CornerList Corners(int vertex) => new(this, _head[vertex]);

    private (int P, int Q) Others(int corner)
    {
        // One division by three, not a jump that is guessed wrongly two times in three.
        var first = corner / 3 * 3;
        var at = corner - first;
        return (_triangles[first + (at == 2 ? 0 : at + 1)], _triangles[first + (at == 0 ? 2 : at - 1)]);
    }

    private Vector3d Point(int v) => new(_positions[3 * v], _positions[3 * v + 1], _positions[3 * v + 2]);

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
