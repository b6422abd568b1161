using System.Numerics.Tensors;
using VisionCell.Acquisition;
using VisionCell.Volumes;

namespace VisionCell.Learning;

/// <summary>One gap of a stack.</summary>
/// <param name="Gap">As networks are told of it.</param>
/// <param name="Rows">Its rows of the isotropic grid that are wanted, ascending.</param>
/// <param name="Sections">Indices of the six sections about it; beyond the ends of the stack the last is repeated.</param>
internal sealed record StackGap(Gap Gap, int[] Rows, int[] Sections);

/// <summary>The gaps of a stack between sections that were observed, as networks that fill them want them.</summary>
internal static class GapsOfStack
{
    /// <summary>
    /// The gaps that rows lie in; rows that are themselves observed belong to none. Rows outside the centres of the first and the last
    /// section belong to gaps of their own.
    /// </summary>
    /// <param name="sparse">The stack.</param>
    /// <param name="first">First row of the isotropic grid.</param>
    /// <param name="count">Number of rows.</param>
    public static IEnumerable<StackGap> Of(SparseVolume sparse, int first, int count)
    {
        int[] seen = [.. Enumerable.Range(0, sparse.Sections).Where(sparse.IsObserved)];
        // Gap g lies between the seen sections g and g + 1; gap -1 before the first, the last behind the last.
        for (var g = -1; g < seen.Length; g++)
        {
            var (before, after) = (Centre(g), Centre(g + 1));
            int[] rows = [.. Enumerable.Range(first, count).Where(row => row >= before && row < after && !IsSection(row))];
            if (rows.Length > 0)
            {
                yield return new StackGap(
                    new Gap(after - before, sparse.Sampling.ExactThickness, [.. rows.Select(row => (row - before) / (after - before))]),
                    rows,
                    [.. Enumerable.Range(0, Gap.Sections).Select(i => seen[Math.Clamp(g - Gap.Sections / 2 + 1 + i, 0, seen.Length - 1)])]);
            }
        }

        double Centre(int g) => g < 0 ? sparse.Centre(seen[0]) - sparse.MeanPitch
            : g >= seen.Length ? sparse.Centre(seen[^1]) + sparse.MeanPitch
            : sparse.Centre(seen[g]);

        bool IsSection(int row) => sparse.Sampling.IsDecimation && seen.Any(s => Math.Abs(sparse.Centre(s) - row) < 1e-6);
    }

    /// <summary>Standardised grey values of sections in a window of the plane, <c>[n, height, width]</c>.</summary>
    /// <param name="stack">The sections.</param>
    /// <param name="sections">Which.</param>
    /// <param name="window">Window; its z says nothing.</param>
    /// <param name="standardisation">Grey values of the stack.</param>
    public static float[] Standardised(Volume<float> stack, int[] sections, Box window, Standardisation standardisation)
    {
        var (height, width) = (window.Shape.Y, window.Shape.X);
        var values = new float[sections.Length * height * width];
        for (var i = 0; i < sections.Length; i++)
        {
            for (var y = 0; y < height; y++)
            {
                var line = values.AsSpan((i * height + y) * width, width);
                TensorPrimitives.Subtract(stack.Data.AsSpan(stack.Index(sections[i], window.Y + y, window.X), width), standardisation.Mean, line);
                TensorPrimitives.Multiply(line, 1 / standardisation.Deviation, line);
            }
        }
        return values;
    }
}
