namespace VisionCell.Volumes;

/// <summary>Grey levels that a display should span.</summary>
public static class ContrastLimits
{
    /// <summary>The given percentiles of the finite values.</summary>
    /// <param name="values">Values in any order.</param>
    /// <param name="tail">Share cut off at each end; 0.002 keeps a few hot pixels from darkening the rest.</param>
    /// <returns>Low below high; for constant data an interval of 1 around the value.</returns>
    public static (double Low, double High) Of(ReadOnlySpan<float> values, double tail = 0.002)
    {
        // A prime stride samples long rows evenly; a hundred thousand values settle a percentile of 0.2 % to a few per cent of itself.
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
