namespace VisionCell.Preprocessing;

/// <summary>The slow part of a sequence: at each point a straight line fitted to its surroundings, so that a steady trend is followed up to the ends.</summary>
internal static class LocalTrend
{
    /// <summary>Least squares with Gaussian weights of standard deviation <paramref name="width"/>.</summary>
    public static double[] Smooth(IReadOnlyList<double> values, double width)
    {
        var reach = (int)Math.Ceiling(3 * width);
        var result = new double[values.Count];
        for (var i = 0; i < values.Count; i++)
        {
            double w0 = 0, w1 = 0, w2 = 0, v0 = 0, v1 = 0;
            for (var j = Math.Max(0, i - reach); j <= Math.Min(values.Count - 1, i + reach); j++)
            {
                double d = j - i;
                var weight = Math.Exp(-0.5 * d * d / (width * width));
                w0 += weight;
                w1 += weight * d;
                w2 += weight * d * d;
                v0 += weight * values[j];
                v1 += weight * d * values[j];
            }
            var determinant = w0 * w2 - w1 * w1;
            result[i] = determinant > 1e-9 * w0 * w0 ? (w2 * v0 - w1 * v1) / determinant : v0 / w0;
        }
        return result;
    }

    /// <summary>
    /// Theil–Sen: the line through the median slope and the median height of the points within <paramref name="reach"/>, which single
    /// outliers do not move. NaN marks points that are not there.
    /// </summary>
    public static double[] Robust(IReadOnlyList<double> values, int reach)
    {
        var result = new double[values.Count];
        for (var i = 0; i < values.Count; i++)
        {
            var near = Enumerable.Range(i - reach, 2 * reach + 1).Where(j => j >= 0 && j < values.Count && !double.IsNaN(values[j])).ToArray();
            if (near.Length == 0)
            {
                result[i] = values[i];
                continue;
            }
            var slopes = new List<double>();
            for (var a = 0; a < near.Length; a++)
            {
                for (var b = a + 1; b < near.Length; b++)
                    slopes.Add((values[near[b]] - values[near[a]]) / (near[b] - near[a]));
            }
            var slope = slopes.Count == 0 ? 0 : Median(slopes);
            result[i] = Median([.. near.Select(j => values[j] - slope * (j - i))]);
        }
        return result;
    }

    /// <summary>The middle value; the mean of the middle two where their number is even.</summary>
    public static double Median(List<double> values)
    {
        values.Sort();
        var middle = values.Count / 2;
        return values.Count % 2 == 1 ? values[middle] : 0.5 * (values[middle - 1] + values[middle]);
    }
}
