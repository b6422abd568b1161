using OpenCvSharp;
using System.Numerics;

namespace VisionCell.Evaluation;

/// <summary>The correlation of two volumes within one shell of spatial frequency, or of two planes within one ring.</summary>
/// <param name="Frequency">Centre of the shell, 1/nm.</param>
/// <param name="Correlation">-1 to 1; null where a volume has no power in the shell.</param>
public readonly record struct FscShell(double Frequency, double? Correlation)
{
    /// <summary>
    /// The correlation at which a shell of that many independent values carries half a bit of information (<see cref="FourierCurve.HalfBit"/>); null where they
    /// are too few to tell.
    /// </summary>
    public double? HalfBit { get; init; }
}

/// <summary>A Fourier shell or ring correlation.</summary>
/// <param name="Shells">Shells of equal width up to the Nyquist frequency of the coarsest axis, ascending; the mean (frequency 0) is left out.</param>
/// <param name="Threshold">Correlation at which the resolution is read.</param>
/// <param name="ResolutionNm">The period where the curve first falls below the threshold, nm; null where it never does (finer than the voxels can say).</param>
public sealed record FscCurve(IReadOnlyList<FscShell> Shells, double Threshold, double? ResolutionNm)
{
    /// <summary>The period where the curve first falls below the half-bit curve, nm; null where it never does.</summary>
    public double? HalfBitResolutionNm => FourierCurve.Crossing(Shells, s => s.HalfBit);
}

/// <summary>What correlations in Fourier space share: windows, frequencies, thresholds.</summary>
internal static class FourierCurve
{
    /// <summary>The published threshold of two noisy halves (Rosenthal and Henderson 2003).</summary>
    public const double Published = 0.143;

    // Of fewer the curve begins near 1, above what the leakage of a window leaves of any correlation, and would be crossed at once.
    private const double FewestValues = 20;

    /// <summary>
    /// The half-bit curve, (0.2071 + 1.9102/√n) / (1.2071 + 0.9102/√n), for n independent values. Source: van Heel and Schatz, "Fourier shell correlation
    /// threshold criteria", J. Struct. Biol. 151, 2005, doi:10.1016/j.jsb.2005.05.009.
    /// Null for fewer than 20.
    /// </summary>
    public static double? HalfBit(double independent)
    {
        if (independent < FewestValues)
            return null;
        var root = Math.Sqrt(independent);
        return (0.2071 + 1.9102 / root) / (1.2071 + 0.9102 / root);
    }

    /// <summary>The curve of sums by shell; the first, of frequency 0, is left out.</summary>
    /// <param name="sums">Sums.</param>
    /// <param name="width">Of a shell, 1/nm.</param>
    /// <param name="independent">Share of the values that are independent of the others: half by symmetry, less by padding and windows.</param>
    /// <param name="threshold">Where the resolution is read.</param>
    public static FscCurve Of(ShellSums sums, double width, double independent, double threshold)
    {
        var curve = new FscShell[sums.Cross.Length - 1];
        for (var s = 1; s <= curve.Length; s++)
        {
            var power = Math.Sqrt(sums.PowerA[s] * sums.PowerB[s]);
            curve[s - 1] = new FscShell(s * width, power > 0 ? sums.Cross[s] / power : null) { HalfBit = HalfBit(sums.Count[s] * independent) };
        }
        return new FscCurve(curve, threshold, Crossing(curve, _ => threshold));
    }

    /// <summary>The period at which a curve first falls below another, interpolated between shells, nm; null where it never does.</summary>
    public static double? Crossing(IReadOnlyList<FscShell> curve, Func<FscShell, double?> threshold)
    {
        (double Frequency, double Above)? last = null;
        foreach (var shell in curve)
        {
            if (shell.Correlation - threshold(shell) is not { } above)
                continue;
            if (above < 0)
                return 1 / (last is { } l ? l.Frequency + l.Above / (l.Above - above) * (shell.Frequency - l.Frequency) : shell.Frequency);
            last = (shell.Frequency, above);
        }
        return null;
    }

    /// <summary>Hann window without its zeros, so that an axis of one voxel keeps its value.</summary>
    public static double[] Hann(int length) =>
        [.. Enumerable.Range(1, length).Select(i => 0.5 - 0.5 * Math.Cos(2 * Math.PI * i / (length + 1)))];

    /// <summary>Share of the values along a padded, windowed axis that are independent: (Σw²)² / Σw⁴ over the padded length.</summary>
    public static double Independent(double[] window, int padded)
    {
        var (squares, fourths) = (window.Sum(w => w * w), window.Sum(w => w * w * w * w));
        return squares * squares / (fourths * padded);
    }

    /// <summary>The frequency of a value of a transform, 1/nm.</summary>
    public static double Frequency(int k, int length, double voxel) => (k <= length / 2 ? k : k - length) / (length * voxel);

    /// <summary>Transforms <c>[rows, columns]</c> in place; with <see cref="DftFlags.Rows"/> each row on its own.</summary>
    public static unsafe void Transform(Complex[] values, int rows, int columns, DftFlags flags)
    {
        fixed (Complex* pointer = values)
        {
            using var mat = Mat.FromPixelData(rows, columns, MatType.CV_64FC2, (nint)pointer);
            Cv2.Dft(mat, mat, flags);
        }
    }
}

/// <summary>Sums by shell.</summary>
internal sealed class ShellSums(int count)
{
    public double[] Cross { get; } = new double[count];

    public double[] PowerA { get; } = new double[count];

    public double[] PowerB { get; } = new double[count];

    public double[] Count { get; } = new double[count];

    /// <summary>
    /// Adds a value of two real volumes that went through one transform, u of a + ib, and v, the conjugate of its mirror image: a is (u + v) / 2 and b is
    /// (u - v) / 2i.
    /// </summary>
    public void Add(int shell, Complex u, Complex v, double weight)
    {
        var (a, b) = ((u + v) * 0.5, (u - v) * new Complex(0, -0.5));
        Cross[shell] += weight * (a.Real * b.Real + a.Imaginary * b.Imaginary);
        PowerA[shell] += weight * (a.Real * a.Real + a.Imaginary * a.Imaginary);
        PowerB[shell] += weight * (b.Real * b.Real + b.Imaginary * b.Imaginary);
        Count[shell] += weight;
    }

    public void Add(ShellSums other)
    {
        for (var i = 0; i < Cross.Length; i++)
        {
            Cross[i] += other.Cross[i];
            PowerA[i] += other.PowerA[i];
            PowerB[i] += other.PowerB[i];
            Count[i] += other.Count[i];
        }
    }
}
