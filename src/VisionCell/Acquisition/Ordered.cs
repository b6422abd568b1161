namespace VisionCell.Acquisition;

/// <summary>Statistics of order.</summary>
internal static class Ordered
{
    /// <summary>The middle value; the mean of the middle two where their number is even.</summary>
    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.ToArray();
        Array.Sort(sorted);
        var middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : 0.5 * (sorted[middle - 1] + sorted[middle]);
    }
}
