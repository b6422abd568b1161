using VisionCell.Volumes;

namespace VisionCell.Acquisition;

/// <summary>
/// Standard deviation of the noise in sections, from the data alone. Source: the mask of Immerkær, "Fast noise variance estimation",
/// CVIU 64, 1996, doi:10.1006/cviu.1996.0060, which is blind to planes and to straight edges along the axes, read robustly: 1.4826 times the median absolute response over
/// the mask's norm of 6. Holds for noise that is independent from pixel to pixel; fine texture counts as noise, so that it errs high.
/// </summary>
public static class NoiseLevel
{
    // The median of this many responses has a standard error of 0.6 %.
    private const int MaxSamples = 1 << 16;

    /// <summary>Noise of a section <c>[Y, X]</c>, grey values.</summary>
    /// <exception cref="BadInputException">The section is smaller than 3 x 3.</exception>
    public static double OfSection(ReadOnlySpan<float> section, int height, int width)
    {
        if (height < 3 || width < 3)
            throw new BadInputException($"a section of {height} x {width} pixels: the noise estimate needs at least 3 x 3");
        // Whole rows, spread evenly, where the section has more pixels than are needed.
        var step = Math.Max(1, (int)((long)(height - 2) * (width - 2) / MaxSamples));
        var responses = new float[(height - 2 + step - 1) / step * (width - 2)];
        var at = 0;
        for (var y = 1; y < height - 1; y += step)
        {
            for (var x = 1; x < width - 1; x++)
            {
                var i = y * width + x;
                var response = section[i - width - 1] - 2 * section[i - width] + section[i - width + 1]
                    - 2 * section[i - 1] + 4 * section[i] - 2 * section[i + 1]
                    + section[i + width - 1] - 2 * section[i + width] + section[i + width + 1];
                responses[at++] = MathF.Abs(response);
            }
        }
        Array.Sort(responses);
        return 1.4826 * responses[responses.Length / 2] / 6;
    }

    /// <summary>Noise of a stack: the median over its sections with contrast; 0 where none has any.</summary>
    public static double Of(Volume<float> stack, CancellationToken cancellation = default)
    {
        var levels = new double[stack.Shape.Z];
        Parallel.For(0, levels.Length, new ParallelOptions { CancellationToken = cancellation }, z =>
            levels[z] = SectionStatistics.Of(stack.Section(z)).HasContrast ? OfSection(stack.Section(z), stack.Shape.Y, stack.Shape.X) : double.NaN);
        var known = levels.Where(l => !double.IsNaN(l)).ToArray();
        return known.Length == 0 ? 0 : Ordered.Median(known);
    }
}
