using VisionCell.Volumes;

namespace VisionCell.Figures.Publication;

/// <summary>
/// What an expected absolute error u says of the true error e, over the rows <c>[Z]</c> that count.
/// Coverage: were errors normal with mean absolute deviation u, the central interval of nominal coverage q would hold
/// |e| &lt;= sqrt(2) erf⁻¹(q) u / sqrt(2/π); the curve is the share of voxels for which it does. Calibration: mean |e| in bins of
/// u of as many voxels each. Sparsification (Ilg et al., ECCV 2018): mean |e| of the voxels that are left when those of largest u, or
/// of largest |e|, are taken away.
/// </summary>
/// <param name="Nominal">Nominal coverage, 0 to 1, ascending.</param>
/// <param name="Covered">Share of voxels inside, 0 to 1.</param>
/// <param name="Expected">Mean of u in each bin, ascending.</param>
/// <param name="Actual">Mean of |e| in each bin.</param>
/// <param name="Removed">Share of voxels left out, 0 to below 1.</param>
/// <param name="ByExpected">Mean |e| of the rest, those of largest u left out.</param>
/// <param name="ByTrue">The same, those of largest |e| left out: no ordering does better.</param>
/// <param name="MeanError">Mean |e| of all.</param>
internal sealed record UncertaintyCurves(
    double[] Nominal, double[] Covered, double[] Expected, double[] Actual, double[] Removed, double[] ByExpected, double[] ByTrue, double MeanError)
{
    private const int Levels = 100;

    public static UncertaintyCurves Of(Volume<float> reconstruction, Volume<float> reference, Volume<float> expected, IReadOnlyList<int> rows, int bins)
    {
        var section = reference.Shape.SectionCount;
        var count = rows.Count * section;
        float[] errors = new float[count], uncertain = new float[count];
        for (var r = 0; r < rows.Count; r++)
        {
            var a = reconstruction.Section(rows[r]);
            var b = reference.Section(rows[r]);
            var u = expected.Section(rows[r]);
            for (var i = 0; i < section; i++)
                (errors[r * section + i], uncertain[r * section + i]) = (Math.Abs(a[i] - b[i]), u[i]);
        }

        // 1. Coverage: the nominal level at which each voxel is just inside.
        var inside = new long[Levels + 1];
        for (var i = 0; i < count; i++)
        {
            var level = uncertain[i] > 0 ? Erf(errors[i] / uncertain[i] / Math.Sqrt(Math.PI)) : errors[i] == 0 ? 0 : 1;
            inside[(int)Math.Ceiling(Math.Min(level, 1) * Levels)]++;
        }
        double[] nominal = new double[Levels + 1], covered = new double[Levels + 1];
        long sum = 0;
        for (var level = 0; level <= Levels; level++)
        {
            sum += inside[level];
            (nominal[level], covered[level]) = ((double)level / Levels, (double)sum / count);
        }
        // A finite error lies inside an infinite interval; voxels of certainty that err don't.
        covered[Levels] = 1;

        // 2. Calibration and sparsification: by expected error in ascending order; equal ones keep their order.
        var order = (float[])uncertain.Clone();
        var byExpected = (float[])errors.Clone();
        Array.Sort(order, byExpected);
        Array.Sort(errors);
        double[] binned = new double[bins], actual = new double[bins];
        for (var bin = 0; bin < bins; bin++)
        {
            int from = (int)((long)bin * count / bins), to = (int)((long)(bin + 1) * count / bins);
            (binned[bin], actual[bin]) = (Mean(order, from, to), Mean(byExpected, from, to));
        }
        double[] removed = new double[Levels], left = new double[Levels], best = new double[Levels];
        for (var step = 0; step < Levels; step++)
        {
            var kept = (int)((long)(Levels - step) * count / Levels);
            (removed[step], left[step], best[step]) = ((double)step / Levels, Mean(byExpected, 0, kept), Mean(errors, 0, kept));
        }
        return new UncertaintyCurves(nominal, covered, binned, actual, removed, left, best, left[0]);
    }

    private static double Mean(float[] values, int from, int to)
    {
        var sum = 0.0;
        for (var i = from; i < to; i++)
            sum += values[i];
        return to > from ? sum / (to - from) : double.NaN;
    }

    /// <summary>Error function for x >= 0 to 1.5e-7. Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26.</summary>
    private static double Erf(double x)
    {
        var t = 1 / (1 + 0.3275911 * x);
        return 1 - ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t * Math.Exp(-x * x);
    }
}
