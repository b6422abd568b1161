using System.Numerics.Tensors;
using VisionCell.Acquisition;

namespace VisionCell.Augmentation;

/// <summary>
/// How much of a spline's curvature helps halfway between two sections, from how sections differ with their distance. Predicting a section from its neighbours cannot tell: that gap is
/// twice as wide. With D(d) the mean squared difference of sections d apart, the best weight of the Catmull-Rom curvature (a + b − o − q) / 16 of four
/// sections o, a, b, q is 16 (D(3/2) − D(1/2) − D(2)/2) / (D(1) + 2 D(2) − D(3)): kriging with one weight (Matheron, "Principles of geostatistics", Economic
/// Geology 58, 1963, doi:10.2113/gsecongeo.58.8.1246). D(1/2) and D(3/2) are read off polynomials in the logarithms.
/// </summary>
internal static class CurvatureWeight
{
    /// <summary>Largest weight: on smooth volumes in narrow gaps 1.3 to 1.5 is best (nerve and bone at decimate:2), on none more.</summary>
    public const double Most = 1.5;

    /// <summary>With fewer sections D(4) is one pair or two.</summary>
    public const int FewestSections = 8;

    // D(1) to D(4), from at most so many places of the stack.
    private const int Distances = 4, MostPlaces = 64;

    /// <summary>The weight, at most <see cref="Most"/>, below 0 where sections have so little in common that their mean is better; null where there are too few sections, or where they do not differ.</summary>
    /// <param name="sparse">Thin, evenly spaced sections.</param>
    public static double? Of(SparseVolume sparse)
    {
        int[] places = [.. Enumerable.Range(0, Math.Max(0, sparse.Sections - Distances)).Where(z => Enumerable.Range(z, Distances + 1).All(sparse.IsObserved))];
        if (places.Length < FewestSections - Distances)
            return null;
        var count = Math.Min(MostPlaces, places.Length);
        // All distances from the same places: what one section has of its own then weighs alike in each.
        var squares = new double[count, Distances];
        Parallel.For(0, count, i =>
        {
            var z = places[(int)((long)i * places.Length / count)];
            for (var d = 1; d <= Distances; d++)
            {
                var distance = TensorPrimitives.Distance(sparse.Observed.Section(z), sparse.Observed.Section(z + d));
                squares[i, d - 1] = (double)distance * distance;
            }
        });
        var differences = Enumerable.Range(0, Distances).Select(d => Enumerable.Range(0, count).Sum(i => squares[i, d])).ToArray();
        return differences.All(d => d > 0 && double.IsFinite(d)) ? Of(differences) : null;
    }

    /// <summary>The weight from D(1) to D(4): the smaller of what the parabola through three of them and the cubic through all say, since where these disagree neither is known.</summary>
    internal static double Of(double[] differences)
    {
        var curvature = differences[0] + 2 * differences[1] - differences[2];
        return curvature > 0 ? Math.Min(Most, Math.Min(By(3), By(4))) : 0;

        double By(int points) => 16 * (At(differences.AsSpan(0, points), 1.5) - At(differences.AsSpan(0, points), 0.5) - differences[1] / 2) / curvature;
    }

    /// <summary>D at a distance, by Lagrange's polynomial through log D over log d.</summary>
    private static double At(ReadOnlySpan<double> differences, double distance)
    {
        var sum = 0.0;
        for (var i = 0; i < differences.Length; i++)
        {
            var term = Math.Log(differences[i]);
            for (var k = 0; k < differences.Length; k++)
                term *= k == i ? 1 : Math.Log(distance / (k + 1)) / Math.Log((i + 1.0) / (k + 1));
            sum += term;
        }
        return Math.Exp(sum);
    }
}
