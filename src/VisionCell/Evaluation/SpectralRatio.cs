using System.Numerics;
using OpenCvSharp;
using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>The contrast of one band of frequencies along an axis compared with the truth's.</summary>
/// <param name="LongestNm">Period where the band begins, nm.</param>
/// <param name="ShortestNm">Period where it ends, nm.</param>
/// <param name="Ratio">Amplitude over that of the reference; null where the reference has none.</param>
public readonly record struct SpectralBand(double LongestNm, double ShortestNm, double? Ratio);

/// <summary>
/// How much contrast a reconstruction <c>[Z, Y, X]</c> has along each axis in bands of one octave, compared with its reference: the root of the ratio of
/// the power of lines, mean removed, Hann window, summed over lines and over the frequencies k/N of a band. Four octaves up to the Nyquist frequency:
/// from 1/32 to 1/16, to 1/8, to 1/4, to 1/2 cycles a voxel, the upper bound included. A blur along z shows in the last
/// bands of z and not in those of y and x. Lines along z span the rows that the region names for planes; those within sections are of scored sections;
/// a mask is not looked at, since a spectrum has no voxels.
/// </summary>
public static class SpectralRatio
{
    private const int Bands = 4;

    /// <summary>The bands of each axis, longest periods first; null where an axis has fewer than 32 voxels.</summary>
    /// <param name="reconstruction">What is judged, <c>[Z, Y, X]</c>.</param>
    /// <param name="reference">The truth on the same grid.</param>
    /// <param name="region">Which rows count.</param>
    /// <param name="cancellation">Stops between planes.</param>
    /// <exception cref="BadInputException">Grids or region do not fit.</exception>
    public static AxisValues<IReadOnlyList<SpectralBand>?> Compute(Volume<float> reconstruction, Volume<float> reference, ScoredRegion region, CancellationToken cancellation = default)
    {
        VolumeChecks.RequireSameGrid(reconstruction, reference);
        VolumeChecks.RequireFits(region, reference.Shape);
        var size = reference.VoxelSize;
        // Lines are columns of xz planes (z), columns of sections (y) and their rows (x).
        var z = Sums(reconstruction, reference, new PlaneSet(reference.Shape, region, PlaneFamily.Xz), down: true, cancellation);
        var sections = new PlaneSet(reference.Shape, region, PlaneFamily.Xy);
        return new AxisValues<IReadOnlyList<SpectralBand>?>(
            Of(z, size.Z), Of(Sums(reconstruction, reference, sections, down: true, cancellation), size.Y), Of(Sums(reconstruction, reference, sections, down: false, cancellation), size.X));
    }

    private static SpectralBand[]? Of(double[][]? powers, double voxel) => powers is null ? null
        : [.. Enumerable.Range(0, Bands).Select(b => new SpectralBand(voxel * (32 >> b), voxel * (16 >> b), powers[1][b] > 0 ? Math.Sqrt(powers[0][b] / powers[1][b]) : null))];

    private static double[][]? Sums(Volume<float> a, Volume<float> b, PlaneSet set, bool down, CancellationToken cancellation)
    {
        var (length, lines) = down ? (set.Height, set.Width) : (set.Width, set.Height);
        if (length < 32)
            return null;
        var window = FourierCurve.Hann(length);
        // The band of each frequency; -1 is none.
        var bands = Enumerable.Range(0, length / 2 + 1).Select(k => 32L * k > length ? (int)Math.Ceiling(Math.Log2(32.0 * k / length) - 1e-9) - 1 : -1).ToArray();
        double[][] powers = [new double[Bands], new double[Bands]];
        Parallel.For(0, set.Count, new ParallelOptions { CancellationToken = cancellation }, () => (A: new double[set.Pixels], B: new double[set.Pixels], Lines: new Complex[set.Pixels], Powers: new[] { new double[Bands], new double[Bands] }), (i, _, own) =>
        {
            set.Gather(a, i, 1, own.A);
            set.Gather(b, i, 1, own.B);
            for (var line = 0; line < lines; line++)
            {
                var (meanA, meanB) = (0.0, 0.0);
                for (var k = 0; k < length; k++)
                {
                    var at = down ? k * lines + line : line * length + k;
                    meanA += own.A[at] / length;
                    meanB += own.B[at] / length;
                }
                for (var k = 0; k < length; k++)
                {
                    var at = down ? k * lines + line : line * length + k;
                    own.Lines[line * length + k] = new Complex((own.A[at] - meanA) * window[k], (own.B[at] - meanB) * window[k]);
                }
            }
            FourierCurve.Transform(own.Lines, lines, length, DftFlags.Rows);
            for (var line = 0; line < lines; line++)
            {
                for (var k = 1; k < bands.Length; k++)
                {
                    if (bands[k] < 0)
                        continue;
                    var (u, v) = (own.Lines[line * length + k], Complex.Conjugate(own.Lines[line * length + length - k]));
                    own.Powers[0][bands[k]] += Power(u + v);
                    own.Powers[1][bands[k]] += Power(u - v);
                }
            }
            return own;
        }, own =>
        {
            lock (powers)
            {
                for (var band = 0; band < Bands; band++)
                {
                    powers[0][band] += own.Powers[0][band];
                    powers[1][band] += own.Powers[1][band];
                }
            }
        });
        return powers;
    }

    private static double Power(Complex value) => value.Real * value.Real + value.Imaginary * value.Imaginary;
}
