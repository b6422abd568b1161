using OpenCvSharp;
using VisionCell.Acquisition;

namespace VisionCell.Preprocessing;

/// <summary>One image of a pyramid <c>[Height, Width]</c>: local mean 0 and local deviation about 1, so that stain and exposure do not count.</summary>
internal sealed record ImageLevel(int Height, int Width, float[] Values);

/// <summary>
/// A section as registration sees it: slightly smoothed, freed of its local mean and contrast (windows of 25 pixels), at its working
/// resolution and at halves of it down to an edge below 48 pixels.
/// </summary>
internal sealed class PreparedSection
{
    private const int LocalRadius = 12;

    /// <summary>Values beyond this many local deviations (dirt, dead pixels) count as this many.</summary>
    private const float Limit = 4;

    private PreparedSection(IReadOnlyList<ImageLevel> levels, bool hasContrast) => (Levels, HasContrast) = (levels, hasContrast);

    /// <summary>The pyramid; 0 is the working resolution.</summary>
    public IReadOnlyList<ImageLevel> Levels { get; }

    /// <summary>Whether the section shows anything.</summary>
    public bool HasContrast { get; }

    /// <summary>By how much sections are reduced so that no edge is longer than <paramref name="maxEdge"/>.</summary>
    public static int Reduction(int height, int width, int maxEdge) => Math.Max(1, (Math.Max(height, width) + maxEdge - 1) / maxEdge);

    /// <summary>Prepares a section.</summary>
    /// <param name="section">Grey values <c>[height, width]</c>.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="reduction">Whole number by which it is reduced first.</param>
    /// <param name="levels">Most levels to make.</param>
    public static unsafe PreparedSection Of(ReadOnlySpan<float> section, int height, int width, int reduction, int levels = int.MaxValue)
    {
        var hasContrast = SectionStatistics.Of(section).HasContrast;
        fixed (float* pointer = section)
        {
            using var full = Mat.FromPixelData(height, width, MatType.CV_32FC1, (nint)pointer);
            var image = new Mat();
            if (reduction > 1)
                Cv2.Resize(full, image, new Size(width / reduction, height / reduction), 0, 0, InterpolationFlags.Area);
            else
                full.CopyTo(image);
            var pyramid = new List<ImageLevel>();
            while (true)
            {
                pyramid.Add(Normalised(image));
                if (Math.Min(image.Rows, image.Cols) < 48 || pyramid.Count == levels)
                    break;
                var half = new Mat();
                // Pixel (x, y) of a level covers the pixels 2x and 2x + 1 of the finer one, as AffineMap.Scaled has it.
                Cv2.Resize(image, half, new Size(image.Cols / 2, image.Rows / 2), 0, 0, InterpolationFlags.Area);
                image.Dispose();
                image = half;
            }
            image.Dispose();
            return new PreparedSection(pyramid, hasContrast);
        }
    }

    private static unsafe ImageLevel Normalised(Mat image)
    {
        var window = new Size(2 * LocalRadius + 1, 2 * LocalRadius + 1);
        using var smooth = new Mat();
        using var mean = new Mat();
        using var square = new Mat();
        Cv2.GaussianBlur(image, smooth, new Size(5, 5), 1);
        Cv2.BoxFilter(smooth, mean, MatType.CV_32F, window, null, true, BorderTypes.Reflect101);
        Cv2.Subtract(smooth, mean, smooth);
        Cv2.SqrBoxFilter(smooth, square, MatType.CV_32F, window, null, true, BorderTypes.Reflect101);

        // Half of the section's own variance beside the local one: what is flat does not become as loud as what has structure.
        var floor = (float)Math.Max(0.5 * square.Mean().Val0, 1e-12);
        var values = new float[image.Rows * image.Cols];
        var s = new ReadOnlySpan<float>((void*)smooth.Data, values.Length);
        var q = new ReadOnlySpan<float>((void*)square.Data, values.Length);
        for (var i = 0; i < values.Length; i++)
            values[i] = Math.Clamp(s[i] / MathF.Sqrt(MathF.Max(0, q[i]) + floor), -Limit, Limit);
        return new ImageLevel(image.Rows, image.Cols, values);
    }
}
