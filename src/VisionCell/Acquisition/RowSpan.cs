using System.Numerics.Tensors;

namespace VisionCell.Acquisition;

/// <summary>The fine rows that a section is the mean of: neighbours, those at either end perhaps only in part.</summary>
/// <param name="First">Index of the first row.</param>
/// <param name="Weights">Weight of each row; they sum to 1.</param>
public readonly record struct RowSpan(int First, IReadOnlyList<float> Weights)
{
    // Sums of floating-point numbers: a smaller share of a row is none.
    private const double Rounding = 1e-6;

    /// <summary>Index of the row behind the last.</summary>
    public int End => First + Weights.Count;

    /// <summary>The rows.</summary>
    public IEnumerable<int> Indices => Enumerable.Range(First, Weights.Count);

    /// <summary>The rows between two positions, each by the share of it that lies there.</summary>
    /// <param name="start">Where the section begins; row k reaches from k to k + 1.</param>
    /// <param name="length">Its thickness, rows.</param>
    public static RowSpan Of(double start, double length)
    {
        var first = (int)Math.Floor(start + Rounding);
        var end = (int)Math.Ceiling(start + length - Rounding);
        // Where it begins and ends with rows, all count alike, to the last bit.
        if (Math.Abs(start - first) < Rounding && Math.Abs(start + length - end) < Rounding)
            return new RowSpan(first, [.. Enumerable.Repeat(1f / (end - first), end - first)]);
        return new RowSpan(first, [.. Enumerable.Range(first, end - first).Select(row => (float)((Math.Min(row + 1, start + length) - Math.Max(row, start)) / length))]);
    }

    /// <summary>The same rows counted from another.</summary>
    public RowSpan From(int row) => this with { First = First - row };

    /// <summary>The mean that the section is.</summary>
    /// <param name="fine">Rows <c>[H, W]</c>.</param>
    /// <param name="width">Row length W.</param>
    /// <param name="section">Result <c>[W]</c>.</param>
    public void Mean(ReadOnlySpan<float> fine, int width, Span<float> section)
    {
        if (Weights.Count == 1)
        {
            fine.Slice(First * width, width).CopyTo(section);
            return;
        }
        section.Clear();
        for (var t = 0; t < Weights.Count; t++)
            TensorPrimitives.MultiplyAdd(fine.Slice((First + t) * width, width), Weights[t], section, section);
    }
}
