using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>
/// Multi-scale structural similarity of planes of volumes <c>[Z, Y, X]</c>, averaged over a family of planes, in float64: contrast and structure
/// at each of five scales, luminance at the coarsest, multiplied with the published exponents.
/// Source: Wang, Simoncelli, Bovik, "Multiscale structural similarity for image quality assessment", Asilomar 2003,
/// doi:10.1109/ACSSC.2003.1292216, equation 7. The next scale is the mean of 2 x 2 pixels, an odd last row or column dropped; a coarse pixel counts
/// where any of its four does. A mean below zero counts as zero, since exponents are broken. Five scales want planes of 176 pixels; of
/// smaller ones as many scales as fit are taken, their exponents scaled to sum to one, and compare only with the like.
/// </summary>
public static class MultiScaleSsim
{
    // Table I of the paper, finest first.
    private static readonly double[] _exponents = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];

    /// <summary>How many scales planes of that size have, 0 to 5.</summary>
    public static int Scales(int height, int width)
    {
        var scales = 0;
        for (var edge = Math.Min(height, width); scales < _exponents.Length && edge >= SsimWindow.Width; edge /= 2)
            scales++;
        return scales;
    }

    /// <summary>Mean over a family of planes.</summary>
    /// <param name="reconstruction">What is judged, <c>[Z, Y, X]</c>.</param>
    /// <param name="reference">The truth on the same grid.</param>
    /// <param name="region">Which voxels count; windows see all.</param>
    /// <param name="dataRange">R, grey values.</param>
    /// <param name="family">Which planes.</param>
    /// <param name="cancellation">Stops between planes.</param>
    /// <returns>0 to 1; null where planes are too small for two scales (22 pixels) or nothing is scored at one of them.</returns>
    /// <exception cref="BadInputException">Grids, region or range do not fit.</exception>
    public static double? Compute(
        Volume<float> reconstruction, Volume<float> reference, ScoredRegion region, double dataRange, PlaneFamily family, CancellationToken cancellation = default)
    {
        VolumeChecks.RequireSameGrid(reconstruction, reference);
        VolumeChecks.RequireFits(region, reference.Shape);
        VolumeChecks.RequireRange(dataRange);
        var set = new PlaneSet(reference.Shape, region, family);
        var scales = Scales(set.Height, set.Width);
        return scales < 2 ? null : set.Mean(reconstruction, reference, () => new Pyramid(set.Height, set.Width, scales, dataRange), (pyramid, a, b, weights) => pyramid.Measure(a, b, weights), cancellation);
    }

    /// <summary>The scales of one pair of planes.</summary>
    private sealed class Pyramid
    {
        private readonly (double[] A, double[] B, double[] Weights, int Height, int Width, SsimMap Map)[] _levels;

        public Pyramid(int height, int width, int scales, double dataRange) => _levels = [..
            from s in Enumerable.Range(0, scales)
            let h = height >> s
            let w = width >> s
            select (new double[s == 0 ? 0 : h * w], new double[s == 0 ? 0 : h * w], new double[s == 0 ? 0 : h * w], h, w, new SsimMap(h, w, dataRange))];

        public double? Measure(ReadOnlySpan<double> a, ReadOnlySpan<double> b, ReadOnlySpan<double> weights)
        {
            var (product, total) = (1.0, 0.0);
            for (var s = 0; s < _levels.Length; s++)
                total += _exponents[s];
            for (var s = 0; s < _levels.Length; s++)
            {
                var level = _levels[s];
                if (s > 0)
                {
                    var width = _levels[s - 1].Width;
                    Halve(a, width, level.A, level.Width, largest: false);
                    Halve(b, width, level.B, level.Width, largest: false);
                    Halve(weights, width, level.Weights, level.Width, largest: true);
                    a = level.A;
                    b = level.B;
                    weights = level.Weights;
                }
                var sums = level.Map.Sum(a, b, weights);
                if (sums.Weight == 0)
                    return null;
                var mean = (s == _levels.Length - 1 ? sums.Ssim : sums.Structure) / sums.Weight;
                product *= Math.Pow(Math.Max(0, mean), _exponents[s] / total);
            }
            return product;
        }

        private static void Halve(ReadOnlySpan<double> fine, int fineWidth, double[] coarse, int width, bool largest)
        {
            for (var y = 0; y < coarse.Length / width; y++)
            {
                var upper = fine.Slice(2 * y * fineWidth, fineWidth);
                var lower = fine.Slice((2 * y + 1) * fineWidth, fineWidth);
                for (var x = 0; x < width; x++)
                {
                    coarse[y * width + x] = largest
                        ? Math.Max(Math.Max(upper[2 * x], upper[2 * x + 1]), Math.Max(lower[2 * x], lower[2 * x + 1]))
                        : 0.25 * (upper[2 * x] + upper[2 * x + 1] + lower[2 * x] + lower[2 * x + 1]);
                }
            }
        }
    }
}
