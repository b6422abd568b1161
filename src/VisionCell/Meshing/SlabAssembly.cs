using VisionCell.Volumes;

namespace VisionCell.Meshing;

/// <summary>The surface between two sections, within the arrays of a larger one.</summary>
/// <param name="Positions"><c>[vertex, xyz]</c>, nm.</param>
/// <param name="Normals"><c>[vertex, xyz]</c>.</param>
/// <param name="Triangles"><c>[triangle, 3]</c>.</param>
/// <param name="Crossings">The vertices on edges of the grid, from the first to before the last; those in the first section come first, those in the last section last.</param>
/// <param name="Added">The vertices inside cubes.</param>
/// <param name="Corners">The triangles, as a range of their corners.</param>
/// <param name="InFirst">How many crossings lie in the first section.</param>
/// <param name="InLast">How many lie in the last.</param>
internal sealed record SurfaceSlab(
    float[] Positions, float[] Normals, int[] Triangles, (int From, int To) Crossings, (int From, int To) Added, (int From, int To) Corners, int InFirst, int InLast);

/// <summary>
/// One surface of slabs that share a section: the last of one is the first of the next. Marching cubes numbers the crossings of a
/// section row by row, whatever surrounds it, so that both slabs name the same vertices in the same order and the seam closes by
/// counting; nothing is searched and nothing has to be equal within rounding. The order is that of all slabs at once: crossings first,
/// then what lies inside cubes.
/// </summary>
internal sealed class SlabAssembly(bool withNormals)
{
    private readonly Vertices _crossings = new(withNormals);
    private readonly Vertices _added = new(withNormals);
    private readonly List<int> _triangles = []; // vertices inside cubes as the complement of their number among these
    private int[]? _open; // the crossings in the last section so far; null before the first slab

    /// <summary>Adds the surface of the next slab; after the first slab no vertices in its first section where the structure begins in it.</summary>
    /// <exception cref="BadInputException">The surface is larger than a mesh can be.</exception>
    public void Append(SurfaceSlab slab)
    {
        var open = _open ?? [];
        if (_open is not null && slab.InFirst != open.Length)
            throw new InvalidOperationException($"{slab.InFirst} vertices in the section that two slabs share, {open.Length} in the one before: the slabs do not share their section");
        var (known, added) = (_crossings.Count, _added.Count);
        var first = slab.Crossings.From;
        if (3L * (known + added + slab.Crossings.To - first + slab.Added.To - slab.Added.From) > Array.MaxLength || (long)_triangles.Count + slab.Corners.To - slab.Corners.From > Array.MaxLength)
            throw new BadInputException($"the surface has more than {Array.MaxLength / 3:N0} vertices or triangles: crop or downsample the volume, or choose another iso value");
        int Number(int vertex) => vertex >= slab.Crossings.To ? ~(added + vertex - slab.Added.From)
            : vertex < first + open.Length ? open[vertex - first] : known + vertex - first - open.Length;
        _triangles.EnsureCapacity(_triangles.Count + slab.Corners.To - slab.Corners.From);
        for (var c = slab.Corners.From; c < slab.Corners.To; c++)
            _triangles.Add(Number(slab.Triangles[c]));
        _crossings.Add(slab, first + open.Length, slab.Crossings.To);
        _added.Add(slab, slab.Added.From, slab.Added.To);
        _open = [.. Enumerable.Range(slab.Crossings.To - slab.InLast, slab.InLast).Select(Number)];
    }

    /// <summary>The whole surface; where normals were not kept, with those of its triangles.</summary>
    public Mesh ToMesh()
    {
        var inside = _crossings.Count;
        return new Mesh(
            [.. _crossings.Positions, .. _added.Positions], [.. _triangles.Select(n => n < 0 ? inside + ~n : n)],
            withNormals ? [.. _crossings.Normals, .. _added.Normals] : null);
    }

    private sealed class Vertices(bool withNormals)
    {
        public List<float> Positions { get; } = [];

        public List<float> Normals { get; } = [];

        public int Count => Positions.Count / 3;

        public void Add(SurfaceSlab slab, int from, int to)
        {
            Positions.AddRange(slab.Positions.AsSpan(3 * from, 3 * (to - from)));
            if (withNormals)
                Normals.AddRange(slab.Normals.AsSpan(3 * from, 3 * (to - from)));
        }
    }
}
