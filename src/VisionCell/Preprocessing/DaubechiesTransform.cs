using System.Numerics.Tensors;

namespace VisionCell.Preprocessing;

/// <summary>
/// One level of the orthonormal wavelet transform of Daubechies with 8 vanishing moments, across rows <c>[rows, width]</c>, periodic. Source:
/// Daubechies, Ten Lectures on Wavelets, 1992, table 6.1 (N = 8). Each step adds whole rows.
/// </summary>
internal static class DaubechiesTransform
{
    private static readonly float[] _low =
    [
        0.05441584224308161f, 0.3128715909144659f, 0.6756307362980128f, 0.5853546836548691f, -0.015829105256023893f, -0.2840155429624281f,
        0.00047248457399797254f, 0.128747426620186f, -0.01736930100202211f, -0.04408825393106472f, 0.013981027917015516f, 0.008746094047015655f,
        -0.00487035299301066f, -0.0003917403729959771f, 0.0006754494059985568f, -0.00011747678400228192f,
    ];

    private static readonly float[] _high = [.. Enumerable.Range(0, _low.Length).Select(k => (k % 2 == 0 ? 1 : -1) * _low[_low.Length - 1 - k])];

    /// <summary>Length of the filters.</summary>
    public static int Taps => _low.Length;

    /// <summary>Parts rows, an even number of them, into coarse and detail, half as many each.</summary>
    public static (float[] Low, float[] High) Analyse(float[] rows, int width)
    {
        var count = rows.Length / width;
        var (low, high) = (new float[rows.Length / 2], new float[rows.Length / 2]);
        Parallel.For(0, count / 2, i =>
        {
            var l = low.AsSpan(i * width, width);
            var h = high.AsSpan(i * width, width);
            for (var k = 0; k < _low.Length; k++)
            {
                var row = rows.AsSpan((2 * i + k) % count * width, width);
                TensorPrimitives.MultiplyAdd(row, _low[k], l, l);
                TensorPrimitives.MultiplyAdd(row, _high[k], h, h);
            }
        });
        return (low, high);
    }

    /// <summary>Puts coarse and detail together again.</summary>
    public static float[] Synthesise(float[] low, float[] high, int width)
    {
        var half = low.Length / width;
        var rows = new float[2 * low.Length];
        Parallel.For(0, 2 * half, r =>
        {
            // Row r takes part in coefficient i where r = 2 i + k.
            var row = rows.AsSpan(r * width, width);
            for (var k = r % 2; k < _low.Length; k += 2)
            {
                var i = (((r - k) / 2 % half) + half) % half;
                TensorPrimitives.MultiplyAdd(low.AsSpan(i * width, width), _low[k], row, row);
                TensorPrimitives.MultiplyAdd(high.AsSpan(i * width, width), _high[k], row, row);
            }
        });
        return rows;
    }
}
