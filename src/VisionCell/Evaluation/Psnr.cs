using System.Numerics.Tensors;
using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>
/// Peak signal-to-noise ratio, 10 log10(R² / MSE), over the scored rows of volumes <c>[Z, Y, X]</c> in grey values; one mean over
/// all scored voxels, not a mean over sections. Differences and sums are taken in float64.
/// </summary>
public static class Psnr
{
    /// <summary>PSNR in dB; positive infinity where the scored voxels agree exactly.</summary>
    /// <param name="reconstruction">What is judged, <c>[Z, Y, X]</c>.</param>
    /// <param name="reference">The truth on the same grid.</param>
    /// <param name="region">Which rows count.</param>
    /// <param name="dataRange">R, grey values.</param>
    /// <param name="cancellation">Stops between sections.</param>
    /// <exception cref="BadInputException">Grids, region or range do not fit.</exception>
    public static double Compute(Volume<float> reconstruction, Volume<float> reference, ScoredRegion region, double dataRange, CancellationToken cancellation = default)
    {
        VolumeChecks.RequireRange(dataRange);
        var error = MeanSquaredError(reconstruction, reference, region, cancellation);
        return error == 0 ? double.PositiveInfinity : 10 * Math.Log10(dataRange * dataRange / error);
    }

    /// <summary>Mean squared error over the scored rows, grey values squared.</summary>
    /// <inheritdoc cref="Compute"/>
    public static double MeanSquaredError(Volume<float> reconstruction, Volume<float> reference, ScoredRegion region, CancellationToken cancellation = default)
    {
        VolumeChecks.RequireSameGrid(reconstruction, reference);
        VolumeChecks.RequireFits(region, reference.Shape);
        var sums = new double[region.Rows.Count];
        Parallel.For(0, sums.Length, new ParallelOptions { CancellationToken = cancellation }, i =>
        {
            var z = region.Rows[i];
            sums[i] = SquaredDifferences(reconstruction.Section(z), reference.Section(z));
        });
        return TensorPrimitives.Sum<double>(sums) / ((double)sums.Length * reference.Shape.SectionCount);
    }

    private static double SquaredDifferences(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        Span<double> x = stackalloc double[512];
        Span<double> y = stackalloc double[512];
        var sum = 0.0;
        for (var start = 0; start < a.Length; start += x.Length)
        {
            var count = Math.Min(x.Length, a.Length - start);
            TensorPrimitives.ConvertTruncating(a.Slice(start, count), x[..count]);
            TensorPrimitives.ConvertTruncating(b.Slice(start, count), y[..count]);
            TensorPrimitives.Subtract(x[..count], y[..count], x[..count]);
            sum += TensorPrimitives.SumOfSquares<double>(x[..count]);
        }
        return sum;
    }
}
