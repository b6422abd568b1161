using System.Numerics.Tensors;
using VisionCell.Volumes;

namespace VisionCell.Preprocessing;

/// <summary>How brightness and contrast are evened out.</summary>
public sealed record NormalisationConfiguration
{
    /// <summary>Creates a configuration.</summary>
    /// <param name="reach">Each section is matched to the trend of this many sections on either side. Changes slower than that are taken for the specimen's.</param>
    /// <param name="maxGain">Contrast is raised or lowered by at most this factor: what is empty stays empty.</param>
    /// <exception cref="BadInputException">A value is out of range.</exception>
    public NormalisationConfiguration(int reach = 10, double maxGain = 1.5)
    {
        Reach = reach is >= 1 and <= 1000 ? reach : throw new BadInputException($"normalisation reach of {reach} sections: must be 1 to 1000");
        MaxGain = maxGain is >= 1 and <= 10 ? maxGain : throw new BadInputException($"largest gain {maxGain}: must be 1 to 10");
    }

    /// <summary>Sections on either side that the trend is taken from.</summary>
    public int Reach { get; }

    /// <summary>Largest factor by which contrast is changed.</summary>
    public double MaxGain { get; }
}

/// <summary>What was done to the grey values of one section: <c>out = Gain * in + Offset</c>.</summary>
/// <param name="Z">Index of the section.</param>
/// <param name="Gain">Factor.</param>
/// <param name="Offset">Grey values added after it.</param>
public readonly record struct SectionIntensity(int Z, double Gain, double Offset);

/// <summary>
/// Takes flicker out of a stack <c>[Z, Y, X]</c>: the robust mean and deviation of each section are brought to the Theil–Sen trend of
/// its neighbours, so that single dark or bright sections are corrected and slow changes, which may be the specimen's own, stay.
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
        var means = LocalTrend.Robust([.. statistics.Select(s => s.HasContrast ? s.Mean : double.NaN)], configuration.Reach);

        // Contrast is a factor: its trend is straight in the logarithm.
        var deviations = LocalTrend.Robust([.. statistics.Select(s => s.HasContrast ? Math.Log(s.Deviation) : double.NaN)], configuration.Reach);
        return [.. statistics.Select((s, z) =>
        {
            if (!s.HasContrast)
                return new SectionIntensity(z, 1, 0);
            var gain = Math.Clamp(Math.Exp(deviations[z]) / s.Deviation, 1 / configuration.MaxGain, configuration.MaxGain);
            return new SectionIntensity(z, gain, means[z] - gain * s.Mean);
        })];
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
