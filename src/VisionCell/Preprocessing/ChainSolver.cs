namespace VisionCell.Preprocessing;

/// <summary>
/// Positions along a chain from measured differences, in least squares: minimises Σ w (p_to - p_from - d)² with p_0 = 0. The normal
/// equations are banded, as differences are between near neighbours, and solved by Cholesky factorisation within the band.
/// </summary>
internal static class ChainSolver
{
    /// <summary>Solves for the positions.</summary>
    /// <param name="count">Number of positions.</param>
    /// <param name="links">Measured differences; they must connect all positions.</param>
    public static double[] Solve(int count, IReadOnlyList<(int From, int To, double Weight, double Difference)> links)
    {
        var band = links.Count == 0 ? 0 : links.Max(l => Math.Abs(l.To - l.From));
        var lower = new double[count, band + 1]; // [i, k]: entry (i, i - k)
        var right = new double[count];
        lower[0, 0] = 1;
        foreach (var (from, to, weight, difference) in links)
        {
            lower[from, 0] += weight;
            lower[to, 0] += weight;
            lower[Math.Max(from, to), Math.Abs(to - from)] -= weight;
            right[to] += weight * difference;
            right[from] -= weight * difference;
        }
        for (var i = 0; i < count; i++)
        {
            for (var k = Math.Min(i, band); k >= 0; k--)
            {
                var j = i - k;
                var sum = lower[i, k];
                for (var m = Math.Max(0, i - band); m < j; m++)
                {
                    if (j - m <= band)
                        sum -= lower[i, i - m] * lower[j, j - m];
                }
                lower[i, k] = k > 0 ? sum / lower[j, 0] : Math.Sqrt(sum);
            }
        }
        for (var i = 0; i < count; i++)
        {
            for (var k = 1; k <= Math.Min(i, band); k++)
                right[i] -= lower[i, k] * right[i - k];
            right[i] /= lower[i, 0];
        }
        for (var i = count - 1; i >= 0; i--)
        {
            for (var k = 1; k <= Math.Min(count - 1 - i, band); k++)
                right[i] -= lower[i + k, k] * right[i + k];
            right[i] /= lower[i, 0];
        }
        return right;
    }
}
