using VisionCell.Learning;
using VisionCell.Volumes;

namespace VisionCell.Diffusion;

/// <summary>The network of the diffusion model.</summary>
internal sealed record DiffusionConfiguration : INetworkConfiguration<DiffusionConfiguration>
{
    /// <inheritdoc/>
    public static string Network => "diffusion";

    /// <summary>Channels of each level of the U-Net; each further level has half the resolution.</summary>
    public IReadOnlyList<int> Channels { get; init; } = [64, 112, 160];

    /// <summary>Residual blocks of each level, on the way down and up alike.</summary>
    public IReadOnlyList<int> Blocks { get; init; } = [2, 2, 2];

    /// <summary>The network sees every so many-th pixel along y and x; those between enter and leave as channels.</summary>
    public int LateralStride { get; init; } = 2;

    /// <summary>Modes of a gap along z that are modelled (<see cref="SineModes"/>): gaps of more rows have no finer ones added.</summary>
    public int Modes { get; init; } = 16;

    /// <summary>Length of the vector that tells the network of the gap and the noise.</summary>
    public int Embedding { get; init; } = 64;

    /// <summary>Standard deviation of what is modelled, standardised grey values: what the regression leaves.</summary>
    public double DataDeviation { get; init; } = 0.35;

    /// <inheritdoc/>
    public DiffusionConfiguration Validated() =>
        Channels.Count == Blocks.Count && Channels.All(c => c is >= 1 and <= 1024) && Blocks.All(b => b is >= 0 and <= 16) && LateralStride is 1 or 2 or 4
        && Modes is >= 1 and <= 64 && Embedding is >= 1 and <= 1024 && DataDeviation is > 0 and < 10
            ? this
            : throw new BadInputException(FormattableString.Invariant($"diffusion network: channels {string.Join(',', Channels)} (1 to 1024), blocks {string.Join(',', Blocks)} (0 to 16, as many), stride {LateralStride} (1, 2 or 4), modes {Modes} (1 to 64), embedding {Embedding} (1 to 1024), deviation {DataDeviation} (above 0, below 10)"));
}
