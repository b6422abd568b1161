namespace VisionCell.Volumes;

/// <summary>Grey levels that a picture should span: percentiles, so that a few hot pixels do not darken the rest.</summary>
public static class ContrastLimits
{
    /// <summary>The limits of the finite values.</summary>
    /// <param name="values">Values in any order.</param>
    /// <param name="tail">Share cut off at each end.</param>
    /// <returns>Low below high; for constant data an interval of 1 around the value, for no data 0 to 1.</returns>
    public static (double Low, double High) Of(ReadOnlySpan<float> values, double tail = 0.002)
    {
        // An odd stride samples long rows evenly; a hundred thousand values settle a percentile of 0.2 % to a few per cent of itself.
        var stride = values.Length <= 200_000 ? 1 : values.Length / 100_000 | 1;
        var sample = new List<float>(values.Length / stride + 1);
        for (var i = 0; i < values.Length; i += stride)
        {
            if (float.IsFinite(values[i]))
                sample.Add(values[i]);
        }
        if (sample.Count == 0)
            return (0, 1);
        sample.Sort();
        double low = sample[(int)(tail * (sample.Count - 1))], high = sample[(int)Math.Ceiling((1 - tail) * (sample.Count - 1))];
        return high > low ? (low, high) : (low - 0.5, low + 0.5);
    }
}
