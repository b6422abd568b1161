using VisionCell.Volumes;

namespace VisionCell.Preprocessing;

/// <summary>What a hidden pixel is replaced by.</summary>
public enum BlindSpotReplacement
{
    /// <summary>A pixel drawn from those around it, itself left out.</summary>
    Uniform,

    /// <summary>The median of those around it, itself left out.</summary>
    Median,
}

/// <summary>Along which axis of a section noise is correlated, so that it is hidden along with the pixel (stripes).</summary>
public enum StripeAxis
{
    /// <summary>Noise is independent from pixel to pixel.</summary>
    None,

    /// <summary>Stripes run along x.</summary>
    X,

    /// <summary>Stripes run along y, as curtains of a focused ion beam do.</summary>
    Y,
}

/// <summary>Everything that decides a blind-spot network and its training, but time, seed and data.</summary>
public sealed record BlindSpotConfiguration
{
    /// <summary>
    /// Sections on either side that the network sees beside the one it denoises; null to decide by the voxels
    /// (<see cref="NeighboursFor"/>). 0 denoises each section from itself alone.
    /// </summary>
    public int? Neighbours { get; init; }

    /// <summary>Channels of each level of the U-Net; each further level has half the resolution.</summary>
    public IReadOnlyList<int> Channels { get; init; } = [16, 32, 48];

    /// <summary>
    /// Residual blocks of each level, on the way down and up alike. None at full resolution: one there costs a quarter more a step and
    /// gains 0.02 dB.
    /// </summary>
    public IReadOnlyList<int> Blocks { get; init; } = [0, 1, 2];

    /// <summary>Edge of a training patch, pixels; less where sections are smaller.</summary>
    public int PatchSize { get; init; } = 64;

    /// <summary>Patches a step.</summary>
    public int BatchSize { get; init; } = 4;

    /// <summary>
    /// Share of the pixels of a patch that are hidden, one in each square cell, or lines of them along stripes. The more the faster it learns: after 400
    /// steps on medulla-1 a sixteenth gives 28.65 dB, a ninth 28.73 and a quarter 28.82.
    /// </summary>
    public double HiddenShare { get; init; } = 0.25;

    /// <summary>What hidden pixels are replaced by.</summary>
    public BlindSpotReplacement Replacement { get; init; }

    /// <summary>Edge of the window that replacements come from, pixels; odd.</summary>
    public int ReplacementWindow { get; init; } = 5;

    /// <summary>Direction of stripes that are to be taken for noise.</summary>
    public StripeAxis Stripes { get; init; }

    /// <summary>
    /// Pixels hidden along a stripe on either side of one that is learnt from: as far as its noise is correlated. From half a patch on
    /// the whole line is hidden.
    /// </summary>
    public int StripeReach { get; init; } = 32;

    /// <summary>
    /// Whether the observed pixel is weighed in where its noise is known to be less than the network's error. Not done with stripes,
    /// which it would bring back.
    /// </summary>
    public bool WeighObserved { get; init; } = true;

    /// <summary>Highest learning rate, after warm-up.</summary>
    public double LearningRate { get; init; } = 2e-3;

    /// <summary>Decoupled weight decay.</summary>
    public double WeightDecay { get; init; }

    /// <summary>Steps over which the learning rate rises from zero.</summary>
    public int WarmUpSteps { get; init; } = 50;

    /// <summary>Largest joint norm of the gradients.</summary>
    public double GradientNorm { get; init; } = 1;

    /// <summary>Decay of the running average of the weights, which is what is used; shorter in the first steps.</summary>
    public double AverageDecay { get; init; } = 0.99;

    /// <summary>Training time where none is asked for, minutes.</summary>
    public double DefaultMinutes { get; init; } = 3;

    /// <summary>Lengths of patches and tiles must be a multiple of this.</summary>
    internal int Multiple => 1 << (Channels.Count - 1);

    /// <summary>Checks all values.</summary>
    /// <exception cref="BadInputException">A value is out of range; the message names it, the limit and the value.</exception>
    public BlindSpotConfiguration Validated()
    {
        Require(Neighbours is null or (>= 0 and <= 16), "neighbours", Neighbours ?? 0, "0 to 16, or null to decide by the voxel size");
        Require(Channels.Count is >= 1 and <= 5 && Channels.All(c => c is >= 1 and <= 1024), "channels", string.Join(',', Channels), "1 to 1024 each, one to five levels");
        Require(Blocks.Count == Channels.Count && Blocks.All(b => b is >= 0 and <= 16), "blocks", string.Join(',', Blocks), $"0 to 16 each, one for each of the {Channels.Count} levels");
        Require(PatchSize >= 16 && PatchSize % Multiple == 0, "patchSize", PatchSize, $"at least 16 and a multiple of {Multiple} (two for each level beyond the first)");
        Require(BatchSize >= 1, "batchSize", BatchSize, "at least 1");
        Require(HiddenShare is > 0 and <= 0.25, "hiddenShare", HiddenShare, "above 0, at most 0.25");
        Require(ReplacementWindow is >= 3 and <= 15 && ReplacementWindow % 2 == 1, "replacementWindow", ReplacementWindow, "odd, 3 to 15");
        Require(StripeReach is >= 1 and <= 512, "stripeReach", StripeReach, "1 to 512 pixels");
        Require(LearningRate is > 0 and < 1, "learningRate", LearningRate, "above 0 and below 1");
        Require(WeightDecay is >= 0 and < 1, "weightDecay", WeightDecay, "0 to below 1");
        Require(WarmUpSteps >= 1, "warmUpSteps", WarmUpSteps, "at least 1");
        Require(GradientNorm > 0, "gradientNorm", GradientNorm, "above 0");
        Require(AverageDecay is >= 0 and < 1, "averageDecay", AverageDecay, "0 to below 1");
        Require(DefaultMinutes > 0, "defaultMinutes", DefaultMinutes, "above 0");
        return this;
    }

    /// <summary>
    /// Sections on either side that are worth showing to the network: those within about three pixels, and the next one up to a
    /// distance of six.
    /// </summary>
    /// <param name="voxelSize">Voxel size, nm.</param>
    public static int NeighboursFor(VoxelSize voxelSize)
    {
        var gap = voxelSize.Z / Math.Sqrt(voxelSize.Y * voxelSize.X);
        return gap > 6 ? 0 : Math.Clamp((int)(3 / gap + 0.5), 1, 3);
    }

    private static void Require(bool holds, string name, object value, string limit)
    {
        if (!holds)
            throw new BadInputException(FormattableString.Invariant($"blind-spot configuration: {name} is {value}; must be {limit}"));
    }
}
