namespace VisionCell.Augmentation;

/// <summary>
/// How much of motion and of curvature is added to the straight line, and the error to expect. Weights of motion are given at the
/// confidences 0, 0.2, … 1 and run straight between them; at confidence 0 the weight is 0: there the result is the straight line, or
/// the spline where curvature has a weight.
/// </summary>
/// <param name="Motion">Weight of motion at each of the <see cref="Nodes"/>, 0 to 1.</param>
/// <param name="Curvature">Weight of the spline's curvature, 0 to <see cref="CurvatureWeight.Most"/>.</param>
/// <param name="ErrorFloor">Expected absolute error in the middle of the wider gaps of the calibration where nothing mismatches, in the units of the sections.</param>
/// <param name="ErrorPerMismatch">What each unit of mismatch adds to it.</param>
/// <param name="HeldOutGain">
/// Gain in PSNR over linear interpolation on the stack's own sections, each predicted from its neighbours by weights fitted without it, dB;
/// null where there are too few sections to tell.
/// </param>
public sealed record FlowBlend(IReadOnlyList<double> Motion, double Curvature, double ErrorFloor, double ErrorPerMismatch, double? HeldOutGain)
{
    /// <summary>Confidences at which weights are given.</summary>
    public const int Nodes = 6;

    /// <summary>What is used where nothing can be calibrated: about the smallest weight that was best on any of the volumes tried (0.37 to 0.75, steel powder apart).</summary>
    public static FlowBlend Uncalibrated { get; } = new([0, 0.4, 0.4, 0.4, 0.4, 0.4], 0, 0, 1, null);

    /// <summary>The straight line alone.</summary>
    public static FlowBlend Linear { get; } = new([0, 0, 0, 0, 0, 0], 0, 0, 1, null);

    /// <summary>Weight of motion at a confidence.</summary>
    public float MotionAt(float confidence)
    {
        var at = Math.Clamp(confidence, 0, 1) * (Nodes - 1);
        var i = Math.Min((int)at, Nodes - 2);
        return (float)(Motion[i] + (at - i) * (Motion[i + 1] - Motion[i]));
    }

    /// <summary>
    /// The same with so much curvature as is best across the gaps themselves: what is best of it alone, less what motion brings of it there already
    /// (least squares, with motion given), as the candidates halfway across some gaps show.
    /// </summary>
    /// <param name="weight">Best weight of curvature without motion.</param>
    /// <param name="gaps">Candidates halfway across gaps of the width that is to be filled.</param>
    internal FlowBlend WithCurvature(double weight, IEnumerable<GapCandidates> gaps)
    {
        double both = 0, own = 0;
        foreach (var gap in gaps)
        {
            for (var i = 0; i < gap.Curvature.Length; i++)
            {
                both += (double)MotionAt(gap.Confidence[i]) * gap.Motion[i] * gap.Curvature[i];
                own += (double)gap.Curvature[i] * gap.Curvature[i];
            }
        }
        return this with { Curvature = own > 0 ? Math.Clamp(weight - both / own, 0, CurvatureWeight.Most) : 0 };
    }

    /// <summary>The blended region <c>[rows, columns]</c>, written to <paramref name="target"/>.</summary>
    internal void Apply(GapCandidates candidates, Span<float> target)
    {
        var curvature = (float)Curvature;
        for (var i = 0; i < target.Length; i++)
            target[i] = candidates.Linear[i] + MotionAt(candidates.Confidence[i]) * candidates.Motion[i] + curvature * candidates.Curvature[i];
    }

    /// <summary>
    /// Expected absolute error at position t. An error made of uncorrelated steps between sections is the bridge of a random walk: it grows
    /// with √(4 t (1 − t)), and halfway with the root of the width of the gap, of which the calibration saw twice as much.
    /// </summary>
    internal void Error(GapCandidates candidates, float t, Span<float> target)
    {
        var along = MathF.Sqrt(2 * t * (1 - t));
        for (var i = 0; i < target.Length; i++)
            target[i] = along * (float)(ErrorFloor + ErrorPerMismatch * candidates.Mismatch[i]);
    }
}

/// <summary>
/// Fits a <see cref="FlowBlend"/> to a stack by itself: each of up to <see cref="MostSections"/> sections is predicted from its neighbours,
/// across a gap twice as wide as those to be filled, and the weights are those of least squares. Two precautions against what a wider
/// gap cannot tell: weights are shrunk by <see cref="Shrinkage"/>, and motion or curvature are used at all only where they lower the error
/// of sections that were not fitted to.
/// </summary>
internal sealed class FlowCalibration
{
    /// <summary>Sections predicted at most, evenly through the stack: 1.5 million equations at 250 x 250 pixels for six unknowns.</summary>
    public const int MostSections = 24;

    /// <summary>
    /// Share of a fitted weight that is used. What a weight gains is quadratic about its best value: 0.8 of it keeps 96 % of the gain, and
    /// loses less where the best weight across the narrower gap is smaller (steel powder: 0.24 across 4 sections, 0.1 across 2).
    /// </summary>
    public const double Shrinkage = 0.8;

    /// <summary>Fewer predicted sections are not divided into a part to fit and a part to check.</summary>
    public const int FewestChecked = 4;

    // Unknowns: motion at confidences 0.2 … 1, and curvature.
    private const int MotionTerms = FlowBlend.Nodes - 1, Terms = MotionTerms + 1;

    /// <summary>Pull of each weight of motion towards their common value, as a share of the mean diagonal.</summary>
    private const double Ridge = 0.05;

    private readonly List<Equations> _sections = [];

    /// <summary>Sections taken in so far.</summary>
    public int Count => _sections.Count;

    /// <summary>Takes in one predicted section and what was really there <c>[H, W]</c>.</summary>
    public void Add(GapCandidates candidates, ReadOnlySpan<float> truth)
    {
        var equations = new Equations();
        Span<double> row = stackalloc double[Terms];
        for (var i = 0; i < truth.Length; i++)
        {
            var at = Math.Clamp(candidates.Confidence[i], 0, 1) * (FlowBlend.Nodes - 1);
            var node = Math.Min((int)at, FlowBlend.Nodes - 2);
            float part = at - node, motion = candidates.Motion[i];
            row.Clear();
            if (node > 0)
                row[node - 1] = (1 - part) * motion;
            row[node] = part * motion;
            row[Terms - 1] = candidates.Curvature[i];
            equations.Add(row, node > 0 ? node - 1 : 0, node, truth[i] - candidates.Linear[i]);
        }
        equations.Samples = truth.Length;
        Sample(candidates, truth, equations);
        _sections.Add(equations);
    }

    /// <summary>The blend that predicts the sections best.</summary>
    public FlowBlend Fit()
    {
        if (_sections.Count == 0)
            return FlowBlend.Uncalibrated;
        double[] weights;
        double? gain = null;
        if (_sections.Count < FewestChecked)
        {
            weights = Solve(Sum(_sections), true, false);
        }
        else
        {
            // Even sections fit, odd ones check, and the other way round.
            List<Equations>[] halves = [[.. _sections.Where((_, i) => i % 2 == 0)], [.. _sections.Where((_, i) => i % 2 == 1)]];
            var (best, bestError) = ((Motion: false, Curvature: false), Sum(_sections).Error(new double[Terms]));
            var linear = bestError;
            foreach (var model in new[] { (true, false), (false, true), (true, true) })
            {
                var error = Enumerable.Range(0, 2).Sum(h => Sum(halves[1 - h]).Error(Solve(Sum(halves[h]), model.Item1, model.Item2)));
                if (error < bestError)
                    (best, bestError) = (model, error);
            }
            weights = Solve(Sum(_sections), best.Motion, best.Curvature);
            gain = bestError > 0 ? 10 * Math.Log10(linear / bestError) : 0;
        }
        var (floor, slope) = ErrorLine(weights);
        return new FlowBlend([0, .. weights[..MotionTerms]], weights[Terms - 1], floor, slope, gain);
    }

    /// <summary>Weights of least squares, shrunk, within 0 to 1.</summary>
    private static double[] Solve(Equations e, bool motion, bool curvature)
    {
        // The common weight of motion first, which each node's is then pulled towards: few pixels have some of the confidences.
        double mm = 0, mc = 0, my = 0;
        for (var i = 0; i < MotionTerms; i++)
        {
            my += e.Right[i];
            mc += e.Left[i, Terms - 1];
            for (var k = 0; k < MotionTerms; k++)
                mm += e.Left[i, k];
        }
        double cc = e.Left[Terms - 1, Terms - 1], cy = e.Right[Terms - 1];
        var (common, bend) = (motion, curvature) switch
        {
            (true, true) when mm * cc - mc * mc > 1e-9 * mm * cc => ((my * cc - cy * mc) / (mm * cc - mc * mc), (cy * mm - my * mc) / (mm * cc - mc * mc)),
            (true, _) => (mm > 0 ? my / mm : 0, 0.0),
            (_, true) => (0.0, cc > 0 ? cy / cc : 0),
            _ => (0.0, 0.0),
        };
        bend = Math.Clamp(Shrinkage * bend, 0, 1);
        common = Math.Clamp(common, 0, 1);
        var weights = new double[Terms];
        weights[Terms - 1] = bend;
        if (!motion)
            return weights;
        // Nodes by coordinate descent: neighbours alone are coupled, a few dozen rounds settle six digits.
        var pull = Ridge * mm / MotionTerms;
        Array.Fill(weights, common, 0, MotionTerms);
        for (var round = 0; round < 50; round++)
        {
            for (var i = 0; i < MotionTerms; i++)
            {
                var right = e.Right[i] + pull * common - e.Left[i, Terms - 1] * bend;
                for (var k = 0; k < MotionTerms; k++)
                    right -= k == i ? 0 : e.Left[i, k] * weights[k];
                var left = e.Left[i, i] + pull;
                weights[i] = left > 0 ? Math.Clamp(right / left, 0, 1) : common;
            }
        }
        for (var i = 0; i < MotionTerms; i++)
            weights[i] *= Shrinkage;
        return weights;
    }

    private static Equations Sum(IEnumerable<Equations> parts)
    {
        var sum = new Equations();
        foreach (var part in parts)
            sum.Add(part);
        return sum;
    }

    /// <summary>Absolute error against mismatch as a straight line, by least squares on sampled pixels; neither part below 0.</summary>
    private (double Floor, double Slope) ErrorLine(double[] weights)
    {
        double n = 0, x = 0, xx = 0, y = 0, xy = 0;
        foreach (var p in _sections.SelectMany(s => s.Pixels))
        {
            var error = p.Residual - weights[Terms - 1] * p.Curvature;
            for (var i = 0; i < MotionTerms; i++)
                error -= weights[i] * p.Motion * Math.Max(0, 1 - Math.Abs(p.Confidence * (FlowBlend.Nodes - 1) - (i + 1)));
            (n, x, xx, y, xy) = (n + 1, x + p.Mismatch, xx + p.Mismatch * p.Mismatch, y + Math.Abs(error), xy + Math.Abs(error) * p.Mismatch);
        }
        var spread = xx - x * x / n;
        var slope = spread > 1e-12 * xx ? Math.Max(0, (xy - x * y / n) / spread) : 0;
        var floor = (y - slope * x) / n;
        return floor >= 0 ? (floor, slope) : (0, xx > 0 ? xy / xx : 0);
    }

    private static void Sample(GapCandidates c, ReadOnlySpan<float> truth, Equations to)
    {
        // A prime step: about 2,000 pixels a section, spread over rows and columns alike.
        var step = Math.Max(1, truth.Length / 2000) | 1;
        for (var i = 0; i < truth.Length; i += step)
            to.Pixels.Add((truth[i] - c.Linear[i], c.Motion[i], c.Curvature[i], c.Confidence[i], c.Mismatch[i]));
    }

    /// <summary>Normal equations of one or more sections.</summary>
    private sealed class Equations
    {
        public double[,] Left { get; } = new double[Terms, Terms];

        public double[] Right { get; } = new double[Terms];

        public double Square { get; private set; }

        public long Samples { get; set; }

        public List<(double Residual, double Motion, double Curvature, double Confidence, double Mismatch)> Pixels { get; } = [];

        /// <summary>One pixel; of motion only the terms from first to last are not 0.</summary>
        public void Add(ReadOnlySpan<double> row, int first, int last, double value)
        {
            Square += value * value;
            var bend = row[Terms - 1];
            for (var i = first; i <= last; i++)
            {
                Right[i] += row[i] * value;
                for (var k = first; k <= last; k++)
                    Left[i, k] += row[i] * row[k];
                Left[i, Terms - 1] += row[i] * bend;
                Left[Terms - 1, i] += row[i] * bend;
            }
            Right[Terms - 1] += bend * value;
            Left[Terms - 1, Terms - 1] += bend * bend;
        }

        public void Add(Equations other)
        {
            for (var i = 0; i < Terms; i++)
            {
                Right[i] += other.Right[i];
                for (var k = 0; k < Terms; k++)
                    Left[i, k] += other.Left[i, k];
            }
            Square += other.Square;
            Samples += other.Samples;
        }

        /// <summary>Sum of squared errors with these weights.</summary>
        public double Error(double[] weights)
        {
            var error = Square;
            for (var i = 0; i < Terms; i++)
            {
                error -= 2 * weights[i] * Right[i];
                for (var k = 0; k < Terms; k++)
                    error += weights[i] * weights[k] * Left[i, k];
            }
            return error;
        }
    }
}
