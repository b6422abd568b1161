using System.Numerics;
using System.Runtime.InteropServices;

namespace VisionCell.Evaluation;

/// <summary>
/// What the maps of SSIM in two and three dimensions share: the Gaussian window, applied along one axis at a time, and equation 13 of Wang et al.
/// 2004 over a row of windowed moments. Four moments are enough: the means of a and b, of ab, and of aa + bb, since the two variances count
/// only by their sum.
/// </summary>
internal static class SsimWindow
{
    /// <summary>Half width, voxels.</summary>
    public const int Radius = 5;

    /// <summary>Width, voxels.</summary>
    public const int Width = 2 * Radius + 1;

    /// <summary>Moments of a pixel: a, b, ab, aa + bb.</summary>
    public const int Moments = 4;

    private static readonly double[] _weights = GaussianKernel.Create(1.5, Radius);

    /// <summary>Windowed sums along a row: <c>target[i] = Σ w[k] source[i + k]</c>.</summary>
    public static void Along(ReadOnlySpan<double> source, Span<double> target)
    {
        Span<int> offsets = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
        Across(source, offsets, target);
    }

    /// <summary>Weighted sums of eleven rows that lie at offsets in one buffer.</summary>
    public static void Across(ReadOnlySpan<double> rows, ReadOnlySpan<int> offsets, Span<double> target)
    {
        ref var s = ref MemoryMarshal.GetReference(rows);
        ref var t = ref MemoryMarshal.GetReference(target);
        var (w0, w1, w2) = (new Vector<double>(_weights[0]), new Vector<double>(_weights[1]), new Vector<double>(_weights[2]));
        var (w3, w4, w5) = (new Vector<double>(_weights[3]), new Vector<double>(_weights[4]), new Vector<double>(_weights[5]));
        var (o0, o1, o2, o3, o4, o5) = ((nuint)offsets[0], (nuint)offsets[1], (nuint)offsets[2], (nuint)offsets[3], (nuint)offsets[4], (nuint)offsets[5]);
        var (o6, o7, o8, o9, o10) = ((nuint)offsets[6], (nuint)offsets[7], (nuint)offsets[8], (nuint)offsets[9], (nuint)offsets[10]);
        nuint i = 0;
        for (; i + (nuint)Vector<double>.Count <= (nuint)target.Length; i += (nuint)Vector<double>.Count)
        {
            var sum = Vector.LoadUnsafe(ref s, o5 + i) * w5;
            sum += (Vector.LoadUnsafe(ref s, o0 + i) + Vector.LoadUnsafe(ref s, o10 + i)) * w0;
            sum += (Vector.LoadUnsafe(ref s, o1 + i) + Vector.LoadUnsafe(ref s, o9 + i)) * w1;
            sum += (Vector.LoadUnsafe(ref s, o2 + i) + Vector.LoadUnsafe(ref s, o8 + i)) * w2;
            sum += (Vector.LoadUnsafe(ref s, o3 + i) + Vector.LoadUnsafe(ref s, o7 + i)) * w3;
            sum += (Vector.LoadUnsafe(ref s, o4 + i) + Vector.LoadUnsafe(ref s, o6 + i)) * w4;
            sum.StoreUnsafe(ref t, i);
        }
        for (var j = (int)i; j < target.Length; j++)
        {
            var sum = rows[offsets[Radius] + j] * _weights[Radius];
            for (var k = 0; k < Radius; k++)
                sum += (rows[offsets[k] + j] + rows[offsets[2 * Radius - k] + j]) * _weights[k];
            target[j] = sum;
        }
    }

    /// <summary>SSIM and its part without luminance (contrast and structure), summed over a row.</summary>
    /// <param name="moments">Windowed moments <c>[4, stride]</c>.</param>
    /// <param name="stride">Distance of moments.</param>
    /// <param name="weights">Weight of each pixel of the row; empty where all are 1.</param>
    /// <param name="count">Pixels of the row.</param>
    /// <param name="c1">(0.01 R)².</param>
    /// <param name="c2">(0.03 R)².</param>
    public static (double Ssim, double Structure) Sum(ReadOnlySpan<double> moments, int stride, ReadOnlySpan<double> weights, int count, double c1, double c2)
    {
        ref var m = ref MemoryMarshal.GetReference(moments);
        ref var g = ref MemoryMarshal.GetReference(weights);
        var w = (nuint)stride;
        var (v1, v2) = (new Vector<double>(c1), new Vector<double>(c2));
        var (similarities, structures) = (Vector<double>.Zero, Vector<double>.Zero);
        nuint i = 0;
        for (; i + (nuint)Vector<double>.Count <= (nuint)count; i += (nuint)Vector<double>.Count)
        {
            var ma = Vector.LoadUnsafe(ref m, i);
            var mb = Vector.LoadUnsafe(ref m, w + i);
            var mab = ma * mb;
            var squares = ma * ma + mb * mb;
            var covariance = Vector.LoadUnsafe(ref m, 2 * w + i) - mab;
            var structure = (covariance + covariance + v2) / (Vector.LoadUnsafe(ref m, 3 * w + i) - squares + v2);
            if (!weights.IsEmpty)
                structure *= Vector.LoadUnsafe(ref g, i);
            structures += structure;
            similarities += (mab + mab + v1) / (squares + v1) * structure;
        }
        var (similaritySum, structureSum) = (Vector.Sum(similarities), Vector.Sum(structures));
        for (var j = (int)i; j < count; j++)
        {
            var (ma, mb) = (moments[j], moments[stride + j]);
            var squares = ma * ma + mb * mb;
            var structure = (2 * (moments[2 * stride + j] - ma * mb) + c2) / (moments[3 * stride + j] - squares + c2) * (weights.IsEmpty ? 1 : weights[j]);
            structureSum += structure;
            similaritySum += (2 * ma * mb + c1) / (squares + c1) * structure;
        }
        return (similaritySum, structureSum);
    }
}
