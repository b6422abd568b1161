using VisionCell.Kernels;
using VisionCell.Volumes;

namespace VisionCell.NeuralField;

/// <summary>How the method <c>field</c> makes and trains its field.</summary>
public sealed record FieldMethodConfiguration
{
    /// <summary>Widths and rates; the finest level of its grid is set to the voxels of the stack.</summary>
    public HashFieldConfiguration Field { get; init; } = new() { Grid = new HashGridConfiguration { Log2TableSize = 19 } };

    /// <summary>How it is trained; steps are set by <see cref="Passes"/>.</summary>
    public FieldTrainingConfiguration Training { get; init; } = new()
    {
        VariationWeight = 1e-3,
        VariationPairs = 4096,
        CoarseShare = 0.1,
        Looks = 12,
        LastRate = 0.02,
        DecayFrom = 0.3,
    };

    /// <summary>How often each voxel of the isotropic grid is seen, on average.</summary>
    public double Passes { get; init; } = 4;

    /// <summary>Fewest steps, of small stacks.</summary>
    public int FewestSteps { get; init; } = 400;

    /// <summary>Most time that training takes, minutes; a slower machine makes fewer steps.</summary>
    public double MostMinutes { get; init; } = 2;

    /// <summary>Checks all values.</summary>
    /// <exception cref="BadInputException">A value is out of range; the message names it, its limit and the value.</exception>
    public FieldMethodConfiguration Validated()
    {
        Field.Validated();
        Training.Validated();
        if (!(Passes > 0 && double.IsFinite(Passes)))
            throw new BadInputException($"method field: passes is {Passes}; allowed: above 0");
        if (FewestSteps < 1)
            throw new BadInputException($"method field: fewestSteps is {FewestSteps}; allowed: from 1");
        if (!(MostMinutes > 0 && double.IsFinite(MostMinutes)))
            throw new BadInputException($"method field: mostMinutes is {MostMinutes}; allowed: above 0");
        return this;
    }

    /// <summary>Steps for so many voxels.</summary>
    public int StepsFor(Shape3 shape) => Math.Max(FewestSteps, (int)Math.Ceiling(Passes * shape.Count / Training.TargetSamples));
}
