using System.Numerics.Tensors;

namespace VisionCell.Preprocessing;

/// <summary>
/// Non-local means of sections <c>[Y, X]</c> in single precision: each pixel becomes the mean of the pixels in its search window,
/// weighted exp(-d / h²) with d the mean squared difference of the patches around them; borders mirrored (… c b | a b c …), as in OpenCV.
/// In three dimensions the window reaches into neighbouring sections and patches span the sections before and after, as far as there are any
/// (Coupé et al., IEEE Trans. Med. Imaging 27, 2008, doi:10.1109/TMI.2007.906087, without their block-wise shortcuts).
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
    private readonly float[] _squares; // one row of squared differences, W + patch - 1
    private readonly float[] _sums;    // the same, summed over the sections of a patch
    private readonly float[] _rows;    // [patch, W]: squared differences summed along the row
    private readonly float[] _weights; // one row
    private readonly float[] _total;   // [H, W]

    public NonLocalMeans(int height, int width, int patch, int search)
    {
        (_height, _width, _patch, _search) = (height, width, patch, search);
        _margin = patch / 2 + search / 2;
        _stride = width + 2 * _margin;
        _squares = new float[width + patch - 1];
        _sums = new float[_squares.Length];
        _rows = new float[patch * width];
        _weights = new float[width];
        _total = new float[height * width];
    }

    /// <summary>A section with its mirrored border, as <see cref="Apply(IReadOnlyList{float[]}, int, int, int, Span{float}, float)"/> takes it.</summary>
    public float[] Pad(ReadOnlySpan<float> source)
    {
        var padded = new float[(_height + 2 * _margin) * _stride];
        for (var y = 0; y < _height + 2 * _margin; y++)
        {
            var from = source.Slice(Mirror(y - _margin, _height) * _width, _width);
            var to = padded.AsSpan(y * _stride, _stride);
            from.CopyTo(to[_margin..]);
            for (var x = 0; x < _margin; x++)
            {
                to[x] = from[Mirror(x - _margin, _width)];
                to[_margin + _width + x] = from[Mirror(_width + x, _width)];
            }
        }
        return padded;
    }

    /// <summary>Filters a section by itself.</summary>
    /// <param name="source">Section <c>[Y, X]</c>.</param>
    /// <param name="target">Result of the same shape; not the source itself.</param>
    /// <param name="strength">h, grey values.</param>
    public void Apply(ReadOnlySpan<float> source, Span<float> target, float strength) => Apply([Pad(source)], 0, 0, 0, target, strength);

    /// <summary>Filters a section with its neighbours.</summary>
    /// <param name="padded">Sections from <see cref="Pad"/>, in order.</param>
    /// <param name="centre">Which of them is filtered.</param>
    /// <param name="reach">Sections before and after that are searched.</param>
    /// <param name="depth">Sections before and after that a patch spans.</param>
    /// <param name="target">Result <c>[Y, X]</c>.</param>
    /// <param name="strength">h, grey values.</param>
    public void Apply(IReadOnlyList<float[]> padded, int centre, int reach, int depth, Span<float> target, float strength)
    {
        target.Clear();
        Array.Clear(_total);
        for (var dz = Math.Max(-reach, -centre); dz <= Math.Min(reach, padded.Count - 1 - centre); dz++)
        {
            // Both patches must lie inside the stack.
            var first = Math.Max(-depth, -centre - Math.Min(0, dz));
            var last = Math.Min(depth, padded.Count - 1 - centre - Math.Max(0, dz));
            var pairs = Enumerable.Range(first, last - first + 1).Select(k => (padded[centre + k], padded[centre + dz + k])).ToArray();
            var scale = -1f / (strength * strength * _patch * _patch * pairs.Length);
            for (var dy = -_search / 2; dy <= _search / 2; dy++)
            {
                for (var dx = -_search / 2; dx <= _search / 2; dx++)
                    Accumulate(pairs, padded[centre + dz], dy, dx, scale, target);
            }
        }
        TensorPrimitives.Divide(target, _total, target);
    }

    private void Accumulate((float[] Here, float[] There)[] pairs, float[] values, int dy, int dx, float scale, Span<float> target)
    {
        var half = _patch / 2;
        for (var y = -half; y < _height + half; y++)
        {
            // Squared differences of row y, summed along the row over the width of a patch.
            var row = _rows.AsSpan((y + half) % _patch * _width, _width);
            for (var k = 0; k < pairs.Length; k++)
            {
                var here = pairs[k].Here.AsSpan((y + _margin) * _stride + _margin - half, _squares.Length);
                var there = pairs[k].There.AsSpan((y + dy + _margin) * _stride + _margin - half + dx, _squares.Length);
                var squares = k == 0 ? _sums : _squares;
                TensorPrimitives.Subtract(here, there, squares);
                TensorPrimitives.Multiply(squares, squares, squares);
                if (k > 0)
                    TensorPrimitives.Add(_sums, _squares, _sums);
            }
            _sums.AsSpan(0, _width).CopyTo(row);
            for (var k = 1; k < _patch; k++)
                TensorPrimitives.Add(row, _sums.AsSpan(k, _width), row);
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
            TensorPrimitives.MultiplyAdd(_weights, values.AsSpan((centre + dy + _margin) * _stride + _margin + dx, _width), result, result);
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
