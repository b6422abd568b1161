using OpenCvSharp;

namespace VisionCell.Preprocessing;

/// <summary>What found the map between two sections.</summary>
public enum PairMethod
{
    /// <summary>Nothing did.</summary>
    None,

    /// <summary>Phase correlation over a search of turns, refined by grey values.</summary>
    PhaseCorrelation,

    /// <summary>Points that look alike, refined by grey values.</summary>
    Features,

    /// <summary>The maps of the sections between, refined by grey values.</summary>
    Chain,

    /// <summary>Correlation of what overlaps at every shift, refined by grey values.</summary>
    Overlap,
}

/// <summary>How one section lies against another.</summary>
/// <param name="From">Index of the first section.</param>
/// <param name="To">Index of the second section.</param>
/// <param name="Map">Takes a pixel of the first section to the pixel of the second that shows the same.</param>
/// <param name="Correlation">Of the grey values where both are, after both were freed of local mean and contrast: -1 to 1.</param>
/// <param name="Method">What found it.</param>
/// <param name="IsReliable">Whether a correlation of that height is out of reach of chance.</param>
public sealed record PairMatch(int From, int To, AffineMap Map, double Correlation, PairMethod Method, bool IsReliable)
{
    /// <summary>How far the solution for the whole stack ended from this map: root of the mean square over the section, pixels.</summary>
    public double Residual { get; init; }

    /// <summary>Finest level of the pyramids at which the sections resemble each other.</summary>
    internal int Level { get; init; }
}

/// <summary>
/// Finds how one section lies against another: phase correlation over a small search of turns on a reduced image; where its peak is
/// no better than chance, or grey values do not agree under it, points that look alike; then grey values refine to hundredths of a pixel.
/// </summary>
internal static class PairRegistration
{
    /// <summary>Longest edge of the reduced image that is searched.</summary>
    private const int SearchEdge = 192;

    /// <summary>A turn may move the border of the reduced image by this much between two trials, pixels: phase correlation holds out as far on either side.</summary>
    private const double SearchStep = 3;

    /// <summary>Pixels that carry one independent grey value in smoothed micrographs.</summary>
    private const double PixelsPerValue = 40;

    /// <summary>
    /// Correlation that a match must have which was sought at every shift: so many places find half of it by chance.
    /// </summary>
    private const double LeastOfOverlap = 0.65;

    /// <summary>Finds the map without a guess.</summary>
    public static PairMatch Search(int from, int to, PreparedSection first, PreparedSection second, AlignmentConfiguration configuration, double maxShift)
    {
        var level = SearchLevel(first);
        var best = new PairMatch(from, to, AffineMap.Identity, 0, PairMethod.None, false);

        void Try(AffineMap start, PairMethod method, double atLeast = 0)
        {
            var fit = LucasKanade.Refine(first, second, start, configuration.Model, level);
            if (!IsWithin(fit.Map, first.Levels[0], configuration, maxShift))
                return;
            if (fit.Correlation > best.Correlation && fit.Correlation >= atLeast)
                best = new PairMatch(from, to, fit.Map, fit.Correlation, method, IsReliable(fit, first)) { Level = fit.Level };
        }

        // 1. Phase correlation at each turn of the search.
        var (one, two) = (first.Levels[level], second.Levels[level]);
        var reach = Math.Max(1, maxShift / (1 << level) + 1);
        var (bestTurn, bestShift) = (0.0, PhaseCorrelation.Coarse(one.Values, two.Values, one.Height, one.Width, reach));
        if (configuration.Model != AlignmentModel.Translation && configuration.MaxRotation > 0)
        {
            var step = SearchStep / (0.5 * Math.Max(one.Height, one.Width));
            var turns = (int)Math.Ceiling(configuration.MaxRotation * Math.PI / 180 / step);
            var turned = new float[one.Values.Length];
            for (var i = -turns; i <= turns; i++)
            {
                if (i == 0)
                    continue;
                Turn(two, i * step, turned);
                var shift = PhaseCorrelation.Coarse(one.Values, turned, one.Height, one.Width, reach);
                if (shift.Confidence > bestShift.Confidence)
                    (bestTurn, bestShift) = (i * step, shift);
            }
        }
        if (bestShift.IsReliable)
        {
            var turn = AffineMap.Rotation(bestTurn, 0.5 * (one.Height - 1), 0.5 * (one.Width - 1));
            Try(turn.After(AffineMap.Shift(bestShift.Y, bestShift.X)).Scaled(1 << level), PairMethod.PhaseCorrelation);
        }

        // 2. Where that fails, points.
        if (!best.IsReliable && FeatureMatching.Find(first, second, configuration.Model) is { } map)
            Try(map, PairMethod.Features);

        // 3. Where sections may lie further apart than a window shows, every shift at which enough of them overlaps, at a few turns.
        if (!best.IsReliable && reach > 0.25 * Math.Min(one.Height, one.Width))
        {
            var step = 2 * SearchStep / (0.5 * Math.Max(one.Height, one.Width));
            var turns = configuration.Model == AlignmentModel.Translation ? 0 : (int)Math.Ceiling(configuration.MaxRotation * Math.PI / 180 / step);
            var turned = new float[one.Values.Length];
            var (y, x, score, turn) = (0, 0, 0.0, 0.0);
            for (var i = -turns; i <= turns; i++)
            {
                Turn(two, i * step, turned);
                var found = OverlapSearch.Find(one.Values, turned, one.Height, one.Width, reach);
                if (found.Score > score)
                    (y, x, score, turn) = (found.Y, found.X, found.Score, i * step);
            }
            var start = AffineMap.Rotation(turn, 0.5 * (one.Height - 1), 0.5 * (one.Width - 1)).After(AffineMap.Shift(y, x));
            Try(start.Scaled(1 << level), PairMethod.Overlap, LeastOfOverlap);
        }
        // 4. What grey values make of no motion at all.
        if (!best.IsReliable)
            Try(AffineMap.Identity, PairMethod.PhaseCorrelation);
        return best;
    }

    /// <summary>Refines a guess; null where grey values do not agree with it.</summary>
    public static PairMatch? Refine(int from, int to, PreparedSection first, PreparedSection second, AffineMap guess, AlignmentConfiguration configuration, double maxShift)
    {
        var fit = LucasKanade.Refine(first, second, guess, configuration.Model, SearchLevel(first));
        return IsReliable(fit, first) && IsWithin(fit.Map, first.Levels[0], configuration, maxShift)
            ? new PairMatch(from, to, fit.Map, fit.Correlation, PairMethod.Chain, true) { Level = fit.Level }
            : null;
    }

    /// <summary>Refines a match through a window; null where too little of it is in both sections, or grey values lead elsewhere.</summary>
    public static PairMatch? Through(CommonWindow window, PairMatch match, PreparedSection first, PreparedSection second, AlignmentModel model)
    {
        var fit = LucasKanade.Refine(first, second, match.Map, model, match.Level, match.Level, window);
        var (height, width) = (first.Levels[0].Height, first.Levels[0].Width);
        return IsReliable(fit, first) && match.Map.Inverse().After(fit.Map).Reach(height, width) < 0.05 * Math.Min(height, width) ? match with { Map = fit.Map, Correlation = fit.Correlation } : null;
    }

    private static int SearchLevel(PreparedSection section)
    {
        var level = 0;
        while (level + 1 < section.Levels.Count && Math.Max(section.Levels[level].Height, section.Levels[level].Width) > SearchEdge)
            level++;
        return level;
    }

    /// <summary>Unrelated grey values correlate by one over the root of their number; five times that is out of reach of a search.</summary>
    private static bool IsReliable(Fit fit, PreparedSection first)
    {
        var image = first.Levels[fit.Level];
        var values = fit.Overlap * image.Height * image.Width / PixelsPerValue;
        return fit.Overlap > 0.2 && fit.Correlation > Math.Max(0.06, Math.Min(0.5, 5 / Math.Sqrt(Math.Max(1, values))));
    }

    private static bool IsWithin(AffineMap map, ImageLevel image, AlignmentConfiguration configuration, double maxShift)
    {
        var (y, x) = (0.5 * (image.Height - 1), 0.5 * (image.Width - 1));
        var (toY, toX) = map.Apply(y, x);
        var turn = Math.Abs(Math.Atan2(map.C - map.B, map.A + map.D)) * 180 / Math.PI;
        return Math.Max(Math.Abs(toY - y), Math.Abs(toX - x)) <= 1.25 * maxShift + 1 && turn <= 1.5 * configuration.MaxRotation + 0.5 && map.Determinant is > 0.7 and < 1.4;
    }

    private static unsafe void Turn(ImageLevel image, double radians, float[] result)
    {
        var map = AffineMap.Rotation(radians, 0.5 * (image.Height - 1), 0.5 * (image.Width - 1));
        double[] affine = [map.A, map.B, map.Tx, map.C, map.D, map.Ty];
        fixed (double* a = affine)
        fixed (float* s = image.Values)
        fixed (float* t = result)
        {
            using var matrix = Mat.FromPixelData(2, 3, MatType.CV_64FC1, (nint)a);
            using var from = Mat.FromPixelData(image.Height, image.Width, MatType.CV_32FC1, (nint)s);
            using var to = Mat.FromPixelData(image.Height, image.Width, MatType.CV_32FC1, (nint)t);
            Cv2.WarpAffine(from, to, matrix, to.Size(), InterpolationFlags.Linear | InterpolationFlags.WarpInverseMap, BorderTypes.Constant, Scalar.All(0));
        }
    }
}
