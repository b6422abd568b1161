using VisionCell.Diffusion;
using VisionCell.Volumes;

namespace VisionCell.Pipeline;

/// <summary>How <see cref="Inpainting"/> trains and samples.</summary>
public sealed record InpaintingConfiguration
{
    /// <summary>How samples are drawn; a temperature that is left open is the one with which samples are as sharp as the sections they stand for.</summary>
    public DiffusionSampling Sampling { get; init; } = new();

    /// <summary>Samples for the mean and the spread; even, since they come in pairs of opposite noise.</summary>
    public int Samples { get; init; } = 8;

    /// <summary>Largest random gain and offset of examples, standard deviations.</summary>
    public double IntensityJitter { get; init; } = 0.1;

    /// <summary>Time to tune the networks where none is asked for, minutes.</summary>
    public double DefaultMinutes { get; init; } = 2;

    /// <summary>Edge of the squares that sections are filled in by, pixels; a multiple of 64, so that networks lie on the same pixels in each.</summary>
    public int Tile { get; init; } = 384;

    /// <summary>Share of the sections, in the middle of the stack, that nothing is learnt from: they tell how far each result is to be trusted.</summary>
    public double HeldShare { get; init; } = 0.15;

    /// <summary>Checks all values.</summary>
    /// <exception cref="BadInputException">A value is out of range.</exception>
    public InpaintingConfiguration Validated()
    {
        Sampling.Validated();
        return Samples is >= 2 and <= 64 && Samples % 2 == 0 && IntensityJitter is >= 0 and < 1 && DefaultMinutes > 0 && Tile is >= 64 and <= 4096 && Tile % 64 == 0 && HeldShare is >= 0 and <= 0.5
            ? this
            : throw new BadInputException(FormattableString.Invariant(
                $"inpainting: {Samples} samples (2 to 64, even), jitter {IntensityJitter} (0 to below 1), {DefaultMinutes} minutes (above 0), tile {Tile} (64 to 4096, a multiple of 64), held share {HeldShare} (0 to 0.5)"));
    }
}
