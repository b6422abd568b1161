using VisionCell.Volumes;

namespace VisionCell.Preprocessing;

/// <summary>
/// Aligns the sections of a stack <c>[Z, Y, X]</c> by translations (pixels). Each section is compared with the few before it by
/// phase correlation; the positions that fit all these shifts best, in least squares weighted by confidence, are the sections'
/// displacements; their steady part is left in the data. The result is data (<see cref="SectionTransforms"/>): nothing is resampled here.
/// A section without contrast, or one that matches none of its neighbours, is placed between them and says so.
/// </summary>
public static class PhaseCorrelationAlignment
{
    /// <summary>Pull of a section toward its neighbour where nothing was measured, against a weight of 1 for a perfect match.</summary>
    private const double Tether = 1e-4;

    /// <summary>Estimates where each section must be moved.</summary>
    /// <param name="stack">Sections <c>[Z, Y, X]</c>; two at least.</param>
    /// <param name="configuration">How.</param>
    /// <param name="progress">Told the number of sections done.</param>
    /// <param name="cancellation">Stops between sections.</param>
    /// <exception cref="BadInputException">One section only, or sections smaller than 16 pixels along an edge.</exception>
    public static SectionTransforms Estimate(
        Volume<float> stack, AlignmentConfiguration configuration, IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        var (sections, height, width) = stack.Shape;
        if (sections < 2)
            throw new BadInputException($"a stack of {sections} section cannot be aligned: at least 2 are needed");
        if (height < 16 || width < 16)
            throw new BadInputException($"sections of {height} x {width} pixels cannot be aligned: at least 16 x 16 are needed");

        // 1. Shifts between each section and those before it that have contrast.
        var usable = Enumerable.Range(0, sections).Where(z => SectionStatistics.Of(stack.Section(z)).HasContrast).ToArray();
        var pairs = (from i in Enumerable.Range(0, usable.Length) from k in Enumerable.Range(1, configuration.Neighbours) where i >= k select (From: usable[i - k], To: usable[i])).ToArray();
        var shifts = new ShiftEstimate[pairs.Length];
        var done = 0;
        Parallel.For(0, pairs.Length, new ParallelOptions { CancellationToken = cancellation }, p =>
        {
            var (from, to) = pairs[p];
            shifts[p] = PhaseCorrelation.Estimate(stack.Section(from), stack.Section(to), height, width, configuration.MaxShift * (to - from));
            progress?.Report(Interlocked.Increment(ref done) * sections / pairs.Length);
        });

        // 2. Positions that fit all of them.
        var links = new List<(int From, int To, double Weight, double Y, double X)>();
        for (var z = 1; z < sections; z++)
            links.Add((z - 1, z, Tether, 0, 0));
        for (var p = 0; p < pairs.Length; p++)
        {
            if (shifts[p].IsReliable)
                links.Add((pairs[p].From, pairs[p].To, shifts[p].Confidence, shifts[p].Y, shifts[p].X));
        }
        var y = ChainSolver.Solve(sections, [.. links.Select(l => (l.From, l.To, l.Weight, l.Y))]);
        var x = ChainSolver.Solve(sections, [.. links.Select(l => (l.From, l.To, l.Weight, l.X))]);

        // 3. What is steady stays.
        (y, x) = configuration.KeepSlowMotion ? (SteadyTrend.Residual(y), SteadyTrend.Residual(x)) : (Centred(y), Centred(x));

        // 4. One transform a section, with its reason.
        var hasContrast = new HashSet<int>(usable);
        return new SectionTransforms([.. Enumerable.Range(0, sections).Select(z =>
        {
            var own = Enumerable.Range(0, pairs.Length).Where(p => (pairs[p].From == z || pairs[p].To == z) && shifts[p].IsReliable).Select(p => shifts[p].Confidence).ToArray();
            var confidence = own.Length == 0 ? 0 : own.Max();
            if (!hasContrast.Contains(z))
                return SectionTransform.Shift(z, y[z], x[z], 0, "constant grey value: placed between its neighbours");
            if (own.Length == 0)
                return SectionTransform.Shift(z, y[z], x[z], 0, "matches none of its neighbours: placed between them");
            return Math.Max(Math.Abs(y[z]), Math.Abs(x[z])) < configuration.DeadZone
                ? SectionTransform.Shift(z, 0, 0, confidence, "in place within the dead zone")
                : SectionTransform.Shift(z, y[z], x[z], confidence, "moved onto its neighbours");
        })]);
    }

    private static double[] Centred(double[] positions) => [.. positions.Select(p => p - positions.Average())];
}
