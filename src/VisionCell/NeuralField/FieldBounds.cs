using System.Globalization;
using VisionCell.Volumes;

namespace VisionCell.NeuralField;

/// <summary>The box that a field covers, from the outer faces of its first voxels to those of its last, nm.</summary>
public readonly record struct FieldBounds
{
    /// <summary>Creates bounds.</summary>
    /// <param name="lower">The corner of the smallest coordinates, nm.</param>
    /// <param name="upper">The opposite corner, nm.</param>
    /// <exception cref="BadInputException">The box is empty, or a coordinate is not finite.</exception>
    public FieldBounds(Position lower, Position upper)
    {
        Span<double> edges = [upper.Z - lower.Z, upper.Y - lower.Y, upper.X - lower.X];
        foreach (var edge in edges)
        {
            if (!(edge > 0 && double.IsFinite(edge)))
                throw new BadInputException(string.Create(CultureInfo.InvariantCulture, $"a field from ({lower.Z}, {lower.Y}, {lower.X}) to ({upper.Z}, {upper.Y}, {upper.X}) nm: every edge must be positive and finite"));
        }
        Lower = lower;
        Upper = upper;
    }

    /// <summary>The corner of the smallest coordinates, nm.</summary>
    public Position Lower { get; }

    /// <summary>The opposite corner, nm.</summary>
    public Position Upper { get; }

    /// <summary>The longest edge, nm.</summary>
    public double LongestEdge => Math.Max(Upper.Z - Lower.Z, Math.Max(Upper.Y - Lower.Y, Upper.X - Lower.X));

    /// <summary>The bounds of a volume: half a voxel beyond the centres of its outermost voxels.</summary>
    public static FieldBounds Of(Shape3 shape, VoxelSize voxelSize, Position origin)
    {
        var lower = new Position(origin.Z - voxelSize.Z / 2, origin.Y - voxelSize.Y / 2, origin.X - voxelSize.X / 2);
        return new FieldBounds(lower, new Position(lower.Z + shape.Z * voxelSize.Z, lower.Y + shape.Y * voxelSize.Y, lower.X + shape.X * voxelSize.X));
    }

    /// <summary>Whether another box lies inside, but for rounding.</summary>
    public bool Contains(FieldBounds box)
    {
        var slack = 1e-6 * LongestEdge;
        return box.Lower.Z >= Lower.Z - slack && box.Lower.Y >= Lower.Y - slack && box.Lower.X >= Lower.X - slack &&
               box.Upper.Z <= Upper.Z + slack && box.Upper.Y <= Upper.Y + slack && box.Upper.X <= Upper.X + slack;
    }
}
