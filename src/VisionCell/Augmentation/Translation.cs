using VisionCell.Volumes;

namespace VisionCell.Augmentation;

/// <summary>Shift by any distance up to a limit along each axis, fractions of a voxel included.</summary>
public sealed record Translation : GeometricAugmentation
{
    /// <summary>Creates a translation.</summary>
    /// <param name="lateral">Largest shift along y and x, nm, at least 0.</param>
    /// <param name="axial">Largest shift along z, nm, at least 0.</param>
    /// <exception cref="BadInputException">A value is out of range.</exception>
    public Translation(double lateral, double axial = 0)
    {
        Lateral = Within(lateral, 0, 1e9, "lateral shift", " nm");
        Axial = Within(axial, 0, 1e9, "axial shift", " nm");
    }

    /// <summary>Largest shift along y and x, nm.</summary>
    public double Lateral { get; }

    /// <summary>Largest shift along z, nm.</summary>
    public double Axial { get; }

    /// <inheritdoc/>
    public override SpatialStep Draw(CounterRandom random, Shape3 patch, VoxelSize size)
    {
        var shift = new Position(random.Uniform(-Axial, Axial), random.Uniform(-Lateral, Lateral), random.Uniform(-Lateral, Lateral));
        return new AffineStep([1, 0, 0, 0, 1, 0, 0, 0, 1], shift);
    }

    /// <inheritdoc/>
    public override Augmentation AtStrength(double share) => new Translation(Lateral * share, Axial * share) { Probability = Probability };
}
