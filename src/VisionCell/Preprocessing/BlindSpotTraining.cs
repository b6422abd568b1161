using VisionCell.Volumes;

namespace VisionCell.Preprocessing;

/// <summary>How a blind-spot network learns from the very stack that it then denoises.</summary>
public sealed record BlindSpotTraining
{
    private const int DefaultSteps = 1500;

    /// <summary>Creates a configuration.</summary>
    /// <param name="steps">
    /// Steps of training, so that a run interrupted and continued gives the same bytes as one that was not; 1500 where neither they nor minutes are
    /// given. On medulla-1 at 15 dB, 400 steps give 29.10 dB and 1500 give 29.32 (bone: 26.53 and 28.20).
    /// </param>
    /// <param name="minutes">Time of training instead of steps; results then differ from machine to machine.</param>
    /// <param name="seed">Seed of the weights, and of the choice of patches.</param>
    /// <param name="network">The network; null for the default.</param>
    /// <exception cref="BadInputException">A value is out of range, or both steps and minutes are given.</exception>
    public BlindSpotTraining(int? steps = null, double? minutes = null, int seed = 1, BlindSpotConfiguration? network = null)
    {
        if (steps is not null && minutes is not null)
            throw new BadInputException(FormattableString.Invariant($"blind-spot training of {steps} steps and of {minutes} minutes: give one of them, and null for the other"));
        Steps = steps is null or (>= 1 and <= 1_000_000) ? steps ?? (minutes is null ? DefaultSteps : null) : throw new BadInputException($"blind-spot training of {steps} steps: must be 1 to 1,000,000");
        Minutes = minutes is null or (> 0 and <= 10_000) ? minutes : throw new BadInputException(FormattableString.Invariant($"blind-spot training of {minutes} minutes: must be more than 0, at most 10,000"));
        Seed = seed;
        Network = (network ?? new BlindSpotConfiguration()).Validated();
    }

    /// <summary>Steps of training; null where minutes decide.</summary>
    public int? Steps { get; }

    /// <summary>Time of training; null where steps decide.</summary>
    public double? Minutes { get; }

    /// <summary>Seed of the weights, and of the choice of patches.</summary>
    public int Seed { get; }

    /// <summary>The network.</summary>
    public BlindSpotConfiguration Network { get; }
}
