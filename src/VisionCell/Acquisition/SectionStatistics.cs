namespace VisionCell.Acquisition;

/// <summary>Robust brightness and contrast of a section, grey values.</summary>
/// <param name="Mean">Mean of what lies between the 1st and the 99th percentile.</param>
/// <param name="Deviation">Standard deviation of the same.</param>
/// <param name="Low">1st percentile.</param>
/// <param name="High">99th percentile.</param>
public readonly record struct SectionStatistics(double Mean, double Deviation, double Low, double High)
{
    private const int MaxSamples = 1 << 16;

    /// <summary>Whether the section shows anything: false for black, blank and saturated ones.</summary>
    public bool HasContrast => High > Low && Deviation > 0;

    /// <summary>Statistics of a section, from at most 65,536 of its pixels spread evenly (standard error of the mean 1/256 deviation).</summary>
    public static SectionStatistics Of(ReadOnlySpan<float> section)
    {
        var samples = new float[Math.Min(section.Length, MaxSamples)];
        for (var i = 0; i < samples.Length; i++)
            samples[i] = section[(int)((long)i * section.Length / samples.Length)];
        Array.Sort(samples);
        var cut = samples.Length / 100;
        var kept = samples.AsSpan(cut, samples.Length - 2 * cut);
        double sum = 0, squares = 0;
        foreach (var value in kept)
            sum += value;
        var mean = sum / kept.Length;
        foreach (var value in kept)
            squares += (value - mean) * (value - mean);
        return new SectionStatistics(mean, Math.Sqrt(squares / kept.Length), kept[0], kept[^1]);
    }
}
