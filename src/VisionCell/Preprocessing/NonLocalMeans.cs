using System.Numerics.Tensors;

namespace VisionCell.Preprocessing;

/// <summary>
/// Non-local means of one section <c>[Y, X]</c> in single precision: each pixel becomes the mean of the pixels in its search window,
/// weighted exp(-d / h²) with d the mean squared difference of the patches around them; borders mirrored (… c b | a b c …), as in OpenCV.
/// One displacement of the search window at a time for the whole section, so that patch distances are sums over rows that shift
/// along with it. Buffers are reused; not thread-safe.
/// </summary>
internal sealed class NonLocalMeans
{
    private readonly int _height;
    private readonly int _width;
    private readonly int _patch;
    private readonly int _search;
    private readonly int _margin;
    private readonly int _stride;
    private readonly float[] _padded;  // [H + 2 margin, W + 2 margin]
    private readonly float[] _squares; // one row of squared differences, W + patch - 1
    private readonly float[] _rows;    // [patch, W]: squared differences summed along the row
    private readonly float[] _weights; // one row
    private readonly float[] _total;   // [H, W]

    public NonLocalMeans(int height, int width, int patch, int search)
    {
        (_height, _width, _patch, _search) = (height, width, patch, search);
        _margin = patch / 2 + search / 2;
        _stride = width + 2 * _margin;
        _padded = new float[(height + 2 * _margin) * _stride];
        _squares = new float[width + patch - 1];
        _rows = new float[patch * width];
        _weights = new float[width];
        _total = new float[height * width];
    }

    /// <summary>Filters a section.</summary>
    /// <param name="source">Section <c>[Y, X]</c>.</param>
    /// <param name="target">Result of the same shape; not the source itself.</param>
    /// <param name="strength">h, grey values.</param>
    public void Apply(ReadOnlySpan<float> source, Span<float> target, float strength)
    {
        for (var y = 0; y < _height + 2 * _margin; y++)
        {
            var from = source.Slice(Mirror(y - _margin, _height) * _width, _width);
            var to = _padded.AsSpan(y * _stride, _stride);
            for (var x = 0; x < _stride; x++)
                to[x] = from[Mirror(x - _margin, _width)];
        }
        target.Clear();
        Array.Clear(_total);
        var reach = _search / 2;
        var scale = -1f / (strength * strength * _patch * _patch);
        for (var dy = -reach; dy <= reach; dy++)
        {
            for (var dx = -reach; dx <= reach; dx++)
                Accumulate(dy, dx, scale, target);
        }
        TensorPrimitives.Divide(target, _total, target);
    }

    private void Accumulate(int dy, int dx, float scale, Span<float> target)
    {
        var half = _patch / 2;
        for (var y = -half; y < _height + half; y++)
        {
            // Squared differences of row y, summed along the row over the width of a patch.
            var row = _rows.AsSpan((y + half) % _patch * _width, _width);
            var here = _padded.AsSpan((y + _margin) * _stride + _margin - half, _squares.Length);
            var there = _padded.AsSpan((y + dy + _margin) * _stride + _margin - half + dx, _squares.Length);
            TensorPrimitives.Subtract(here, there, _squares);
            TensorPrimitives.Multiply(_squares, _squares, _squares);
            _squares.AsSpan(0, _width).CopyTo(row);
            for (var k = 1; k < _patch; k++)
                TensorPrimitives.Add(row, _squares.AsSpan(k, _width), row);
            var centre = y - half;
            if (centre < 0)
                continue;

            // The last rows of a patch's height are those around the centre.
            _rows.AsSpan(0, _width).CopyTo(_weights);
            for (var k = 1; k < _patch; k++)
                TensorPrimitives.Add(_weights, _rows.AsSpan(k * _width, _width), _weights);
            TensorPrimitives.Multiply(_weights, scale, _weights);
            TensorPrimitives.Exp(_weights, _weights);
            var total = _total.AsSpan(centre * _width, _width);
            TensorPrimitives.Add(total, _weights, total);
            var result = target.Slice(centre * _width, _width);
            TensorPrimitives.MultiplyAdd(_weights, _padded.AsSpan((centre + dy + _margin) * _stride + _margin + dx, _width), result, result);
        }
    }

    /// <summary>Mirror about the outermost pixel, over and over where the border is wider than the section.</summary>
    private static int Mirror(int index, int length)
    {
        if (length == 1)
            return 0;
        var period = 2 * (length - 1);
        index = Math.Abs(index) % period;
        return index < length ? index : period - index;
    }
}
