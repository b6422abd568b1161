using System.Numerics.Tensors;
using VisionCell.Acquisition;
using VisionCell.Volumes;

namespace VisionCell.Preprocessing;

/// <summary>How brightness and contrast are evened out.</summary>
public sealed record NormalisationConfiguration
{
    /// <summary>Creates a configuration.</summary>
    /// <param name="maxGain">Contrast is raised or lowered by at most this factor: what is empty stays empty.</param>
    /// <exception cref="BadInputException">A value is out of range.</exception>
    public NormalisationConfiguration(double maxGain = 1.5)
    {
        MaxGain = maxGain is >= 1 and <= 10 ? maxGain : throw new BadInputException($"largest gain {maxGain}: must be 1 to 10");
    }

    /// <summary>Largest factor by which contrast is changed.</summary>
    public double MaxGain { get; }
}

/// <summary>What was done to the grey values of one section: <c>out = Gain * in + Offset</c>.</summary>
/// <param name="Z">Index of the section.</param>
/// <param name="Gain">Factor.</param>
/// <param name="Offset">Grey values added after it.</param>
public readonly record struct SectionIntensity(int Z, double Gain, double Offset);

/// <summary>
/// Takes flicker out of a stack <c>[Z, Y, X]</c>: the robust mean and deviation of each section are brought to the steady trend of the
/// stack (least curvature, by cross-validation), so that single dark or bright sections are corrected and slow changes, which may be
/// the specimen's own, stay.
/// One gain and one offset a section, recorded: the step can be undone.
/// </summary>
public static class IntensityNormalisation
{
    /// <summary>Estimates gain and offset of each section; identity for a section without contrast.</summary>
    /// <param name="stack">Sections <c>[Z, Y, X]</c>.</param>
    /// <param name="configuration">How.</param>
    /// <param name="cancellation">Stops between sections.</param>
    public static IReadOnlyList<SectionIntensity> Estimate(Volume<float> stack, NormalisationConfiguration configuration, CancellationToken cancellation = default)
    {
        var statistics = new SectionStatistics[stack.Shape.Z];
        Parallel.For(0, statistics.Length, new ParallelOptions { CancellationToken = cancellation }, z => statistics[z] = SectionStatistics.Of(stack.Section(z)));
        return Estimate(statistics, new HashSet<int>(), configuration);
    }

    /// <summary>Estimates gain and offset of each section from its statistics; identity for a section without contrast or that is lost.</summary>
    /// <param name="statistics">Of every section, in order.</param>
    /// <param name="lost">Damaged sections, which say nothing of the stack's trend.</param>
    /// <param name="configuration">How.</param>
    public static IReadOnlyList<SectionIntensity> Estimate(IReadOnlyList<SectionStatistics> statistics, IReadOnlySet<int> lost, NormalisationConfiguration configuration)
    {
        var shown = Enumerable.Range(0, statistics.Count).Where(z => statistics[z].HasContrast && !lost.Contains(z)).ToArray();
        var result = Enumerable.Range(0, statistics.Count).Select(z => new SectionIntensity(z, 1, 0)).ToArray();
        if (shown.Length < 2)
            return result;

        // Contrast is a factor: its trend is smooth in the logarithm. Sections without contrast are passed over.
        var means = SteadyTrend.Residual([.. shown.Select(z => statistics[z].Mean)]);
        var deviations = SteadyTrend.Residual([.. shown.Select(z => Math.Log(statistics[z].Deviation))]);
        for (var i = 0; i < shown.Length; i++)
        {
            var z = shown[i];
            var gain = Math.Clamp(Math.Exp(-deviations[i]), 1 / configuration.MaxGain, configuration.MaxGain);
            result[z] = new SectionIntensity(z, gain, statistics[z].Mean - means[i] - gain * statistics[z].Mean);
        }
        return result;
    }

    /// <summary>The stack with gain and offset applied; values are not clamped.</summary>
    /// <exception cref="BadInputException">Not one entry a section.</exception>
    public static Volume<float> Apply(Volume<float> stack, IReadOnlyList<SectionIntensity> intensities) => Map(stack, intensities, i => ((float)i.Gain, (float)i.Offset), "intensity normalised");

    /// <summary>Undoes <see cref="Apply"/>, up to rounding.</summary>
    /// <exception cref="BadInputException">Not one entry a section.</exception>
    public static Volume<float> Invert(Volume<float> stack, IReadOnlyList<SectionIntensity> intensities) => Map(stack, intensities, i => ((float)(1 / i.Gain), (float)(-i.Offset / i.Gain)), "intensity normalisation undone");

    private static Volume<float> Map(Volume<float> stack, IReadOnlyList<SectionIntensity> intensities, Func<SectionIntensity, (float Gain, float Offset)> line, string step)
    {
        if (intensities.Count != stack.Shape.Z)
            throw new BadInputException($"{intensities.Count} gains for {stack.Shape.Z} sections: give one for each");
        var result = new Volume<float>(stack.Shape, stack.VoxelSize, stack.Origin, stack.Provenance.With(step));
        for (var z = 0; z < stack.Shape.Z; z++)
        {
            var (gain, offset) = line(intensities[z]);
            TensorPrimitives.Multiply(stack.Section(z), gain, result.Section(z));
            TensorPrimitives.Add(result.Section(z), offset, result.Section(z));
        }
        return result;
    }
}
