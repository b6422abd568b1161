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
    /// <param name="region">Which voxels count.</param>
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
                SectionGradient.Shrink(reconstruction.Section(z), height, width, factor, dataRange), SectionGradient.Shrink(reference.Section(z), height, width, factor, dataRange), smallY, smallX, congruency, Counted(region, z, height, width, factor));
        });
        return scores.Any(s => s is not null) ? scores.Average() : null;
    }

    /// <summary>Weights of the pixels of the section averaged down: of the one that each is centred on; null where all count.</summary>
    private static double[]? Counted(ScoredRegion region, int z, int height, int width, int factor) => region.Mask is null ? null : [..
        from y in Enumerable.Range(0, (height + factor - 1) / factor)
        from x in Enumerable.Range(0, (width + factor - 1) / factor)
        select region.IsScored(z, y * factor, x * factor) ? 1.0 : 0];

    private static double? Similarity(float[] a, float[] b, int height, int width, PhaseCongruency congruency, double[]? counted)
    {
        var (phaseA, phaseB) = (congruency.Compute(a), congruency.Compute(b));
        var (gradientA, gradientB) = (SectionGradient.Length(a, height, width, 3 / 16f, 10 / 16f), SectionGradient.Length(b, height, width, 3 / 16f, 10 / 16f));
        double sum = 0, weights = 0;
        for (var i = 0; i < a.Length; i++)
        {
            var (p, q) = (phaseA[i], phaseB[i]);
            var (g, h) = (gradientA[i], gradientB[i]);
            var weight = Math.Max(p, q) * (counted is null ? 1 : counted[i]);
            sum += weight * ((2 * p * q + T1) / (p * p + q * q + T1)) * ((2 * g * h + T2) / (g * g + h * h + T2));
            weights += weight;
        }
        return weights > 0 ? sum / weights : null;
    }
}
