using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace VisionCell.Evaluation;

/// <summary>
/// The SSIM map of one pair of planes (see <see cref="Ssim"/>), reduced to the means of its rows. The five windowed moments are
/// filtered separably: along the row as rows come in, then down a ring of the last 11 filtered rows, so that the working set
/// (11 rows x 5 moments) stays in the second-level cache. Buffers are reused from plane to plane; not thread-safe.
/// </summary>
internal sealed class SsimMap
{
    private const int Radius = Ssim.Radius;
    private const int Window = 2 * Radius + 1;
    private const int Moments = 5;
    private static readonly double[] _weights = GaussianKernel.Create(1.5, Radius);

    private readonly int _height;
    private readonly int _width;
    private readonly int _outWidth;
    private readonly double _c1;
    private readonly double _c2;
    private readonly double[] _products; // [3, W]: aa, bb, ab of the incoming row
    private readonly double[] _ring;     // [Window, Moments, outW]
    private readonly double[] _moments;  // [Moments, outW] of one row of the map

    public SsimMap(int height, int width, double dataRange)
    {
        _height = height;
        _width = width;
        _outWidth = width - 2 * Radius;
        _c1 = 0.01 * dataRange * (0.01 * dataRange);
        _c2 = 0.03 * dataRange * (0.03 * dataRange);
        _products = new double[3 * width];
        _ring = new double[Window * Moments * _outWidth];
        _moments = new double[Moments * _outWidth];
    }

    /// <summary>Means of the rows of the map of planes <c>[H, W]</c>.</summary>
    /// <param name="a">One plane.</param>
    /// <param name="b">The other.</param>
    /// <param name="rowMeans">Result, H - 10 values: row r of the map is centred on row r + 5 of the planes.</param>
    public void RowMeans(ReadOnlySpan<double> a, ReadOnlySpan<double> b, Span<double> rowMeans)
    {
        for (var y = 0; y < _height; y++)
        {
            FilterAlong(a.Slice(y * _width, _width), b.Slice(y * _width, _width), _ring.AsSpan(y % Window * Moments * _outWidth, Moments * _outWidth));
            if (y < 2 * Radius)
                continue;
            FilterDown(y - 2 * Radius);
            rowMeans[y - 2 * Radius] = RowSum() / _outWidth;
        }
    }

    private void FilterAlong(ReadOnlySpan<double> a, ReadOnlySpan<double> b, Span<double> filtered)
    {
        var aa = _products.AsSpan(0, _width);
        var bb = _products.AsSpan(_width, _width);
        var ab = _products.AsSpan(2 * _width, _width);
        TensorPrimitives.Multiply(a, a, aa);
        TensorPrimitives.Multiply(b, b, bb);
        TensorPrimitives.Multiply(a, b, ab);
        FilterAlong(a, filtered[.._outWidth]);
        FilterAlong(b, filtered.Slice(_outWidth, _outWidth));
        FilterAlong(aa, filtered.Slice(2 * _outWidth, _outWidth));
        FilterAlong(bb, filtered.Slice(3 * _outWidth, _outWidth));
        FilterAlong(ab, filtered.Slice(4 * _outWidth, _outWidth));
    }

    private static void FilterAlong(ReadOnlySpan<double> source, Span<double> target)
    {
        ref var s = ref MemoryMarshal.GetReference(source);
        ref var t = ref MemoryMarshal.GetReference(target);
        nuint i = 0;
        for (; i + (nuint)Vector<double>.Count <= (nuint)target.Length; i += (nuint)Vector<double>.Count)
        {
            var sum = Vector.LoadUnsafe(ref s, i + Radius) * _weights[Radius];
            for (nuint k = 0; k < Radius; k++)
                sum += (Vector.LoadUnsafe(ref s, i + k) + Vector.LoadUnsafe(ref s, i + 2 * Radius - k)) * _weights[k];
            sum.StoreUnsafe(ref t, i);
        }
        for (var j = (int)i; j < target.Length; j++)
        {
            var sum = source[j + Radius] * _weights[Radius];
            for (var k = 0; k < Radius; k++)
                sum += (source[j + k] + source[j + 2 * Radius - k]) * _weights[k];
            target[j] = sum;
        }
    }

    private void FilterDown(int firstRow)
    {
        TensorPrimitives.Multiply(RingRow(firstRow + Radius), _weights[Radius], _moments);
        for (var k = 0; k < Radius; k++)
        {
            TensorPrimitives.MultiplyAdd(RingRow(firstRow + k), _weights[k], _moments, _moments);
            TensorPrimitives.MultiplyAdd(RingRow(firstRow + 2 * Radius - k), _weights[k], _moments, _moments);
        }
    }

    private ReadOnlySpan<double> RingRow(int y) => _ring.AsSpan(y % Window * Moments * _outWidth, Moments * _outWidth);

    /// <summary>Equation 13 of the paper, summed over one row of the map.</summary>
    private double RowSum()
    {
        ref var m = ref MemoryMarshal.GetArrayDataReference(_moments);
        var w = (nuint)_outWidth;
        var c1 = new Vector<double>(_c1);
        var c2 = new Vector<double>(_c2);
        var sums = Vector<double>.Zero;
        nuint i = 0;
        for (; i + (nuint)Vector<double>.Count <= w; i += (nuint)Vector<double>.Count)
        {
            var ma = Vector.LoadUnsafe(ref m, i);
            var mb = Vector.LoadUnsafe(ref m, w + i);
            var mab = ma * mb;
            var squares = ma * ma + mb * mb;
            var covariance = Vector.LoadUnsafe(ref m, 4 * w + i) - mab;
            var variances = Vector.LoadUnsafe(ref m, 2 * w + i) + Vector.LoadUnsafe(ref m, 3 * w + i) - squares;
            sums += (mab + mab + c1) * (covariance + covariance + c2) / ((squares + c1) * (variances + c2));
        }
        var sum = Vector.Sum(sums);
        for (var j = (int)i; j < _outWidth; j++)
        {
            var (ma, mb) = (_moments[j], _moments[_outWidth + j]);
            var squares = ma * ma + mb * mb;
            var covariance = _moments[4 * _outWidth + j] - ma * mb;
            var variances = _moments[2 * _outWidth + j] + _moments[3 * _outWidth + j] - squares;
            sum += (2 * ma * mb + _c1) * (2 * covariance + _c2) / ((squares + _c1) * (variances + _c2));
        }
        return sum;
    }
}
