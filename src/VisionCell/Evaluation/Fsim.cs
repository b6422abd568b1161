using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>
/// Feature similarity of sections <c>[Y, X]</c>: how well phase congruency and gradient agree, weighted by phase congruency, so that what
/// the eye takes for structure counts most. Source: Zhang, Zhang, Mou, Zhang, "FSIM: a feature similarity index for image quality
/// assessment", IEEE TIP 20(8), 2011, doi:10.1109/TIP.2011.2109730: Scharr gradient with zeros outside the image, T1 = 0.85, T2 = 160 for
/// grey values of 0 to 255, images averaged down by round(shorter edge / 256) first.
/// </summary>
public static class Fsim
{
    /// <summary>Sections that are looked at, spread evenly over the scored ones: one of 250 x 250 takes 0.09 s of a core, 70 times as long as its SSIM.</summary>
    public const int MaxSections = 32;

    private const float T1 = 0.85f;
    private const float T2 = 160f;
    private const int SmallestEdge = 16;

    /// <summary>Mean over at most <see cref="MaxSections"/> of the scored sections.</summary>
    /// <param name="reconstruction">What is judged, <c>[Z, Y, X]</c>.</param>
    /// <param name="reference">The truth on the same grid.</param>
    /// <param name="region">Which rows count.</param>
    /// <param name="dataRange">Grey values that are taken for 0 to 255.</param>
    /// <param name="cancellation">Stops between sections.</param>
    /// <returns>0 to 1; null where sections are smaller than 16 x 16 or none shows any structure.</returns>
    /// <exception cref="BadInputException">Grids, region or range do not fit.</exception>
    public static double? Compute(
        Volume<float> reconstruction, Volume<float> reference, ScoredRegion region, double dataRange, CancellationToken cancellation = default)
    {
        VolumeChecks.RequireSameGrid(reconstruction, reference);
        VolumeChecks.RequireFits(region, reference.Shape);
        VolumeChecks.RequireRange(dataRange);
        var (_, height, width) = reference.Shape;
        if (Math.Min(height, width) < SmallestEdge)
            return null;
        var factor = Math.Max(1, (int)Math.Round(Math.Min(height, width) / 256.0, MidpointRounding.AwayFromZero));
        var (smallY, smallX) = ((height + factor - 1) / factor, (width + factor - 1) / factor);
        var congruency = new PhaseCongruency(smallY, smallX);
        var count = Math.Min(MaxSections, region.Rows.Count);
        var scores = new double?[count];
        Parallel.For(0, count, new ParallelOptions { CancellationToken = cancellation }, i =>
        {
            // The middle of the i-th of as many equal parts.
            var z = region.Rows[(int)((2L * i + 1) * region.Rows.Count / (2 * count))];
            scores[i] = Similarity(
                Shrink(reconstruction.Section(z), height, width, factor, dataRange), Shrink(reference.Section(z), height, width, factor, dataRange), smallY, smallX, congruency);
        });
        return scores.Any(s => s is not null) ? scores.Average() : null;
    }

    private static double? Similarity(float[] a, float[] b, int height, int width, PhaseCongruency congruency)
    {
        var (phaseA, phaseB) = (congruency.Compute(a), congruency.Compute(b));
        var (gradientA, gradientB) = (Gradient(a, height, width), Gradient(b, height, width));
        double sum = 0, weights = 0;
        for (var i = 0; i < a.Length; i++)
        {
            var (p, q) = (phaseA[i], phaseB[i]);
            var (g, h) = (gradientA[i], gradientB[i]);
            var weight = Math.Max(p, q);
            sum += weight * ((2 * p * q + T1) / (p * p + q * q + T1)) * ((2 * g * h + T2) / (g * g + h * h + T2));
            weights += weight;
        }
        return weights > 0 ? sum / weights : null;
    }

    /// <summary>Length of the Scharr gradient; pixels outside the image are zero.</summary>
    private static float[] Gradient(float[] image, int height, int width)
    {
        var result = new float[image.Length];
        float At(int y, int x) => y >= 0 && y < height && x >= 0 && x < width ? image[y * width + x] : 0;
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var alongX = (3 * (At(y - 1, x + 1) - At(y - 1, x - 1)) + 10 * (At(y, x + 1) - At(y, x - 1)) + 3 * (At(y + 1, x + 1) - At(y + 1, x - 1))) / 16;
                var alongY = (3 * (At(y + 1, x - 1) - At(y - 1, x - 1)) + 10 * (At(y + 1, x) - At(y - 1, x)) + 3 * (At(y + 1, x + 1) - At(y - 1, x + 1))) / 16;
                result[y * width + x] = MathF.Sqrt(alongX * alongX + alongY * alongY);
            }
        }
        return result;
    }

    /// <summary>Grey values scaled to 0 to 255, means of factor x factor pixels, every factor-th of them; zeros outside count in, as published.</summary>
    private static float[] Shrink(ReadOnlySpan<float> section, int height, int width, int factor, double dataRange)
    {
        var (smallY, smallX) = ((height + factor - 1) / factor, (width + factor - 1) / factor);
        var result = new float[smallY * smallX];
        var before = (factor - 1) / 2;
        for (var y = 0; y < smallY; y++)
        {
            for (var x = 0; x < smallX; x++)
            {
                var sum = 0.0;
                for (var v = Math.Max(0, y * factor - before); v < Math.Min(height, y * factor - before + factor); v++)
                {
                    for (var u = Math.Max(0, x * factor - before); u < Math.Min(width, x * factor - before + factor); u++)
                        sum += section[v * width + u];
                }
                result[y * smallX + x] = (float)(sum / (factor * factor) * 255 / dataRange);
            }
        }
        return result;
    }
}
