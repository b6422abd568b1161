using System.Numerics.Tensors;

namespace VisionCell.Preprocessing;

/// <summary>What a section shows along one direction: of each scale across it, and of each row of that scale, the lowest cosines along it. [scale][row][k], grey values, orthonormal.</summary>
internal sealed record StripeCoefficients(float[][][] Bands);

/// <summary>
/// Parts the coefficients of a section into stripe and structure. Structure goes on in the neighbouring sections and stripes do not, so that what
/// the neighbours do not foretell (linear prediction; Wiener, 1949) is stripe, by the share in which its power exceeds that which structure leaves
/// unforetold. How much neighbours share is measured at the frequencies along the stripe where no stripe is. Without neighbours nothing is foretold, and the power of structure itself is the measure.
/// </summary>
/// <param name="margin">How many times the power of structure a coefficient must have before it is touched.</param>
/// <param name="kept">Frequencies along the stripe, from 0, that may be stripe.</param>
/// <param name="first">From this frequency on coefficients are structure's alone.</param>
/// <param name="along">Length of a row, pixels.</param>
internal sealed class StripeShrinkage(double margin, int kept, int first, int along)
{
    // What changes along its length must stand out this many times more than what is constant to be taken for a stripe.
    private const double Fading = 5;

    // Structure's power falls with about this power of the frequency (electron micrographs: 2 to 3).
    private const double Fall = 2;

    // Standard errors by which what neighbours share must exceed chance before it counts: stripes correlate by chance, too.
    private const double Doubt = 2;

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
            var (residual, unforetold) = (new double[count], new double[count]);
            for (var r = 0; r < count; r++)
                (residual[r], unforetold[r]) = Foretell(sections, places, at, r, k, Around(structure, r, Rows) * Power(k), shared);
            double[] energies = [.. residual.Select(v => v * v)];
            for (var r = 0; r < count; r++)
            {
                // Stripes are mostly narrow, and structure is mostly coarse: below one cycle in 16 pixels the margin grows with the scale.
                var limit = margin * Math.Max(1, 1 / (16 * frequency)) * unforetold[r] * (k == 0 ? 1 : Fading);
                var energy = Math.Max(energies[r], Around(energies, r, 1));
                if (energy > limit)
                    result[r][k] = (float)((1 - limit / energy) * residual[r]);
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

    /// <summary>What neighbours do not foretell of a coefficient, and the power of structure in it.</summary>
    private static (double Residual, double Power) Foretell(IReadOnlyList<float[][]> sections, IReadOnlyList<int> places, int at, int r, int k, double power, (double Share, double Decay) shared)
    {
        double value = sections[at][r][k];
        if (sections.Count == 1 || shared.Share * shared.Decay < LeastShared || power <= 0)
            return (value, power);

        // Power around this row, and what neighbours share of it: structure that lies along the stripes has more than the frequencies beside it tell.
        var (squares, products, pairs, number) = (0.0, 0.0, 0, 0);
        for (var row = Math.Max(0, r - Rows); row <= Math.Min(sections[at].Length - 1, r + Rows); row++)
        {
            for (var i = 0; i < sections.Count; i++)
            {
                squares += (double)sections[i][row][k] * sections[i][row][k];
                number++;
                if (i > 0 && places[i] - places[i - 1] == 1)
                {
                    products += (double)sections[i][row][k] * sections[i - 1][row][k];
                    pairs++;
                }
            }
        }
        if (pairs > 0)
            power = Math.Max(power, (products / pairs - Doubt * squares / number / Math.Sqrt(pairs)) / (shared.Share * shared.Decay));
        var stripes = Math.Max(0, squares / number - power);

        // The best linear prediction from the neighbours, which have stripes of their own.
        var others = Enumerable.Range(0, sections.Count).Where(i => i != at).ToArray();
        double Covariance(int i, int j) => i == j ? power : power * shared.Share * Math.Pow(shared.Decay, Math.Abs(places[i] - places[j]));
        var system = new BandedSystem(others.Length, others.Length - 1);
        for (var i = 0; i < others.Length; i++)
        {
            for (var j = 0; j <= i; j++)
                system.Add(i, j, Covariance(others[i], others[j]) + (i == j ? stripes + 1e-6 * power : 0));
        }
        double[] right = [.. others.Select(i => Covariance(at, i))];
        var weights = system.Solve(right);
        var unforetold = power;
        for (var i = 0; i < others.Length; i++)
        {
            value -= weights[i] * sections[others[i]][r][k];
            unforetold -= weights[i] * right[i];
        }
        return (value, Math.Max(unforetold, 0));
    }

    private static double Around(ReadOnlySpan<double> values, int at, int reach)
    {
        var (from, to) = (Math.Max(0, at - reach), Math.Min(values.Length - 1, at + reach));
        return TensorPrimitives.Sum(values[from..(to + 1)]) / (to - from + 1);
    }
}
