namespace VisionCell.Volumes;

/// <summary>The number of voxels along each axis, in storage order.</summary>
public readonly record struct Shape3(int Z, int Y, int X)
{
    /// <summary>Number of voxels.</summary>
    public long Count => (long)Z * Y * X;

    /// <summary>Number of voxels in one section.</summary>
    public int SectionCount => checked(Y * X);

    /// <inheritdoc/>
    public override string ToString() => $"{Z} x {Y} x {X}";
}

/// <summary>A box of voxels: <paramref name="Z"/>, <paramref name="Y"/>, <paramref name="X"/> are its first indices.</summary>
public readonly record struct Box(int Z, int Y, int X, Shape3 Shape)
{
    /// <summary>The box that covers a whole volume.</summary>
    public static Box Of(Shape3 shape) => new(0, 0, 0, shape);

    /// <summary>Whether the box lies inside a volume of that shape and is not empty.</summary>
    public bool IsInside(Shape3 shape) =>
        Z >= 0 && Y >= 0 && X >= 0 && Shape.Z > 0 && Shape.Y > 0 && Shape.X > 0 &&
        Z + (long)Shape.Z <= shape.Z && Y + (long)Shape.Y <= shape.Y && X + (long)Shape.X <= shape.X;
}

/// <summary>A point in nanometres.</summary>
public readonly record struct Position(double Z, double Y, double X);
