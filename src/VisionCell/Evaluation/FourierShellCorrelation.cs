using System.Numerics;
using OpenCvSharp;
using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>The correlation of two volumes within one shell of spatial frequency.</summary>
/// <param name="Frequency">Centre of the shell, 1/nm.</param>
/// <param name="Correlation">-1 to 1; null where a volume has no power in the shell.</param>
public readonly record struct FscShell(double Frequency, double? Correlation);

/// <summary>A Fourier shell correlation.</summary>
/// <param name="Shells">Shells of equal width up to the Nyquist frequency of the coarsest axis, ascending; the mean (frequency 0) is left out.</param>
/// <param name="Threshold">Correlation at which the resolution is read.</param>
/// <param name="ResolutionNm">The period where the curve first falls below the threshold, nm; null where it never does (finer than the voxels can say).</param>
public sealed record FscCurve(IReadOnlyList<FscShell> Shells, double Threshold, double? ResolutionNm);

/// <summary>
/// Fourier shell correlation of a reconstruction <c>[Z, Y, X]</c> against its reference, and the resolution in nm read from it:
/// FSC(f) = Re Σ A B* / sqrt(Σ|A|² Σ|B|²) over the shell of frequency f. Source: Harauz and van Heel, Optik 73, 1986; the threshold
/// 0.143 is Rosenthal and Henderson, J. Mol. Biol. 333, 2003, doi:10.1016/j.jmb.2003.07.013. That threshold was derived for two
/// noisy halves and is kept as the published habit: numbers compare methods, they are not the resolution of the microscope.
/// A reconstruction from sections knows the lateral frequencies, so that over the whole shell even linear interpolation at x8 never
/// falls below 0.143 (medulla-1, 10 nm: 0.15 at 21 nm); within a cone of 20 degrees around z, as in the directional FSC of Tan et al.,
/// Nature Methods 14, 2017, doi:10.1038/nmeth.4347, it does so at 79 nm, and at x4 pooled at 62 nm. Reports give the latter.
/// The whole box is used, observed rows too, since a spectrum has no rows; mean removed, Hann window along each axis, padded with
/// zeros to lengths that the transform likes. A box longer than 384 voxels is cropped to its centre (1 GB of work memory).
/// </summary>
public static class FourierShellCorrelation
{
    /// <summary>Half angle of the cone around z in which reports read the resolution, degrees.</summary>
    public const double AxialCone = 20;

    private const int MaxEdge = 384;

    /// <summary>The curve and the resolution.</summary>
    /// <param name="reconstruction">What is judged, <c>[Z, Y, X]</c>.</param>
    /// <param name="reference">The truth on the same grid.</param>
    /// <param name="threshold">Correlation at which the resolution is read.</param>
    /// <param name="coneDegrees">Half angle of the cone around z whose frequencies count; 90 for the whole shell.</param>
    /// <param name="cancellation">Stops between planes.</param>
    /// <exception cref="BadInputException">Grids do not fit.</exception>
    public static FscCurve Compute(Volume<float> reconstruction, Volume<float> reference, double threshold = 0.143, double coneDegrees = 90, CancellationToken cancellation = default)
    {
        VolumeChecks.RequireSameGrid(reconstruction, reference);
        var options = new ParallelOptions { CancellationToken = cancellation };
        var box = CentralBox(reference.Shape);
        var padded = new Shape3(Cv2.GetOptimalDFTSize(box.Shape.Z), Cv2.GetOptimalDFTSize(box.Shape.Y), Cv2.GetOptimalDFTSize(box.Shape.X));

        // 1. Both real volumes go through one complex transform, a + ib.
        var sections = new Complex[padded.Z][];
        var hann = (Hann(box.Shape.Z), Hann(box.Shape.Y), Hann(box.Shape.X));
        var meanA = Mean(reconstruction, box);
        var meanB = Mean(reference, box);
        Parallel.For(0, padded.Z, options, z =>
        {
            var section = sections[z] = new Complex[padded.SectionCount];
            if (z >= box.Shape.Z)
                return;
            for (var y = 0; y < box.Shape.Y; y++)
            {
                var at = reference.Index(box.Z + z, box.Y + y, box.X);
                var windowZY = hann.Item1[z] * hann.Item2[y];
                for (var x = 0; x < box.Shape.X; x++)
                {
                    var window = windowZY * hann.Item3[x];
                    section[y * padded.X + x] = new Complex((reconstruction.Data[at + x] - meanA) * window, (reference.Data[at + x] - meanB) * window);
                }
            }
            Transform(section, padded.Y, padded.X, DftFlags.None);
        });

        // 2. Transform along z in pairs of planes ky and -ky, which hold the two halves of each spectrum, and sum the shells.
        var size = reference.VoxelSize;
        var width = Math.Max(1 / (box.Shape.Z * size.Z), Math.Max(1 / (box.Shape.Y * size.Y), 1 / (box.Shape.X * size.X)));
        var nyquist = 0.5 / Math.Max(size.Z, Math.Max(size.Y, size.X));
        var shells = (int)Math.Floor(nyquist / width);
        var sums = new ShellSums(shells + 1);
        var minimum = coneDegrees >= 90 ? 0 : Math.Pow(Math.Cos(coneDegrees * Math.PI / 180), 2);
        Parallel.For(0, padded.Y / 2 + 1, options, () => new ShellSums(shells + 1), (ky, _, local) =>
        {
            var opposite = (padded.Y - ky) % padded.Y;
            var plane = AlongZ(sections, padded, ky);
            var mirror = opposite == ky ? plane : AlongZ(sections, padded, opposite);
            var weight = opposite == ky ? 1.0 : 2.0;
            var fy = Frequency(ky, padded.Y, size.Y);
            for (var kx = 0; kx < padded.X; kx++)
            {
                var fx = Frequency(kx, padded.X, size.X);
                var mirrorX = (padded.X - kx) % padded.X;
                for (var kz = 0; kz < padded.Z; kz++)
                {
                    var fz = Frequency(kz, padded.Z, size.Z);
                    var shell = (int)Math.Round(Math.Sqrt(fx * fx + fy * fy + fz * fz) / width);
                    if (shell > shells || fz * fz < minimum * (fx * fx + fy * fy + fz * fz))
                        continue;
                    var u = plane[kx * padded.Z + kz];
                    var v = Complex.Conjugate(mirror[mirrorX * padded.Z + (padded.Z - kz) % padded.Z]);
                    var (a, b) = ((u + v) * 0.5, (u - v) * new Complex(0, -0.5));
                    local.Cross[shell] += weight * (a.Real * b.Real + a.Imaginary * b.Imaginary);
                    local.PowerA[shell] += weight * (a.Real * a.Real + a.Imaginary * a.Imaginary);
                    local.PowerB[shell] += weight * (b.Real * b.Real + b.Imaginary * b.Imaginary);
                }
            }
            return local;
        }, local =>
        {
            lock (sums)
                sums.Add(local);
        });

        // 3. The curve, and where it first crosses the threshold.
        var curve = new FscShell[shells];
        for (var s = 1; s <= shells; s++)
        {
            var power = Math.Sqrt(sums.PowerA[s] * sums.PowerB[s]);
            curve[s - 1] = new FscShell(s * width, power > 0 ? sums.Cross[s] / power : null);
        }
        return new FscCurve(curve, threshold, Resolution(curve, threshold));
    }

    private static double? Resolution(FscShell[] curve, double threshold)
    {
        FscShell? above = null;
        foreach (var shell in curve)
        {
            if (shell.Correlation is not { } value)
                continue;
            if (value >= threshold)
            {
                above = shell;
                continue;
            }
            if (above is not { Correlation: { } before } last)
                return 1 / shell.Frequency;
            return 1 / (last.Frequency + (before - threshold) / (before - value) * (shell.Frequency - last.Frequency));
        }
        return null;
    }

    private static Box CentralBox(Shape3 shape)
    {
        var cropped = new Shape3(Math.Min(shape.Z, MaxEdge), Math.Min(shape.Y, MaxEdge), Math.Min(shape.X, MaxEdge));
        return new Box((shape.Z - cropped.Z) / 2, (shape.Y - cropped.Y) / 2, (shape.X - cropped.X) / 2, cropped);
    }

    /// <summary>Hann window without its zeros, so that an axis of one voxel keeps its value.</summary>
    private static double[] Hann(int length) =>
        [.. Enumerable.Range(1, length).Select(i => 0.5 - 0.5 * Math.Cos(2 * Math.PI * i / (length + 1)))];

    private static double Mean(Volume<float> volume, Box box)
    {
        var sum = 0.0;
        for (var z = 0; z < box.Shape.Z; z++)
        {
            for (var y = 0; y < box.Shape.Y; y++)
            {
                foreach (var value in volume.Data.AsSpan(volume.Index(box.Z + z, box.Y + y, box.X), box.Shape.X))
                    sum += value;
            }
        }
        return sum / box.Shape.Count;
    }

    private static double Frequency(int k, int length, double voxel) => (k <= length / 2 ? k : k - length) / (length * voxel);

    /// <summary>The plane of one ky with its z lines transformed, <c>[X, Z]</c>.</summary>
    private static Complex[] AlongZ(Complex[][] sections, Shape3 shape, int ky)
    {
        var plane = new Complex[shape.X * shape.Z];
        for (var z = 0; z < shape.Z; z++)
        {
            var row = sections[z].AsSpan(ky * shape.X, shape.X);
            for (var x = 0; x < row.Length; x++)
                plane[x * shape.Z + z] = row[x];
        }
        Transform(plane, shape.X, shape.Z, DftFlags.Rows);
        return plane;
    }

    private static unsafe void Transform(Complex[] values, int rows, int columns, DftFlags flags)
    {
        fixed (Complex* pointer = values)
        {
            using var mat = Mat.FromPixelData(rows, columns, MatType.CV_64FC2, (nint)pointer);
            Cv2.Dft(mat, mat, flags);
        }
    }

    private sealed class ShellSums(int count)
    {
        public double[] Cross { get; } = new double[count];

        public double[] PowerA { get; } = new double[count];

        public double[] PowerB { get; } = new double[count];

        public void Add(ShellSums other)
        {
            for (var i = 0; i < Cross.Length; i++)
            {
                Cross[i] += other.Cross[i];
                PowerA[i] += other.PowerA[i];
                PowerB[i] += other.PowerB[i];
            }
        }
    }
}
