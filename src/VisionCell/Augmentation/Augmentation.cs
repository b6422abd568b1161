using VisionCell.Volumes;

namespace VisionCell.Augmentation;

/// <summary>
/// One random change of a patch. Immutable; draws all that is random from the sequence that it is given, so that a seed gives the same
/// patch always.
/// </summary>
public abstract record Augmentation
{
    /// <summary>Share of the patches that are changed, 0 to 1.</summary>
    /// <exception cref="BadInputException">Out of range.</exception>
    public double Probability
    {
        get;
        init => field = Within(value, 0, 1, "probability of an augmentation");
    } = 1;

    /// <summary>The same with every strength multiplied, for a curriculum; 0 changes nothing.</summary>
    /// <param name="share">At least 0.</param>
    /// <exception cref="BadInputException">A strength would leave its range.</exception>
    public abstract Augmentation AtStrength(double share);

    private protected static double Within(double value, double low, double high, string what, string unit = "") =>
        value >= low && value <= high ? value : throw new BadInputException(FormattableString.Invariant($"{what} of {value}{unit}: must be {low} to {high}"));
}

/// <summary>
/// A change of place. All changes of place of a patch are composed and the source is sampled once, image and labels at the same points,
/// so that no two interpolations follow each other.
/// </summary>
public abstract record GeometricAugmentation : Augmentation
{
    /// <summary>Draws where the points of the result come from.</summary>
    /// <param name="random">The sequence of this augmentation and patch.</param>
    /// <param name="patch">Shape of the patch.</param>
    /// <param name="size">Its voxel size, nm.</param>
    public abstract SpatialStep Draw(CounterRandom random, Shape3 patch, VoxelSize size);
}

/// <summary>A change of grey levels; labels stay as they are.</summary>
public abstract record IntensityAugmentation : Augmentation
{
    /// <summary>Changes a patch in place.</summary>
    /// <param name="image">Grey levels <c>[Z, Y, X]</c>, changed.</param>
    /// <param name="range">Black and white: the unit of strengths.</param>
    /// <param name="random">The sequence of this augmentation and patch.</param>
    /// <returns>Sections that no longer show the specimen; usually none.</returns>
    public abstract IReadOnlyList<int> Apply(Volume<float> image, GreyRange range, CounterRandom random);
}
