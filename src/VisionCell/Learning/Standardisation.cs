using VisionCell.Volumes;

namespace VisionCell.Learning;

/// <summary>Grey values to mean 0 and standard deviation 1, in which networks compute, and back.</summary>
/// <param name="Mean">Mean grey value of what was observed.</param>
/// <param name="Deviation">Standard deviation of the same.</param>
internal sealed record Standardisation(float Mean, float Deviation)
{
    /// <summary>That of a stack; sections that were not observed do not count.</summary>
    /// <exception cref="BadInputException">A value is not finite, or all are the same.</exception>
    public static Standardisation Of(Volume<float> stack)
    {
        var (sum, squares, count) = (0.0, 0.0, 0L);
        for (var z = 0; z < stack.Shape.Z; z++)
        {
            if (stack.Unobserved.Contains(z))
                continue;
            foreach (var v in stack.Section(z))
            {
                sum += v;
                squares += (double)v * v;
            }
            count += stack.Shape.SectionCount;
        }
        var mean = sum / count;
        var deviation = Math.Sqrt(Math.Max(0, squares / count - mean * mean));
        if (!double.IsFinite(mean) || !double.IsFinite(deviation))
            throw new BadInputException("the stack holds values that are not finite (NaN or infinite); replace them first");
        if (deviation < 1e-6 * Math.Max(1, Math.Abs(mean)))
            throw new BadInputException($"every voxel of the stack is {mean:0.###}: there is no structure to learn from; use 'linear'");
        return new Standardisation((float)mean, (float)deviation);
    }

    /// <summary>A standardised copy.</summary>
    public Volume<float> Apply(Volume<float> volume) => volume.Map(v => (v - Mean) / Deviation);
}
