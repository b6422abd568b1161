using System.Numerics.Tensors;
using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>
/// Peak signal-to-noise ratio, 10 log10(R² / MSE), over the scored voxels of volumes <c>[Z, Y, X]</c> in grey values; one mean over
/// all of them, not a mean over sections. Differences and sums are taken in float64.
/// </summary>
public static class Psnr
{
    /// <summary>PSNR in dB; positive infinity where they agree exactly.</summary>
    /// <param name="reconstruction">What is judged, <c>[Z, Y, X]</c>.</param>
    /// <param name="reference">The truth on the same grid.</param>
    /// <param name="region">Which voxels count.</param>
    /// <param name="dataRange">R, grey values.</param>
    /// <param name="cancellation">Stops between sections.</param>
    /// <exception cref="BadInputException">Grids, region or range do not fit.</exception>
    public static double Compute(Volume<float> reconstruction, Volume<float> reference, ScoredRegion region, double dataRange, CancellationToken cancellation = default)
    {
        VolumeChecks.RequireRange(dataRange);
        var error = MeanSquaredError(reconstruction, reference, region, cancellation);
        return error == 0 ? double.PositiveInfinity : 10 * Math.Log10(dataRange * dataRange / error);
    }

    /// <summary>Mean squared error over the scored voxels, grey values squared.</summary>
    /// <inheritdoc cref="Compute"/>
    public static double MeanSquaredError(Volume<float> reconstruction, Volume<float> reference, ScoredRegion region, CancellationToken cancellation = default)
    {
        VolumeChecks.RequireSameGrid(reconstruction, reference);
        VolumeChecks.RequireFits(region, reference.Shape);
        var (sum, count) = Sum(reconstruction, reference, region, cancellation);
        return sum / count;
    }

    /// <summary>
    /// Root mean squared error over the root mean square of the reference, over the scored voxels; null where the reference is zero there. As
    /// scikit-image's <c>normalized_root_mse(normalization="euclidean")</c>: it depends on where grey values have their zero.
    /// </summary>
    /// <inheritdoc cref="Compute"/>
    public static double? NormalisedError(Volume<float> reconstruction, Volume<float> reference, ScoredRegion region, CancellationToken cancellation = default)
    {
        VolumeChecks.RequireSameGrid(reconstruction, reference);
        VolumeChecks.RequireFits(region, reference.Shape);
        var (error, _) = Sum(reconstruction, reference, region, cancellation);
        var (signal, _) = Sum(null, reference, region, cancellation);
        return signal > 0 ? Math.Sqrt(error / signal) : null;
    }

    /// <summary>Squared differences by block.</summary>
    /// <inheritdoc cref="Compute"/>
    public static BlockSums SquaredErrorByBlock(Volume<float> reconstruction, Volume<float> reference, ScoredRegion region, CancellationToken cancellation = default)
    {
        VolumeChecks.RequireSameGrid(reconstruction, reference);
        VolumeChecks.RequireFits(region, reference.Shape);
        var (shape, grid) = (reference.Shape, new BlockGrid(reference.Shape));
        var (sums, counts) = (new double[grid.Count], new double[grid.Count]);
        Parallel.For(0, grid.Blocks.Z, new ParallelOptions { CancellationToken = cancellation }, slab =>
        {
            for (var z = slab * BlockGrid.Edge; z < Math.Min((slab + 1) * BlockGrid.Edge, shape.Z); z++)
            {
                if (!region.IsScored(z))
                    continue;
                for (var y = 0; y < shape.Y; y++)
                {
                    for (var x = 0; x < shape.X; x += BlockGrid.Edge)
                    {
                        var (at, count, block) = (reference.Index(z, y, x), Math.Min(BlockGrid.Edge, shape.X - x), grid.Of(z, y, x));
                        var mask = region.Mask is { } m ? m.Data.AsSpan(at, count) : default;
                        sums[block] += SquaredDifferences(reconstruction.Data.AsSpan(at, count), reference.Data.AsSpan(at, count), mask);
                        counts[block] += mask.IsEmpty ? count : count - mask.Count((byte)0);
                    }
                }
            }
        });
        return new BlockSums(sums, counts);
    }

    /// <summary>Sum of squared differences, to zero where there is no reconstruction, and the number of voxels.</summary>
    private static (double Sum, double Count) Sum(Volume<float>? reconstruction, Volume<float> reference, ScoredRegion region, CancellationToken cancellation)
    {
        var (sums, counts) = (new double[region.Rows.Count], new double[region.Rows.Count]);
        Parallel.For(0, sums.Length, new ParallelOptions { CancellationToken = cancellation }, i =>
        {
            var z = region.Rows[i];
            var mask = region.Mask is { } m ? m.Section(z) : default(ReadOnlySpan<byte>);
            sums[i] = SquaredDifferences(reconstruction is null ? default : reconstruction.Section(z), reference.Section(z), mask);
            counts[i] = mask.IsEmpty ? reference.Shape.SectionCount : mask.Length - mask.Count((byte)0);
        });
        return (TensorPrimitives.Sum<double>(sums), TensorPrimitives.Sum<double>(counts));
    }

    private static double SquaredDifferences(ReadOnlySpan<float> a, ReadOnlySpan<float> b, ReadOnlySpan<byte> mask)
    {
        Span<double> x = stackalloc double[512];
        Span<double> y = stackalloc double[512];
        var sum = 0.0;
        for (var start = 0; start < b.Length; start += x.Length)
        {
            var count = Math.Min(x.Length, b.Length - start);
            TensorPrimitives.ConvertTruncating(b.Slice(start, count), x[..count]);
            if (!a.IsEmpty)
            {
                TensorPrimitives.ConvertTruncating(a.Slice(start, count), y[..count]);
                TensorPrimitives.Subtract(y[..count], x[..count], x[..count]);
            }
            if (!mask.IsEmpty)
            {
                for (var i = 0; i < count; i++)
                {
                    if (mask[start + i] == 0)
                        x[i] = 0;
                }
            }
            sum += TensorPrimitives.SumOfSquares<double>(x[..count]);
        }
        return sum;
    }
}
