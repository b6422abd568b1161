using VisionCell.Volumes;

namespace VisionCell.Augmentation;

/// <summary>
/// Rotation about the centre of the patch, in nanometres: about z by any angle up to one limit, then z itself tilted in any direction by
/// up to another. A tilt takes z into x and y at their true lengths; across thick sections it interpolates between what is far apart,
/// so that it is 0 by default.
/// </summary>
public sealed record Rotation : GeometricAugmentation
{
    /// <summary>Creates a rotation.</summary>
    /// <param name="angle">Largest angle about z, degrees, 0 to 180.</param>
    /// <param name="tilt">Largest angle by which z is tilted, degrees, 0 to 180.</param>
    /// <exception cref="BadInputException">A value is out of range.</exception>
    public Rotation(double angle = 180, double tilt = 0)
    {
        Angle = Within(angle, 0, 180, "rotation about z", " degrees");
        Tilt = Within(tilt, 0, 180, "tilt", " degrees");
    }

    /// <summary>Largest angle about z, degrees.</summary>
    public double Angle { get; }

    /// <summary>Largest tilt of z, degrees.</summary>
    public double Tilt { get; }

    /// <inheritdoc/>
    public override SpatialStep Draw(CounterRandom random, Shape3 patch, VoxelSize size)
    {
        var angle = random.Uniform(-Angle, Angle) * Math.PI / 180;
        var direction = random.Uniform(0, 2 * Math.PI);
        var tilt = random.Uniform(0, Tilt) * Math.PI / 180;
        return About(angle, direction, tilt);
    }

    /// <summary>Rotation by an angle about z, after a tilt about the axis of that direction in the plane; radians.</summary>
    internal static AffineStep About(double angle, double direction, double tilt)
    {
        // Rodrigues for the axis (0, sin d, cos d) in (z, y, x), times the rotation about z.
        double c = Math.Cos(tilt), s = Math.Sin(tilt), ay = Math.Sin(direction), ax = Math.Cos(direction);
        double[] t =
        [
            c, -s * ax, s * ay,
            s * ax, c + (1 - c) * ay * ay, (1 - c) * ay * ax,
            -s * ay, (1 - c) * ay * ax, c + (1 - c) * ax * ax,
        ];
        double[] r = [1, 0, 0, 0, Math.Cos(angle), Math.Sin(angle), 0, -Math.Sin(angle), Math.Cos(angle)];
        var matrix = new double[9];
        for (var i = 0; i < 3; i++)
        {
            for (var k = 0; k < 3; k++)
                matrix[3 * i + k] = t[3 * i] * r[k] + t[3 * i + 1] * r[3 + k] + t[3 * i + 2] * r[6 + k];
        }
        return new AffineStep(matrix);
    }

    /// <inheritdoc/>
    public override Augmentation AtStrength(double share) => new Rotation(Angle * share, Tilt * share) { Probability = Probability };
}
