using System.Numerics.Tensors;
using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>The family of planes that a two-dimensional measure runs over.</summary>
public enum PlaneFamily
{
    /// <summary>Sections, <c>[Y, X]</c>, one for each scored row.</summary>
    Xy,

    /// <summary><c>[Z, X]</c>, one for each y.</summary>
    Xz,

    /// <summary><c>[Z, Y]</c>, one for each x.</summary>
    Yz,
}

/// <summary>
/// Structural similarity of planes of volumes <c>[Z, Y, X]</c>, averaged over a family of planes, in float64.
/// Source: Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error visibility to structural similarity", IEEE TIP
/// 13(4), 2004, doi:10.1109/TIP.2003.819861, equation 13: Gaussian window of 11 x 11 with sigma 1.5, K1 = 0.01, K2 = 0.03.
/// Population (not sample) covariances; the mean leaves out the map's outer 5 pixels, where the window would reach outside. Both
/// as scikit-image does in <c>structural_similarity(gaussian_weights=True, sigma=1.5, use_sample_covariance=False)</c>.
/// </summary>
public static class Ssim
{
    /// <summary>Half width of the window, pixels.</summary>
    public const int Radius = 5;

    /// <summary>Planes that one worker gathers at a time along x, where neighbours share cache lines.</summary>
    private const int Batch = 8;

    /// <summary>
    /// Mean SSIM over a family of planes. Sections: the mean over scored sections. xz and yz: the map is computed on the rows that
    /// the region names for planes, and averaged over its scored rows.
    /// </summary>
    /// <param name="reconstruction">What is judged, <c>[Z, Y, X]</c>.</param>
    /// <param name="reference">The truth on the same grid.</param>
    /// <param name="region">Which rows count.</param>
    /// <param name="dataRange">R, grey values; C1 = (0.01 R)², C2 = (0.03 R)².</param>
    /// <param name="family">Which planes.</param>
    /// <param name="cancellation">Stops between planes.</param>
    /// <returns>-1 to 1; null where the planes are smaller than the window of 11 x 11 or none of the map's rows is scored.</returns>
    /// <exception cref="BadInputException">Grids, region or range do not fit.</exception>
    public static double? Compute(
        Volume<float> reconstruction, Volume<float> reference, ScoredRegion region, double dataRange, PlaneFamily family, CancellationToken cancellation = default)
    {
        VolumeChecks.RequireSameGrid(reconstruction, reference);
        VolumeChecks.RequireFits(region, reference.Shape);
        VolumeChecks.RequireRange(dataRange);
        var (_, sizeY, sizeX) = reference.Shape;
        var height = family == PlaneFamily.Xy ? sizeY : region.PlaneRows;
        var width = family == PlaneFamily.Yz ? sizeY : sizeX;
        if (height < 2 * Radius + 1 || width < 2 * Radius + 1)
            return null;

        // Rows of the map that count; row r of the map belongs to row r + Radius of the plane.
        var counted = new List<int>();
        for (var r = 0; r < height - 2 * Radius; r++)
        {
            if (family == PlaneFamily.Xy || region.IsScored(region.FirstPlaneRow + r + Radius))
                counted.Add(r);
        }
        if (counted.Count == 0)
            return null;

        var planes = family switch { PlaneFamily.Xy => region.Rows.Count, PlaneFamily.Xz => sizeY, _ => sizeX };
        var batch = family == PlaneFamily.Yz ? Batch : 1;
        var means = new double[planes];
        var options = new ParallelOptions { CancellationToken = cancellation };
        Parallel.For(0, (planes + batch - 1) / batch, options, () => new Worker(height, width, batch, dataRange), (block, _, worker) =>
        {
            var first = block * batch;
            var count = Math.Min(batch, planes - first);
            Gather(reconstruction, region, family, first, count, worker.A);
            Gather(reference, region, family, first, count, worker.B);
            for (var p = 0; p < count; p++)
            {
                worker.Map.RowMeans(worker.A.AsSpan(p * height * width, height * width), worker.B.AsSpan(p * height * width, height * width), worker.Rows);
                var sum = 0.0;
                foreach (var r in counted)
                    sum += worker.Rows[r];
                means[first + p] = sum / counted.Count;
            }
            return worker;
        }, _ => { });
        return TensorPrimitives.Sum<double>(means) / planes;
    }

    /// <summary>Copies planes first … first + count - 1 of a family into <c>[count, height, width]</c>.</summary>
    private static void Gather(Volume<float> volume, ScoredRegion region, PlaneFamily family, int first, int count, double[] planes)
    {
        var (_, sizeY, sizeX) = volume.Shape;
        if (family == PlaneFamily.Xy)
        {
            TensorPrimitives.ConvertTruncating<float, double>(volume.Section(region.Rows[first]), planes);
            return;
        }
        for (var r = 0; r < region.PlaneRows; r++)
        {
            var z = region.FirstPlaneRow + r;
            if (family == PlaneFamily.Xz)
            {
                TensorPrimitives.ConvertTruncating<float, double>(volume.Data.AsSpan(volume.Index(z, first, 0), sizeX), planes.AsSpan(r * sizeX, sizeX));
                continue;
            }
            for (var y = 0; y < sizeY; y++)
            {
                var source = volume.Data.AsSpan(volume.Index(z, y, first), count);
                for (var p = 0; p < source.Length; p++)
                    planes[(p * region.PlaneRows + r) * sizeY + y] = source[p];
            }
        }
    }

    private sealed class Worker(int height, int width, int planes, double dataRange)
    {
        public double[] A { get; } = new double[planes * height * width];

        public double[] B { get; } = new double[planes * height * width];

        public double[] Rows { get; } = new double[height - 2 * Radius];

        public SsimMap Map { get; } = new(height, width, dataRange);
    }
}
