namespace VisionCell.Preprocessing;

/// <summary>How well two sections match once moved.</summary>
/// <param name="From">Index of the earlier section.</param>
/// <param name="To">Index of the later one.</param>
/// <param name="Correlation">Of what overlaps, -1 to 1.</param>
/// <param name="Residual">How far the solution for the whole stack lies from what this comparison said, pixels.</param>
public readonly record struct SectionMatch(int From, int To, double Correlation, double Residual);

/// <summary>What alignment found, beside the transforms.</summary>
/// <param name="Drift">Slow motion, kept or removed.</param>
/// <param name="MinimumJacobian">Least local change of area; positive: nothing folds.</param>
/// <param name="Matches">Every comparison.</param>
public sealed record AlignmentSummary(DriftReport Drift, double MinimumJacobian, IReadOnlyList<SectionMatch> Matches)
{
    /// <summary>The summary of a result.</summary>
    public static AlignmentSummary Of(AlignmentResult result) => new(
        result.Drift, Finite(result.MinimumJacobian), [.. result.Matches.Select(m => new SectionMatch(m.From, m.To, Finite(m.Correlation), Finite(m.Residual)))]);

    private static double Finite(double value) => double.IsFinite(value) ? value : 0;
}

/// <summary>What was found and done.</summary>
/// <param name="Configuration">How it was asked for.</param>
/// <param name="Plan">What was decided: damage, stripes, shading, gains, bounds, noise.</param>
/// <param name="Alignment">What alignment found; null where nothing was aligned.</param>
/// <param name="Moved">Sections that were moved.</param>
/// <param name="MedianShift">Median length of the shifts of all sections, pixels.</param>
/// <param name="LargestShift">Longest of them, pixels.</param>
/// <param name="Replaced">Sections whose content was replaced.</param>
/// <param name="Excluded">Sections that stay but do not count as observed.</param>
/// <param name="Residual">What denoising took away in a few sections of the middle; null where nothing was denoised.</param>
/// <param name="Notices">What a user should look at: damaged sections, sections without a match, gains at their bound.</param>
/// <param name="Seconds">Wall-clock time of each step, s; of an interrupted run its last part.</param>
public sealed record PreprocessingReport(
    PreprocessingConfiguration Configuration,
    PreprocessingPlan Plan,
    AlignmentSummary? Alignment,
    int Moved,
    double MedianShift,
    double LargestShift,
    IReadOnlyList<int> Replaced,
    IReadOnlyList<int> Excluded,
    ResidualReport? Residual,
    IReadOnlyList<string> Notices,
    IReadOnlyDictionary<string, double> Seconds)
{
    /// <summary>Writes the report as JSON; beside and renamed into place.</summary>
    public void Write(string path) => Runs.Configuration.Write(path, this);
}
