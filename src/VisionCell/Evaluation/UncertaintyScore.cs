using System.Text.Json.Serialization;
using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>How many true errors lie within an interval that should hold a share of them.</summary>
/// <param name="Nominal">The share it should hold.</param>
/// <param name="Observed">The share it does hold.</param>
public readonly record struct CoveragePoint(double Nominal, double Observed);

/// <summary>The tenth part of the voxels, by the error expected of them.</summary>
/// <param name="Expected">Mean absolute error expected, grey values.</param>
/// <param name="Observed">Mean absolute error found, grey values.</param>
public readonly record struct CalibrationBin(double Expected, double Observed);

/// <summary>What is left when the voxels of the largest expected error are taken away.</summary>
/// <param name="Removed">Share taken away.</param>
/// <param name="Error">Mean absolute error of the rest over that of all.</param>
/// <param name="Oracle">The same where those of the largest true error are taken away.</param>
public readonly record struct SparsificationPoint(double Removed, double Error, double Oracle);

/// <summary>How honest a method's own uncertainty is, over the scored voxels.</summary>
/// <param name="Coverage90">Share of voxels whose true error lies inside the interval that should hold 90 %; 0.9 is right, less is overconfident.</param>
/// <param name="ErrorCorrelation">Pearson correlation of predicted and true absolute error; null where either is constant.</param>
public sealed record UncertaintyScore(double Coverage90, double? ErrorCorrelation)
{
    // Ranks and curves are of at most this many voxels, spread evenly: their standard errors are below 0.001.
    private const int MaxSamples = 1 << 21;
    private const int Bins = 10;
    private const int Steps = 20;

    /// <summary>Mean absolute deviation of a normal distribution in units of its standard deviation, √(2/π).</summary>
    private const double MeanDeviation = 0.79788456080286541;

    /// <summary>Shares, and half widths of their intervals in standard deviations of a normal distribution.</summary>
    private static readonly (double Share, double Width)[] _levels =
        [(0.5, 0.6744897501960817), (0.6, 0.8416212335729143), (0.7, 1.0364333894937898), (0.8, 1.2815515655446004), (0.9, 1.6448536269514722), (0.95, 1.959963984540054), (0.99, 2.5758293035489004)];

    /// <summary>Coverage at 50 to 99 %, taking errors for normal.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<CoveragePoint>? Coverage { get; init; }

    /// <summary>Spearman's rank correlation of predicted and true absolute error, ties at their mean rank; null where either is constant.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? RankCorrelation { get; init; }

    /// <summary>Expected and found error of ten equal parts, least expected first.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<CalibrationBin>? Calibration { get; init; }

    /// <summary>
    /// Mean over these of the difference over the expected (expected normalised calibration error): 0 is right. Source: Levi et al., Sensors 22, 2022,
    /// doi:10.3390/s22155540. Null where nothing is expected of a part.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? CalibrationError { get; init; }

    /// <summary>What is left of the error as the least certain voxels go, in steps of 5 %.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<SparsificationPoint>? Sparsification { get; init; }

    /// <summary>
    /// Area between that curve and its oracle: 0 where uncertainty orders voxels as their errors do. Source: Ilg et al., ECCV 2018,
    /// doi:10.1007/978-3-030-01234-2_40. Null where there is no error.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? SparsificationError { get; init; }

    /// <summary>Scores an uncertainty volume.</summary>
    /// <param name="reconstruction">What is judged, <c>[Z, Y, X]</c>.</param>
    /// <param name="reference">The truth on the same grid.</param>
    /// <param name="uncertainty">Expected absolute error of each voxel, grey values.</param>
    /// <param name="region">Which voxels count.</param>
    /// <param name="cancellation">Stops between sections.</param>
    /// <exception cref="BadInputException">Grids do not fit, or a voxel is not finite.</exception>
    public static UncertaintyScore Of(
        Volume<float> reconstruction, Volume<float> reference, Volume<float> uncertainty, ScoredRegion region, CancellationToken cancellation = default)
    {
        VolumeChecks.RequireSameGrid(reconstruction, reference);
        VolumeChecks.RequireSameGrid(uncertainty, reference);
        VolumeChecks.RequireFits(region, reference.Shape);
        VolumeChecks.RequireFinite(reconstruction, "reconstruction");
        VolumeChecks.RequireFinite(reference, "reference");
        VolumeChecks.RequireFinite(uncertainty, "uncertainty");

        // 1. Counts within intervals, and means; a second pass for products, so that the correlation does not lose digits to cancellation.
        var (count, sumE, sumU, inside) = (0L, 0.0, 0.0, new long[_levels.Length]);
        Each((error, expected) =>
        {
            count++;
            sumE += error;
            sumU += expected;
            for (var l = 0; l < inside.Length; l++)
                inside[l] += error <= _levels[l].Width / MeanDeviation * expected ? 1 : 0;
        });
        var (meanE, meanU) = (sumE / count, sumU / count);
        var (ee, uu, eu) = (0.0, 0.0, 0.0);
        var step = (count + MaxSamples - 1) / MaxSamples;
        var (errors, expectations) = (new double[(count + step - 1) / step], new double[(count + step - 1) / step]);
        var at = 0L;
        Each((error, expected) =>
        {
            if (at % step == 0)
                (errors[at / step], expectations[at / step]) = (error, expected);
            at++;
            ee += (error - meanE) * (error - meanE);
            uu += (expected - meanU) * (expected - meanU);
            eu += (error - meanE) * (expected - meanU);
        });
        var coverage = _levels.Select((level, l) => new CoveragePoint(level.Share, (double)inside[l] / count)).ToArray();

        // 2. What depends on the order of voxels.
        var byExpectation = Order(expectations);
        var calibration = Parts(byExpectation, errors, expectations);
        var sparsification = Sparsify(byExpectation, Order(errors), errors);
        return new UncertaintyScore(coverage.First(c => c.Nominal == 0.9).Observed, ee > 0 && uu > 0 ? eu / Math.Sqrt(ee * uu) : null)
        {
            Coverage = coverage,
            RankCorrelation = Pearson(Ranks(errors), Ranks(expectations)),
            Calibration = calibration,
            CalibrationError = calibration.All(b => b.Expected > 0) ? calibration.Average(b => Math.Abs(b.Observed - b.Expected) / b.Expected) : null,
            Sparsification = sparsification,
            SparsificationError = sparsification?.Average(p => p.Error - p.Oracle),
        };

        void Each(Action<double, double> take)
        {
            foreach (var z in region.Rows)
            {
                cancellation.ThrowIfCancellationRequested();
                var (a, b, u) = (reconstruction.Data, reference.Data, uncertainty.Data);
                var end = (z + 1) * reference.Shape.SectionCount;
                for (var i = end - reference.Shape.SectionCount; i < end; i++)
                {
                    if (region.Mask is null || region.Mask.Data[i] != 0)
                        take(Math.Abs((double)a[i] - b[i]), u[i]);
                }
            }
        }
    }

    private static CalibrationBin[] Parts(int[] order, double[] errors, double[] expectations)
    {
        var bins = Math.Min(Bins, order.Length);
        return [.. Enumerable.Range(0, bins).Select(b =>
        {
            var part = order.AsSpan((int)((long)b * order.Length / bins)..(int)((b + 1L) * order.Length / bins));
            var (expected, observed) = (0.0, 0.0);
            foreach (var i in part)
            {
                expected += expectations[i];
                observed += errors[i];
            }
            return new CalibrationBin(expected / part.Length, observed / part.Length);
        })];
    }

    private static SparsificationPoint[]? Sparsify(int[] byExpectation, int[] byError, double[] errors)
    {
        double[] Means(int[] order)
        {
            // Means of the first n.
            var (means, sum) = (new double[order.Length + 1], 0.0);
            for (var n = 1; n <= order.Length; n++)
                means[n] = (sum += errors[order[n - 1]]) / n;
            return means;
        }
        var (curve, oracle) = (Means(byExpectation), Means(byError));
        return curve[^1] == 0 ? null : [.. Enumerable.Range(0, Steps).Select(s =>
        {
            var kept = Math.Max(1, (int)Math.Round(errors.Length * (1 - (double)s / Steps)));
            return new SparsificationPoint((double)s / Steps, curve[kept] / curve[^1], oracle[kept] / curve[^1]);
        })];
    }

    /// <summary>Indices in ascending order of the values; of equal ones the first comes first.</summary>
    private static int[] Order(double[] values)
    {
        var (keys, order) = (values.Select((v, i) => (v, i)).ToArray(), Enumerable.Range(0, values.Length).ToArray());
        Array.Sort(keys, order);
        return order;
    }

    private static double[] Ranks(double[] values)
    {
        var (order, ranks) = (Order(values), new double[values.Length]);
        for (var first = 0; first < order.Length;)
        {
            var end = first + 1;
            while (end < order.Length && values[order[end]] == values[order[first]])
                end++;
            for (var i = first; i < end; i++)
                ranks[order[i]] = 0.5 * (first + end - 1);
            first = end;
        }
        return ranks;
    }

    private static double? Pearson(double[] a, double[] b)
    {
        var mean = 0.5 * (a.Length - 1);
        var (aa, bb, ab) = (0.0, 0.0, 0.0);
        for (var i = 0; i < a.Length; i++)
        {
            aa += (a[i] - mean) * (a[i] - mean);
            bb += (b[i] - mean) * (b[i] - mean);
            ab += (a[i] - mean) * (b[i] - mean);
        }
        return aa > 0 && bb > 0 ? ab / Math.Sqrt(aa * bb) : null;
    }
}
