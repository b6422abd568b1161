using System.Numerics;
using OpenCvSharp;
using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>
/// Fourier ring correlation of planes of two volumes <c>[Z, Y, X]</c>, pooled over a family: FRC(f) = Re Σ A B* / sqrt(Σ|A|² Σ|B|²) over the ring of
/// frequency f of all planes. Source: Saxton and Baumeister, J. Microsc. 127, 1982, doi:10.1111/j.1365-2818.1982.tb00405.x; for images of one
/// specimen Nieuwenhuizen et al., Nature Methods 10, 2013, doi:10.1038/nmeth.2448. Each plane: mean removed, Hann window, padded to a length that the
/// transform likes. A spectrum has no rows: xz and yz planes span the rows that the region names for planes, a mask is not looked at.
/// </summary>
public static class FourierRingCorrelation
{
    /// <summary>The curve and the resolution, nm.</summary>
    /// <param name="a">One volume, <c>[Z, Y, X]</c>.</param>
    /// <param name="b">The other, on the same grid.</param>
    /// <param name="region">Which sections (xy) or rows (xz, yz) count.</param>
    /// <param name="family">Which planes.</param>
    /// <param name="threshold">Correlation at which the resolution is read.</param>
    /// <param name="cancellation">Stops between planes.</param>
    /// <exception cref="BadInputException">Grids or region do not fit.</exception>
    public static FscCurve Compute(Volume<float> a, Volume<float> b, ScoredRegion region, PlaneFamily family, double threshold = FourierCurve.Published, CancellationToken cancellation = default)
    {
        VolumeChecks.RequireSameGrid(a, b);
        VolumeChecks.RequireFits(region, b.Shape);
        var set = new PlaneSet(b.Shape, region, family);
        var (rowSize, columnSize) = (family == PlaneFamily.Xy ? b.VoxelSize.Y : b.VoxelSize.Z, family == PlaneFamily.Yz ? b.VoxelSize.Y : b.VoxelSize.X);
        var (height, width) = (Cv2.GetOptimalDFTSize(set.Height), Cv2.GetOptimalDFTSize(set.Width));
        var (rows, columns) = (FourierCurve.Hann(set.Height), FourierCurve.Hann(set.Width));
        var ring = Math.Max(1 / (set.Height * rowSize), 1 / (set.Width * columnSize));
        var rings = (int)Math.Floor(0.5 / Math.Max(rowSize, columnSize) / ring);
        var sums = new ShellSums(rings + 1);
        var options = new ParallelOptions { CancellationToken = cancellation };
        Parallel.For(0, (set.Count + set.Batch - 1) / set.Batch, options,
            () => (A: new double[set.Batch * set.Pixels], B: new double[set.Batch * set.Pixels], Plane: new Complex[height * width], Sums: new ShellSums(rings + 1)),
            (block, _, own) =>
            {
                var first = block * set.Batch;
                var count = Math.Min(set.Batch, set.Count - first);
                set.Gather(a, first, count, own.A);
                set.Gather(b, first, count, own.B);
                for (var p = 0; p < count; p++)
                {
                    Window(own.A.AsSpan(p * set.Pixels, set.Pixels), own.B.AsSpan(p * set.Pixels, set.Pixels), rows, columns, own.Plane, width);
                    FourierCurve.Transform(own.Plane, height, width, DftFlags.None);
                    for (var y = 0; y < height; y++)
                    {
                        for (var x = 0; x < width; x++)
                        {
                            var (fy, fx) = (FourierCurve.Frequency(y, height, rowSize), FourierCurve.Frequency(x, width, columnSize));
                            if ((int)Math.Round(Math.Sqrt(fy * fy + fx * fx) / ring) is var at && at <= rings)
                                own.Sums.Add(at, own.Plane[y * width + x], Complex.Conjugate(own.Plane[(height - y) % height * width + (width - x) % width]), 1);
                        }
                    }
                }
                return own;
            },
            own =>
            {
                lock (sums)
                    sums.Add(own.Sums);
            });
        return FourierCurve.Of(sums, ring, 0.5 * FourierCurve.Independent(rows, height) * FourierCurve.Independent(columns, width), threshold);
    }

    private static void Window(ReadOnlySpan<double> a, ReadOnlySpan<double> b, double[] rows, double[] columns, Complex[] plane, int width)
    {
        var (meanA, meanB) = (0.0, 0.0);
        for (var i = 0; i < a.Length; i++)
        {
            meanA += a[i] / a.Length;
            meanB += b[i] / a.Length;
        }
        Array.Clear(plane);
        for (var y = 0; y < rows.Length; y++)
        {
            for (var x = 0; x < columns.Length; x++)
            {
                var (at, window) = (y * columns.Length + x, rows[y] * columns[x]);
                plane[y * width + x] = new Complex((a[at] - meanA) * window, (b[at] - meanB) * window);
            }
        }
    }
}
