using System.Numerics.Tensors;
using OpenCvSharp;
using VisionCell.Volumes;

namespace VisionCell.Preprocessing;

/// <summary>
/// How alike two sections are, block by block, whatever lies between them in shift, slight rotation, brightness and contrast. Sections are
/// reduced to about 160 pixels by averaging; the shift between them is found by phase correlation; each block of one is then looked for
/// around the place that the shift says in the other (normalised cross-correlation, a few pixels either way). What is left is how much of
/// the content agrees: high for neighbours, low for damage, about 0.3 for sections without relation, since the best of many places is taken.
/// </summary>
public sealed class SectionLikeness
{
    /// <summary>Longest edge of a reduced section, pixels.</summary>
    private const int ReducedEdge = 160;

    /// <summary>How far a block is looked for from where the shift says, reduced pixels: 2 degrees move the corner of 160 pixels by 4.</summary>
    private const int Search = 5;

    /// <summary>What stands for the likeness of a block that has no place in the other section.</summary>
    public const double Outside = -2;

    private readonly int _height;
    private readonly int _width;
    private readonly int _factor;
    private readonly int _reducedHeight;
    private readonly int _reducedWidth;
    private readonly int _block;

    /// <summary>For sections of one size.</summary>
    /// <exception cref="BadInputException">They are smaller than 16 pixels along an edge.</exception>
    public SectionLikeness(int height, int width)
    {
        if (height < 16 || width < 16)
            throw new BadInputException($"sections of {height} x {width} pixels cannot be compared: at least 16 x 16 are needed");
        (_height, _width) = (height, width);
        _factor = Math.Max(1, (Math.Max(height, width) + ReducedEdge - 1) / ReducedEdge);
        _factor = Math.Min(_factor, Math.Min(height, width) / 16);
        (_reducedHeight, _reducedWidth) = (height / _factor, width / _factor);
        _block = Math.Clamp(Math.Min(_reducedHeight, _reducedWidth) / 6, 8, 32);
    }

    /// <summary>Number of blocks along y and x.</summary>
    public (int Y, int X) Blocks => (_reducedHeight / _block, _reducedWidth / _block);

    /// <summary>A section, reduced by averaging and slightly smoothed (standard deviation 1 pixel) against noise.</summary>
    public unsafe float[] Reduce(ReadOnlySpan<float> section)
    {
        var reduced = new float[_reducedHeight * _reducedWidth];
        fixed (float* s = section)
        fixed (float* r = reduced)
        {
            using var from = Mat.FromPixelData(_height, _width, MatType.CV_32FC1, (nint)s);
            using var whole = from[new Rect(0, 0, _reducedWidth * _factor, _reducedHeight * _factor)];
            using var to = Mat.FromPixelData(_reducedHeight, _reducedWidth, MatType.CV_32FC1, (nint)r);
            Cv2.Resize(whole, to, to.Size(), 0, 0, InterpolationFlags.Area);
            Cv2.GaussianBlur(to, to, new Size(5, 5), 1);
        }
        return reduced;
    }

    /// <summary>
    /// Likeness of each block of <paramref name="two"/> to its place in <paramref name="one"/>, row by row, -1 to 1; 0 where either is blank,
    /// <see cref="Outside"/> where its place lies outside.
    /// </summary>
    /// <param name="one">A section from <see cref="Reduce"/>.</param>
    /// <param name="two">Another.</param>
    public unsafe double[] Compare(float[] one, float[] two)
    {
        var shift = PhaseCorrelation.Estimate(one, two, _reducedHeight, _reducedWidth, Math.Min(_reducedHeight, _reducedWidth) / 5.0);
        var (shiftY, shiftX) = shift.IsReliable ? ((int)Math.Round(shift.Y), (int)Math.Round(shift.X)) : (0, 0);
        var (blocksY, blocksX) = Blocks;
        var result = new double[blocksY * blocksX];
        // A block is blank where its deviation is a thousandth of the section's.
        var blank = 1e-3 * Math.Max(TensorPrimitives.StdDev<float>(one), TensorPrimitives.StdDev<float>(two));
        fixed (float* a = one)
        fixed (float* b = two)
        {
            using var first = Mat.FromPixelData(_reducedHeight, _reducedWidth, MatType.CV_32FC1, (nint)a);
            using var second = Mat.FromPixelData(_reducedHeight, _reducedWidth, MatType.CV_32FC1, (nint)b);
            for (var i = 0; i < result.Length; i++)
            {
                var place = new Rect(i % blocksX * _block, i / blocksX * _block, _block, _block);
                // Content of the second lies further by the shift than in the first.
                var top = Math.Max(0, place.Y - shiftY - Search);
                var left = Math.Max(0, place.X - shiftX - Search);
                var bottom = Math.Min(_reducedHeight, place.Y - shiftY + _block + Search);
                var right = Math.Min(_reducedWidth, place.X - shiftX + _block + Search);
                if (bottom - top < _block + Search || right - left < _block + Search)
                {
                    result[i] = Outside;
                    continue;
                }
                using var template = second[place];
                using var area = first[new Rect(left, top, right - left, bottom - top)];
                result[i] = IsBlank(template, blank) || IsBlank(area, blank) ? 0 : Best(area, template);
            }
        }
        return result;
    }

    private static bool IsBlank(Mat block, double limit)
    {
        Cv2.MeanStdDev(block, out _, out var deviation);
        return deviation.Val0 <= limit;
    }

    private static double Best(Mat area, Mat template)
    {
        using var map = new Mat();
        Cv2.MatchTemplate(area, template, map, TemplateMatchModes.CCoeffNormed);
        Cv2.MinMaxLoc(map, out double _, out double best);
        return double.IsFinite(best) ? Math.Clamp(best, -1, 1) : 0;
    }
}
