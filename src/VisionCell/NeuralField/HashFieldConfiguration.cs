using VisionCell.Kernels;
using VisionCell.Volumes;

namespace VisionCell.NeuralField;

/// <summary>Everything that decides a field and its optimiser, but data, bounds and seed.</summary>
public sealed record HashFieldConfiguration
{
    /// <summary>The grid, over a cube whose edge is the longest of the bounds.</summary>
    public HashGridConfiguration Grid { get; init; } = new();

    /// <summary>Width of the two hidden layers of the perceptron, a multiple of 16 up to 128.</summary>
    public int HiddenWidth { get; init; } = 64;

    /// <summary>What makes a value of the perceptron's number; never negative for fields that absorb.</summary>
    public FieldActivation Activation { get; init; }

    /// <summary>Whether the field has an emission, 0 to 1, beside its value, for views of what emits and absorbs.</summary>
    public bool Emits { get; init; }

    /// <summary>Learning rate of the table (instant-ngp: 1e-2).</summary>
    public double TableLearningRate { get; init; } = 1e-2;

    /// <summary>Learning rate of the perceptron: lower, because every sample moves every weight.</summary>
    public double WeightLearningRate { get; init; } = 3e-3;

    /// <summary>Checks all values.</summary>
    /// <exception cref="BadInputException">A value is out of range; the message names it, its limit and the value.</exception>
    public HashFieldConfiguration Validated()
    {
        Grid.Validated();
        Require(HiddenWidth is >= 16 and <= 128 && HiddenWidth % 16 == 0, "hiddenWidth", HiddenWidth, "a multiple of 16 up to 128");
        Require(Grid.Levels * Grid.Features % 16 == 0, "grid", Grid.Levels * Grid.Features, "levels x features must be a multiple of 16");
        Require(Enum.IsDefined(Activation), "activation", (double)Activation, "linear, softplus, exponential");
        Require(TableLearningRate is > 0 and < 1, "tableLearningRate", TableLearningRate, "above 0 and below 1");
        Require(WeightLearningRate is > 0 and < 1, "weightLearningRate", WeightLearningRate, "above 0 and below 1");
        return this;
    }

    private static void Require(bool holds, string name, double value, string limit)
    {
        if (!holds)
            throw new BadInputException($"neural field: {name} is {value}; allowed: {limit}");
    }
}
