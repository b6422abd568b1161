using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>How honest a method's own uncertainty is, over the scored rows.</summary>
/// <param name="Coverage90">Share of voxels whose true error lies inside the interval that should hold 90 %; 0.9 is right, less is overconfident.</param>
/// <param name="ErrorCorrelation">Pearson correlation of predicted and true absolute error; null where either is constant.</param>
public sealed record UncertaintyScore(double Coverage90, double? ErrorCorrelation)
{
    /// <summary>
    /// Half width of the 90 % interval of a normal distribution in units of its mean absolute deviation:
    /// 1.6449 sigma over sqrt(2/π) sigma.
    /// </summary>
    private const double IntervalFactor = 1.6448536269514722 / 0.79788456080286541;

    /// <summary>Scores an uncertainty volume.</summary>
    /// <param name="reconstruction">What is judged, <c>[Z, Y, X]</c>.</param>
    /// <param name="reference">The truth on the same grid.</param>
    /// <param name="uncertainty">Expected absolute error of each voxel, grey values.</param>
    /// <param name="region">Which rows count.</param>
    /// <param name="cancellation">Stops between sections.</param>
    /// <exception cref="BadInputException">Grids do not fit, or a voxel is not finite.</exception>
    public static UncertaintyScore Of(
        Volume<float> reconstruction, Volume<float> reference, Volume<float> uncertainty, ScoredRegion region, CancellationToken cancellation = default)
    {
        VolumeChecks.RequireSameGrid(reconstruction, reference);
        VolumeChecks.RequireSameGrid(uncertainty, reference);
        VolumeChecks.RequireFits(region, reference.Shape);
        VolumeChecks.RequireFinite(reconstruction, "reconstruction");
        VolumeChecks.RequireFinite(reference, "reference");
        VolumeChecks.RequireFinite(uncertainty, "uncertainty");

        // Two passes: means first, so that the correlation does not lose digits to cancellation.
        var count = (double)region.Rows.Count * reference.Shape.SectionCount;
        long inside = 0;
        double sumE = 0, sumU = 0;
        foreach (var z in region.Rows)
        {
            cancellation.ThrowIfCancellationRequested();
            var a = reconstruction.Section(z);
            var b = reference.Section(z);
            var u = uncertainty.Section(z);
            for (var i = 0; i < a.Length; i++)
            {
                var error = Math.Abs((double)a[i] - b[i]);
                sumE += error;
                sumU += u[i];
                if (error <= IntervalFactor * u[i])
                    inside++;
            }
        }
        var (meanE, meanU) = (sumE / count, sumU / count);
        double ee = 0, uu = 0, eu = 0;
        foreach (var z in region.Rows)
        {
            cancellation.ThrowIfCancellationRequested();
            var a = reconstruction.Section(z);
            var b = reference.Section(z);
            var u = uncertainty.Section(z);
            for (var i = 0; i < a.Length; i++)
            {
                var (e, d) = (Math.Abs((double)a[i] - b[i]) - meanE, u[i] - meanU);
                ee += e * e;
                uu += d * d;
                eu += e * d;
            }
        }
        return new UncertaintyScore(inside / count, ee > 0 && uu > 0 ? eu / Math.Sqrt(ee * uu) : null);
    }
}
