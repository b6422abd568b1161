using System.Numerics.Tensors;
using VisionCell.Acquisition;
using VisionCell.Volumes;

namespace VisionCell.Reconstruction;

/// <summary>
/// What error to expect where methods lie a certain distance apart and the sections about differ so much: <c>constant + slope · spread + steepness · difference</c>
/// in the middle of a gap, fitted to errors that are known, and scaled so that nine of ten of them lie within the interval that is meant to hold 90 %
/// (split conformal prediction, Lei et al., JASA 2018, doi:10.1080/01621459.2017.1307116). Towards an observed section what does not come of the spread falls
/// as the deviation of a random walk that is tied at both ends.
/// </summary>
/// <param name="Constant">Expected absolute error where methods agree and sections are alike, grey values.</param>
/// <param name="Slope">Expected absolute error a grey value of spread.</param>
/// <param name="Noise">Expected absolute deviation of a fine row by noise of its own, which no section shows and no method can know; it adds in squares.</param>
/// <param name="Steepness">Expected absolute error a grey value of <see cref="SectionDifference"/>.</param>
internal sealed record SpreadModel(double Constant, double Slope, double Noise = 0, double Steepness = 0)
{
    // Half width of the 90 % interval of a normal distribution in units of its mean absolute deviation: how the expected error is read.
    private const double IntervalFactor = 1.6448536269514722 / MeanOfNormal;
    private const double MeanOfNormal = 0.79788456080286541;

    /// <summary>Fits the model.</summary>
    /// <param name="spread">Distance of the methods at each voxel.</param>
    /// <param name="result">Their result.</param>
    /// <param name="truth">What is true.</param>
    /// <param name="difference">Difference of the sections about it; empty where that is not to count.</param>
    public static SpreadModel Fit(ReadOnlySpan<float> spread, ReadOnlySpan<float> result, ReadOnlySpan<float> truth, ReadOnlySpan<float> difference = default)
    {
        var error = new float[result.Length];
        TensorPrimitives.Subtract(result, truth, error);
        TensorPrimitives.Abs(error, error);
        var (constant, slope, steepness) = Line(error, spread, difference);
        // The scale at which nine of ten errors lie within the interval.
        for (var i = 0; i < error.Length; i++)
            error[i] /= (float)(constant + slope * spread[i] + (difference.IsEmpty ? 0 : steepness * difference[i]));
        error.AsSpan().Sort();
        var scale = error[(int)Math.Min(error.Length - 1, Math.Ceiling(0.9 * error.Length))] / IntervalFactor;
        return new SpreadModel(constant * scale, slope * scale, 0, steepness * scale);
    }

    /// <summary>Least squares of the errors, slopes at least 0.</summary>
    private static (double Constant, double Slope, double Steepness) Line(float[] error, ReadOnlySpan<float> spread, ReadOnlySpan<float> difference)
    {
        double n = error.Length, s = 0, d = 0, e = 0;
        for (var i = 0; i < error.Length; i++)
        {
            s += spread[i];
            d += difference.IsEmpty ? 0 : difference[i];
            e += error[i];
        }
        (s, d, e) = (s / n, d / n, e / n);
        double ss = 0, dd = 0, sd = 0, se = 0, de = 0;
        for (var i = 0; i < error.Length; i++)
        {
            var (x, y, z) = (spread[i] - s, (difference.IsEmpty ? 0 : difference[i]) - d, error[i] - e);
            ss += x * x;
            dd += y * y;
            sd += x * y;
            se += x * z;
            de += y * z;
        }
        var determinant = ss * dd - sd * sd;
        var (slope, steepness) = determinant > 1e-9 * ss * dd ? ((se * dd - de * sd) / determinant, (de * ss - se * sd) / determinant) : (-1, -1);
        // The best with one of them at zero lies where only the other one counts; of these the one that explains more.
        if (slope < 0 || steepness < 0)
        {
            var (bySpread, byDifference) = (ss > 0 ? Math.Max(0, se / ss) : 0, dd > 0 ? Math.Max(0, de / dd) : 0);
            (slope, steepness) = bySpread * se >= byDifference * de ? (bySpread, 0.0) : (0.0, byDifference);
        }
        return (Math.Max(1e-3, e - slope * s - steepness * d), slope, steepness);
    }

    /// <summary>The model of errors that are so many times as large.</summary>
    public SpreadModel Scaled(double ratio) => new(Constant * ratio, Slope * ratio, Noise, Steepness * ratio);

    /// <summary>
    /// What the rows of a thick section deviate by, as noise goes that is independent from row to row: the mean of t rows has a t-th of the
    /// variance of each, and each differs from it by 1 − 1/t of its own. What sections are judged by within them holds their noise already.
    /// </summary>
    /// <param name="noise">Standard deviation of the noise in a section.</param>
    /// <param name="thickness">Rows t that a section averages.</param>
    public static double NoiseOfRows(double noise, double thickness) => MeanOfNormal * noise * Math.Sqrt((thickness - 1) * (1 - 1 / thickness));

    /// <summary>Turns the spread of a box of the isotropic grid into the absolute error to expect; an observed row has none.</summary>
    /// <param name="sparse">The stack.</param>
    /// <param name="box">Where it lies.</param>
    /// <param name="spread">Distance of the methods at each voxel of it, <c>[Z, Y, X]</c>; the result.</param>
    public void Apply(SparseVolume sparse, Box box, Volume<float> spread)
    {
        var difference = Steepness > 0 ? SectionDifference.Of(sparse, box) : null;
        for (var z = 0; z < box.Shape.Z; z++)
            Apply(sparse, box.Z + z, spread.Section(z), difference is null ? default : difference.Section(z));
    }

    private void Apply(SparseVolume sparse, int row, Span<float> spread, ReadOnlySpan<float> difference)
    {
        if (sparse.IsObservedRow(row))
        {
            spread.Clear();
            return;
        }
        var (before, t) = sparse.SectionBefore(row);
        var distance = before + 1 < sparse.Sections ? sparse.Centre(before + 1) - sparse.Centre(before) : sparse.MeanPitch;
        // A walk goes as far as the root of its length.
        var tied = sparse.Sampling.IsDecimation ? Math.Sqrt(4 * t * (1 - t) * distance / sparse.MeanPitch) : 1;
        TensorPrimitives.Multiply(spread, (float)Slope, spread);
        TensorPrimitives.Add(spread, (float)(Constant * tied), spread);
        if (!difference.IsEmpty)
            TensorPrimitives.MultiplyAdd(difference, (float)(Steepness * tied), spread, spread);
        if (Noise == 0)
            return;
        TensorPrimitives.Multiply(spread, spread, spread);
        TensorPrimitives.Add(spread, (float)(Noise * Noise), spread);
        TensorPrimitives.Sqrt(spread, spread);
    }
}
