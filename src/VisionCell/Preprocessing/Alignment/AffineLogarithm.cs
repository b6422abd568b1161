namespace VisionCell.Preprocessing;

/// <summary>
/// Affine maps as vectors that can be added and averaged: the matrix logarithm, by its series (the maps of sections are near the
/// identity up to their shift, on which the series ends by itself). Coordinates are about the centre of the section, and the four
/// linear entries are scaled by a radius so that all six numbers are pixels. Logarithms of rigid maps stay those of rigid maps under
/// sums. Source: Alexa, "Linear combination of transformations", ACM Trans. Graphics 21, 2002, doi:10.1145/566654.566592.
/// </summary>
internal readonly struct AffineLogarithm(int height, int width)
{
    private const int Terms = 24;

    private readonly double _y = 0.5 * (height - 1);
    private readonly double _x = 0.5 * (width - 1);

    /// <summary>Typical distance of a pixel from the centre, pixels.</summary>
    private readonly double _radius = Math.Sqrt((height * (double)height + width * (double)width) / 12);

    /// <summary>The logarithm: change of x with x, of x with y, of y with x, of y with y at the radius, shift along x and y at the centre; pixels.</summary>
    public double[] Of(AffineMap map)
    {
        var (ty, tx) = map.Apply(_y, _x);
        double a = map.A - 1, b = map.B, c = map.C, d = map.D - 1, u = tx - _x, v = ty - _y;
        double pa = a, pb = b, pc = c, pd = d, pu = u, pv = v;
        var result = new double[6];
        for (var k = 1; k <= Terms; k++)
        {
            var sign = (k % 2 == 1 ? 1.0 : -1.0) / k;
            result[0] += sign * pa;
            result[1] += sign * pb;
            result[2] += sign * pc;
            result[3] += sign * pd;
            result[4] += sign * pu;
            result[5] += sign * pv;
            (pa, pb, pc, pd, pu, pv) = (a * pa + b * pc, a * pb + b * pd, c * pa + d * pc, c * pb + d * pd, a * pu + b * pv, c * pu + d * pv);
        }
        for (var k = 0; k < 4; k++)
            result[k] *= _radius;
        return result;
    }

    /// <summary>The map with a given logarithm.</summary>
    public AffineMap Exp(ReadOnlySpan<double> logarithm)
    {
        var (a, b, c, d) = (logarithm[0] / _radius, logarithm[1] / _radius, logarithm[2] / _radius, logarithm[3] / _radius);
        var (u, v) = (logarithm[4], logarithm[5]);
        double pa = a, pb = b, pc = c, pd = d, pu = u, pv = v;
        double ra = 1, rb = 0, rc = 0, rd = 1, ru = 0, rv = 0;
        var factor = 1.0;
        for (var k = 1; k <= Terms; k++)
        {
            factor /= k;
            (ra, rb, rc, rd, ru, rv) = (ra + factor * pa, rb + factor * pb, rc + factor * pc, rd + factor * pd, ru + factor * pu, rv + factor * pv);
            (pa, pb, pc, pd, pu, pv) = (a * pa + b * pc, a * pb + b * pd, c * pa + d * pc, c * pb + d * pd, a * pu + b * pv, c * pu + d * pv);
        }
        return new AffineMap(ra, rb, _x + ru - ra * _x - rb * _y, rc, rd, _y + rv - rc * _x - rd * _y);
    }

    /// <summary>Root of the mean square of how far a logarithm moves the pixels of a section, pixels.</summary>
    public static double Length(ReadOnlySpan<double> logarithm)
    {
        // Over a square, x and y about the centre have a mean square of half the radius' square each.
        var sum = 0.0;
        for (var k = 0; k < 6; k++)
            sum += (k < 4 ? 0.5 : 1) * logarithm[k] * logarithm[k];
        return Math.Sqrt(sum);
    }
}
