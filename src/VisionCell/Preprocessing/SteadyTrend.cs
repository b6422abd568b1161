namespace VisionCell.Preprocessing;

/// <summary>
/// Tells what changes steadily from section to section (the specimen: membranes that run obliquely, tissue that gets darker) from what
/// goes to and fro (the microscope: jitter, flicker) in one number a section. The steady part is the smooth curve that predicts
/// left-out values best: second differences penalised by a factor that generalised cross-validation chooses (Craven and Wahba,
/// Numer. Math. 31, 1979, doi:10.1007/BF01404567). Where nothing goes to and fro the curve follows the values themselves and nothing
/// is left to correct. Single steps far out of the ordinary are no change of a specimen and stay in what is corrected, whether the
/// next section goes back or not.
/// </summary>
internal static class SteadyTrend
{
    /// <summary>Steps further than this many robust deviations from the median step are taken for jumps.</summary>
    private const double Jump = 3;

    /// <summary>
    /// What one degree of freedom costs in the cross-validation. At 1 it follows jitter in short stacks (24 sections and ±3 pixels left
    /// as they were); at 1.4 it takes motion for jitter where sections lie 40 nm apart (up to 1.6 pixels in an aligned stack).
    /// </summary>
    private const double Cost = 1.2;

    /// <summary>What is not steady: the part to be corrected, with median 0.</summary>
    public static double[] Residual(IReadOnlyList<double> values)
    {
        var count = values.Count;
        var steps = Enumerable.Range(1, count - 1).Select(z => values[z] - values[z - 1]).ToArray();
        var ordinary = Ordered.Median(steps);
        var reach = Jump * 1.4826 * Ordered.Median(steps.Select(s => Math.Abs(s - ordinary)));
        var steady = new double[count];
        for (var z = 1; z < count; z++)
            steady[z] = steady[z - 1] + Math.Clamp(steps[z - 1], ordinary - reach, ordinary + reach);
        var curve = Smooth(steady);
        var rest = Enumerable.Range(0, count).Select(z => values[z] - values[0] - curve[z]).ToArray();
        var middle = Ordered.Median(rest);
        return [.. rest.Select(r => r - middle)];
    }

    private static double[] Smooth(double[] values)
    {
        if (values.Length < 4)
            return values;
        var (best, bestScore) = (values, double.PositiveInfinity);
        for (var exponent = -3.0; exponent <= 5; exponent += 0.25)
        {
            var penalty = Math.Pow(10, exponent);
            var freedom = Freedom(values.Length, penalty);
            var share = 1 - Cost * freedom / values.Length;
            if (share <= 0)
                continue;
            var system = new BandedSystem(values.Length, 2);
            for (var z = 0; z < values.Length; z++)
                system.Add(z, z, 1);
            for (var z = 0; z + 2 < values.Length; z++)
                system.AddSquare(penalty, z, 1, -2, 1);
            var curve = system.Solve(values);
            var score = curve.Zip(values, (c, v) => (c - v) * (c - v)).Sum() / (share * share);
            if (score < bestScore)
                (best, bestScore) = (curve, score);
        }
        return best;
    }

    /// <summary>
    /// Degrees of freedom of the curve: the trace of its smoother. Its eigenvalues are those of a free beam, two of them zero and the
    /// others near (2 - 2 cos((m - 1/2) π / n))², m = 2 … n - 1.
    /// </summary>
    private static double Freedom(int count, double penalty)
    {
        var sum = 2.0;
        for (var m = 2; m < count; m++)
        {
            var bend = 2 - 2 * Math.Cos((m - 0.5) * Math.PI / count);
            sum += 1 / (1 + penalty * bend * bend);
        }
        return sum;
    }
}
