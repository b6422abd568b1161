using OpenCvSharp;

namespace VisionCell.Augmentation;

/// <summary>OpenCV's image operations on sections <c>[H, W]</c> in single precision, without copies.</summary>
internal static unsafe class SectionImages
{
    /// <summary>Values of an image at the positions of a map: bicubic, edges repeated outside.</summary>
    /// <param name="source">Image <c>[height, width]</c>.</param>
    /// <param name="height">Rows of the image.</param>
    /// <param name="width">Columns of the image.</param>
    /// <param name="mapX">Column to read for each result, pixels <c>[rows, columns]</c>.</param>
    /// <param name="mapY">Row to read for each result, pixels <c>[rows, columns]</c>.</param>
    /// <param name="rows">Rows of the result.</param>
    /// <param name="columns">Columns of the result.</param>
    /// <param name="target">Result <c>[rows, columns]</c>.</param>
    public static void Remap(ReadOnlySpan<float> source, int height, int width, float[] mapX, float[] mapY, int rows, int columns, float[] target)
    {
        fixed (float* s = source, x = mapX, y = mapY, t = target)
        {
            using var from = Mat.FromPixelData(height, width, MatType.CV_32FC1, (nint)s);
            using var to = Mat.FromPixelData(rows, columns, MatType.CV_32FC1, (nint)t);
            using var atX = Mat.FromPixelData(rows, columns, MatType.CV_32FC1, (nint)x);
            using var atY = Mat.FromPixelData(rows, columns, MatType.CV_32FC1, (nint)y);
            Cv2.Remap(from, to, atX, atY, InterpolationFlags.Cubic, BorderTypes.Replicate);
        }
    }

    /// <summary><see cref="Remap(ReadOnlySpan{float}, int, int, float[], float[], int, int, float[])"/> of bytes, bilinear.</summary>
    public static void Remap(ReadOnlySpan<byte> source, int height, int width, float[] mapX, float[] mapY, int rows, int columns, byte[] target)
    {
        fixed (float* x = mapX, y = mapY)
        fixed (byte* s = source, t = target)
        {
            using var from = Mat.FromPixelData(height, width, MatType.CV_8UC1, (nint)s);
            using var to = Mat.FromPixelData(rows, columns, MatType.CV_8UC1, (nint)t);
            using var atX = Mat.FromPixelData(rows, columns, MatType.CV_32FC1, (nint)x);
            using var atY = Mat.FromPixelData(rows, columns, MatType.CV_32FC1, (nint)y);
            Cv2.Remap(from, to, atX, atY, InterpolationFlags.Linear, BorderTypes.Replicate);
        }
    }

    /// <summary>Replaces each value by the mean of the square around it; at the border by the mean of what lies inside.</summary>
    /// <param name="image">Image <c>[rows, columns]</c>, changed in place.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="radius">The square has 2 * radius + 1 pixels along each edge.</param>
    public static void BoxMean(float[] image, int rows, int columns, int radius)
    {
        fixed (float* p = image)
        {
            using var mat = Mat.FromPixelData(rows, columns, MatType.CV_32FC1, (nint)p);
            using var mean = new Mat();
            Cv2.BoxFilter(mat, mean, MatType.CV_32FC1, new Size(2 * radius + 1, 2 * radius + 1), borderType: BorderTypes.Reflect);
            mean.CopyTo(mat);
        }
    }

    /// <summary>Gaussian blur of an image in place; the border is mirrored.</summary>
    /// <param name="image">Image <c>[rows, columns]</c>.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="sigmaY">Standard deviation along columns, pixels; above 0.</param>
    /// <param name="sigmaX">Standard deviation along rows, pixels; above 0.</param>
    public static void Gaussian(Span<float> image, int rows, int columns, double sigmaY, double sigmaX)
    {
        // Three standard deviations hold 99.7 % of the kernel; OpenCV's own choice for floats, four, costs a third more.
        static int Width(double sigma) => 2 * Math.Max(1, (int)Math.Ceiling(3 * sigma)) + 1;
        fixed (float* p = image)
        {
            using var mat = Mat.FromPixelData(rows, columns, MatType.CV_32FC1, (nint)p);
            Cv2.GaussianBlur(mat, mat, new Size(Width(sigmaX), Width(sigmaY)), sigmaX, sigmaY, BorderTypes.Reflect101);
        }
    }
}
