namespace VisionCell.Preprocessing;

/// <summary>
/// Parts the maps of the sections into what is corrected, which goes to and fro, and what is slow (<see cref="SteadyTrend"/>), number by
/// number in their logarithms. Only sections that were compared count: one between two places would turn a jump into a slope.
/// </summary>
internal static class DriftSeparation
{
    /// <summary>Separates.</summary>
    /// <param name="maps">From a common frame to each section.</param>
    /// <param name="known">Sections that were compared, in order; the others are placed between them.</param>
    /// <param name="configuration">What is slow, and whether it goes.</param>
    /// <param name="logarithm">Of the sections' size.</param>
    public static (AffineMap[] Moved, DriftReport Drift) Of(AffineMap[] maps, IReadOnlyList<int> known, AlignmentConfiguration configuration, AffineLogarithm logarithm)
    {
        if (known.Count == 0)
            known = [.. Enumerable.Range(0, maps.Length)];
        var logarithms = known.Select(z => logarithm.Of(maps[z])).ToArray();
        var slow = known.Select(_ => new double[6]).ToArray();
        for (var k = 0; k < 6; k++)
        {
            double[] values = [.. logarithms.Select(l => l[k])];
            var rest = SteadyTrend.Residual(values, configuration.DriftWindow);
            for (var i = 0; i < known.Count; i++)
                slow[i][k] = values[i] - rest[i];
        }
        double[] mean = [.. Enumerable.Range(0, 6).Select(k => logarithms.Average(l => l[k]))];
        var corrections = known.Select((z, i) =>
        {
            double[] left = [.. (configuration.KeepSlowMotion ? slow[i] : mean).Select(v => -v)];
            return logarithm.Of(maps[z].After(logarithm.Exp(left)));
        }).ToArray();

        var origin = logarithm.Exp(slow[0]).Inverse();
        AffineMap[] moved = [.. Enumerable.Range(0, maps.Length).Select(z => logarithm.Exp(Between(known, corrections, z)))];
        SectionDrift[] drift = [.. Enumerable.Range(0, maps.Length).Select(z =>
        {
            var map = logarithm.Exp(Between(known, slow, z)).After(origin);
            var steps = logarithm.Of(map);
            return new SectionDrift(steps[5], steps[4], Math.Atan2(map.C - map.B, map.A + map.D) * 180 / Math.PI);
        })];
        return (moved, new DriftReport(drift, !configuration.KeepSlowMotion));
    }

    /// <summary>The value of a section, or what lies between those of the known ones around it.</summary>
    private static double[] Between(IReadOnlyList<int> known, double[][] values, int z)
    {
        var after = 0;
        while (after < known.Count - 1 && known[after] < z)
            after++;
        var before = known[after] > z && after > 0 ? after - 1 : after;
        var share = before == after ? 0 : (double)(z - known[before]) / (known[after] - known[before]);
        return [.. values[before].Select((v, k) => v + share * (values[after][k] - v))];
    }
}
