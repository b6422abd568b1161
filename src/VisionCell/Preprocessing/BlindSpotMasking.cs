namespace VisionCell.Preprocessing;

/// <summary>
/// Hides pixels of a section so that a network learns to predict each from the others. One pixel in each square cell of a patch is
/// hidden, replaced by a pixel drawn from those around it or by their median, itself left out in both (Krull, Buchholz, Jug,
/// "Noise2Void", CVPR 2019, arXiv:1811.10980; replacements of Höck et al., N2V2, arXiv:2211.08512). Where noise is correlated along an
/// axis, lines along it are hidden and replaced from beside them, and those pixels are learnt from that have their line hidden on
/// either side (Broaddus et al., "Removing structured noise with self-supervised blind-spot networks", ISBI 2020,
/// doi:10.1109/ISBI45749.2020.9098336, who learn from the middle pixel alone).
/// </summary>
internal sealed class BlindSpotMasking
{
    private readonly StripeAxis _stripes;
    private readonly int _cell;
    private readonly int _reach;
    private readonly int _half;
    private readonly bool _median;
    private readonly float[] _window;

    public BlindSpotMasking(BlindSpotConfiguration configuration)
    {
        _stripes = configuration.Stripes;
        // Across stripes one line in as many as the share says, else one pixel in a square cell of that share.
        _cell = Math.Max(2, (int)Math.Round(_stripes == StripeAxis.None ? 1 / Math.Sqrt(configuration.HiddenShare) : 1 / configuration.HiddenShare));
        _reach = configuration.StripeReach;
        _half = configuration.ReplacementWindow / 2;
        _median = configuration.Replacement == BlindSpotReplacement.Median;
        _window = new float[configuration.ReplacementWindow * configuration.ReplacementWindow];
    }

    /// <summary>Hides pixels of a patch.</summary>
    /// <param name="source">The section's patch as observed, <c>[edge, edge]</c>.</param>
    /// <param name="target">The same with pixels hidden.</param>
    /// <param name="edge">Edge of the patch, pixels.</param>
    /// <param name="random">Source of randomness.</param>
    /// <param name="learnt">Receives the pixels to learn from, counted row by row in the patch.</param>
    public void Hide(ReadOnlySpan<float> source, Span<float> target, int edge, Random random, List<int> learnt)
    {
        source.CopyTo(target);
        if (_stripes != StripeAxis.None)
        {
            HideLines(source, target, edge, random, learnt);
            return;
        }
        for (var top = 0; top < edge; top += _cell)
        {
            for (var left = 0; left < edge; left += _cell)
            {
                var y = top + random.Next(Math.Min(_cell, edge - top));
                var x = left + random.Next(Math.Min(_cell, edge - left));
                target[y * edge + x] = Replacement(source, edge, y, x, random);
                learnt.Add(y * edge + x);
            }
        }
    }

    /// <summary>
    /// In each band of lines, pieces of them end to end: a third of a piece is learnt from, the rest is the reach on either side. The
    /// whole line is one piece, and all of it learnt from, where the patch is no longer than the reach to both sides.
    /// </summary>
    private void HideLines(ReadOnlySpan<float> source, Span<float> target, int edge, Random random, List<int> learnt)
    {
        var length = 2 * _reach >= edge ? edge : 3 * _reach + 1;
        for (var band = 0; band < edge; band += _cell)
        {
            for (var start = length == edge ? 0 : -random.Next(length); start < edge; start += length)
            {
                var line = band + random.Next(Math.Min(_cell, edge - band));
                for (var i = Math.Max(0, start); i < Math.Min(edge, start + length); i++)
                {
                    var (y, x) = _stripes == StripeAxis.X ? (line, i) : (i, line);
                    target[y * edge + x] = Replacement(source, edge, y, x, random);
                    // Beyond the patch nothing of the line is seen.
                    if ((start <= 0 || i - start >= _reach) && (start + length >= edge || start + length - 1 - i >= _reach))
                        learnt.Add(y * edge + x);
                }
            }
        }
    }

    private float Replacement(ReadOnlySpan<float> source, int edge, int y, int x, Random random) =>
        _median ? Median(source, edge, y, x) : Drawn(source, edge, y, x, random);

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
    private bool IsHidden(int dy, int dx) => (dy == 0 || _stripes == StripeAxis.Y) && (dx == 0 || _stripes == StripeAxis.X);

    private static bool IsInside(int i, int length) => i >= 0 && i < length;
}
