using VisionCell.Volumes;

namespace VisionCell.Meshing;

/// <summary>How far and how a mesh is simplified.</summary>
/// <param name="BorderWeight">Weight of the planes that hold open borders in place, relative to the surface. 100 keeps the cut faces of a volume straight.</param>
/// <param name="MinimumTurn">Least cosine between the normal of a triangle before and after a collapse; 0.2 (78°) forbids folds.</param>
public sealed record MeshDecimationOptions(double BorderWeight = 100, double MinimumTurn = 0.2);

/// <summary>
/// Simplification by edge collapses in the order of how far the surface moves. Each vertex carries the sum of squared distances to the planes
/// of its triangles, weighted by area, which says where the merged vertex belongs and, by their mean, at least how far the surface moves; how far
/// it does is measured when an edge is due: between the vertices of the surface as it was, each kept beside the triangle that it is nearest
/// to, and the triangles as they would be, and of the merged vertex from the surface as it was. An edge that turns out dearer waits for its turn. So
/// no vertex of either is farther from the other than the last collapse cost. A collapse that would change the topology (link condition)
/// or fold a triangle over is not made, so a closed manifold stays one of the same genus, and the budget is missed where nothing more can go.
/// Sources: M. Garland, P. Heckbert, SIGGRAPH 1997, doi:10.1145/258734.258849; link condition: T. Dey, H. Edelsbrunner et al.,
/// "Topology preserving edge contraction", Publ. Inst. Math. 66 (1999); distances while collapsing: R. Klein, G. Liebich, W. Straßer,
/// "Mesh reduction with error control", IEEE Visualization 1996.
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
    /// <param name="maxErrorNm">How far a vertex of the surface may lie from the simplified one, and one of that from the surface, nm; null for no limit.</param>
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
}
