using VisionCell.Volumes;

namespace VisionCell.Augmentation;

/// <summary>Enlargement or reduction about the centre of the patch, the same along all axes in nanometres, or along each by itself.</summary>
public sealed record Scaling : GeometricAugmentation
{
    /// <summary>Creates a scaling.</summary>
    /// <param name="strength">Largest change: factors from exp(-strength) to exp(strength); 0 to 1.</param>
    /// <param name="eachAxis">Whether each axis takes a factor of its own.</param>
    /// <exception cref="BadInputException">A value is out of range.</exception>
    public Scaling(double strength = 0.15, bool eachAxis = false)
    {
        Strength = Within(strength, 0, 1, "scaling");
        EachAxis = eachAxis;
    }

    /// <summary>Largest logarithm of the factor.</summary>
    public double Strength { get; }

    /// <summary>Whether each axis takes a factor of its own.</summary>
    public bool EachAxis { get; }

    /// <inheritdoc/>
    public override SpatialStep Draw(CounterRandom random, Shape3 patch, VoxelSize size)
    {
        var x = Math.Exp(random.Uniform(-Strength, Strength));
        var (z, y) = EachAxis ? (Math.Exp(random.Uniform(-Strength, Strength)), Math.Exp(random.Uniform(-Strength, Strength))) : (x, x);
        return new AffineStep([z, 0, 0, 0, y, 0, 0, 0, x]);
    }

    /// <inheritdoc/>
    public override Augmentation AtStrength(double share) => new Scaling(Strength * share, EachAxis) { Probability = Probability };
}
