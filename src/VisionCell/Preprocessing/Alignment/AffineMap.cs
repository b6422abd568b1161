namespace VisionCell.Preprocessing;

/// <summary>
/// An affine map of the plane, pixels: (x, y) goes to (A x + B y + Tx, C x + D y + Ty). Pixel (x, y) stands for its centre, so that a
/// change of resolution by s takes x to s (x + 1/2) - 1/2.
/// </summary>
/// <param name="A">From x to x.</param>
/// <param name="B">From y to x.</param>
/// <param name="Tx">Shift along x, pixels.</param>
/// <param name="C">From x to y.</param>
/// <param name="D">From y to y.</param>
/// <param name="Ty">Shift along y, pixels.</param>
public readonly record struct AffineMap(double A, double B, double Tx, double C, double D, double Ty)
{
    /// <summary>The map that moves nothing.</summary>
    public static AffineMap Identity { get; } = new(1, 0, 0, 0, 1, 0);

    /// <summary>A shift.</summary>
    public static AffineMap Shift(double y, double x) => new(1, 0, x, 0, 1, y);

    /// <summary>A turn about a point and a shift after it.</summary>
    /// <param name="radians">From x toward y.</param>
    /// <param name="centreY">Row of the point.</param>
    /// <param name="centreX">Column of the point.</param>
    /// <param name="shiftY">Shift along y, pixels.</param>
    /// <param name="shiftX">Shift along x, pixels.</param>
    public static AffineMap Rotation(double radians, double centreY, double centreX, double shiftY = 0, double shiftX = 0)
    {
        var (sin, cos) = Math.SinCos(radians);
        return new AffineMap(cos, -sin, centreX - cos * centreX + sin * centreY + shiftX, sin, cos, centreY - sin * centreX - cos * centreY + shiftY);
    }

    /// <summary>The affine part of a section's transform.</summary>
    public static AffineMap Of(SectionTransform transform) => new(
        transform.Affine[0][0], transform.Affine[0][1], transform.Affine[0][2], transform.Affine[1][0], transform.Affine[1][1], transform.Affine[1][2]);

    /// <summary>As two rows of three numbers.</summary>
    public IReadOnlyList<IReadOnlyList<double>> Rows => [[A, B, Tx], [C, D, Ty]];

    /// <summary>Change of area.</summary>
    public double Determinant => A * D - B * C;

    /// <summary>Where a point goes.</summary>
    public (double Y, double X) Apply(double y, double x) => (C * x + D * y + Ty, A * x + B * y + Tx);

    /// <summary>This map after another one.</summary>
    public AffineMap After(AffineMap first) => new(
        A * first.A + B * first.C, A * first.B + B * first.D, A * first.Tx + B * first.Ty + Tx,
        C * first.A + D * first.C, C * first.B + D * first.D, C * first.Tx + D * first.Ty + Ty);

    /// <summary>The map back.</summary>
    /// <exception cref="InvalidOperationException">The map flattens the plane.</exception>
    public AffineMap Inverse()
    {
        var determinant = Determinant;
        if (Math.Abs(determinant) < 1e-12)
            throw new InvalidOperationException($"an affine map with determinant {determinant} has no inverse");
        var (a, b, c, d) = (D / determinant, -B / determinant, -C / determinant, A / determinant);
        return new AffineMap(a, b, -a * Tx - b * Ty, c, d, -c * Tx - d * Ty);
    }

    /// <summary>The same map for sections with <paramref name="factor"/> times as many pixels along each edge.</summary>
    public AffineMap Scaled(double factor)
    {
        var half = 0.5 / factor - 0.5; // where the centre of pixel 0 of the finer section lies in the coarser one, in its pixels
        var (y, x) = Apply(half, half);
        return this with { Tx = factor * (x + 0.5) - 0.5, Ty = factor * (y + 0.5) - 0.5 };
    }

    /// <summary>Longest way that this map moves a corner of a section, pixels.</summary>
    public double Reach(int height, int width)
    {
        var longest = 0.0;
        foreach (var (y, x) in ((double, double)[])[(0, 0), (0, width - 1), (height - 1, 0), (height - 1, width - 1)])
        {
            var (toY, toX) = Apply(y, x);
            longest = Math.Max(longest, Math.Sqrt((toY - y) * (toY - y) + (toX - x) * (toX - x)));
        }
        return longest;
    }
}
