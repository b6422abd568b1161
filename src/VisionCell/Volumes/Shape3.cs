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

    /// <summary>The box with so many pixels more on either side along y and x, as far as a volume of that shape has them.</summary>
    public Box Widened(int pixels, Shape3 within)
    {
        var (y, x) = (Math.Max(0, Y - pixels), Math.Max(0, X - pixels));
        return new Box(Z, y, x, new Shape3(Shape.Z, Math.Min(within.Y, Y + Shape.Y + pixels) - y, Math.Min(within.X, X + Shape.X + pixels) - x));
    }

    /// <summary>The same box as another, inside which it lies, sees it.</summary>
    public Box From(Box outer) => new(Z - outer.Z, Y - outer.Y, X - outer.X, Shape);
}

/// <summary>A point in nanometres.</summary>
public readonly record struct Position(double Z, double Y, double X);
