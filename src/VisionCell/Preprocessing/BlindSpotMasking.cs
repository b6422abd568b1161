namespace VisionCell.Preprocessing;

/// <summary>
/// Hides pixels of a section so that a network learns to predict each from the others. One pixel in each square cell of a patch is
/// hidden, replaced by a pixel drawn from those around it or by their median, itself left out in both (Krull, Buchholz, Jug,
/// "Noise2Void", CVPR 2019, arXiv:1811.10980; replacements of Höck et al., N2V2, arXiv:2211.08512). Where noise is correlated along a
/// direction, the pixels along it are hidden too and replaced from beside the line; only the middle one is learnt from (Broaddus et
/// al., "Removing structured noise with self-supervised blind-spot networks", ISBI 2020, doi:10.1109/ISBI45749.2020.9098336).
/// </summary>
internal sealed class BlindSpotMasking
{
    private readonly int _cellRows;
    private readonly int _cellColumns;
    private readonly int _reachRows;
    private readonly int _reachColumns;
    private readonly int _half;
    private readonly bool _median;
    private readonly float[] _window;

    public BlindSpotMasking(BlindSpotConfiguration configuration)
    {
        var cell = Math.Max(2, (int)Math.Round(1 / Math.Sqrt(configuration.HiddenShare)));
        _reachRows = configuration.Stripes == StripeAxis.Y ? configuration.StripeReach : 0;
        _reachColumns = configuration.Stripes == StripeAxis.X ? configuration.StripeReach : 0;
        (_cellRows, _cellColumns) = configuration.Stripes switch
        {
            StripeAxis.X => (cell, Math.Max(cell, configuration.StripeReach)),
            StripeAxis.Y => (Math.Max(cell, configuration.StripeReach), cell),
            _ => (cell, cell),
        };
        _half = configuration.ReplacementWindow / 2;
        _median = configuration.Replacement == BlindSpotReplacement.Median;
        _window = new float[configuration.ReplacementWindow * configuration.ReplacementWindow];
    }

    /// <summary>Number of pixels hidden in a square patch that are learnt from.</summary>
    public int CountFor(int edge) => (edge + _cellRows - 1) / _cellRows * ((edge + _cellColumns - 1) / _cellColumns);

    /// <summary>Hides pixels of a patch.</summary>
    /// <param name="source">The section's patch as observed, <c>[edge, edge]</c>.</param>
    /// <param name="target">The same with pixels hidden.</param>
    /// <param name="edge">Edge of the patch, pixels.</param>
    /// <param name="random">Source of randomness.</param>
    /// <param name="positions">Receives the pixels to learn from, row by row in the patch; <see cref="CountFor"/> of them.</param>
    public void Hide(ReadOnlySpan<float> source, Span<float> target, int edge, Random random, Span<long> positions)
    {
        source.CopyTo(target);
        var at = 0;
        for (var top = 0; top < edge; top += _cellRows)
        {
            for (var left = 0; left < edge; left += _cellColumns)
            {
                var y = top + random.Next(Math.Min(_cellRows, edge - top));
                var x = left + random.Next(Math.Min(_cellColumns, edge - left));
                positions[at++] = y * edge + x;
                for (var i = Math.Max(0, y - _reachRows); i <= Math.Min(edge - 1, y + _reachRows); i++)
                {
                    for (var j = Math.Max(0, x - _reachColumns); j <= Math.Min(edge - 1, x + _reachColumns); j++)
                        target[i * edge + j] = _median ? Median(source, edge, i, j) : Drawn(source, edge, i, j, random);
                }
            }
        }
    }

    private float Drawn(ReadOnlySpan<float> source, int edge, int y, int x, Random random)
    {
        while (true)
        {
            var (dy, dx) = (random.Next(-_half, _half + 1), random.Next(-_half, _half + 1));
            if (!IsHidden(dy, dx) && IsInside(y + dy, edge) && IsInside(x + dx, edge))
                return source[(y + dy) * edge + x + dx];
        }
    }

    private float Median(ReadOnlySpan<float> source, int edge, int y, int x)
    {
        var count = 0;
        for (var dy = -_half; dy <= _half; dy++)
        {
            for (var dx = -_half; dx <= _half; dx++)
            {
                if (!IsHidden(dy, dx) && IsInside(y + dy, edge) && IsInside(x + dx, edge))
                    _window[count++] = source[(y + dy) * edge + x + dx];
            }
        }
        var values = _window.AsSpan(0, count);
        values.Sort();
        return count % 2 == 1 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
    }

    /// <summary>Whether an offset lies on the pixel itself or on the line through it along a stripe.</summary>
    private bool IsHidden(int dy, int dx) => (dy == 0 || _reachRows > 0) && (dx == 0 || _reachColumns > 0);

    private static bool IsInside(int i, int length) => i >= 0 && i < length;
}
