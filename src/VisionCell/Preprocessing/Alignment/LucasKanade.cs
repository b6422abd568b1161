using System.Numerics;
using OpenCvSharp;

namespace VisionCell.Preprocessing;

/// <summary>How two images fit under a map.</summary>
/// <param name="Map">Takes a pixel of the first image to the pixel of the second.</param>
/// <param name="Correlation">Of the grey values where both images are, -1 to 1.</param>
/// <param name="Overlap">Share of the first image that both cover, 0 to 1.</param>
/// <param name="Level">Finest level of the pyramids at which they resemble each other.</param>
internal readonly record struct Fit(AffineMap Map, double Correlation, double Overlap, int Level);

/// <summary>
/// Refines a map between two images to a fraction of a pixel: Gauss-Newton on the squared difference, updates composed inversely
/// (Baker and Matthews, "Lucas-Kanade 20 years on", Int. J. Computer Vision 56, 2004, doi:10.1023/B:VISI.0000011205.11775.fd), from
/// coarse to fine. Pixels that differ by more than twice the ordinary difference lose weight (Cauchy), so that what is only in one of
/// the sections counts little. The gain between the images is found along the way.
/// </summary>
internal static class LucasKanade
{
    /// <summary>Marks what lies outside the moved image; grey values of prepared sections end at 4.</summary>
    private const float Outside = 1e6f;

    /// <summary>A step that moves no corner by more than this ends the refinement, pixels.</summary>
    private const double Enough = 0.01;

    /// <summary>
    /// A level is left out where the images resemble each other less than this share of what they do a level above: sections tens of
    /// nanometres apart share membranes, not their grain, and grain would lead astray.
    /// </summary>
    private const double Loss = 0.75;

    /// <summary>Refines a map from coarse to fine.</summary>
    /// <param name="first">The section whose pixels are mapped.</param>
    /// <param name="second">The section they are mapped to.</param>
    /// <param name="start">Map to begin with, pixels of level 0.</param>
    /// <param name="model">What the map may do.</param>
    /// <param name="coarsest">Level to begin at.</param>
    /// <param name="finest">Level to end at.</param>
    /// <param name="window">How much the pixels of the first section count; null for all the same.</param>
    public static Fit Refine(PreparedSection first, PreparedSection second, AffineMap start, AlignmentModel model, int coarsest, int finest = 0, CommonWindow? window = null)
    {
        var fit = new Fit(start, 0, 0, coarsest);
        for (var level = Math.Min(coarsest, first.Levels.Count - 1); level >= finest; level--)
        {
            var scale = 1 << level;
            var image = first.Levels[level];
            var found = RefineLevel(image, second.Levels[level], fit.Map.Scaled(1.0 / scale), model, level == finest ? 6 : 12, window?.Weights(image.Height, image.Width, scale));
            if (found.Overlap < 0.1 || found.Correlation < Loss * fit.Correlation)
                return fit;
            fit = found with { Map = found.Map.Scaled(scale), Level = level };
        }
        return fit;
    }

    private static Fit RefineLevel(ImageLevel first, ImageLevel second, AffineMap map, AlignmentModel model, int steps, float[]? weights)
    {
        var moved = new float[first.Values.Length];
        var (gain, deviation) = (1.0, 0.0);
        var fit = new Fit(map, 0, 0, 0);
        var previous = double.PositiveInfinity;
        for (var step = 0; ; step++)
        {
            Warp(second, map, moved, first.Height, first.Width);
            var sums = Sums.Over(first, moved, weights, (float)gain, (float)deviation);
            fit = new Fit(map, sums.Correlation, sums.Overlap, 0);
            if (step == steps || sums.Overlap < 0.1)
                return fit;
            (gain, deviation) = (Math.Clamp(sums.Gain, 0.05, 2), sums.Deviation);
            if (step == 0)
                continue; // the first pass measures gain and deviation, which weights and steps need
            if (sums.Step(model, first.Height, first.Width) is not { } update)
                return fit;
            var length = update.Reach(first.Height, first.Width);
            if (length > 4 * previous + 2)
                return fit; // diverges
            map = map.After(update.Inverse());
            if (length < Enough)
                return fit with { Map = map };
            previous = length;
        }
    }

    private static unsafe void Warp(ImageLevel image, AffineMap map, float[] result, int height, int width)
    {
        double[] affine = [map.A, map.B, map.Tx, map.C, map.D, map.Ty];
        fixed (double* a = affine)
        fixed (float* s = image.Values)
        fixed (float* t = result)
        {
            using var matrix = Mat.FromPixelData(2, 3, MatType.CV_64FC1, (nint)a);
            using var from = Mat.FromPixelData(image.Height, image.Width, MatType.CV_32FC1, (nint)s);
            using var to = Mat.FromPixelData(height, width, MatType.CV_32FC1, (nint)t);
            Cv2.WarpAffine(from, to, matrix, to.Size(), InterpolationFlags.Linear | InterpolationFlags.WarpInverseMap, BorderTypes.Constant, new Scalar(Outside));
        }
    }

    /// <summary>What one pass over the pixels gathers. Gradient sums are about the centre of the image.</summary>
    private struct Sums
    {
        // Of both images, unweighted: first, second, squares, product, number of pixels.
        private double _f, _m, _ff, _mm, _fm, _count;

        // Weighted: Hessian of the six affine parameters (a b tx c d ty) and its right-hand side.
        private double[] _hessian, _right;
        private double _pixels;

        public readonly double Overlap => _count / _pixels;

        private readonly double VarianceF => _ff / _count - _f * _f / (_count * _count);

        private readonly double VarianceM => _mm / _count - _m * _m / (_count * _count);

        private readonly double Covariance => _fm / _count - _f * _m / (_count * _count);

        public readonly double Correlation => VarianceF > 1e-9 && VarianceM > 1e-9 ? Covariance / Math.Sqrt(VarianceF * VarianceM) : 0;

        public readonly double Gain => VarianceF > 1e-9 ? Covariance / VarianceF : 1;

        public readonly double Deviation => Math.Sqrt(Math.Max(0, VarianceM - Covariance * Covariance / Math.Max(VarianceF, 1e-9)));

        public static Sums Over(ImageLevel first, float[] moved, float[]? weights, float gain, float deviation)
        {
            var (height, width) = (first.Height, first.Width);
            var total = new Sums { _hessian = new double[21], _right = new double[6], _pixels = (double)(height - 2) * (width - 2) };
            var values = first.Values;
            var (centreY, centreX) = (0.5 * (height - 1), 0.5 * (width - 1));

            // Large images: every second row, which halves the time and costs a standard error of hundredths of a pixel.
            var rowStep = (long)height * width > 600_000 ? 2 : 1;
            total._pixels /= rowStep;
            var steer = deviation > 0 ? 1 / (4 * deviation * deviation) : 0f;
            Span<double> row = stackalloc double[19];
            for (var y = 1; y < height - 1; y += rowStep)
            {
                Row(values, moved, weights, y * width, width, gain, steer, (float)centreX, row);
                total._count += row[0];
                total._f += row[1];
                total._m += row[2];
                total._ff += row[3];
                total._mm += row[4];
                total._fm += row[5];
                total.AddRow(row[6..], y - centreY);
            }
            return total;
        }

        /// <summary>Sums over one row: count, f, m, ff, mm, fm; then weighted gx², gx gy, gy² each with 1, x, x²; then gx r, gy r each with 1, x.</summary>
        private static void Row(float[] first, float[] moved, float[]? weights, int at, int width, float gain, float steer, float centreX, Span<double> row)
        {
            var lanes = Vector<float>.Count;
            Span<Vector<float>> sums = stackalloc Vector<float>[19];
            sums.Clear();
            var ramp = Vector.CreateSequence(0f, 1f);
            var (half, limit, vgain, vsteer) = (new Vector<float>(0.5f), new Vector<float>(100f), new Vector<float>(gain), new Vector<float>(steer));
            for (var x = 1; x < width - 1; x += lanes)
            {
                // The last vector overlaps the one before; what was counted is masked out.
                var begin = Math.Min(x, Math.Max(1, width - 1 - lanes));
                var i = at + begin;
                var columns = ramp + new Vector<float>(begin);
                var m = new Vector<float>(moved, i);
                var inside = Vector.LessThan(m, limit) & Vector.GreaterThanOrEqual(columns, new Vector<float>(x)) & Vector.LessThan(columns, new Vector<float>(width - 1));
                if (Vector.EqualsAll(inside, Vector<int>.Zero))
                    continue;
                var f = Vector.ConditionalSelect(inside, new Vector<float>(first, i), Vector<float>.Zero);
                m = Vector.ConditionalSelect(inside, m, Vector<float>.Zero);
                sums[0] += Vector.ConditionalSelect(inside, Vector<float>.One, Vector<float>.Zero);
                sums[1] += f;
                sums[2] += m;
                sums[3] += f * f;
                sums[4] += m * m;
                sums[5] += f * m;
                var r = m - vgain * f;
                var w = Vector.ConditionalSelect(inside, Vector<float>.One / (Vector<float>.One + r * r * vsteer), Vector<float>.Zero);
                if (weights is not null)
                    w *= new Vector<float>(weights, i);
                var gx = vgain * half * (new Vector<float>(first, i + 1) - new Vector<float>(first, i - 1));
                var gy = vgain * half * (new Vector<float>(first, i + width) - new Vector<float>(first, i - width));
                var xx = columns - new Vector<float>(centreX);
                var (wx, wy) = (w * gx, w * gy);
                Add3(sums, 6, wx * gx, xx);
                Add3(sums, 9, wx * gy, xx);
                Add3(sums, 12, wy * gy, xx);
                sums[15] += wx * r;
                sums[16] += wx * r * xx;
                sums[17] += wy * r;
                sums[18] += wy * r * xx;
            }
            for (var k = 0; k < 19; k++)
                row[k] = Vector.Sum(sums[k]);
        }

        private static void Add3(Span<Vector<float>> sums, int at, Vector<float> value, Vector<float> x)
        {
            sums[at] += value;
            value *= x;
            sums[at + 1] += value;
            sums[at + 2] += value * x;
        }

        /// <summary>Adds a row's sums; parameters are (a b tx) for x and (c d ty) for y, with derivatives (x, y, 1) each.</summary>
        private readonly void AddRow(ReadOnlySpan<double> row, double y)
        {
            Span<int> blocks = [0, 3, 6]; // gx gx, gx gy, gy gy
            for (var p = 0; p < 6; p++)
            {
                for (var q = 0; q <= p; q++)
                {
                    var at = blocks[p / 3 + q / 3];
                    _hessian[p * (p + 1) / 2 + q] += (p % 3, q % 3) switch
                    {
                        (0, 0) => row[at + 2],
                        (0, 1) or (1, 0) => row[at + 1] * y,
                        (0, 2) or (2, 0) => row[at + 1],
                        (1, 1) => row[at] * y * y,
                        (1, 2) or (2, 1) => row[at] * y,
                        _ => row[at],
                    };
                }
                var right = 9 + 2 * (p / 3);
                _right[p] += (p % 3) switch { 0 => row[right + 1], 1 => row[right] * y, _ => row[right] };
            }
        }

        /// <summary>The step within the model; null where the images do not determine it.</summary>
        public readonly AffineMap? Step(AlignmentModel model, int height, int width)
        {
            // Columns: each free parameter as a combination of the six affine ones. A turn changes b by -1 and c by 1.
            double[][] free = model switch
            {
                AlignmentModel.Translation => [[0, 0, 1, 0, 0, 0], [0, 0, 0, 0, 0, 1]],
                AlignmentModel.Rigid => [[0, 0, 1, 0, 0, 0], [0, 0, 0, 0, 0, 1], [0, -1, 0, 1, 0, 0]],
                _ => [[1, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0], [0, 0, 0, 1, 0, 0], [0, 0, 0, 0, 1, 0], [0, 0, 0, 0, 0, 1]],
            };
            var system = new BandedSystem(free.Length, free.Length - 1);
            var right = new double[free.Length];
            for (var p = 0; p < free.Length; p++)
            {
                for (var q = 0; q <= p; q++)
                    system.Add(p, q, Product(free[p], free[q]));
                for (var k = 0; k < 6; k++)
                    right[p] += free[p][k] * _right[k];
                system.Add(p, p, 1e-9 * (1 + Product(free[p], free[p])));
            }
            var solution = system.Solve(right);
            var step = new double[6];
            for (var p = 0; p < free.Length; p++)
            {
                for (var k = 0; k < 6; k++)
                    step[k] += solution[p] * free[p][k];
            }
            if (!step.All(double.IsFinite))
                return null;
            var (y, x) = (0.5 * (height - 1), 0.5 * (width - 1));
            return model == AlignmentModel.Affine
                ? new AffineMap(1 + step[0], step[1], step[2] - step[0] * x - step[1] * y, step[3], 1 + step[4], step[5] - step[3] * x - step[4] * y)
                : AffineMap.Rotation(step[3], y, x, step[5], step[2]);
        }

        private readonly double Product(double[] u, double[] v)
        {
            var sum = 0.0;
            for (var p = 0; p < 6; p++)
            {
                for (var q = 0; q < 6; q++)
                    sum += u[p] * v[q] * _hessian[Math.Max(p, q) * (Math.Max(p, q) + 1) / 2 + Math.Min(p, q)];
            }
            return sum;
        }
    }
}
