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
        var sample = new ContrastSample(values.Length);
        sample.Add(values);
        return sample.Limits(tail);
    }
}

/// <summary>The limits of values that come in parts.</summary>
/// <param name="total">How many values will come.</param>
internal sealed class ContrastSample(long total)
{
    // An odd stride samples long rows evenly; a hundred thousand values settle a percentile of 0.2 % to a few per cent of itself.
    private readonly long _stride = total <= 200_000 ? 1 : total / 100_000 | 1;
    private readonly List<float> _sample = [];
    private long _next;

    /// <summary>Takes the next values.</summary>
    public void Add(ReadOnlySpan<float> values)
    {
        for (; _next < values.Length; _next += _stride)
        {
            if (float.IsFinite(values[(int)_next]))
                _sample.Add(values[(int)_next]);
        }
        _next -= values.Length;
    }

    /// <summary>As <see cref="ContrastLimits.Of"/>.</summary>
    public (double Low, double High) Limits(double tail)
    {
        if (_sample.Count == 0)
            return (0, 1);
        _sample.Sort();
        double low = _sample[(int)(tail * (_sample.Count - 1))], high = _sample[(int)Math.Ceiling((1 - tail) * (_sample.Count - 1))];
        return high > low ? (low, high) : (low - 0.5, low + 0.5);
    }
}
