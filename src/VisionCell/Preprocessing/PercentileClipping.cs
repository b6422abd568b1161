using System.Numerics.Tensors;
using VisionCell.Acquisition;
using VisionCell.Volumes;

namespace VisionCell.Preprocessing;

/// <summary>How outlying grey values are cut off.</summary>
public sealed record ClippingConfiguration
{
    /// <summary>Creates a configuration.</summary>
    /// <param name="low">Share of the pixels below the lower bound, percent.</param>
    /// <param name="high">Share of the pixels below the upper bound, percent.</param>
    /// <exception cref="BadInputException">A value is out of range.</exception>
    public ClippingConfiguration(double low = 0.1, double high = 99.9)
    {
        Low = low is >= 0 and < 50 ? low : throw new BadInputException($"lower percentile {low}: must be 0 to under 50");
        High = high is > 50 and <= 100 ? high : throw new BadInputException($"upper percentile {high}: must be over 50 to 100");
    }

    /// <summary>Share of the pixels below the lower bound, percent.</summary>
    public double Low { get; }

    /// <summary>Share of the pixels below the upper bound, percent.</summary>
    public double High { get; }
}

/// <summary>Bounds of grey values.</summary>
/// <param name="Low">Lower bound.</param>
/// <param name="High">Upper bound.</param>
public sealed record GreyBounds(double Low, double High);

/// <summary>
/// Clips grey values to one pair of bounds for the whole stack: the median over its good sections of each section's percentiles, after
/// normalisation, so that neither a few wild pixels nor a few wild sections set them. What is clipped cannot be undone; the bounds are recorded.
/// </summary>
public static class PercentileClipping
{
    /// <summary>Estimates the bounds.</summary>
    /// <param name="features">Of every section.</param>
    /// <param name="intensities">Gain and offset of each; null for none.</param>
    /// <param name="lost">Sections that are not used.</param>
    /// <param name="configuration">Which percentiles.</param>
    public static GreyBounds Estimate(
        IReadOnlyList<SectionFeatures> features, IReadOnlyList<SectionIntensity>? intensities, IReadOnlySet<int> lost, ClippingConfiguration configuration)
    {
        double At(double share)
        {
            var values = features.Where(f => f.HasContrast && !lost.Contains(f.Z)).Select(f =>
            {
                var value = Quantile(f, share);
                return intensities is null ? value : intensities[f.Z].Gain * value + intensities[f.Z].Offset;
            }).ToArray();
            return values.Length == 0 ? share < 0.5 ? double.NegativeInfinity : double.PositiveInfinity : Ordered.Median(values);
        }
        return new GreyBounds(At(configuration.Low / 100), At(configuration.High / 100));
    }

    /// <summary>Clips a section, in place.</summary>
    public static void Apply(Span<float> section, GreyBounds bounds) => TensorPrimitives.Clamp(section, (float)bounds.Low, (float)bounds.High, section);

    private static double Quantile(SectionFeatures section, double share)
    {
        var shares = SectionFeatures.QuantileShares;
        var i = 1;
        while (i < shares.Count - 1 && shares[i] < share)
            i++;
        var f = Math.Clamp((share - shares[i - 1]) / (shares[i] - shares[i - 1]), 0, 1);
        return section.Quantiles[i - 1] + f * (section.Quantiles[i] - section.Quantiles[i - 1]);
    }
}
