using System.Globalization;
using VisionCell.Volumes;

namespace VisionCell.NeuralField;

/// <summary>How the rays of a camera run.</summary>
public enum CameraProjection
{
    /// <summary>All in one direction, as in a tilt series.</summary>
    Parallel,

    /// <summary>Through one point, as in a pinhole camera or a cone of X-rays.</summary>
    Perspective,
}

/// <summary>
/// Where a view was taken from. Rows of the image run along <see cref="Down"/>, columns along <see cref="Right"/>, and rays along
/// right x down; pixel (r, c) of an image of H x W lies r − (H − 1)/2 pixels down and c − (W − 1)/2 right of its middle.
/// </summary>
public sealed record Camera
{
    /// <summary>How its rays run.</summary>
    public CameraProjection Projection { get; init; }

    /// <summary>Pixels of the image along its rows and columns.</summary>
    public int Height { get; init; }

    /// <summary>Pixels of a row.</summary>
    public int Width { get; init; }

    /// <summary>Parallel: a point on the ray of the image's middle, from which depth counts. Perspective: the point that all rays pass. nm.</summary>
    public Position? Centre { get; init; }

    /// <summary>Direction of a row, of length 1.</summary>
    public Direction? Right { get; init; }

    /// <summary>Direction of a column, of length 1, at a right angle to <see cref="Right"/>.</summary>
    public Direction? Down { get; init; }

    /// <summary>Parallel: distance of neighbouring rays, nm.</summary>
    public double PixelNm { get; init; }

    /// <summary>Perspective: distance of the image from the centre, in pixels.</summary>
    public double FocalPixels { get; init; }

    /// <summary>Direction of sight.</summary>
    internal Direction Forward => Right!.Value.Cross(Down!.Value);

    /// <summary>A view of a tilt series: at 0° along z with x to the right, tilted about the axis y, with rising angle from z towards x.</summary>
    /// <param name="degrees">The angle.</param>
    /// <param name="centre">On the tilt axis, nm.</param>
    /// <param name="pixelNm">Distance of neighbouring rays, nm.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    public static Camera Tilt(double degrees, Position centre, double pixelNm, int height, int width)
    {
        var (sine, cosine) = Math.SinCos(degrees * Math.PI / 180);
        return new Camera { Height = height, Width = width, Centre = centre, Right = new Direction(-sine, 0, cosine), Down = new Direction(0, 1, 0), PixelNm = pixelNm }.Validated("tilt");
    }

    /// <summary>A view from a point towards another, with −y up.</summary>
    /// <param name="eye">From where, nm.</param>
    /// <param name="target">What lies in the middle, nm; not straight above or below.</param>
    /// <param name="degrees">Angle that the image's height spans.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    public static Camera LookAt(Position eye, Position target, double degrees, int height, int width)
    {
        var forward = new Direction(target.Z - eye.Z, target.Y - eye.Y, target.X - eye.X).Unit();
        var right = new Direction(0, 1, 0).Cross(forward).Unit();
        var focal = height / 2.0 / Math.Tan(degrees * Math.PI / 360);
        return new Camera { Projection = CameraProjection.Perspective, Height = height, Width = width, Centre = eye, Right = right, Down = forward.Cross(right), FocalPixels = focal }.Validated("look at");
    }

    /// <summary>Checks all values.</summary>
    /// <param name="name">What the message calls it: <c>view 3</c>.</param>
    /// <exception cref="BadInputException">A part of the pose is missing or is none; the message says which and of what view.</exception>
    public Camera Validated(string name)
    {
        if (Centre is not { } centre || Right is not { } right || Down is not { } down)
            throw new BadInputException($"{name}: no pose; give centre (nm), right and down");
        if (!double.IsFinite(centre.Z + centre.Y + centre.X))
            throw new BadInputException($"{name}: its centre {centre} is not finite");
        if (!(Math.Abs(right.Length - 1) < 1e-3 && Math.Abs(down.Length - 1) < 1e-3 && Math.Abs(right.Dot(down)) < 1e-3))
            throw new BadInputException(string.Create(CultureInfo.InvariantCulture, $"{name}: right {right} and down {down} must have length 1 and a right angle between them"));
        if (Height < 1 || Width < 1)
            throw new BadInputException($"{name}: an image of {Height} x {Width} pixels is empty");
        if (Projection == CameraProjection.Parallel ? !(PixelNm > 0 && double.IsFinite(PixelNm)) : !(FocalPixels > 0 && double.IsFinite(FocalPixels)))
            throw new BadInputException(string.Create(CultureInfo.InvariantCulture, $"{name}: {(Projection == CameraProjection.Parallel ? $"pixelNm is {PixelNm}" : $"focalPixels is {FocalPixels}")}; it must be positive"));
        return this;
    }

    /// <summary>The ray of a pixel: a point on it (nm) and its direction, of length 1. A perspective ray begins at the point.</summary>
    public (Position Origin, Direction Direction) Ray(int row, int column)
    {
        var (r, c) = (row - (Height - 1) / 2.0, column - (Width - 1) / 2.0);
        var centre = Centre!.Value;
        var aside = Direction.Sum(c, Right!.Value, r, Down!.Value);
        if (Projection == CameraProjection.Perspective)
            return (centre, Direction.Sum(FocalPixels, Forward, 1, aside).Unit());
        return (new Position(centre.Z + PixelNm * aside.Z, centre.Y + PixelNm * aside.Y, centre.X + PixelNm * aside.X), Forward.Unit());
    }
}
