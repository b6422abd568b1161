using System.Numerics.Tensors;
using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>
/// How much fine detail a reconstruction <c>[Z, Y, X]</c> keeps: the standard deviation, over the scored voxels, of the volume less
/// its three-dimensional Gaussian blur (sigma 2 voxels, half-sample symmetric borders), divided by the same of the reference.
/// 1 is as much detail as the truth, noise included; below 1 is over-smoothed (averaging methods end near 0.6); above 1 is detail
/// that was invented. It counts detail and does not ask whether it is in the right place: read it beside PSNR and SSIM.
/// </summary>
public static class HighFrequencyRatio
{
    /// <summary>Standard deviation of the blur that is taken off, voxels: what remains is finer than about 10 voxels.</summary>
    public const double Sigma = 2;

    private const int Radius = 8; // 4 sigma, as scipy.ndimage.gaussian_filter truncates
    private static readonly double[] _weights = GaussianKernel.Create(Sigma, Radius);

    /// <summary>The ratio; null where the reference has no detail at all.</summary>
    /// <param name="reconstruction">What is judged, <c>[Z, Y, X]</c>.</param>
    /// <param name="reference">The truth on the same grid.</param>
    /// <param name="region">Which voxels count; the blur sees all.</param>
    /// <param name="cancellation">Stops between sections.</param>
    /// <exception cref="BadInputException">Grids or region do not fit.</exception>
    public static double? Compute(Volume<float> reconstruction, Volume<float> reference, ScoredRegion region, CancellationToken cancellation = default)
    {
        VolumeChecks.RequireSameGrid(reconstruction, reference);
        VolumeChecks.RequireFits(region, reference.Shape);
        var detail = Deviation(reference, region, cancellation);

        // What rounding alone leaves of a constant volume is no detail.
        var scale = Math.Max(Math.Abs((double)TensorPrimitives.Max<float>(reference.Data)), Math.Abs((double)TensorPrimitives.Min<float>(reference.Data)));
        return detail <= 1e-12 * scale ? null : Deviation(reconstruction, region, cancellation) / detail;
    }

    /// <summary>Standard deviation of the fine detail over the scored voxels, grey values.</summary>
    internal static double Deviation(Volume<float> volume, ScoredRegion region, CancellationToken cancellation)
    {
        var shape = volume.Shape;
        var sums = new double[region.Rows.Count];
        var squares = new double[region.Rows.Count];
        var counts = new double[region.Rows.Count];
        Parallel.For(0, sums.Length, new ParallelOptions { CancellationToken = cancellation }, () => new Worker(shape), (i, _, worker) =>
        {
            worker.Blur(volume, region.Rows[i]);
            var detail = worker.Blurred;
            TensorPrimitives.ConvertTruncating<float, double>(volume.Section(region.Rows[i]), worker.Section);
            TensorPrimitives.Subtract(worker.Section, detail, detail);
            counts[i] = shape.SectionCount;
            if (region.Mask is not null)
            {
                counts[i] = region.Weights(region.Rows[i], worker.Section);
                TensorPrimitives.Multiply(worker.Section, detail, detail);
            }
            sums[i] = TensorPrimitives.Sum<double>(detail);
            squares[i] = TensorPrimitives.SumOfSquares<double>(detail);
            return worker;
        }, _ => { });
        var count = TensorPrimitives.Sum<double>(counts);
        var mean = TensorPrimitives.Sum<double>(sums) / count;
        return Math.Sqrt(Math.Max(0, TensorPrimitives.Sum<double>(squares) / count - mean * mean));
    }

    /// <summary>Blurs one row of the volume at a time: down z, then y, then x.</summary>
    private sealed class Worker(Shape3 shape)
    {
        private readonly double[] _padded = new double[shape.X + 2 * Radius];

        public double[] Section { get; } = new double[shape.SectionCount];

        public double[] Blurred { get; } = new double[shape.SectionCount];

        public void Blur(Volume<float> volume, int z)
        {
            var (sizeZ, sizeY, sizeX) = volume.Shape;
            Array.Clear(Blurred);
            for (var k = -Radius; k <= Radius; k++)
            {
                TensorPrimitives.ConvertTruncating<float, double>(volume.Section(GaussianKernel.Reflect(z + k, sizeZ)), Section);
                TensorPrimitives.MultiplyAdd(Section, _weights[k + Radius], Blurred, Blurred);
            }
            Array.Clear(Section);
            for (var y = 0; y < sizeY; y++)
            {
                var target = Section.AsSpan(y * sizeX, sizeX);
                for (var k = -Radius; k <= Radius; k++)
                    TensorPrimitives.MultiplyAdd(Blurred.AsSpan(GaussianKernel.Reflect(y + k, sizeY) * sizeX, sizeX), _weights[k + Radius], target, target);
            }
            for (var y = 0; y < sizeY; y++)
            {
                var padded = _padded.AsSpan(0, sizeX + 2 * Radius);
                for (var k = 1; k <= Radius; k++)
                {
                    padded[Radius - k] = Section[y * sizeX + GaussianKernel.Reflect(-k, sizeX)];
                    padded[Radius + sizeX - 1 + k] = Section[y * sizeX + GaussianKernel.Reflect(sizeX - 1 + k, sizeX)];
                }
                Section.AsSpan(y * sizeX, sizeX).CopyTo(padded[Radius..]);
                var target = Blurred.AsSpan(y * sizeX, sizeX);
                target.Clear();
                for (var k = 0; k <= 2 * Radius; k++)
                    TensorPrimitives.MultiplyAdd(padded.Slice(k, sizeX), _weights[k], target, target);
            }
        }
    }
}
