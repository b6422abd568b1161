using VisionCell.Volumes;

namespace VisionCell.Meshing;

/// <summary>Which vertices of a slab's surface lie in its first and in its last section.</summary>
/// <param name="First">Vertices 0 to First − 1 lie in the first section.</param>
/// <param name="LastStart">The first vertex of the last section.</param>
/// <param name="Last">How many lie there.</param>
internal readonly record struct SlabSeams(int First, int LastStart, int Last);

/// <summary>
/// One surface of slabs that share a section: the last of one is the first of the next. Marching cubes numbers the crossings of a
/// section row by row, whatever surrounds it, so that both slabs name the same vertices in the same order and the seam closes by
/// counting; nothing is searched and nothing has to be equal within rounding.
/// </summary>
internal sealed class SlabAssembly
{
    private readonly List<float> _positions = [];
    private readonly List<int> _triangles = [];
    private int[] _open = [];

    /// <summary>Adds the surface of the next slab; no vertices in its first section where the structure begins in it.</summary>
    public void Append(Mesh slab, SlabSeams seams)
    {
        if (seams.First != _open.Length)
            throw new InvalidOperationException($"{seams.First} vertices in the section that two slabs share, {_open.Length} in the one before: the slabs do not share their section");
        var number = new int[slab.VertexCount];
        _open.CopyTo(number, 0);
        var next = _positions.Count / 3;
        for (var v = seams.First; v < number.Length; v++)
            number[v] = next++;
        if (next > Array.MaxLength / 3)
            throw new BadInputException($"the surface has more than {Array.MaxLength / 3:N0} vertices: crop or downsample the volume");
        _positions.AddRange(slab.Positions.AsSpan(3 * seams.First));
        _triangles.EnsureCapacity(_triangles.Count + slab.Triangles.Length);
        foreach (var corner in slab.Triangles)
            _triangles.Add(number[corner]);
        _open = number[seams.LastStart..(seams.LastStart + seams.Last)];
    }

    /// <summary>The whole surface, with normals of its triangles.</summary>
    public Mesh ToMesh() => new([.. _positions], [.. _triangles]);
}
