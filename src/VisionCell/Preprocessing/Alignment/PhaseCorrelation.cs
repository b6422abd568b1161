using System.Numerics;
using OpenCvSharp;

namespace VisionCell.Preprocessing;

/// <summary>How far the content of one image lies from where it lies in another.</summary>
/// <param name="Y">Displacement along y, pixels; positive where the content of the second image lies further down.</param>
/// <param name="X">Displacement along x, pixels.</param>
/// <param name="Confidence">Height of the correlation peak, 0 (nothing in common) to 1 (a shifted copy).</param>
/// <param name="IsReliable">Whether a peak of that height is out of reach of chance.</param>
public readonly record struct ShiftEstimate(double Y, double X, double Confidence, bool IsReliable);

/// <summary>
/// Translation between two images <c>[Y, X]</c> from the phases of their spectra. Source: Kuglin and Hines, "The phase correlation image
/// alignment method", Proc. Int. Conf. Cybernetics and Society, 1975; sub-pixel peak by a parabola through the logarithm, exact for
/// the Gaussian peak that a Gaussian weight of the frequencies makes. Transforms by OpenCV.
/// The window that hides the images' borders stands still while the content moves, which pulls a single estimate toward zero: the
/// second pass compares windows placed on the same content and measures what is left.
/// </summary>
public static class PhaseCorrelation
{
    /// <summary>Standard deviation of the weight on frequencies, cycles a pixel. Finer ones are noise in electron micrographs; the peak is 1.3 pixels wide.</summary>
    private const double FrequencyWidth = 0.12;

    /// <summary>Images longer than this are compared in their centre.</summary>
    private const int MaxEdge = 2048;

    /// <summary>Displacement of <paramref name="moved"/> against <paramref name="still"/>.</summary>
    /// <param name="still">Image <c>[Y, X]</c>, any grey values.</param>
    /// <param name="moved">Image of the same shape.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="maxShift">Largest displacement looked for, pixels; bounded to half the image.</param>
    public static ShiftEstimate Estimate(ReadOnlySpan<float> still, ReadOnlySpan<float> moved, int height, int width, double maxShift)
    {
        var coarse = EstimateAt(still, moved, height, width, 0, 0, maxShift);
        if (!coarse.IsReliable)
            return coarse;
        var (y, x) = ((int)Math.Round(coarse.Y), (int)Math.Round(coarse.X));
        var fine = EstimateAt(still, moved, height, width, y, x, Math.Min(maxShift, 3));
        return fine.IsReliable ? fine with { Y = y + fine.Y, X = x + fine.X } : coarse;
    }

    /// <summary>One pass over the whole images: to within a pixel, which refinement by other means can start from.</summary>
    internal static ShiftEstimate Coarse(ReadOnlySpan<float> still, ReadOnlySpan<float> moved, int height, int width, double maxShift) =>
        EstimateAt(still, moved, height, width, 0, 0, maxShift);

    /// <summary>One pass, between a window of the first image and the window of the second that lies (offsetY, offsetX) from it.</summary>
    private static ShiftEstimate EstimateAt(ReadOnlySpan<float> still, ReadOnlySpan<float> moved, int height, int width, int offsetY, int offsetX, double maxShift)
    {
        var windowY = Math.Min(height - Math.Abs(offsetY), MaxEdge);
        var windowX = Math.Min(width - Math.Abs(offsetX), MaxEdge);
        if (windowY < 8 || windowX < 8)
            return default;
        var y0 = (height - Math.Abs(offsetY) - windowY) / 2 + Math.Max(0, -offsetY);
        var x0 = (width - Math.Abs(offsetX) - windowX) / 2 + Math.Max(0, -offsetX);
        var (sizeY, sizeX) = (Cv2.GetOptimalDFTSize(windowY), Cv2.GetOptimalDFTSize(windowX));

        // 1. Both real images in one complex transform, means removed, borders hidden by a Hann window.
        var values = new Complex[sizeY * sizeX];
        var meanA = Mean(still, width, y0, x0, windowY, windowX);
        var meanB = Mean(moved, width, y0 + offsetY, x0 + offsetX, windowY, windowX);
        for (var y = 0; y < windowY; y++)
        {
            var hannY = 0.5 - 0.5 * Math.Cos(2 * Math.PI * (y + 1) / (windowY + 1));
            for (var x = 0; x < windowX; x++)
            {
                var window = hannY * (0.5 - 0.5 * Math.Cos(2 * Math.PI * (x + 1) / (windowX + 1)));
                values[y * sizeX + x] = new Complex(
                    (still[(y0 + y) * width + x0 + x] - meanA) * window,
                    (moved[(y0 + offsetY + y) * width + x0 + offsetX + x] - meanB) * window);
            }
        }
        Transform(values, sizeY, sizeX, DftFlags.None);

        // 2. Phases of the cross-spectrum conj(A) B, weighted.
        var phases = new Complex[values.Length];
        double sum = 0, sumOfSquares = 0;
        var weightsY = Weights(sizeY);
        var weightsX = Weights(sizeX);
        for (var ky = 0; ky < sizeY; ky++)
        {
            for (var kx = 0; kx < sizeX; kx++)
            {
                var weight = weightsY[ky] * weightsX[kx];
                if (weight < 1e-4 || (ky == 0 && kx == 0))
                    continue;
                var u = values[ky * sizeX + kx];
                var v = Complex.Conjugate(values[(sizeY - ky) % sizeY * sizeX + (sizeX - kx) % sizeX]);
                var cross = Complex.Conjugate(u + v) * ((u - v) * new Complex(0, -1));
                var size = Math.Sqrt(cross.Real * cross.Real + cross.Imaginary * cross.Imaginary);
                if (size > 0)
                    phases[ky * sizeX + kx] = cross * (weight / size);
                sum += weight;
                sumOfSquares += weight * weight;
            }
        }
        Transform(phases, sizeY, sizeX, DftFlags.Inverse);

        // 3. The highest point within reach.
        double At(int dy, int dx) => phases[(dy + sizeY) % sizeY * sizeX + (dx + sizeX) % sizeX].Real;
        var reachY = (int)Math.Min(Math.Ceiling(maxShift), windowY / 2 - 1);
        var reachX = (int)Math.Min(Math.Ceiling(maxShift), windowX / 2 - 1);
        var (bestY, bestX, best) = (0, 0, double.NegativeInfinity);
        for (var dy = -reachY; dy <= reachY; dy++)
        {
            for (var dx = -reachX; dx <= reachX; dx++)
            {
                if (At(dy, dx) > best)
                    (bestY, bestX, best) = (dy, dx, At(dy, dx));
            }
        }
        if (sum == 0)
            return default;

        // 4. Chance: phases without relation give a height of sqrt(Σw²), and among n places one of sqrt(2 ln n) times as much. The Hann
        // window ties neighbouring frequencies together (noise bandwidth 1.5 along each axis), which raises it by as much again.
        var places = Math.Max(2.0, (2 * reachY + 1) * (2 * reachX + 1));
        var padding = (double)values.Length / ((double)windowY * windowX);
        var chance = 1.5 * Math.Sqrt(padding * sumOfSquares) * Math.Sqrt(2 * Math.Log(places));
        return new ShiftEstimate(
            bestY + Vertex(At(bestY - 1, bestX), best, At(bestY + 1, bestX)),
            bestX + Vertex(At(bestY, bestX - 1), best, At(bestY, bestX + 1)),
            Math.Clamp(best / sum, 0, 1),
            best > 1.2 * chance);
    }

    /// <summary>Where the peak lies between -0.5 and 0.5, from three heights around it.</summary>
    private static double Vertex(double before, double at, double after)
    {
        if (before > 0 && after > 0 && at > 0)
            (before, at, after) = (Math.Log(before), Math.Log(at), Math.Log(after));
        var curvature = before - 2 * at + after;
        return curvature < 0 ? Math.Clamp(0.5 * (before - after) / curvature, -0.5, 0.5) : 0;
    }

    private static double[] Weights(int length) => [.. Enumerable.Range(0, length).Select(k =>
    {
        var frequency = (k <= length / 2 ? k : k - length) / (double)length;
        return Math.Exp(-frequency * frequency / (2 * FrequencyWidth * FrequencyWidth));
    })];

    private static double Mean(ReadOnlySpan<float> image, int width, int y0, int x0, int height, int columns)
    {
        var sum = 0.0;
        for (var y = y0; y < y0 + height; y++)
        {
            foreach (var value in image.Slice(y * width + x0, columns))
                sum += value;
        }
        return sum / ((double)height * columns);
    }

    internal static unsafe void Transform(Complex[] values, int rows, int columns, DftFlags flags)
    {
        fixed (Complex* pointer = values)
        {
            using var mat = Mat.FromPixelData(rows, columns, MatType.CV_64FC2, (nint)pointer);
            Cv2.Dft(mat, mat, flags);
        }
    }
}
