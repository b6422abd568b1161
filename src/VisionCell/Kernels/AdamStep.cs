using VisionCell.Volumes;

namespace VisionCell.Kernels;

/// <summary>
/// One update of Adam (Kingma and Ba, arXiv:1412.6980, algorithm 1), in place: m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g²,
/// p ← p − α · m/(1 − β₁ᵗ) / (√(v/(1 − β₂ᵗ)) + ε); the gradient is set to zero in the same pass over memory.
/// </summary>
/// <param name="Step">t, the number of this update, from 1.</param>
/// <param name="LearningRate">α. 1e-2 suits hash tables (arXiv:2201.05989, section 4).</param>
/// <param name="Beta1">β₁, decay of the mean of the gradient.</param>
/// <param name="Beta2">β₂, decay of the mean of its square; 0.99 as in instant-ngp, where runs last a few thousand steps.</param>
/// <param name="Epsilon">ε. As small as in instant-ngp: gradients of a table entry that few samples reach are tiny, and still count.</param>
public sealed record AdamStep(int Step, double LearningRate, double Beta1 = 0.9, double Beta2 = 0.99, double Epsilon = 1e-15)
{
    /// <summary>α / (1 − β₁ᵗ).</summary>
    internal double Rate => LearningRate / (1 - Math.Pow(Beta1, Step));

    /// <summary>1 / (1 − β₂ᵗ).</summary>
    internal double SecondCorrection => 1 / (1 - Math.Pow(Beta2, Step));

    /// <summary>Checks all values.</summary>
    /// <exception cref="BadInputException">A value is out of range; the message names it, its limit and the value.</exception>
    public AdamStep Validated()
    {
        Require(Step >= 1, "step", Step, "from 1");
        Require(LearningRate > 0 && double.IsFinite(LearningRate), "learningRate", LearningRate, "above 0");
        Require(Beta1 is >= 0 and < 1, "beta1", Beta1, "0 to below 1");
        Require(Beta2 is >= 0 and < 1, "beta2", Beta2, "0 to below 1");
        Require(Epsilon > 0, "epsilon", Epsilon, "above 0");
        return this;
    }

    private static void Require(bool holds, string name, double value, string limit)
    {
        if (!holds)
            throw new BadInputException($"adam: {name} is {value}; allowed: {limit}");
    }
}
