namespace VisionCell.Meshing;

/// <summary>How a mesh is connected: whether it is closed, whether every neighbourhood is a disk, and of what genus it is.</summary>
/// <param name="Vertices">Vertices that a triangle uses.</param>
/// <param name="Edges">Distinct edges.</param>
/// <param name="Triangles">Triangles.</param>
/// <param name="BoundaryEdges">Edges of one triangle alone: 0 for a closed surface.</param>
/// <param name="NonManifoldEdges">Edges of more than two triangles, or of two that are wound against each other.</param>
/// <param name="NonManifoldVertices">Vertices where several fans of triangles meet in a point.</param>
/// <param name="Components">Connected parts.</param>
public sealed record MeshTopology(
    int Vertices, int Edges, int Triangles, int BoundaryEdges, int NonManifoldEdges, int NonManifoldVertices, int Components)
{
    /// <summary>Euler characteristic V − E + F: 2 for each closed part without handles, 2 less for each handle.</summary>
    public int EulerCharacteristic => Vertices - Edges + Triangles;

    /// <summary>Closed and everywhere a surface, consistently wound.</summary>
    public bool IsWatertight => BoundaryEdges == 0 && NonManifoldEdges == 0 && NonManifoldVertices == 0;

    /// <summary>Analyses a mesh.</summary>
    public static MeshTopology Of(Mesh mesh)
    {
        var triangles = mesh.Triangles;
        var corners = triangles.Length;
        var keys = new ulong[corners];
        var owners = new int[corners];
        for (var c = 0; c < corners; c++)
        {
            var a = triangles[c];
            var b = triangles[Mesh.NextCorner(c)];
            keys[c] = a < b ? ((ulong)(uint)a << 32) | (uint)b : ((ulong)(uint)b << 32) | (uint)a;
            owners[c] = c;
        }
        Array.Sort(keys, owners);

        // Corners of one vertex are united where their triangles share an edge: a vertex is a disk when one class is left.
        var fans = new DisjointSets(corners);
        var parts = new DisjointSets(mesh.VertexCount);
        int edges = 0, boundary = 0, crooked = 0;
        for (int i = 0, end; i < corners; i = end)
        {
            end = i + 1;
            while (end < corners && keys[end] == keys[i])
                end++;
            edges++;
            var first = owners[i];
            parts.Unite(triangles[first], triangles[Mesh.NextCorner(first)]);
            if (end - i == 1)
                boundary++;
            else if (end - i > 2 || triangles[first] == triangles[owners[i + 1]])
                crooked++;
            for (var j = i + 1; j < end; j++)
            {
                var other = owners[j];
                var same = triangles[first] == triangles[other];
                fans.Unite(first, same ? other : Mesh.NextCorner(other));
                fans.Unite(Mesh.NextCorner(first), same ? Mesh.NextCorner(other) : other);
            }
        }

        var fanOf = new int[mesh.VertexCount];
        Array.Fill(fanOf, -1);
        var pinched = new bool[mesh.VertexCount];
        for (var c = 0; c < corners; c++)
        {
            ref var fan = ref fanOf[triangles[c]];
            var found = fans.Find(c);
            if (fan >= 0 && fan != found)
                pinched[triangles[c]] = true;
            fan = found;
        }
        int used = 0, components = 0;
        for (var v = 0; v < fanOf.Length; v++)
        {
            if (fanOf[v] < 0)
                continue;
            used++;
            if (parts.Find(v) == v)
                components++;
        }
        return new MeshTopology(used, edges, corners / 3, boundary, crooked, pinched.Count(p => p), components);
    }

    private sealed class DisjointSets
    {
        private readonly int[] _parent;

        public DisjointSets(int count)
        {
            _parent = new int[count];
            for (var i = 0; i < count; i++)
                _parent[i] = i;
        }

        public int Find(int i)
        {
            while (_parent[i] != i)
                i = _parent[i] = _parent[_parent[i]];
            return i;
        }

        public void Unite(int a, int b)
        {
            a = Find(a);
            b = Find(b);
            if (a != b)
                _parent[Math.Max(a, b)] = Math.Min(a, b);
        }
    }
}
