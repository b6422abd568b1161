using VisionCell.Acquisition;

namespace VisionCell.Preprocessing;

/// <summary>
/// The maps of all sections that fit measured maps between pairs best, robustly: Gauss-Newton on the affine group. T_z takes the
/// common frame to section z; a measured map M from section i to section j asks that T_j = M T_i. What is left, log(T_j⁻¹ M T_i), is
/// to first order δ_j - δ_i where T_z is followed by exp(δ_z), which is one <see cref="ChainSolver"/> for each of the six numbers.
/// Weights fall with what a link leaves (first as 1/r, which finds the majority, then as 1/r⁴, which drops the rest), so that a false
/// match is outvoted by those that close a loop around it.
/// </summary>
internal static class TransformChain
{
    /// <summary>Pull of a section toward the one before it where nothing was measured, against a weight of 1 for a perfect match.</summary>
    private const double Tether = 1e-4;

    private const int Iterations = 8;

    /// <summary>Solves; the result has T_0 near the identity.</summary>
    /// <param name="count">Number of sections.</param>
    /// <param name="matches">Measured maps; unreliable ones are left out.</param>
    /// <param name="logarithm">Of the sections' size.</param>
    /// <returns>The maps, and for each match what it leaves (root mean square, pixels).</returns>
    public static (AffineMap[] Maps, double[] Residuals) Solve(int count, IReadOnlyList<PairMatch> matches, AffineLogarithm logarithm)
    {
        var links = matches.Where(m => m.IsReliable).ToArray();
        var maps = Start(count, links);
        for (var iteration = 0; iteration < Iterations; iteration++)
        {
            var rests = links.Select(l => logarithm.Of(Rest(maps, l))).ToArray();
            var lengths = rests.Select(r => AffineLogarithm.Length(r)).ToArray();
            var scale = 0.5 + 2 * (lengths.Length == 0 ? 0 : Ordered.Median(lengths));
            var weights = links.Select((l, i) =>
            {
                var excess = lengths[i] / scale;
                return Weight(l) / (iteration < Iterations / 2 ? 1 + excess : (1 + excess * excess) * (1 + excess * excess)) + 1e-9;
            }).ToArray();
            var pulls = Enumerable.Range(1, count - 1).Select(z => logarithm.Of(maps[z].Inverse().After(maps[z - 1]))).ToArray();
            var step = new double[6][];
            for (var k = 0; k < 6; k++)
            {
                step[k] = ChainSolver.Solve(count, [
                    .. links.Select((l, i) => (l.From, l.To, weights[i], rests[i][k])),
                    .. Enumerable.Range(1, count - 1).Select(z => (z - 1, z, Tether, pulls[z - 1][k]))]);
            }
            for (var z = 0; z < count; z++)
                maps[z] = maps[z].After(logarithm.Exp([step[0][z], step[1][z], step[2][z], step[3][z], step[4][z], step[5][z]]));
        }
        return (maps, [.. matches.Select(m => AffineLogarithm.Length(logarithm.Of(Rest(maps, m))))]);
    }

    /// <summary>Nearer sections and better matches count more.</summary>
    private static double Weight(PairMatch match) => match.Correlation * match.Correlation / (match.To - match.From);

    private static AffineMap Rest(AffineMap[] maps, PairMatch match) => maps[match.To].Inverse().After(match.Map).After(maps[match.From]);

    /// <summary>Each section from the match with an earlier one that weighs most.</summary>
    private static AffineMap[] Start(int count, PairMatch[] links)
    {
        var best = new PairMatch?[count];
        foreach (var link in links)
        {
            if (best[link.To] is not { } known || Weight(link) > Weight(known))
                best[link.To] = link;
        }
        var maps = new AffineMap[count];
        for (var z = 0; z < count; z++)
            maps[z] = best[z] is { } link ? link.Map.After(maps[link.From]) : z == 0 ? AffineMap.Identity : maps[z - 1];
        return maps;
    }
}
