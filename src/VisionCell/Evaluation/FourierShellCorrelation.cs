using System.Numerics;
using OpenCvSharp;
using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>Fourier shell correlations of one pair of volumes: of the whole shell, and within a cone around each axis.</summary>
/// <param name="Whole">Of all frequencies.</param>
/// <param name="Axes">Of those within the cone.</param>
public sealed record DirectionalFsc(FscCurve Whole, AxisValues<FscCurve> Axes);

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

    /// <summary>The curve and the resolution, of the whole shell or around z.</summary>
    /// <param name="reconstruction">What is judged, <c>[Z, Y, X]</c>.</param>
    /// <param name="reference">The truth on the same grid.</param>
    /// <param name="threshold">Correlation at which the resolution is read.</param>
    /// <param name="coneDegrees">Half angle of the cone around z whose frequencies count; 90 for the whole shell.</param>
    /// <param name="cancellation">Stops between planes.</param>
    /// <exception cref="BadInputException">Grids do not fit.</exception>
    public static FscCurve Compute(Volume<float> reconstruction, Volume<float> reference, double threshold = FourierCurve.Published, double coneDegrees = 90, CancellationToken cancellation = default)
    {
        var curves = Directional(reconstruction, reference, threshold, coneDegrees, cancellation);
        return coneDegrees >= 90 ? curves.Whole : curves.Axes.Z;
    }

    /// <summary>The whole shell and a cone around each axis, from one transform.</summary>
    /// <param name="reconstruction">What is judged, <c>[Z, Y, X]</c>.</param>
    /// <param name="reference">The truth on the same grid.</param>
    /// <param name="threshold">Correlation at which the resolution is read; the half-bit curve is given besides.</param>
    /// <param name="coneDegrees">Half angle of the cones.</param>
    /// <param name="cancellation">Stops between planes.</param>
    /// <exception cref="BadInputException">Grids do not fit.</exception>
    public static DirectionalFsc Directional(Volume<float> reconstruction, Volume<float> reference, double threshold = FourierCurve.Published, double coneDegrees = AxialCone, CancellationToken cancellation = default)
    {
        VolumeChecks.RequireSameGrid(reconstruction, reference);
        var options = new ParallelOptions { CancellationToken = cancellation };
        var box = CentralBox(reference.Shape);
        var padded = new Shape3(Cv2.GetOptimalDFTSize(box.Shape.Z), Cv2.GetOptimalDFTSize(box.Shape.Y), Cv2.GetOptimalDFTSize(box.Shape.X));

        // 1. Both real volumes go through one complex transform, a + ib.
        var sections = new Complex[padded.Z][];
        var (hannZ, hannY, hannX) = (FourierCurve.Hann(box.Shape.Z), FourierCurve.Hann(box.Shape.Y), FourierCurve.Hann(box.Shape.X));
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
                var windowZY = hannZ[z] * hannY[y];
                for (var x = 0; x < box.Shape.X; x++)
                {
                    var window = windowZY * hannX[x];
                    section[y * padded.X + x] = new Complex((reconstruction.Data[at + x] - meanA) * window, (reference.Data[at + x] - meanB) * window);
                }
            }
            FourierCurve.Transform(section, padded.Y, padded.X, DftFlags.None);
        });

        // 2. Transform along z in pairs of planes ky and -ky, which hold the two halves of each spectrum, and sum the shells.
        var size = reference.VoxelSize;
        var width = Math.Max(1 / (box.Shape.Z * size.Z), Math.Max(1 / (box.Shape.Y * size.Y), 1 / (box.Shape.X * size.X)));
        var nyquist = 0.5 / Math.Max(size.Z, Math.Max(size.Y, size.X));
        var shells = (int)Math.Floor(nyquist / width);
        ShellSums[] NewSums() => [.. Enumerable.Range(0, 4).Select(_ => new ShellSums(shells + 1))]; // whole, z, y, x
        var sums = NewSums();
        var minimum = coneDegrees >= 90 ? 0 : Math.Pow(Math.Cos(coneDegrees * Math.PI / 180), 2);
        Parallel.For(0, padded.Y / 2 + 1, options, NewSums, (ky, _, local) =>
        {
            var opposite = (padded.Y - ky) % padded.Y;
            var plane = AlongZ(sections, padded, ky);
            var mirror = opposite == ky ? plane : AlongZ(sections, padded, opposite);
            var weight = opposite == ky ? 1.0 : 2.0;
            var fy = FourierCurve.Frequency(ky, padded.Y, size.Y);
            for (var kx = 0; kx < padded.X; kx++)
            {
                var fx = FourierCurve.Frequency(kx, padded.X, size.X);
                var mirrorX = (padded.X - kx) % padded.X;
                for (var kz = 0; kz < padded.Z; kz++)
                {
                    var fz = FourierCurve.Frequency(kz, padded.Z, size.Z);
                    var square = fx * fx + fy * fy + fz * fz;
                    var shell = (int)Math.Round(Math.Sqrt(square) / width);
                    if (shell > shells)
                        continue;
                    var u = plane[kx * padded.Z + kz];
                    var v = Complex.Conjugate(mirror[mirrorX * padded.Z + (padded.Z - kz) % padded.Z]);
                    local[0].Add(shell, u, v, weight);
                    if (fz * fz >= minimum * square)
                        local[1].Add(shell, u, v, weight);
                    if (fy * fy >= minimum * square)
                        local[2].Add(shell, u, v, weight);
                    if (fx * fx >= minimum * square)
                        local[3].Add(shell, u, v, weight);
                }
            }
            return local;
        }, local =>
        {
            lock (sums)
            {
                for (var i = 0; i < sums.Length; i++)
                    sums[i].Add(local[i]);
            }
        });

        // 3. The curves; half of the values repeat the other half.
        var independent = 0.5 * FourierCurve.Independent(hannZ, padded.Z) * FourierCurve.Independent(hannY, padded.Y) * FourierCurve.Independent(hannX, padded.X);
        FscCurve Curve(int i) => FourierCurve.Of(sums[i], width, independent, threshold);
        return new DirectionalFsc(Curve(0), new AxisValues<FscCurve>(Curve(1), Curve(2), Curve(3)));
    }

    private static Box CentralBox(Shape3 shape)
    {
        var cropped = new Shape3(Math.Min(shape.Z, MaxEdge), Math.Min(shape.Y, MaxEdge), Math.Min(shape.X, MaxEdge));
        return new Box((shape.Z - cropped.Z) / 2, (shape.Y - cropped.Y) / 2, (shape.X - cropped.X) / 2, cropped);
    }

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
        FourierCurve.Transform(plane, shape.X, shape.Z, DftFlags.Rows);
        return plane;
    }
}
