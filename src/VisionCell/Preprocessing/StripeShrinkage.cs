using System.Numerics.Tensors;

namespace VisionCell.Preprocessing;

/// <summary>What a section shows along one direction: of each scale across it, and of each row of that scale, the lowest cosines along it. [scale][row][k], grey values, orthonormal.</summary>
internal sealed record StripeCoefficients(float[][][] Bands);

/// <summary>
/// Parts the coefficients of a section into stripe and structure. Structure goes on in the neighbouring sections and stripes do not, so that what
/// the neighbours do not foretell (linear prediction; Wiener, 1949) is stripe, by the share that stripes have in its power: what rows and sections
/// around have more than structure explains, against what structure leaves unforetold. Where there is no such excess nothing is taken. How much
/// neighbours share is measured at the frequencies along the stripe where no stripe is. Without neighbours nothing is foretold, and the power of
/// structure itself is the measure.
/// </summary>
/// <param name="margin">Weight of structure against stripes.</param>
/// <param name="kept">Frequencies along the stripe, from 0, that may be stripe.</param>
/// <param name="first">From this frequency on coefficients are structure's alone.</param>
/// <param name="along">Length of a row, pixels.</param>
internal sealed class StripeShrinkage(double margin, int kept, int first, int along)
{
    // Times the power of structure that a stripe without its like in the rows and sections around must have to be seen.
    private const double Alone = 10;

    // Standard errors by which power must exceed that of structure before what exceeds counts as stripes, and the share by which that may be wrong in itself:
    // sections of isbi-2012, without stripes, show up to half as much again along x.
    private const double Excess = 1;
    private const double Bias = 0.5;

    // What changes along its length must stand out this many times more than what is constant to be taken for a stripe.
    private const double Fading = 5;

    // Structure's power falls with about this power of the frequency (electron micrographs: 2 to 3).
    private const double Fall = 2;

    // Standard errors by which what neighbours share must exceed chance before it counts: stripes correlate by chance, too.
    private const double Doubt = 1;

    // Rows over which the power of structure is averaged.
    private const int Rows = 8;

    // Below this correlation neighbours say nothing of each other.
    private const double LeastShared = 0.2;

    /// <summary>The stripe part of one scale of one section, [row][k].</summary>
    /// <param name="sections">Coefficients of that scale, [row][k], of the section and its neighbours.</param>
    /// <param name="places">Where each of them lies along the stack.</param>
    /// <param name="at">Which is parted.</param>
    /// <param name="frequency">Frequency of the scale across the stripes, cycles a pixel.</param>
    public float[][] Of(IReadOnlyList<float[][]> sections, IReadOnlyList<int> places, int at, double frequency)
    {
        var count = sections[at].Length;
        double Power(int k) => Math.Pow(frequency * frequency + Math.Pow(k / (2.0 * along), 2), -Fall / 2);

        // 1. Structure, where no stripe is: its power by rows, and what sections share of it.
        var structure = new double[count];
        for (var r = 0; r < count; r++)
        {
            foreach (var section in sections)
            {
                for (var k = first; k < section[r].Length; k++)
                    structure[r] += (double)section[r][k] * section[r][k] / Power(k) / (section[r].Length - first) / sections.Count;
            }
        }
        var shared = sections.Count == 1 ? (0, 0) : Shared(sections, places, Power);

        // 2. What is stripe, coefficient by coefficient.
        var result = new float[count][];
        for (var r = 0; r < count; r++)
            result[r] = new float[kept];
        for (var k = 0; k < kept; k++)
        {
            var (residual, unforetold, stripes) = (new double[count], new double[count], new double[count]);
            for (var r = 0; r < count; r++)
                (residual[r], unforetold[r], stripes[r]) = Foretell(sections, places, at, r, k, Around(structure, r, Rows) * Power(k), shared);
            double[] energies = [.. residual.Select(v => v * v)];
            for (var r = 0; r < count; r++)
            {
                var power = Math.Max(stripes[r], Around(energies, r, 1) - Alone * (k == 0 ? 1 : Fading) * unforetold[r]);
                if (power > 0)
                    result[r][k] = (float)(power / (power + margin * unforetold[r]) * residual[r]);
            }
        }
        return result;
    }

    /// <summary>
    /// Correlation of structure along the stack as share · decay^distance: what is left over from the share is grain, of each section its own. From sections
    /// one and two apart.
    /// </summary>
    private (double Share, double Decay) Shared(IReadOnlyList<float[][]> sections, IReadOnlyList<int> places, Func<int, double> power)
    {
        double Correlation(int distance)
        {
            var (product, squares) = (0.0, 0.0);
            for (var i = 0; i < sections.Count; i++)
            {
                for (var j = i + 1; j < sections.Count; j++)
                {
                    if (places[j] - places[i] != distance)
                        continue;
                    for (var r = 0; r < sections[i].Length; r++)
                    {
                        for (var k = first; k < sections[i][r].Length; k++)
                        {
                            var (a, b) = ((double)sections[i][r][k], (double)sections[j][r][k]);
                            product += a * b / power(k);
                            squares += 0.5 * (a * a + b * b) / power(k);
                        }
                    }
                }
            }
            return squares > 0 ? Math.Clamp(product / squares, 0, 0.999) : 0;
        }
        var (one, two) = (Correlation(1), Correlation(2));
        if (one < LeastShared || two <= 0)
            return (one, one);
        var decay = Math.Min(two / one, 0.999);
        var share = one / decay;
        return share > 1 ? (1, one) : (share, decay);
    }

    /// <summary>What neighbours do not foretell of a coefficient, the power of structure in that, and the power of stripes around.</summary>
    private static (double Residual, double Power, double Stripes) Foretell(IReadOnlyList<float[][]> sections, IReadOnlyList<int> places, int at, int r, int k, double power, (double Share, double Decay) shared)
    {
        double value = sections[at][r][k];
        // Power around this row, and what sections one and two apart share of it: structure that lies along the stripes has more than the frequencies beside
        // it tell, and goes on further.
        var (squares, number) = (0.0, 0);
        var (products, pairs) = (new double[3], new int[3]);
        for (var row = Math.Max(0, r - Rows); row <= Math.Min(sections[at].Length - 1, r + Rows); row++)
        {
            for (var i = 0; i < sections.Count; i++)
            {
                squares += (double)sections[i][row][k] * sections[i][row][k];
                number++;
                for (var j = Math.Max(0, i - 2); j < i; j++)
                {
                    if (places[i] - places[j] is var apart and <= 2)
                    {
                        products[apart] += (double)sections[i][row][k] * sections[j][row][k];
                        pairs[apart]++;
                    }
                }
            }
        }
        var total = squares / number;
        var foretells = sections.Count > 1 && shared.Share * shared.Decay >= LeastShared && power > 0;
        var (persistent, decay) = (shared.Share * power, shared.Decay);
        if (foretells && pairs[1] > 0 && pairs[2] > 0)
        {
            var one = products[1] / pairs[1];
            one -= Doubt * Math.Max(0, total - one) / Math.Sqrt(pairs[1]);
            if (one > persistent * decay)
            {
                decay = Math.Clamp(products[2] / pairs[2] / (products[1] / pairs[1]), decay, 0.999);
                persistent = Math.Max(persistent, one / decay);
                power = persistent + (1 - shared.Share) * power;
            }
        }
        // Between neighbours stripes stand against what structure does not share, not against all of it.
        var excess = Math.Max(0, total - power);
        var unshared = foretells ? power - persistent * decay : power;
        var stripes = excess > unshared * (Bias + Excess * Math.Sqrt(2.0 / number)) ? excess : 0;
        if (!foretells)
            return (value, power, stripes);

        // The best linear prediction from the neighbours, which have stripes of their own.
        var others = Enumerable.Range(0, sections.Count).Where(i => i != at).ToArray();
        double Covariance(int i, int j) => persistent * Math.Pow(decay, Math.Abs(places[i] - places[j]));
        var system = new BandedSystem(others.Length, others.Length - 1);
        for (var i = 0; i < others.Length; i++)
        {
            for (var j = 0; j <= i; j++)
                system.Add(i, j, Covariance(others[i], others[j]) + (i == j ? power - persistent + excess + 1e-6 * power : 0));
        }
        double[] right = [.. others.Select(i => Covariance(at, i))];
        var weights = system.Solve(right);
        var unforetold = power;
        for (var i = 0; i < others.Length; i++)
        {
            value -= weights[i] * sections[others[i]][r][k];
            unforetold -= weights[i] * right[i];
        }
        return (value, Math.Max(unforetold, 0), stripes);
    }

    private static double Around(ReadOnlySpan<double> values, int at, int reach)
    {
        var (from, to) = (Math.Max(0, at - reach), Math.Min(values.Length - 1, at + reach));
        return TensorPrimitives.Sum(values[from..(to + 1)]) / (to - from + 1);
    }
}
