using System.Numerics.Tensors;

namespace VisionCell.Evaluation;

/// <summary>Sums over a map of SSIM.</summary>
/// <param name="Ssim">Of the whole index.</param>
/// <param name="Structure">Of its part without luminance.</param>
/// <param name="Weight">Of the pixels that count.</param>
internal readonly record struct SsimSums(double Ssim, double Structure, double Weight);

/// <summary>
/// The SSIM map of one pair of planes (see <see cref="Ssim"/>), reduced to sums. The windowed moments are filtered separably: along the row
/// as rows come in, then down a ring of the last 11 filtered rows, so that the working set (11 rows x 4 moments) stays in the second-level
/// cache. Buffers are reused from plane to plane; not thread-safe.
/// </summary>
internal sealed class SsimMap
{
    private const int Radius = SsimWindow.Radius;
    private const int Window = SsimWindow.Width;

    private readonly int _height;
    private readonly int _width;
    private readonly int _outWidth;
    private readonly double _c1;
    private readonly double _c2;
    private readonly double[] _products; // [2, W]: ab, aa + bb of the incoming row
    private readonly double[] _ring;     // [Window, Moments, outW]
    private readonly double[] _moments;  // [Moments, outW] of one row of the map

    public SsimMap(int height, int width, double dataRange)
    {
        _height = height;
        _width = width;
        _outWidth = width - 2 * Radius;
        _c1 = 0.01 * dataRange * (0.01 * dataRange);
        _c2 = 0.03 * dataRange * (0.03 * dataRange);
        _products = new double[2 * width];
        _ring = new double[Window * SsimWindow.Moments * _outWidth];
        _moments = new double[SsimWindow.Moments * _outWidth];
    }

    /// <summary>Sums over the map of planes <c>[H, W]</c>; its outer 5 pixels, where the window would reach outside, are left out.</summary>
    /// <param name="a">One plane.</param>
    /// <param name="b">The other.</param>
    /// <param name="weights">Weight of each pixel <c>[H, W]</c>.</param>
    public SsimSums Sum(ReadOnlySpan<double> a, ReadOnlySpan<double> b, ReadOnlySpan<double> weights)
    {
        var (ssim, structure, weight) = (0.0, 0.0, 0.0);
        Span<int> offsets = stackalloc int[Window];
        var stride = SsimWindow.Moments * _outWidth;
        for (var y = 0; y < _height; y++)
        {
            Along(a.Slice(y * _width, _width), b.Slice(y * _width, _width), _ring.AsSpan(y % Window * stride, stride));
            if (y < 2 * Radius)
                continue;
            var counted = weights.Slice((y - Radius) * _width + Radius, _outWidth);
            var total = TensorPrimitives.Sum(counted);
            if (total == 0)
                continue;
            for (var k = 0; k < Window; k++)
                offsets[k] = (y - 2 * Radius + k) % Window * stride;
            SsimWindow.Across(_ring, offsets, _moments);
            var row = SsimWindow.Sum(_moments, _outWidth, total == _outWidth ? default : counted, _outWidth, _c1, _c2);
            ssim += row.Ssim;
            structure += row.Structure;
            weight += total;
        }
        return new SsimSums(ssim, structure, weight);
    }

    private void Along(ReadOnlySpan<double> a, ReadOnlySpan<double> b, Span<double> filtered)
    {
        var ab = _products.AsSpan(0, _width);
        var squares = _products.AsSpan(_width, _width);
        TensorPrimitives.Multiply(a, a, squares);
        TensorPrimitives.MultiplyAdd(b, b, squares, squares);
        TensorPrimitives.Multiply(a, b, ab);
        SsimWindow.Along(a, filtered[.._outWidth]);
        SsimWindow.Along(b, filtered.Slice(_outWidth, _outWidth));
        SsimWindow.Along(ab, filtered.Slice(2 * _outWidth, _outWidth));
        SsimWindow.Along(squares, filtered.Slice(3 * _outWidth, _outWidth));
    }
}
