using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>
/// How steep edges are along one axis compared with the truth's: the mean absolute difference of neighbouring voxels of a reconstruction
/// <c>[Z, Y, X]</c> over that of its reference. 1 is as steep; below 1 blurred; above 1 rougher than the truth, as where sections do
/// not fit each other. Noise counts as edges in both.
/// </summary>
public static class GradientRatio
{
    /// <summary>The ratio along each axis; null where the reference does not change.</summary>
    /// <param name="reconstruction">What is judged, <c>[Z, Y, X]</c>.</param>
    /// <param name="reference">The truth on the same grid.</param>
    /// <param name="region">A pair of neighbours counts where either voxel does.</param>
    /// <param name="cancellation">Stops between sections.</param>
    /// <exception cref="BadInputException">Grids or region do not fit.</exception>
    public static AxisValues<double?> Compute(Volume<float> reconstruction, Volume<float> reference, ScoredRegion region, CancellationToken cancellation = default)
    {
        VolumeChecks.RequireSameGrid(reconstruction, reference);
        VolumeChecks.RequireFits(region, reference.Shape);
        var (a, b) = (Sums(reconstruction, region, cancellation), Sums(reference, region, cancellation));
        double? Ratio(int axis) => b[axis] > 0 ? a[axis] / b[axis] : null;
        return new AxisValues<double?>(Ratio(0), Ratio(1), Ratio(2));
    }

    private static double[] Sums(Volume<float> volume, ScoredRegion region, CancellationToken cancellation)
    {
        var shape = volume.Shape;
        var sums = new double[3];
        Parallel.For(0, shape.Z, new ParallelOptions { CancellationToken = cancellation }, () => new double[3], (z, _, local) =>
        {
            for (var y = 0; y < shape.Y; y++)
            {
                var at = volume.Index(z, y, 0);
                if (z + 1 < shape.Z && (region.IsScored(z) || region.IsScored(z + 1)))
                    local[0] += Sum(volume, region, at, at + shape.SectionCount, shape.X, region.IsScored(z), region.IsScored(z + 1));
                if (!region.IsScored(z))
                    continue;
                if (y + 1 < shape.Y)
                    local[1] += Sum(volume, region, at, at + shape.X, shape.X, true, true);
                local[2] += Sum(volume, region, at, at + 1, shape.X - 1, true, true);
            }
            return local;
        }, local =>
        {
            lock (sums)
            {
                for (var axis = 0; axis < 3; axis++)
                    sums[axis] += local[axis];
            }
        });
        return sums;
    }

    /// <summary>Sum of the absolute differences of two runs of voxels; a pair counts where a voxel of it does.</summary>
    private static double Sum(Volume<float> volume, ScoredRegion region, int first, int second, int count, bool firstScored, bool secondScored)
    {
        var sum = 0.0;
        for (var i = 0; i < count; i++)
        {
            if (region.Mask is not { } mask || (firstScored && mask.Data[first + i] != 0) || (secondScored && mask.Data[second + i] != 0))
                sum += Math.Abs((double)volume.Data[first + i] - volume.Data[second + i]);
        }
        return sum;
    }
}
