namespace VisionCell.Meshing;

/// <summary>
/// The polygons that a surface cuts out of one cube, derived instead of tabulated.
/// <para>
/// Corner c of the cube lies at x = bit 0, y = bit 1, z = bit 2. On each face the crossings of its four edges are joined by
/// directed segments with the inside on the left, seen from outside the cube; a face whose inside corners are diagonal has two
/// ways to be joined, and the asymptotic decider (a function of the four face values alone) picks one. Every crossing ends one
/// segment and starts another, so the segments close to loops that share no vertex. Each loop is filled by a disk of triangles, or two
/// of them are joined by a tube where the trilinear interpolant has a tunnel (<see cref="TrilinearTunnel"/>): with that the surface of a
/// cube has the topology of the interpolant, what the 33 cases of Chernyaev and Lewiner tabulate.
/// </para>
/// <para>
/// Why the mesh is a manifold: a segment belongs to the two cubes at its face, which agree about it, so its triangles are two.
/// A diagonal is never laid between edges of one face (the cube behind that face might lay the same), so it belongs to this
/// cube alone and its triangles are two; where no such triangulation exists the loop gets a centre vertex. Around a crossing the
/// four cubes at its grid edge have one fan each, which close to one disk.
/// </para>
/// Sources: W. Lorensen, H. Cline, SIGGRAPH 1987, doi:10.1145/37402.37422; G. Nielson, B. Hamann, "The asymptotic decider",
/// IEEE Visualization 1991, doi:10.1109/VISUAL.1991.175782.
/// </summary>
internal static class CubeCases
{
    /// <summary>In a triangle corner: vertex n of <see cref="CubeCase.Added"/> stands as AddedBase + n.</summary>
    public const int AddedBase = 12;

    /// <summary>In the place of a loop: the vertex at corner n of a tunnel's box stands as RingBase + n.</summary>
    public const int RingBase = 16;

    /// <summary>Edge e joins corners <c>EdgeCorners[e]</c>: 0–3 along x, 4–7 along y, 8–11 along z.</summary>
    public static readonly (int A, int B)[] EdgeCorners =
    [
        (0, 1), (2, 3), (4, 5), (6, 7),
        (0, 2), (1, 3), (4, 6), (5, 7),
        (0, 4), (1, 5), (2, 6), (3, 7),
    ];

    /// <summary>Corners of each face, counter-clockwise seen from outside the cube: x = 0, x = 1, y = 0, y = 1, z = 0, z = 1.</summary>
    public static readonly int[][] FaceCorners =
    [
        [0, 4, 6, 2], [1, 3, 7, 5], [0, 1, 5, 4], [2, 6, 7, 3], [0, 2, 3, 1], [4, 5, 7, 6],
    ];

    // Bit c of the configuration says whether corner c is inside.
    private static readonly byte[] s_ambiguousFaces = BuildAmbiguousFaces();
    private static readonly bool[,] s_shareFace = BuildShareFace();
    private static readonly CubeCase?[] s_cases = new CubeCase?[256 * 64];
    private static readonly CubeCase?[] s_only = BuildOnly();

    /// <summary>Bit f is set where the inside corners of face f are diagonal.</summary>
    public static int AmbiguousFaces(int inside) => s_ambiguousFaces[inside];

    /// <summary>The triangles of a configuration that no values can change; null for one with ambiguous faces or perhaps a tunnel.</summary>
    public static CubeCase? Only(int inside) => s_only[inside];

    /// <summary>The triangles of a configuration.</summary>
    /// <param name="inside">Bit c: corner c is inside.</param>
    /// <param name="joined">Bit f: the inside corners of the ambiguous face f are joined; 0 for the other faces.</param>
    public static CubeCase Get(int inside, int joined)
    {
        // Built on first use; two threads that build the same case store equal ones.
        ref var entry = ref s_cases[inside << 6 | joined];
        return entry ??= Build(inside, joined);
    }

    /// <summary>All cases as surface.cu reads them; made once.</summary>
    public static uint[] Table => s_table.Value;

    private static readonly Lazy<uint[]> s_table = new(BuildTable);

    private static uint[] BuildTable()
    {
        List<uint> table = [.. new uint[256 * 64], .. s_ambiguousFaces.Select(f => (uint)f), .. FaceCorners.SelectMany(f => f).Select(c => (uint)c)];
        for (var inside = 1; inside < 255; inside++)
        {
            for (var joined = 0; joined < 64; joined++)
            {
                if ((joined & ~s_ambiguousFaces[inside]) != 0)
                    continue;
                var cube = Get(inside, joined);
                var entry = AddEntry(table, cube);
                table[inside << 6 | joined] = entry;
                if (cube.Tunnels is null)
                    continue;
                var kinds = cube.Tunnels.Select(t => t is null ? entry : AddEntry(table, t)).ToList();
                table[(int)entry + 2] = (uint)table.Count;
                table.AddRange(kinds);
            }
        }
        return [.. table];
    }

    /// <summary>An entry: triangle corners, added vertices, where the entries by kind of tunnel are listed (0 for none), then the corners, then the vertices, each its length and edges.</summary>
    private static uint AddEntry(List<uint> table, CubeCase cube)
    {
        var start = (uint)table.Count;
        table.AddRange([(uint)cube.Triangles.Length, (uint)cube.Added.Length, 0, .. cube.Triangles.Select(c => (uint)c)]);
        foreach (var loop in cube.Added)
            table.AddRange([(uint)loop.Length, .. loop.Select(e => (uint)e)]);
        return start;
    }

    private static byte[] BuildAmbiguousFaces()
    {
        var result = new byte[256];
        for (var inside = 0; inside < 256; inside++)
        {
            for (var f = 0; f < 6; f++)
            {
                var v = Array.ConvertAll(FaceCorners[f], c => (inside >> c & 1) != 0);
                if (v[0] == v[2] && v[1] == v[3] && v[0] != v[1])
                    result[inside] |= (byte)(1 << f);
            }
        }
        return result;
    }

    private static CubeCase?[] BuildOnly() =>
        [.. Enumerable.Range(0, 256).Select(i => s_ambiguousFaces[i] == 0 && Get(i, 0) is { Tunnels: null } cube ? cube : null)];

    private static bool[,] BuildShareFace()
    {
        var result = new bool[12, 12];
        foreach (var corners in FaceCorners)
        {
            for (var i = 0; i < 4; i++)
            {
                for (var j = 0; j < 4; j++)
                    result[Edge(corners[i], corners[(i + 1) & 3]), Edge(corners[j], corners[(j + 1) & 3])] = true;
            }
        }
        return result;
    }

    private static int Edge(int a, int b) => Array.IndexOf(EdgeCorners, (Math.Min(a, b), Math.Max(a, b)));

    private static CubeCase Build(int inside, int joined)
    {
        // 1. Segments: successor[e] is the crossing that follows e, with the inside on the left.
        var successor = new int[12];
        Array.Fill(successor, -1);
        for (var f = 0; f < 6; f++)
        {
            var corners = FaceCorners[f];
            for (var i = 0; i < 4; i++)
            {
                if ((inside >> corners[i] & 1) == 0 || (inside >> corners[(i + 1) & 3] & 1) != 0)
                    continue;
                // The boundary leaves the inside between corners i and i + 1. Going on, the next edge that enters it cuts off
                // the outside corners between them; going back, the previous one cuts off the inside corners.
                var step = (s_ambiguousFaces[inside] >> f & 1) != 0 && (joined >> f & 1) == 0 ? 3 : 1;
                var j = (i + step) & 3;
                while ((inside >> corners[j] & 1) != 0 || (inside >> corners[(j + 1) & 3] & 1) == 0)
                    j = (j + step) & 3;
                successor[Edge(corners[i], corners[(i + 1) & 3])] = Edge(corners[j], corners[(j + 1) & 3]);
            }
        }

        // 2. Loops, reversed: with the inside on the left they would wind clockwise seen from the outside of the structure.
        var loops = new List<int[]>();
        var used = new bool[12];
        for (var e = 0; e < 12; e++)
        {
            if (successor[e] < 0 || used[e])
                continue;
            var loop = new List<int>();
            for (var at = e; !used[at]; at = successor[at])
            {
                used[at] = true;
                loop.Add(at);
            }
            loop.Reverse();
            loops.Add([.. loop]);
        }

        // 3. Disks, or a tube between two of the loops.
        var tunnels = new CubeCase?[TrilinearTunnel.Kinds];
        for (var kind = 0; loops.Count > 1 && kind < tunnels.Length; kind++)
        {
            if (TunnelStrips.TryPair(loops, inside, kind, out var forward, out var backward))
                tunnels[kind] = BuildTunnel(loops, forward, backward, kind);
        }
        return Fill(loops, [], []) with { Tunnels = tunnels.All(t => t is null) ? null : tunnels };
    }

    private static CubeCase BuildTunnel(List<int[]> loops, int[] forward, int[] backward, int kind) => Fill(
        loops.Where(l => l != forward && l != backward),
        [.. TunnelStrips.Between(forward, kind, AddedBase), .. TunnelStrips.Between(backward, kind, AddedBase)],
        [.. Enumerable.Range(0, 6).Select(i => (int[])[RingBase + TunnelStrips.Corner(2 * i, TrilinearTunnel.Diagonal(kind))])]);

    /// <summary>Adds a disk for each loop.</summary>
    private static CubeCase Fill(IEnumerable<int[]> loops, List<int> triangles, List<int[]> added)
    {
        foreach (var loop in loops)
        {
            var disk = new List<int>();
            if (Triangulate(loop, 0, loop.Length - 1, disk))
            {
                triangles.AddRange(disk);
                continue;
            }
            for (var i = 0; i < loop.Length; i++)
                triangles.AddRange([loop[i], loop[(i + 1) % loop.Length], AddedBase + added.Count]);
            added.Add(loop);
        }
        return new CubeCase([.. triangles], [.. added]);
    }

    /// <summary>Fills the part of a loop between positions <paramref name="first"/> and <paramref name="last"/>; false where every way lays a diagonal into a face.</summary>
    private static bool Triangulate(int[] loop, int first, int last, List<int> triangles)
    {
        if (last - first < 2)
            return true;
        // The apexes nearest the middle come first: they give rounder triangles than a fan.
        foreach (var apex in Enumerable.Range(first + 1, last - first - 1).OrderBy(k => Math.Abs(2 * k - first - last)))
        {
            if (!IsAllowed(loop, first, apex) || !IsAllowed(loop, apex, last))
                continue;
            var mark = triangles.Count;
            triangles.AddRange([loop[first], loop[apex], loop[last]]);
            if (Triangulate(loop, first, apex, triangles) && Triangulate(loop, apex, last, triangles))
                return true;
            triangles.RemoveRange(mark, triangles.Count - mark);
        }
        return false;
    }

    private static bool IsAllowed(int[] loop, int a, int b) =>
        b - a == 1 || (a == 0 && b == loop.Length - 1) || !s_shareFace[loop[a], loop[b]];
}

/// <summary>What a surface cuts out of one cube.</summary>
/// <param name="Triangles">Corners of triangles: 0–11 is the crossing on that edge, <see cref="CubeCases.AddedBase"/> + n vertex n of <paramref name="Added"/>.</param>
/// <param name="Added">Vertices inside the cube: each the edges of the loop in whose middle it stands, or a single <see cref="CubeCases.RingBase"/> + corner of a tunnel's box.</param>
internal sealed record CubeCase(int[] Triangles, int[][] Added)
{
    /// <summary>What stands in place of this where the cube has a tunnel of that kind; null where it can have none.</summary>
    public CubeCase?[]? Tunnels { get; init; }
}
