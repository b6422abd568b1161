using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>
/// The difference of two methods in PSNR, and how sure it is: a paired bootstrap over blocks and seeds (Efron and Tibshirani, "An Introduction to the
/// Bootstrap", 1993, chapter 13: percentile interval). Both methods are judged on the same blocks and the same seeds each time, so that what is hard for both cancels.
/// Blocks of one volume are not independent specimens: the interval says what this volume can tell, not what another would.
/// </summary>
/// <param name="Psnr">Of the first less that of the second, dB, mean over seeds.</param>
/// <param name="Low">Lower end of the interval of 95 %, dB; null where there are fewer than 8 blocks.</param>
/// <param name="High">Its upper end, dB.</param>
/// <param name="Blocks">Blocks drawn from.</param>
/// <param name="Seeds">Seeds drawn from: those that both have.</param>
public sealed record PairedDifference(double Psnr, double? Low, double? High, int Blocks, int Seeds)
{
    private const int FewestBlocks = 8;
    private const int Resamples = 2000;

    /// <summary>Whether the interval leaves out zero; null where there is none.</summary>
    public bool? IsDifferent => Low is { } low && High is { } high ? low > 0 || high < 0 : null;

    /// <summary>Compares two methods.</summary>
    /// <param name="a">Errors of the first.</param>
    /// <param name="b">Errors of the second, on the same blocks.</param>
    /// <exception cref="BadInputException">They are of other blocks, have no seed in common, or one has no error at all.</exception>
    public static PairedDifference Of(BlockErrors a, BlockErrors b)
    {
        if (a.Edge != b.Edge || a.DataRange != b.DataRange || !a.Counts.SequenceEqual(b.Counts))
            throw new BadInputException($"errors of {a.Counts.Count} blocks against those of {b.Counts.Count} others: a paired comparison needs the same volume, region and data range");
        int[] seeds = [.. a.Seeds.Intersect(b.Seeds)];
        if (seeds.Length == 0)
            throw new BadInputException($"seeds {string.Join(", ", a.Seeds)} against {string.Join(", ", b.Seeds)}: a paired comparison needs seeds in common; run with the same --seed and --seeds");
        var pairs = seeds.Select(s => (A: a.SquaredErrors[IndexOf(a, s)], B: b.SquaredErrors[IndexOf(b, s)])).ToArray();
        if (pairs.Any(p => p.A.Sum() == 0 || p.B.Sum() == 0))
            throw new BadInputException("a method without any error: its PSNR is infinite and has no difference to another");
        var blocks = a.Counts.Count;
        int[] all = [.. Enumerable.Range(0, blocks)];
        var difference = Difference(pairs, all);
        if (blocks < FewestBlocks)
            return new PairedDifference(difference, null, null, blocks, seeds.Length);

        var random = new Random(1);
        var drawn = new double[Resamples];
        for (var r = 0; r < Resamples; r++)
        {
            var chosen = Enumerable.Range(0, pairs.Length).Select(_ => pairs[random.Next(pairs.Length)]).ToArray();
            drawn[r] = Difference(chosen, [.. all.Select(_ => random.Next(blocks))]);
        }
        Array.Sort(drawn);
        return new PairedDifference(difference, drawn[(int)(0.025 * Resamples)], drawn[(int)(0.975 * Resamples)], blocks, seeds.Length);
    }

    // Both have the same voxels: the ratio of their errors is enough.
    private static double Difference((IReadOnlyList<double> A, IReadOnlyList<double> B)[] pairs, int[] blocks) =>
        pairs.Average(p => 10 * Math.Log10(Sum(p.B, blocks) / Sum(p.A, blocks)));

    // A draw may hold only blocks without error.
    private static double Sum(IReadOnlyList<double> errors, int[] blocks) => Math.Max(blocks.Sum(b => errors[b]), 1e-12);

    private static int IndexOf(BlockErrors errors, int seed) => errors.Seeds.TakeWhile(s => s != seed).Count();
}
