using VisionCell.Volumes;

namespace VisionCell.Diffusion;

/// <summary>How the method <see cref="DiffusionMethod"/> trains and samples.</summary>
public sealed record DiffusionMethodConfiguration
{
    /// <summary>A step of tuning in steps of the regression, about.</summary>
    internal const double RelativeStep = 15;

    /// <summary>How samples are drawn.</summary>
    public DiffusionSampling Sampling { get; init; } = new();

    /// <summary>Samples for the mean and the spread; even, since they come in pairs of opposite noise.</summary>
    public int Samples { get; init; } = 8;

    /// <summary>Share of the time in which the network is tuned to the stack; the regression has the rest.</summary>
    public double TuningShare { get; init; } = 0.25;

    /// <summary>Largest random gain and offset of examples, standard deviations.</summary>
    public double IntensityJitter { get; init; } = 0.1;

    /// <summary>Time where none is asked for.</summary>
    public double DefaultMinutes { get; init; } = 10;

    /// <summary>Checks all values.</summary>
    /// <exception cref="BadInputException">A value is out of range.</exception>
    public DiffusionMethodConfiguration Validated()
    {
        Sampling.Validated();
        return Samples is >= 2 and <= 64 && Samples % 2 == 0 && TuningShare is >= 0 and < 1 && IntensityJitter is >= 0 and < 1 && DefaultMinutes > 0
            ? this
            : throw new BadInputException(FormattableString.Invariant($"diffusion: {Samples} samples (2 to 64, even), tuning share {TuningShare} (0 to below 1), jitter {IntensityJitter} (0 to below 1), {DefaultMinutes} minutes (above 0)"));
    }
}
