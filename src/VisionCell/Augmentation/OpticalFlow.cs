using System.Numerics.Tensors;
using OpenCvSharp;
using VisionCell.Volumes;

namespace VisionCell.Augmentation;

/// <summary>How motion between sections is estimated.</summary>
/// <param name="Window">
/// Edge of the averaging window, pixels. Large windows follow membranes and not noise: on medulla-1 at decimate:4 the warp alone gains
/// 0.42 dB over linear with 45, 0.23 with 31, -0.06 with 21, and the best blend 0.77, 0.75, 0.69 (docs/benchmarks/augmentation.md).
/// </param>
/// <param name="Levels">Levels of the pyramid: motion up to about 2^levels times the window's reach is followed.</param>
/// <param name="Iterations">Iterations on each level.</param>
/// <param name="Neighbourhood">Edge of the neighbourhood whose grey values are taken for a polynomial, pixels: 5 or 7.</param>
/// <param name="Smoothing">Standard deviation of the weights in that neighbourhood, pixels: 1.1 goes with 5, 1.5 with 7.</param>
public sealed record OpticalFlowConfiguration(int Window = 45, int Levels = 4, int Iterations = 5, int Neighbourhood = 5, double Smoothing = 1.1)
{
    /// <summary>The configuration, if every value is in range.</summary>
    /// <exception cref="BadInputException">A value is out of range.</exception>
    public OpticalFlowConfiguration Validated()
    {
        if (Window is < 5 or > 255)
            throw new BadInputException($"flow window of {Window} pixels: must be 5 to 255");
        if (Levels is < 1 or > 8)
            throw new BadInputException($"{Levels} levels of the flow's pyramid: must be 1 to 8");
        if (Iterations is < 1 or > 100)
            throw new BadInputException($"{Iterations} iterations of the flow: must be 1 to 100");
        if (Neighbourhood is not (5 or 7))
            throw new BadInputException($"flow neighbourhood of {Neighbourhood} pixels: must be 5 or 7");
        if (Smoothing is not (> 0 and <= 5))
            throw new BadInputException($"flow smoothing of {Smoothing} pixels: must be above 0, at most 5");
        return this;
    }
}

/// <summary>Motion of every pixel of a section, pixels: what is at (y, x) there is at (y + Y, x + X) in the other section.</summary>
/// <param name="X">Displacement along x <c>[Height, Width]</c>, pixels.</param>
/// <param name="Y">Displacement along y <c>[Height, Width]</c>, pixels.</param>
/// <param name="Height">Rows.</param>
/// <param name="Width">Columns.</param>
public sealed record FlowField(float[] X, float[] Y, int Height, int Width);

/// <summary>
/// Dense optical flow between two sections <c>[H, W]</c> by polynomial expansion, in OpenCV's implementation. Source: G. Farneback,
/// "Two-frame motion estimation based on polynomial expansion", SCIA 2003, doi:10.1007/3-540-45103-X_50. DIS flow, tried from Python,
/// gains 0.0 to 0.2 dB more; OpenCvSharp does not offer it.
/// </summary>
public static class OpticalFlow
{
    /// <summary>Estimates where the pixels of one section are in another.</summary>
    /// <param name="from">Section <c>[height, width]</c>.</param>
    /// <param name="to">The other section, same shape and units.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="configuration">How; null for the defaults.</param>
    /// <exception cref="BadInputException">A section does not have height x width pixels, or a value of the configuration is out of range.</exception>
    public static unsafe FlowField Estimate(ReadOnlySpan<float> from, ReadOnlySpan<float> to, int height, int width, OpticalFlowConfiguration? configuration = null)
    {
        var how = (configuration ?? new OpticalFlowConfiguration()).Validated();
        if (from.Length != height * width || to.Length != height * width)
            throw new BadInputException($"flow between sections of {from.Length:N0} and {to.Length:N0} pixels: both must have {height} x {width}");
        // The polynomial fit has an absolute tolerance made for grey levels of 0 to 255; other units are brought there.
        float low = Math.Min(TensorPrimitives.Min(from), TensorPrimitives.Min(to)), high = Math.Max(TensorPrimitives.Max(from), TensorPrimitives.Max(to));
        var scale = high > low ? 255 / (high - low) : 1;
        float[] a = new float[from.Length], b = new float[to.Length];
        Scale(from, a);
        Scale(to, b);
        var flow = new float[2 * a.Length];
        fixed (float* pa = a, pb = b, pf = flow)
        {
            using var first = Mat.FromPixelData(height, width, MatType.CV_32FC1, (nint)pa);
            using var second = Mat.FromPixelData(height, width, MatType.CV_32FC1, (nint)pb);
            using var result = Mat.FromPixelData(height, width, MatType.CV_32FC2, (nint)pf);
            Cv2.CalcOpticalFlowFarneback(first, second, result, 0.5, how.Levels, how.Window, how.Iterations, how.Neighbourhood, how.Smoothing, OpticalFlowFlags.FarnebackGaussian);
            if (result.Data != (nint)pf)
                throw new InvalidOperationException("OpenCV moved the result of the flow out of the array that it was given");
        }
        // (x, y) pairs into two planes; the arrays of the input serve again.
        for (var i = 0; i < a.Length; i++)
            (a[i], b[i]) = (flow[2 * i], flow[2 * i + 1]);
        return new FlowField(a, b, height, width);

        void Scale(ReadOnlySpan<float> values, Span<float> scaled)
        {
            TensorPrimitives.Subtract(values, low, scaled);
            TensorPrimitives.Multiply(scaled, scale, scaled);
        }
    }
}
