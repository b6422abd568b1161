using VisionCell.Volumes;

namespace VisionCell.Augmentation;

/// <summary>
/// Sections that were lost: blanked to black, and named in <see cref="TrainingSample.Missing"/>, so that no loss counts them as observed.
/// Labels stay: the specimen goes on where a section is missing. At least one section of a patch is left.
/// </summary>
public sealed record MissingSections : IntensityAugmentation
{
    /// <summary>Creates missing sections.</summary>
    /// <param name="share">Share of the sections, 0 to 1.</param>
    /// <exception cref="BadInputException">The value is out of range.</exception>
    public MissingSections(double share = 0.03) => Share = Within(share, 0, 1, "share of missing sections");

    /// <summary>Share of the sections.</summary>
    public double Share { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<int> Apply(Volume<float> image, GreyRange range, CounterRandom random)
    {
        var spared = random.Below(image.Shape.Z);
        int[] missing = [.. Enumerable.Range(0, image.Shape.Z).Where(z => random.Uniform() < Share && z != spared)];
        foreach (var z in missing)
            image.Section(z).Fill(range.Low);
        return missing;
    }

    /// <inheritdoc/>
    public override Augmentation AtStrength(double share) => new MissingSections(Math.Min(1, Share * share)) { Probability = Probability };
}
