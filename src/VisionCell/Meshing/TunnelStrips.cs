namespace VisionCell.Meshing;

/// <summary>
/// The triangles of a cube with a tunnel (<see cref="TrilinearTunnel"/>): each of its two loops is joined to the ring of six by a strip, other
/// loops stay disks. Seen along the tunnel's diagonal the six corners of the cube that are not on it stand around it as the hours 0, 2, 4 … 10 of
/// a clock; the ring has the same hours, a crossing the hour of its edge, and a strip goes round both by the hour. Edges of a strip run through
/// the inside of the cube to vertices of its own, so that none can be that of a neighbour.
/// </summary>
internal static class TunnelStrips
{
    private const int Hours = 12;

    /// <summary>Which two loops a tunnel of a kind joins; false where it can join none.</summary>
    public static bool TryPair(IReadOnlyList<int[]> loops, int inside, int kind, out int[] forward, out int[] backward)
    {
        (forward, backward) = ([], []);
        int low = TrilinearTunnel.Diagonal(kind), high = 7 - low;
        bool IsWithin(int corner) => (inside >> corner & 1) != 0 == TrilinearTunnel.InsideIsWithin(kind);
        // Of three loops around the diagonal the middle one is joined to that around the end whose side runs through the tunnel.
        bool IsOut(int[] loop) => loops.Count > 2 && loop.Length == 3 && !(Surrounds(loop, low) && IsWithin(low)) && !(Surrounds(loop, high) && IsWithin(high));
        foreach (var loop in loops.Where(l => !IsOut(l)))
        {
            var turns = Turns(loop, low);
            if (Math.Abs(turns) != Hours || (turns > 0 ? forward : backward).Length > 0)
                return false;
            if (turns > 0)
                forward = loop;
            else
                backward = loop;
        }
        return forward.Length > 0 && backward.Length > 0;
    }

    /// <summary>The strip between a loop and the ring; vertex <paramref name="ringStart"/> + h / 2 of the ring stands at hour h.</summary>
    public static List<int> Between(int[] loop, int kind, int ringStart)
    {
        var diagonal = TrilinearTunnel.Diagonal(kind);
        var step = Math.Sign(Turns(loop, diagonal));
        // Hours gone, and the place in the loop and in the ring, which begins at or before the loop's first hour.
        int first = Hour(loop[0], diagonal), at = 0, ring = first % 2 == 0 ? first : first - step;
        int gone = 0, ringGone = first % 2 == 0 ? 0 : -1;
        var triangles = new List<int>();
        int Ring(int hour) => ringStart + (hour % Hours + Hours) % Hours / 2;
        for (var left = 6; at < loop.Length || left > 0;)
        {
            var (here, next) = (loop[at % loop.Length], loop[(at + 1) % loop.Length]);
            var ahead = gone + step * Between(here, next, diagonal);
            if (left == 0 || (at < loop.Length && ahead <= ringGone + 2))
            {
                triangles.AddRange([here, next, Ring(ring)]);
                (at, gone) = (at + 1, ahead);
            }
            else
            {
                triangles.AddRange([here, Ring(ring + 2 * step), Ring(ring)]);
                (ring, ringGone, left) = (ring + 2 * step, ringGone + 2, left - 1);
            }
        }
        return triangles;
    }

    /// <summary>The corner of the cube, and of the ring, at an even hour.</summary>
    public static int Corner(int hour, int diagonal) => diagonal ^ (hour / 2 % 6) switch { 0 => 1, 1 => 3, 2 => 2, 3 => 6, 4 => 4, _ => 5 };

    private static bool Surrounds(int[] loop, int corner) => loop.All(e => CubeCases.EdgeCorners[e].A == corner || CubeCases.EdgeCorners[e].B == corner);

    private static int Turns(int[] loop, int diagonal) => Enumerable.Range(0, loop.Length).Sum(i => Between(loop[i], loop[(i + 1) % loop.Length], diagonal));

    /// <summary>Hours from one crossing to the next, −6 to 5.</summary>
    private static int Between(int from, int to, int diagonal) => (Hour(to, diagonal) - Hour(from, diagonal) + Hours + 6) % Hours - 6;

    private static int Hour(int edge, int diagonal)
    {
        var (a, b) = CubeCases.EdgeCorners[edge];
        if (a == diagonal || a == 7 - diagonal)
            return Hour(b);
        if (b == diagonal || b == 7 - diagonal)
            return Hour(a);
        var (first, second) = (Hour(a), Hour(b));
        return Math.Abs(first - second) == 2 ? (first + second) / 2 : Hours - 1; // between hours 10 and 0
        int Hour(int corner) => Enumerable.Range(0, 6).Select(i => 2 * i).First(h => Corner(h, diagonal) == corner);
    }
}
