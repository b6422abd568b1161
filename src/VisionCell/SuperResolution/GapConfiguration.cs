using VisionCell.Learning;
using VisionCell.Volumes;

namespace VisionCell.SuperResolution;

/// <summary>The network that fills gaps in 3D context.</summary>
internal sealed record GapConfiguration : INetworkConfiguration<GapConfiguration>
{
    /// <inheritdoc/>
    public static string Network => "gap";

    /// <summary>Channels of each level of the U-Net; each further level has half the resolution.</summary>
    public IReadOnlyList<int> Channels { get; init; } = [96, 128];

    /// <summary>Residual blocks of each level, on the way down and up alike.</summary>
    public IReadOnlyList<int> Blocks { get; init; } = [2, 2];

    /// <summary>The network sees every so many-th pixel along y and x; those between enter and leave as channels.</summary>
    public int LateralStride { get; init; } = 4;

    /// <summary>Images K of which the rows of a gap are weighted sums.</summary>
    public int Images { get; init; } = 12;

    /// <inheritdoc/>
    public GapConfiguration Validated() =>
        Channels.Count == Blocks.Count && Channels.All(c => c is >= 1 and <= 1024) && Blocks.All(b => b is >= 0 and <= 16) && LateralStride is 1 or 2 or 4 && Images is >= 1 and <= 64
            ? this
            : throw new BadInputException($"gap network: channels {string.Join(',', Channels)} (1 to 1024), blocks {string.Join(',', Blocks)} (0 to 16, as many), stride {LateralStride} (1, 2 or 4), images {Images} (1 to 64)");
}
