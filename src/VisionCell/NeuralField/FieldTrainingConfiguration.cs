using VisionCell.Volumes;

namespace VisionCell.NeuralField;

/// <summary>How a field is trained on views and sections.</summary>
public sealed record FieldTrainingConfiguration
{
    /// <summary>Steps in all.</summary>
    public int Steps { get; init; } = 2000;

    /// <summary>Pixels of views a step.</summary>
    public int Pixels { get; init; } = 512;

    /// <summary>Voxels of sections a step.</summary>
    public int Voxels { get; init; } = 8192;

    /// <summary>Places of the target a step.</summary>
    public int TargetSamples { get; init; } = 57_344;

    /// <summary>Weight of a place of the target beside a voxel of a section: lower, because nobody has seen it.</summary>
    public double TargetWeight { get; init; } = 0.5;

    /// <summary>Share of the steps over which the levels of the grid are opened, the coarsest first; 0 opens all at once.</summary>
    public double CoarseShare { get; init; }

    /// <summary>Looks at a section that is kept out of training, after which it ends early where the error only grows; 0 keeps none out.</summary>
    public int Looks { get; init; }

    /// <summary>Length of a step along a ray in voxels of the field, the smallest edge.</summary>
    public double StepVoxels { get; init; } = 1;

    /// <summary>Weight of the views' error beside that of the sections; both are mean squares in units of the field's scale.</summary>
    public double ViewWeight { get; init; } = 1;

    /// <summary>Weight of the total variation beside the errors, in units of the scale a voxel; 0 for none.</summary>
    public double VariationWeight { get; init; }

    /// <summary>Pairs of places a step at which the variation is estimated.</summary>
    public int VariationPairs { get; init; } = 2048;

    /// <summary>Steps between two looks at where the field has anything; 0 never skips empty space.</summary>
    public int OccupancySteps { get; init; } = 16;

    /// <summary>Steps before the first look: a field that has seen nothing knows nothing.</summary>
    public int WarmUpSteps { get; init; } = 128;

    /// <summary>Factor that the learning rates fall to at the end, geometrically from <see cref="DecayFrom"/> on.</summary>
    public double LastRate { get; init; } = 0.05;

    /// <summary>Share of the steps at the full rate.</summary>
    public double DecayFrom { get; init; } = 0.5;

    /// <summary>Steps between two checkpoints.</summary>
    public int CheckpointSteps { get; init; } = 500;

    /// <summary>Decides batches and places in steps.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Checks all values.</summary>
    /// <exception cref="BadInputException">A value is out of range; the message names it, its limit and the value.</exception>
    public FieldTrainingConfiguration Validated()
    {
        Require(Steps >= 1, "steps", Steps, "from 1");
        Require(Pixels >= 1, "pixels", Pixels, "from 1");
        Require(Voxels >= 1, "voxels", Voxels, "from 1");
        Require(TargetSamples >= 1, "targetSamples", TargetSamples, "from 1");
        Require(TargetWeight is > 0 and <= 1, "targetWeight", TargetWeight, "above 0 up to 1");
        Require(CoarseShare is >= 0 and < 1, "coarseShare", CoarseShare, "0 to below 1");
        Require(Looks >= 0, "looks", Looks, "from 0");
        Require(StepVoxels is > 0 and <= 100, "stepVoxels", StepVoxels, "above 0 up to 100");
        Require(ViewWeight > 0 && double.IsFinite(ViewWeight), "viewWeight", ViewWeight, "above 0");
        Require(VariationWeight >= 0 && double.IsFinite(VariationWeight), "variationWeight", VariationWeight, "from 0");
        Require(VariationPairs >= 1, "variationPairs", VariationPairs, "from 1");
        Require(OccupancySteps >= 0, "occupancySteps", OccupancySteps, "from 0");
        Require(WarmUpSteps >= 0, "warmUpSteps", WarmUpSteps, "from 0");
        Require(LastRate is > 0 and <= 1, "lastRate", LastRate, "above 0 up to 1");
        Require(DecayFrom is >= 0 and <= 1, "decayFrom", DecayFrom, "0 to 1");
        Require(CheckpointSteps >= 1, "checkpointSteps", CheckpointSteps, "from 1");
        return this;
    }

    private static void Require(bool holds, string name, double value, string limit)
    {
        if (!holds)
            throw new BadInputException($"field training: {name} is {value}; allowed: {limit}");
    }
}
