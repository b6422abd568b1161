namespace VisionCell.NeuralField;

/// <summary>A direction in space, in the order of volumes.</summary>
/// <param name="Z">Along z.</param>
/// <param name="Y">Along y.</param>
/// <param name="X">Along x.</param>
public readonly record struct Direction(double Z, double Y, double X)
{
    /// <summary>Its length.</summary>
    public double Length => Math.Sqrt(Dot(this));

    /// <summary>The sum of two, each times a number.</summary>
    public static Direction Sum(double a, Direction first, double b, Direction second) => new(a * first.Z + b * second.Z, a * first.Y + b * second.Y, a * first.X + b * second.X);

    /// <summary>Scalar product.</summary>
    public double Dot(Direction other) => Z * other.Z + Y * other.Y + X * other.X;

    /// <summary>Vector product: x cross y is z.</summary>
    public Direction Cross(Direction other) => new(X * other.Y - Y * other.X, Z * other.X - X * other.Z, Y * other.Z - Z * other.Y);

    /// <summary>The same of length 1.</summary>
    public Direction Unit() => Sum(1 / Length, this, 0, this);
}
