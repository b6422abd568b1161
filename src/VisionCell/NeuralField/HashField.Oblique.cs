using VisionCell.Volumes;

namespace VisionCell.NeuralField;

/// <content>Sections at any angle.</content>
public sealed partial class HashField
{
    /// <summary>The field on a plane, <c>[height, width]</c> row by row; NaN outside its bounds.</summary>
    /// <param name="centre">The middle of the plane, nm.</param>
    /// <param name="right">Direction of its rows, of any length.</param>
    /// <param name="down">Direction of its columns, at a right angle to it.</param>
    /// <param name="pixelNm">Distance of neighbouring pixels, nm.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <exception cref="BadInputException">The plane is none, or empty.</exception>
    public float[] Oblique(Position centre, Direction right, Direction down, double pixelNm, int height, int width)
    {
        // A plane is what a parallel camera looks through.
        var plane = new Camera { Height = height, Width = width, Centre = centre, Right = right.Unit(), Down = down.Unit(), PixelNm = pixelNm }.Validated("oblique section");
        var (positions, values) = (new Position[height * width], new float[height * width]);
        for (var i = 0; i < positions.Length; i++)
            positions[i] = plane.Ray(i / width, i % width).Origin;
        Evaluate(positions, values);
        var (lower, upper) = (Bounds.Lower, Bounds.Upper);
        for (var i = 0; i < values.Length; i++)
        {
            var p = positions[i];
            if (!(p.Z >= lower.Z && p.Y >= lower.Y && p.X >= lower.X && p.Z <= upper.Z && p.Y <= upper.Y && p.X <= upper.X))
                values[i] = float.NaN;
        }
        return values;
    }
}
