using System.Numerics.Tensors;
using VisionCell.Acquisition;

namespace VisionCell.Preprocessing;

/// <summary>
/// How much of the observed pixel goes back into a blind-spot prediction. The network predicts a pixel from its surroundings alone, with
/// an error of variance s²; the pixel itself was observed with noise of variance n². Both errors are independent, so that their best
/// combination is μ + s² / (s² + n²) (y − μ), the posterior mean of Laine et al., "High-quality self-supervised deep image denoising",
/// NeurIPS 2019, arXiv:1901.10277, section 3. Here n² is a line in μ (normal plus Poisson noise), fitted to the responses of the mask of
/// <see cref="NoiseLevel"/>, and s² is what of the mean squared residual remains when n² is taken off, one value for each sixteenth of
/// the pixels in the order of how much μ changes around them. The estimate of n² errs high, so that the blend errs towards μ.
/// </summary>
internal sealed class ObservedWeight
{
    private const int Bins = 16;

    private readonly double _atZero;
    private readonly double _slope;
    private readonly float[] _edges; // activity between bins
    private readonly double[] _errors; // s² of each bin

    private ObservedWeight(double atZero, double slope, float[] edges, double[] errors) =>
        (_atZero, _slope, _edges, _errors) = (atZero, slope, edges, errors);

    /// <summary>Variance of the noise of a pixel of a grey value.</summary>
    public double NoiseVariance(double grey) => Math.Max(0, _atZero + _slope * grey);

    /// <summary>Mean variance of the network's error, grey values squared.</summary>
    public double ErrorVariance => _errors.Average();

    /// <summary>Fits both variances.</summary>
    /// <param name="examples">Observed and predicted sections <c>[height, width]</c>, grey values.</param>
    /// <param name="height">Rows, at least 3.</param>
    /// <param name="width">Columns, at least 3.</param>
    public static ObservedWeight Fit(IReadOnlyList<(float[] Observed, float[] Predicted)> examples, int height, int width)
    {
        var predicted = examples.SelectMany(e => e.Predicted).ToArray();
        var activity = examples.SelectMany(e => Activity(e.Predicted, height, width)).ToArray();
        var greyEdges = Quantiles(predicted);
        var responses = Enumerable.Range(0, Bins).Select(_ => new List<float>()).ToArray();
        var greys = new double[Bins];
        foreach (var (observed, mean) in examples)
        {
            for (var y = 1; y < height - 1; y++)
            {
                for (var x = 1; x < width - 1; x++)
                {
                    var i = y * width + x;
                    var response = observed[i - width - 1] - 2 * observed[i - width] + observed[i - width + 1]
                        - 2 * observed[i - 1] + 4 * observed[i] - 2 * observed[i + 1]
                        + observed[i + width - 1] - 2 * observed[i + width] + observed[i + width + 1];
                    var bin = Bin(greyEdges, mean[i]);
                    responses[bin].Add(MathF.Abs(response));
                    greys[bin] += mean[i];
                }
            }
        }
        var points = new List<(double Grey, double Variance, double Weight)>();
        for (var bin = 0; bin < Bins; bin++)
        {
            if (responses[bin].Count < 100)
                continue;
            responses[bin].Sort();
            var deviation = 1.4826 * responses[bin][responses[bin].Count / 2] / 6;
            points.Add((greys[bin] / responses[bin].Count, deviation * deviation, responses[bin].Count));
        }
        var (atZero, slope) = Line(points);

        var edges = Quantiles(activity);
        var (sums, counts) = (new double[Bins], new int[Bins]);
        var at = 0;
        foreach (var (observed, mean) in examples)
        {
            for (var i = 0; i < mean.Length; i++, at++)
            {
                var residual = (double)observed[i] - mean[i];
                var bin = Bin(edges, activity[at]);
                sums[bin] += residual * residual - Math.Max(0, atZero + slope * mean[i]);
                counts[bin]++;
            }
        }
        return new ObservedWeight(atZero, slope, edges, [.. sums.Zip(counts, (sum, count) => count == 0 ? 0 : Math.Max(0, sum / count))]);
    }

    /// <summary>Weighs the observed section into the predicted one, <c>[height, width]</c>, in place.</summary>
    public void Apply(ReadOnlySpan<float> observed, Span<float> predicted, int height, int width)
    {
        var activity = Activity(predicted, height, width);
        for (var i = 0; i < predicted.Length; i++)
        {
            var noise = NoiseVariance(predicted[i]);
            var error = _errors[Bin(_edges, activity[i])];
            if (error > 0)
                predicted[i] += (float)(error / (error + noise)) * (observed[i] - predicted[i]);
        }
    }

    /// <summary>Standard deviation of the 5 x 5 pixels around each.</summary>
    private static float[] Activity(ReadOnlySpan<float> section, int height, int width)
    {
        // Less a grey value of the section, so that the difference of large squares does not cancel.
        var reference = section[section.Length / 2];
        var values = new float[section.Length];
        TensorPrimitives.Subtract(section, reference, values);
        var squares = new float[section.Length];
        TensorPrimitives.Multiply(values, values, squares);
        var (mean, square) = (BoxMean(values, height, width), BoxMean(squares, height, width));
        for (var i = 0; i < mean.Length; i++)
            mean[i] = MathF.Sqrt(MathF.Max(0, square[i] - mean[i] * mean[i]));
        return mean;
    }

    /// <summary>Mean of those of the 5 x 5 pixels that exist.</summary>
    private static float[] BoxMean(float[] values, int height, int width)
    {
        const int reach = 2;
        var rows = new float[values.Length];
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var (from, to) = (Math.Max(0, x - reach), Math.Min(width - 1, x + reach));
                var sum = 0f;
                for (var k = from; k <= to; k++)
                    sum += values[y * width + k];
                rows[y * width + x] = sum / (to - from + 1);
            }
        }
        var result = new float[values.Length];
        for (var y = 0; y < height; y++)
        {
            var (from, to) = (Math.Max(0, y - reach), Math.Min(height - 1, y + reach));
            var target = result.AsSpan(y * width, width);
            for (var k = from; k <= to; k++)
                TensorPrimitives.Add(target, rows.AsSpan(k * width, width), target);
            TensorPrimitives.Multiply(target, 1f / (to - from + 1), target);
        }
        return result;
    }

    private static float[] Quantiles(float[] values)
    {
        var sorted = values.ToArray();
        Array.Sort(sorted);
        return [.. Enumerable.Range(1, Bins - 1).Select(i => sorted[(int)((long)sorted.Length * i / Bins)])];
    }

    private static int Bin(float[] edges, float value)
    {
        var bin = 0;
        while (bin < edges.Length && value >= edges[bin])
            bin++;
        return bin;
    }

    /// <summary>Weighted least squares; a constant where there is one point or the greys do not differ.</summary>
    private static (double AtZero, double Slope) Line(List<(double Grey, double Variance, double Weight)> points)
    {
        var weight = points.Sum(p => p.Weight);
        if (weight == 0)
            return (0, 0);
        var (grey, variance) = (points.Sum(p => p.Weight * p.Grey) / weight, points.Sum(p => p.Weight * p.Variance) / weight);
        var spread = points.Sum(p => p.Weight * (p.Grey - grey) * (p.Grey - grey));
        var slope = spread > 0 ? points.Sum(p => p.Weight * (p.Grey - grey) * (p.Variance - variance)) / spread : 0;
        return (variance - slope * grey, slope);
    }
}
