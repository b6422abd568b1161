using VisionCell.Volumes;

namespace VisionCell.Augmentation;

/// <summary>
/// Flips and exchanges of axes: the 48 symmetries of the cube, of which those are drawn that map voxels to voxels of the same size. Equal
/// edges along all axes allow 48, a square pixel with another distance of sections 16, three different edges 8. Nothing is interpolated.
/// </summary>
public sealed record CubeSymmetries : GeometricAugmentation
{
    /// <inheritdoc/>
    public override SpatialStep Draw(CounterRandom random, Shape3 patch, VoxelSize size)
    {
        var allowed = Allowed(size);
        return allowed[random.Below(allowed.Count)];
    }

    /// <summary>All symmetries that a voxel size allows, the identity first.</summary>
    /// <param name="size">Voxel size, nm; edges that differ by under 0.1 % count as equal.</param>
    public static IReadOnlyList<SpatialStep> Allowed(VoxelSize size)
    {
        double[] edges = [size.Z, size.Y, size.X];
        int[][] orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        var result = new List<SpatialStep>();
        foreach (var order in orders)
        {
            if (order.Where((from, to) => Math.Abs(edges[from] - edges[to]) > 1e-3 * edges[to]).Any())
                continue;
            for (var flips = 0; flips < 8; flips++)
            {
                var matrix = new double[9];
                for (var axis = 0; axis < 3; axis++)
                    matrix[3 * axis + order[axis]] = (flips >> axis & 1) == 0 ? 1 : -1;
                result.Add(new AffineStep(matrix));
            }
        }
        return result;
    }

    /// <inheritdoc/>
    /// <remarks>Symmetries have no strength: below 1 they are drawn more rarely.</remarks>
    public override Augmentation AtStrength(double share) => this with { Probability = Math.Min(1, Probability * share) };
}
