namespace VisionCell.NeuralField;

/// <summary>What makes a value of the number that the perceptron gives.</summary>
public enum FieldActivation
{
    /// <summary>Itself: values of any sign, as sections have them.</summary>
    Linear,

    /// <summary>log(1 + eˣ): never negative, and about linear above 1; for what absorbs.</summary>
    Softplus,

    /// <summary>eˣ: densities over several powers of ten, for surfaces that emit (arXiv:2201.05989, section 5.4).</summary>
    Exponential,
}

/// <summary>The activations and their slopes.</summary>
internal static class FieldActivations
{
    /// <summary>Where the exponential ends, so that no number becomes infinite.</summary>
    private const float MostExponent = 15;

    public static float Value(FieldActivation activation, float x) => activation switch
    {
        FieldActivation.Softplus => x > MostExponent ? x : MathF.Log(1 + MathF.Exp(x)),
        FieldActivation.Exponential => MathF.Exp(MathF.Min(x, MostExponent)),
        _ => x,
    };

    public static float Slope(FieldActivation activation, float x) => activation switch
    {
        FieldActivation.Softplus => Sigmoid(x),
        FieldActivation.Exponential => MathF.Exp(MathF.Min(x, MostExponent)),
        _ => 1,
    };

    /// <summary>1 / (1 + e⁻ˣ), for emission between 0 and 1.</summary>
    public static float Sigmoid(float x) => 1 / (1 + MathF.Exp(-x));
}
