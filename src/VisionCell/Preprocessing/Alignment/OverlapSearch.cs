using System.Numerics;
using OpenCvSharp;

namespace VisionCell.Preprocessing;

/// <summary>
/// Shift between two images <c>[Y, X]</c> of which only a part is common: normalised correlation of what overlaps, at every shift (Padfield, "Masked object
/// registration in the Fourier domain", IEEE Trans. Image Process. 21, 2012, doi:10.1109/TIP.2011.2181402, with whole images for masks). Phase correlation hides borders by a window, and with them
/// all that two sections share once they lie more than a quarter of their edge apart.
/// </summary>
internal static class OverlapSearch
{
    /// <summary>Share of the image that must overlap: less is matched by chance.</summary>
    private const double LeastOverlap = 0.2;

    /// <summary>The shift whose correlation stands out most for the number of pixels it rests on.</summary>
    /// <param name="still">Image <c>[height, width]</c>.</param>
    /// <param name="moved">Image of the same shape.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="maxShift">Largest shift looked for, pixels.</param>
    /// <returns>Displacement of <paramref name="moved"/>, whole pixels; its correlation, times the root of the share that overlaps.</returns>
    public static (int Y, int X, double Score) Find(ReadOnlySpan<float> still, ReadOnlySpan<float> moved, int height, int width, double maxShift)
    {
        // 1. Products at all shifts, both images in one transform with room for every shift.
        var (sizeY, sizeX) = (Cv2.GetOptimalDFTSize(2 * height), Cv2.GetOptimalDFTSize(2 * width));
        var values = new Complex[sizeY * sizeX];
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
                values[y * sizeX + x] = new Complex(still[y * width + x], moved[y * width + x]);
        }
        PhaseCorrelation.Transform(values, sizeY, sizeX, DftFlags.None);
        var cross = new Complex[values.Length];
        for (var ky = 0; ky < sizeY; ky++)
        {
            for (var kx = 0; kx < sizeX; kx++)
            {
                var u = values[ky * sizeX + kx];
                var v = Complex.Conjugate(values[(sizeY - ky) % sizeY * sizeX + (sizeX - kx) % sizeX]);
                cross[ky * sizeX + kx] = 0.25 * Complex.Conjugate(u + v) * ((u - v) * new Complex(0, -1)) / values.Length;
            }
        }
        PhaseCorrelation.Transform(cross, sizeY, sizeX, DftFlags.Inverse);

        // 2. Sums over what overlaps.
        var (ofStill, ofMoved) = (new Integrals(still, height, width), new Integrals(moved, height, width));
        var (bestY, bestX, best) = (0, 0, 0.0);
        var (reachY, reachX) = ((int)Math.Min(maxShift, height - 1), (int)Math.Min(maxShift, width - 1));
        for (var dy = -reachY; dy <= reachY; dy++)
        {
            for (var dx = -reachX; dx <= reachX; dx++)
            {
                var (rows, columns) = (height - Math.Abs(dy), width - Math.Abs(dx));
                var overlap = (double)rows * columns / (height * width);
                if (overlap < LeastOverlap)
                    continue;
                double count = rows * columns;
                var (f, ff) = ofStill.Over(Math.Max(0, -dy), Math.Max(0, -dx), rows, columns);
                var (m, mm) = ofMoved.Over(Math.Max(0, dy), Math.Max(0, dx), rows, columns);
                var (varianceF, varianceM) = (ff / count - f / count * (f / count), mm / count - m / count * (m / count));
                if (varianceF <= 1e-9 || varianceM <= 1e-9)
                    continue;
                var product = cross[(dy + sizeY) % sizeY * sizeX + (dx + sizeX) % sizeX].Real;
                var score = (product / count - f / count * (m / count)) / Math.Sqrt(varianceF * varianceM) * Math.Sqrt(overlap);
                if (score > best)
                    (bestY, bestX, best) = (dy, dx, score);
            }
        }
        return (bestY, bestX, best);
    }

    /// <summary>Sums and sums of squares over any rectangle.</summary>
    private sealed class Integrals
    {
        private readonly int _width;
        private readonly double[] _sums, _squares;

        public Integrals(ReadOnlySpan<float> image, int height, int width)
        {
            _width = width + 1;
            (_sums, _squares) = (new double[(height + 1) * _width], new double[(height + 1) * _width]);
            for (var y = 0; y < height; y++)
            {
                var (sum, squares) = (0.0, 0.0);
                for (var x = 0; x < width; x++)
                {
                    double value = image[y * width + x];
                    sum += value;
                    squares += value * value;
                    _sums[(y + 1) * _width + x + 1] = _sums[y * _width + x + 1] + sum;
                    _squares[(y + 1) * _width + x + 1] = _squares[y * _width + x + 1] + squares;
                }
            }
        }

        public (double Sum, double Squares) Over(int top, int left, int rows, int columns)
        {
            double Of(double[] v) => v[(top + rows) * _width + left + columns] - v[top * _width + left + columns] - v[(top + rows) * _width + left] + v[top * _width + left];
            return (Of(_sums), Of(_squares));
        }
    }
}
