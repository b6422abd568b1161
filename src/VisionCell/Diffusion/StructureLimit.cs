using OpenCvSharp;

namespace VisionCell.Diffusion;

/// <summary>
/// Keeps a sample from drawing structure where there is none: nowhere may a row have more power between the scales of membranes and vesicles
/// (differences of Gaussians of 1.5 and 4 pixels) than the two sections about it have at the same place. Powers are geometric means over
/// about six pixels, so that tissue beside resin does not count for resin. Where a row has more, so much of what the sample adds to the regression is taken back. One temperature for the whole volume fits tissue, and drew twice the sections'
/// structure in empty resin (docs/benchmarks/diffusion.md).
/// </summary>
internal static class StructureLimit
{
    private const double Share = Sharpness.Wanted * Sharpness.Wanted;
    private const double Fine = 1.5;
    private const double Broad = 4;
    private const double Least = 2;
    private const double About = 6;

    /// <summary>Power of a section or row at each pixel, <c>[Y, X]</c>.</summary>
    public static Mat Power(ReadOnlySpan<float> image, int height, int width)
    {
        using var grey = Mat.FromPixelData(height, width, MatType.CV_32FC1, image.ToArray());
        using Mat fine = new(), broad = new();
        Cv2.GaussianBlur(grey, fine, new Size(0, 0), Fine);
        Cv2.GaussianBlur(grey, broad, new Size(0, 0), Broad);
        Cv2.Subtract(fine, broad, fine);
        Cv2.Multiply(fine, fine, fine);
        Cv2.GaussianBlur(fine, fine, new Size(0, 0), Least);
        Cv2.Add(fine, new Scalar(1e-12), fine);
        Cv2.Log(fine, fine);
        var power = new Mat();
        Cv2.GaussianBlur(fine, power, new Size(0, 0), About);
        Cv2.Exp(power, power);
        return power;
    }

    /// <summary>Limits a row of a sample, in place.</summary>
    /// <param name="row">The sample, grey values, <c>[Y, X]</c>.</param>
    /// <param name="regression">What it started from, the same.</param>
    /// <param name="before">Power of the section before the gap.</param>
    /// <param name="after">Power of the section behind it.</param>
    /// <param name="position">Where the row lies: 0 at the first, 1 at the second.</param>
    public static void Apply(Span<float> row, ReadOnlySpan<float> regression, Mat before, Mat after, double position)
    {
        var (height, width) = (before.Rows, before.Cols);
        using Mat own = Power(row, height, width), floor = Power(regression, height, width), allowed = new();
        Cv2.AddWeighted(before, Share * (1 - position), after, Share * position, 0, allowed);
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var (drawn, most, least) = (own.At<float>(y, x), allowed.At<float>(y, x), floor.At<float>(y, x));
                if (drawn <= most)
                    continue;
                // What a sample adds is independent of the regression: powers add.
                var share = most <= least || drawn <= least ? 0 : MathF.Sqrt((most - least) / (drawn - least));
                var i = y * width + x;
                row[i] = regression[i] + share * (row[i] - regression[i]);
            }
        }
    }
}
