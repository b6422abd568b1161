namespace VisionCell.Meshing;

/// <summary>
/// Whether the surface of the trilinear interpolant of eight corner values passes through its cube as a tunnel, and where that is narrowest.
/// <para>
/// A section of the cube across an axis is bilinear, and its zero set falls apart into two straight lines where the determinant
/// f00 f11 − f01 f10 of its corner values is zero. Along the axis the determinant is a quadratic of the position; it has two roots within the
/// cube, along each of the three axes, exactly where a ring of six such lines lies in the surface: the six corners of the box between the
/// roots that are not on the tunnel's own diagonal. A cube whose faces already close to two loops or more then joins two of them by a
/// tube around that ring; otherwise every loop bounds a disk. The tests hold this against the finely sampled interpolant.
/// </para>
/// Sources: E. Chernyaev, "Marching Cubes 33", CERN CN/95-17 (1995); T. Lewiner et al., J. Graphics Tools 8(2) 2003,
/// doi:10.1080/10867651.2003.10487582; R. Grosso, Computer Graphics Forum 35(5) 2016, doi:10.1111/cgf.12975 (the ring).
/// </summary>
internal readonly struct TrilinearTunnel
{
    /// <summary>How many kinds there are: four diagonals, and either side in the middle.</summary>
    public const int Kinds = 8;

    // A tunnel that is thinner than 2 thousandths of a voxel would be triangles without area: it counts as closed.
    private const double Least = 1e-3;

    private readonly (double Low, double High) _x, _y, _z;

    private TrilinearTunnel((double Low, double High) x, (double Low, double High) y, (double Low, double High) z, int kind) =>
        (_x, _y, _z, Kind) = (x, y, z, kind);

    /// <summary>Twice the half number of the lower end of the diagonal (corner 0, 2, 4 or 6), and 1 where the inside runs through the middle.</summary>
    public int Kind { get; }

    /// <summary>The corner of the cube at the lower end of the diagonal of a kind; the other end is 7 minus it.</summary>
    public static int Diagonal(int kind) => kind >> 1 << 1;

    /// <summary>Whether the inside runs through the middle of a tunnel of a kind.</summary>
    public static bool InsideIsWithin(int kind) => (kind & 1) != 0;

    /// <summary>Looks for a tunnel.</summary>
    /// <param name="w">Values at the corners, at least 0 inside; corner c lies at x = bit 0, y = bit 1, z = bit 2.</param>
    /// <param name="tunnel">What was found.</param>
    public static bool TryFind(ReadOnlySpan<float> w, out TrilinearTunnel tunnel)
    {
        tunnel = default;
        if (!TryRoots(w, 1, 2, 4, out var x, out _) || !TryRoots(w, 2, 4, 1, out var y, out var oddY) || !TryRoots(w, 4, 1, 2, out var z, out var oddZ))
            return false;
        // Sections across y show the diagonal's z beside its x, those across z its y beside its x: alike or not.
        var diagonal = (oddZ ? 2 : 0) | (oddY ? 4 : 0);
        double middleX = (x.Low + x.High) / 2, middleY = (y.Low + y.High) / 2, middleZ = (z.Low + z.High) / 2, middle = 0;
        for (var c = 0; c < 8; c++)
            middle += w[c] * ((c & 1) != 0 ? middleX : 1 - middleX) * ((c & 2) != 0 ? middleY : 1 - middleY) * ((c & 4) != 0 ? middleZ : 1 - middleZ);
        tunnel = new TrilinearTunnel(x, y, z, diagonal | (middle >= 0 ? 1 : 0));
        return true;
    }

    /// <summary>A corner of the box between the roots: bit 0, 1, 2 takes the larger root along x, y, z. Parts of the cube, 0 to 1.</summary>
    public (double X, double Y, double Z) Point(int corner) =>
        ((corner & 1) != 0 ? _x.High : _x.Low, (corner & 2) != 0 ? _y.High : _y.Low, (corner & 4) != 0 ? _z.High : _z.Low);

    /// <summary>Where the determinant of the sections across an axis is zero; <paramref name="odd"/>: corners 01 and 10 lie at the tunnel's diagonal, not 00 and 11.</summary>
    private static bool TryRoots(ReadOnlySpan<float> w, int along, int p, int q, out (double Low, double High) roots, out bool odd)
    {
        double a00 = w[0], a10 = w[p], a01 = w[q], a11 = w[p | q], b00 = w[along], b10 = w[along | p], b01 = w[along | q], b11 = w[along | p | q];
        double first = a00 * a11 - a10 * a01, last = b00 * b11 - b10 * b01, square = (b00 - a00) * (b11 - a11) - (b10 - a10) * (b01 - a01);
        (roots, odd) = (default, square > 0);
        // Both roots lie within where the determinants at both ends have the sign of the square and its middle is within.
        if (!(square * first > 0 && square * last > 0))
            return false;
        double linear = last - first - square, discriminant = linear * linear - 4 * square * first;
        if (!(discriminant > 0))
            return false;
        double middle = -linear / (2 * square), half = Math.Sqrt(discriminant) / (2 * Math.Abs(square));
        roots = (Math.Max(Least, middle - half), Math.Min(1 - Least, middle + half));
        return middle > 0 && middle < 1 && half > Least && roots.High - roots.Low > Least;
    }
}
