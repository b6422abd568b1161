using VisionCell.Volumes;

namespace VisionCell.Diffusion;

/// <summary>How samples are drawn.</summary>
public sealed record DiffusionSampling
{
    /// <summary>The sampler.</summary>
    public SamplerKind Kind { get; init; } = SamplerKind.DpmSolver;

    /// <summary>Steps, 1 to 50.</summary>
    public int Steps { get; init; } = 4;

    /// <summary>
    /// Noise to start from, as a share of the most: 1 is nothing but noise; less starts from the regression under so much noise (truncated
    /// diffusion, Zheng et al., arXiv:2202.09671), and keeps closer to it.
    /// </summary>
    public double Start { get; init; } = 0.35;

    /// <summary>
    /// Scale of all noise: above 1 samples are sharper and farther from each other than the model has them, below 1 smoother. Null: what makes
    /// rows nearly as sharp as the stack's thin sections; 1 where sections are thick.
    /// </summary>
    public double? Temperature { get; init; }

    /// <summary>Checks all values.</summary>
    /// <exception cref="BadInputException">A value is out of range.</exception>
    public DiffusionSampling Validated() => Steps is >= 1 and <= 50 && Start is > 0 and <= 1 && Temperature is null or (>= 0 and <= 2)
        ? this
        : throw new BadInputException(FormattableString.Invariant($"diffusion: {Steps} steps (1 to 50), start {Start} (above 0, at most 1), temperature {Temperature} (0 to 2)"));
}
