using System.Numerics.Tensors;
using VisionCell.Acquisition;

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
    /// <param name="values">One for each section.</param>
    /// <param name="window">Changes over more sections than this are steady; 0: cross-validation chooses.</param>
    public static double[] Residual(IReadOnlyList<double> values, int window = 0)
    {
        var count = values.Count;
        if (count < 2)
            return new double[count];
        var steady = WithoutJumps(values);
        var curve = window > 0 ? Smooth(steady, Penalty(window)) : Smooth(steady);
        var rest = Enumerable.Range(0, count).Select(z => values[z] - values[0] - curve[z]).ToArray();
        var middle = Ordered.Median(rest);
        return [.. rest.Select(r => r - middle)];
    }

    /// <summary>The values from 0 on, with steps far out of the ordinary cut short.</summary>
    private static double[] WithoutJumps(IReadOnlyList<double> values)
    {
        var steps = Enumerable.Range(1, values.Count - 1).Select(z => values[z] - values[z - 1]).ToArray();
        var ordinary = Ordered.Median(steps);
        var reach = Jump * 1.4826 * Ordered.Median(steps.Select(s => Math.Abs(s - ordinary)));
        var steady = new double[values.Count];
        for (var z = 1; z < values.Count; z++)
            steady[z] = steady[z - 1] + Math.Clamp(steps[z - 1], ordinary - reach, ordinary + reach);
        return steady;
    }

    /// <summary>
    /// Takes the steady part out of the paths of many nodes, by one penalty for all: that by which generalised cross-validation over all
    /// of them predicts left-out values best.
    /// </summary>
    /// <param name="y">For each section the values of all nodes along one coordinate; changed in place.</param>
    /// <param name="x">Along the other.</param>
    /// <param name="window">Changes over more sections than this are steady; 0: cross-validation chooses; below 0: only the mean is.</param>
    public static void Subtract(float[][] y, float[][] x, int window)
    {
        var count = y.Length;
        if (count < 4)
            return;
        var nodes = y[0].Length;
        double[] Path(float[][] from, int node) => [.. from.Select(values => (double)values[node])];
        double? penalty = window > 0 ? Penalty(window) : null;
        if (window == 0)
        {
            // A few hundred paths say as much as all.
            var stride = Math.Max(1, nodes / 128);
            var paths = Enumerable.Range(0, nodes).Where(n => n % stride == 0).SelectMany(n => (double[][])[Path(y, n), Path(x, n)]).ToArray();
            penalty = Penalties.MinBy(p =>
            {
                var share = 1 - Cost * Freedom(count, p) / count;
                return share <= 0 ? double.PositiveInfinity : paths.Sum(path => Distance(Smooth(path, p), path)) / (share * share);
            });
        }
        Parallel.For(0, nodes, node =>
        {
            foreach (var values in (float[][][])[y, x])
            {
                var path = Path(values, node);
                var steady = penalty is { } p ? Smooth(path, p) : [.. Enumerable.Repeat(path.Average(), count)];
                for (var z = 0; z < count; z++)
                    values[z][node] -= (float)steady[z];
            }
        });
    }

    /// <summary>
    /// Takes the steady part out of the paths of the nodes of a stack of meshes: out of the mean of each mesh by itself, since whole sections go further than their parts
    /// against each other and are followed more closely, then out of what is left of each node.
    /// </summary>
    /// <param name="y">For each section the values of all nodes along y, pixels; changed in place.</param>
    /// <param name="x">Along x.</param>
    /// <param name="window">As for <see cref="Subtract"/>.</param>
    public static void SubtractFromMeshes(float[][] y, float[][] x, int window)
    {
        var (shiftY, shiftX) = (y.Select(TakeMean).ToArray(), x.Select(TakeMean).ToArray());
        Subtract(shiftY, shiftX, window);
        Subtract(y, x, window);
        for (var z = 0; z < y.Length; z++)
        {
            TensorPrimitives.Add(y[z], shiftY[z][0], y[z]);
            TensorPrimitives.Add(x[z], shiftX[z][0], x[z]);
        }

        static float[] TakeMean(float[] values)
        {
            var mean = values.Average();
            TensorPrimitives.Subtract(values, mean, values);
            return [mean];
        }
    }

    private static IEnumerable<double> Penalties => Enumerable.Range(0, 33).Select(i => Math.Pow(10, -3 + 0.25 * i));

    private static double Distance(double[] a, double[] b) => a.Zip(b, (u, v) => (u - v) * (u - v)).Sum();

    private static double[] Smooth(double[] values)
    {
        if (values.Length < 4)
            return values;
        var (best, bestScore) = (values, double.PositiveInfinity);
        foreach (var penalty in Penalties)
        {
            var freedom = Freedom(values.Length, penalty);
            var share = 1 - Cost * freedom / values.Length;
            if (share <= 0)
                continue;
            var curve = Smooth(values, penalty);
            var score = Distance(curve, values) / (share * share);
            if (score < bestScore)
                (best, bestScore) = (curve, score);
        }
        return best;
    }

    /// <summary>The curve that minimises the squared distance plus a penalty times the squared second differences.</summary>
    private static double[] Smooth(double[] values, double penalty)
    {
        var system = new BandedSystem(values.Length, 2);
        for (var z = 0; z < values.Length; z++)
            system.Add(z, z, 1);
        for (var z = 0; z + 2 < values.Length; z++)
            system.AddSquare(penalty, z, 1, -2, 1);
        return system.Solve(values);
    }

    /// <summary>The penalty that halves a wave of a given period: it scales one of angular frequency ω by 1 / (1 + penalty (2 - 2 cos ω)²).</summary>
    private static double Penalty(int window) => Math.Pow(2 - 2 * Math.Cos(2 * Math.PI / window), -2);

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
