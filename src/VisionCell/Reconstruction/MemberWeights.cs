using System.Numerics.Tensors;

namespace VisionCell.Reconstruction;

/// <summary>
/// Weights of several reconstructions of one stack in their mean: those that come closest to a known truth, least squares, each at least 0, 1 in
/// all (stacked regression: Breiman, Machine Learning 24, 1996, doi:10.1007/BF00117832). They depend on how far the members lie apart at a
/// voxel, which tells where errors are: voxels are parted into as many classes of this spread as there are data for, each with weights of
/// its own that are drawn towards those of all, and between the middles of classes weights change linearly.
/// </summary>
internal sealed class MemberWeights
{
    // With fewer voxels a class's weights say more of its noise.
    private const int VoxelsOfClass = 20_000;

    // Share of the weights of all voxels in those of each class.
    private const double Pull = 0.2;

    private readonly float[] _middles;
    private readonly float[][] _weights;

    private MemberWeights(float[] middles, float[][] weights) => (_middles, _weights) = (middles, weights);

    /// <summary>Mean weight of each member.</summary>
    public IReadOnlyList<double> Mean => [.. Enumerable.Range(0, _weights[0].Length).Select(m => _weights.Average(w => (double)w[m]))];

    /// <summary>The whole weight on one member.</summary>
    /// <param name="member">Which.</param>
    /// <param name="count">Of how many.</param>
    public static MemberWeights Only(int member, int count) => new([0], [[.. Enumerable.Range(0, count).Select(m => m == member ? 1f : 0)]]);

    /// <summary>The best weights.</summary>
    /// <param name="members">What each member says of n voxels.</param>
    /// <param name="truth">What is true of them.</param>
    /// <param name="mostClasses">Largest number of classes of spread. With one the mean is, whatever the weights, no worse than the members are on average; with more that
    /// holds only where the members' spread means the same as where the weights were found.</param>
    public static MemberWeights Fit(IReadOnlyList<float[]> members, float[] truth, int mostClasses)
    {
        var spread = new float[truth.Length];
        Spread(members, spread);
        var classes = Math.Clamp(truth.Length / VoxelsOfClass, 1, mostClasses);
        var ordered = (float[])spread.Clone();
        Array.Sort(ordered);
        float[] limits = [.. Enumerable.Range(1, classes - 1).Select(c => ordered[(int)((long)c * ordered.Length / classes)])];
        var products = new double[classes][,];
        for (var c = 0; c < classes; c++)
            products[c] = new double[members.Count, members.Count];
        Span<double> error = stackalloc double[members.Count];
        for (var i = 0; i < truth.Length; i++)
        {
            var c = 0;
            while (c < limits.Length && spread[i] >= limits[c])
                c++;
            for (var m = 0; m < members.Count; m++)
                error[m] = members[m][i] - truth[i];
            for (var m = 0; m < members.Count; m++)
            {
                for (var k = 0; k < members.Count; k++)
                    products[c][m, k] += error[m] * error[k];
            }
        }
        var all = new double[members.Count, members.Count];
        foreach (var product in products)
            Add(all, product);
        var overall = Simplex(all);
        return new MemberWeights(
            [.. Enumerable.Range(0, classes).Select(c => ordered[(int)((2L * c + 1) * ordered.Length / (2 * classes))])],
            [.. products.Select(p => Simplex(p).Zip(overall, (own, common) => (float)(own + Pull * (common - own))).ToArray())]);
    }

    /// <summary>
    /// Weights some of the way from those of one member to these. Where these are best the mean keeps 1 − (1 − share)² of what it gains over that
    /// member; where that member alone would be best it loses only share² of what these lose: an error is quadratic in the weights.
    /// </summary>
    /// <param name="member">The member.</param>
    /// <param name="share">How far, 0 to 1.</param>
    public MemberWeights From(int member, double share) => new(_middles, [.. _weights.Select(w => w.Select((own, m) => (float)(share * own + (m == member ? 1 - share : 0))).ToArray())]);

    /// <summary>The member that comes closest to the truth by itself, least squares; the first of several.</summary>
    /// <param name="members">What each member says of n voxels.</param>
    /// <param name="truth">What is true of them.</param>
    public static int Best(IReadOnlyList<float[]> members, float[] truth) =>
        Enumerable.Range(0, members.Count).MinBy(m => (double)TensorPrimitives.Distance<float>(members[m], truth));

    /// <summary>The share of the second of two members that comes closest to the truth, 0 to 1, the same everywhere.</summary>
    public static double Share(float[] first, float[] second, float[] truth) => Math.Clamp(Step(first, second, truth), 0, 1);

    /// <summary>How far to go from the first of two members towards the second, and beyond where it is over 1, to come closest to the truth; 0 where they are the same.</summary>
    public static double Step(float[] first, float[] second, float[] truth)
    {
        var (missing, difference) = (truth.ToArray(), second.ToArray());
        TensorPrimitives.Subtract(missing, first, missing);
        TensorPrimitives.Subtract(difference, first, difference);
        var square = TensorPrimitives.SumOfSquares<float>(difference);
        return square > 0 ? TensorPrimitives.Dot<float>(missing, difference) / square : 0;
    }

    /// <summary>The same where members lie so many times as far apart.</summary>
    public MemberWeights Scaled(double ratio) => new([.. _middles.Select(m => (float)(m * ratio))], _weights);

    /// <summary>The mean of the members.</summary>
    /// <param name="members">What each says of n voxels.</param>
    /// <param name="result">Result, n.</param>
    public void Combine(IReadOnlyList<float[]> members, float[] result)
    {
        var count = members.Count;
        Parallel.For(0, (result.Length + 65535) / 65536, part =>
        {
            for (var i = part * 65536; i < Math.Min(result.Length, (part + 1) * 65536); i++)
            {
                var (above, t) = (0, 0f);
                if (_middles.Length > 1)
                {
                    var spread = SpreadAt(members, i);
                    while (above < _middles.Length && spread >= _middles[above])
                        above++;
                    t = above == 0 || above == _middles.Length ? 0 : (spread - _middles[above - 1]) / Math.Max(1e-12f, _middles[above] - _middles[above - 1]);
                }
                var (low, high) = (_weights[Math.Clamp(above - 1, 0, _weights.Length - 1)], _weights[Math.Min(above, _weights.Length - 1)]);
                var sum = 0f;
                for (var m = 0; m < count; m++)
                    sum += (low[m] + t * (high[m] - low[m])) * members[m][i];
                result[i] = sum;
            }
        });
    }

    /// <summary>The standard deviation of the members at each voxel.</summary>
    public static void Spread(IReadOnlyList<float[]> members, float[] spread)
    {
        for (var i = 0; i < spread.Length; i++)
            spread[i] = SpreadAt(members, i);
    }

    private static float SpreadAt(IReadOnlyList<float[]> members, int i)
    {
        var (sum, squares) = (0f, 0f);
        // From the first member, so that large grey values take nothing from the digits.
        var origin = members[0][i];
        for (var m = 1; m < members.Count; m++)
        {
            var difference = members[m][i] - origin;
            sum += difference;
            squares += difference * difference;
        }
        var mean = sum / members.Count;
        return MathF.Sqrt(Math.Max(0, squares / members.Count - mean * mean));
    }

    private static void Add(double[,] sum, double[,] other)
    {
        for (var m = 0; m < sum.GetLength(0); m++)
        {
            for (var k = 0; k < sum.GetLength(1); k++)
                sum[m, k] += other[m, k];
        }
    }

    /// <summary>Minimises w'Ew over w ≥ 0 of sum 1: on each subset of members the solution of Ew = 1 scaled to sum 1; the best that is feasible.</summary>
    private static double[] Simplex(double[,] products)
    {
        var count = products.GetLength(0);
        var (best, least) = (new double[count], double.PositiveInfinity);
        for (var subset = 1; subset < 1 << count; subset++)
        {
            int[] chosen = [.. Enumerable.Range(0, count).Where(m => (subset >> m & 1) == 1)];
            if (Solve(products, chosen) is not { } w || w.Any(x => x < 0))
                continue;
            var error = 0.0;
            for (var a = 0; a < chosen.Length; a++)
            {
                for (var b = 0; b < chosen.Length; b++)
                    error += w[a] * w[b] * products[chosen[a], chosen[b]];
            }
            if (error >= least)
                continue;
            (best, least) = (new double[count], error);
            for (var a = 0; a < chosen.Length; a++)
                best[chosen[a]] = w[a];
        }
        return best;
    }

    /// <summary>Ew = 1 on some members by elimination, scaled to sum 1; null where they say the same.</summary>
    private static double[]? Solve(double[,] products, int[] chosen)
    {
        var n = chosen.Length;
        var scale = chosen.Max(m => products[m, m]);
        if (!(scale > 0))
            return n == 1 ? [1] : null; // One that never errs takes all; several that never err are one.
        var rows = new double[n, n + 1];
        for (var a = 0; a < n; a++)
        {
            for (var b = 0; b < n; b++)
                rows[a, b] = products[chosen[a], chosen[b]] / scale;
            rows[a, n] = 1;
        }
        for (var pivot = 0; pivot < n; pivot++)
        {
            // Positive semidefinite: without exchange of rows.
            if (rows[pivot, pivot] < 1e-9)
                return null;
            for (var a = 0; a < n; a++)
            {
                if (a == pivot)
                    continue;
                var factor = rows[a, pivot] / rows[pivot, pivot];
                for (var b = pivot; b <= n; b++)
                    rows[a, b] -= factor * rows[pivot, b];
            }
        }
        double[] w = [.. Enumerable.Range(0, n).Select(a => rows[a, n] / rows[a, a])];
        var sum = w.Sum();
        return sum > 0 ? [.. w.Select(x => x / sum)] : null;
    }
}
