using VisionCell.Volumes;

namespace VisionCell.SuperResolution;

/// <summary>Everything that decides a super-resolution training, but time, seed and data.</summary>
public sealed record SuperResolutionConfiguration
{
    /// <summary>Channels of each level of the U-Net; each further level has half the lateral resolution.</summary>
    public IReadOnlyList<int> Channels { get; init; } = [48, 64];

    /// <summary>Residual blocks of each level, on the way down and up alike.</summary>
    public IReadOnlyList<int> Blocks { get; init; } = [1, 2];

    /// <summary>
    /// Lateral stride of the first convolution, 1, 2 or 4; the columns lost are restored in the last. A network on every fourth
    /// column costs a sixth a step and learns more in the same time: after 70-80 s of one core in fp32 (x8, medulla-1) it gains
    /// 1.55 dB over linear interpolation, one on every second 1.27, one on every column 0.86.
    /// </summary>
    public int LateralStride { get; init; } = 4;

    /// <summary>Whether lateral rows that stand for z are taken at the distance at which they differ as much as sections do, or a pixel apart.</summary>
    public bool MatchScale { get; init; } = true;

    /// <summary>
    /// Share of patches of half the scale (sections with half as many pixels), so that what is measured at half the scale
    /// (<see cref="Mixture"/>) is measured of a network that knows it.
    /// </summary>
    public double HalfScaleShare { get; init; } = 0.25;

    /// <summary>Sections in a training patch; fewer where the sections are too small for that many.</summary>
    public int PatchSections { get; init; } = 16;

    /// <summary>Lateral length of a training patch, pixels; less where the sections are smaller.</summary>
    public int PatchWidth { get; init; } = 96;

    /// <summary>Patches a step.</summary>
    public int BatchSize { get; init; } = 8;

    /// <summary>Highest learning rate, after warm-up.</summary>
    public double LearningRate { get; init; } = 2e-3;

    /// <summary>Decoupled weight decay.</summary>
    public double WeightDecay { get; init; }

    /// <summary>Steps over which the learning rate rises from zero.</summary>
    public int WarmUpSteps { get; init; } = 50;

    /// <summary>Largest joint norm of the gradients.</summary>
    public double GradientNorm { get; init; } = 1;

    /// <summary>Decay of the running average of the weights, which is what is used; shorter in the first steps.</summary>
    public double AverageDecay { get; init; } = 0.999;

    /// <summary>Share of patches that are sheared laterally, as oblique membranes are.</summary>
    public double ShearProbability { get; init; } = 0.5;

    /// <summary>Largest shear, pixels a row.</summary>
    public double LargestShear { get; init; } = 0.6;

    /// <summary>Standard deviation of the random gain and offset of a patch, in standard deviations of the stack.</summary>
    public double IntensityJitter { get; init; } = 0.1;

    /// <summary>Share of the training time in which pretrained networks are tuned to the stack, where there are any.</summary>
    public double AdaptationShare { get; init; } = 0.3;

    /// <summary>Training time where none is asked for, minutes.</summary>
    public double DefaultMinutes { get; init; } = 3;

    /// <summary>Checks all values.</summary>
    /// <exception cref="BadInputException">A value is out of range; the message names it, the limit and the value.</exception>
    public SuperResolutionConfiguration Validated()
    {
        Require(Channels.Count >= 1 && Channels.All(c => c is >= 1 and <= 1024), "channels", string.Join(',', Channels), "1 to 1024 each, at least one level");
        Require(Blocks.Count == Channels.Count && Blocks.All(b => b is >= 0 and <= 16), "blocks", string.Join(',', Blocks), $"0 to 16 each, one for each of the {Channels.Count} levels");
        Require(LateralStride is 1 or 2 or 4, "lateralStride", LateralStride, "1, 2 or 4");
        Require(PatchSections >= 2, "patchSections", PatchSections, "at least 2");
        Require(PatchWidth >= 16, "patchWidth", PatchWidth, "at least 16");
        Require(BatchSize >= 1, "batchSize", BatchSize, "at least 1");
        Require(LearningRate is > 0 and < 1, "learningRate", LearningRate, "above 0 and below 1");
        Require(WeightDecay is >= 0 and < 1, "weightDecay", WeightDecay, "0 to below 1");
        Require(AverageDecay is >= 0 and < 1, "averageDecay", AverageDecay, "0 to below 1");
        Require(HalfScaleShare is >= 0 and < 1, "halfScaleShare", HalfScaleShare, "0 to below 1");
        Require(ShearProbability is >= 0 and <= 1, "shearProbability", ShearProbability, "0 to 1");
        Require(LargestShear is >= 0 and <= 4, "largestShear", LargestShear, "0 to 4 pixels a row");
        Require(IntensityJitter is >= 0 and <= 1, "intensityJitter", IntensityJitter, "0 to 1");
        Require(AdaptationShare is >= 0 and < 1, "adaptationShare", AdaptationShare, "0 to below 1");
        Require(DefaultMinutes > 0, "defaultMinutes", DefaultMinutes, "above 0");
        return this;
    }

    private static void Require(bool holds, string name, object value, string limit)
    {
        if (!holds)
            throw new BadInputException(FormattableString.Invariant($"super-resolution configuration: {name} is {value}; must be {limit}"));
    }
}
