using System.Numerics.Tensors;

namespace VisionCell.Augmentation;

/// <summary>What is known about one position in a gap: the straight line, what motion adds to it, what curvature adds, and how sure it is.</summary>
/// <param name="shape">Rows and columns of the region.</param>
internal sealed class GapCandidates((int Rows, int Columns) shape)
{
    /// <summary>Rows and columns of the region.</summary>
    public (int Rows, int Columns) Shape { get; } = shape;

    /// <summary>Linear interpolation <c>[rows, columns]</c>.</summary>
    public float[] Linear { get; } = new float[shape.Rows * shape.Columns];

    /// <summary>Sections warped to the position and blended, minus <see cref="Linear"/>.</summary>
    public float[] Motion { get; } = new float[shape.Rows * shape.Columns];

    /// <summary>Catmull-Rom spline through four sections, minus <see cref="Linear"/>.</summary>
    public float[] Curvature { get; } = new float[shape.Rows * shape.Columns];

    /// <summary>0 where the flows disagree or warping does not lower the mismatch, up to 1 where both flows agree and the warped sections are equal.</summary>
    public float[] Confidence { get; } = new float[shape.Rows * shape.Columns];

    /// <summary>Mean absolute difference of the two sections around each pixel, warped where that lowers it, in their units.</summary>
    public float[] Mismatch { get; } = new float[shape.Rows * shape.Columns];
}

/// <summary>
/// A section at any position between two others, as a video is slowed down: both are warped along the flow to that position and blended
/// by how well each is seen there. Storage <c>[H, W]</c> in the units of the sections; position t from 0 (before) to 1 (after).
/// Source: Jiang et al., "Super SloMo", CVPR 2018, arXiv:1712.00080, formulas (1), (4) and (5), with the agreement of the flows for
/// visibility in place of a network.
/// </summary>
/// <param name="height">Rows of a section.</param>
/// <param name="width">Columns of a section.</param>
internal sealed class SectionInterpolator(int height, int width)
{
    /// <summary>Half the edge of the square over which the sections are compared: 7 pixels, a membrane and what lies beside it.</summary>
    private const int Radius = 3;

    // A difference below this share of the unwarped one is as good as none; keeps 0 / 0 from being a confidence.
    private const float Tiny = 1e-6f;

    /// <summary>Everything that is known of a region at position t.</summary>
    /// <param name="outerBefore">The section before the one before the gap, or empty where there is none.</param>
    /// <param name="before">The section before the gap.</param>
    /// <param name="after">The section after the gap.</param>
    /// <param name="outerAfter">The section after the one after the gap, or empty.</param>
    /// <param name="flow">Motion across the gap.</param>
    /// <param name="t">Position, 0 to 1.</param>
    /// <param name="top">First row of the region.</param>
    /// <param name="left">First column of the region.</param>
    /// <param name="rows">Rows of the region.</param>
    /// <param name="columns">Columns of the region.</param>
    public GapCandidates At(
        ReadOnlySpan<float> outerBefore, ReadOnlySpan<float> before, ReadOnlySpan<float> after, ReadOnlySpan<float> outerAfter, GapFlow flow,
        float t, int top, int left, int rows, int columns)
    {
        // Windows of the comparison reach beyond the region; with this margin a region has the values that the whole section has.
        int y0 = Math.Max(0, top - Radius), x0 = Math.Max(0, left - Radius);
        int h = Math.Min(height, top + rows + Radius) - y0, w = Math.Min(width, left + columns + Radius) - x0;
        var n = h * w;

        // 1. Flow from the position to either section, from both flows at the same pixel: formula (4).
        float[] mapX = new float[n], mapY = new float[n], line = new float[w];
        float[] warpedBefore = new float[n], warpedAfter = new float[n];
        byte[] seenBefore = new byte[n], seenAfter = new byte[n];
        Map(-(1 - t) * t, t * t);
        SectionImages.Remap(before, height, width, mapX, mapY, h, w, warpedBefore);
        SectionImages.Remap(flow.AgreementBefore, height, width, mapX, mapY, h, w, seenBefore);
        Map((1 - t) * (1 - t), -t * (1 - t));
        SectionImages.Remap(after, height, width, mapX, mapY, h, w, warpedAfter);
        SectionImages.Remap(flow.AgreementAfter, height, width, mapX, mapY, h, w, seenAfter);

        // 2. Mismatch of the sections around each pixel, as they are and warped.
        float[] still = new float[n], moved = new float[n];
        for (var y = 0; y < h; y++)
        {
            var row = still.AsSpan(y * w, w);
            TensorPrimitives.Subtract(before.Slice((y0 + y) * width + x0, w), after.Slice((y0 + y) * width + x0, w), row);
            TensorPrimitives.Abs(row, row);
        }
        TensorPrimitives.Subtract(warpedBefore, warpedAfter, moved);
        TensorPrimitives.Abs(moved, moved);
        SectionImages.BoxMean(still, h, w, Radius);
        SectionImages.BoxMean(moved, h, w, Radius);

        // 3. The region itself: blend by visibility, formula (5), and confidence. Curvature: Catmull-Rom weights minus linear ones; a
        // missing outer section is the straight continuation, 2 a - b.
        float c0 = -0.5f * t * (1 - t) * (1 - t), c3 = -0.5f * t * t * (1 - t);
        var c1 = 1 - t * t * (2.5f - 1.5f * t) - (1 - t);
        var c2 = -(c0 + c1 + c3);
        var result = new GapCandidates((rows, columns));
        for (var y = 0; y < rows; y++)
        {
            for (var x = 0; x < columns; x++)
            {
                int i = (top - y0 + y) * w + left - x0 + x, s = (top + y) * width + left + x, k = y * columns + x;
                var linear = (1 - t) * before[s] + t * after[s];
                float p0 = (1 - t) * (seenBefore[i] + 1), p1 = t * (seenAfter[i] + 1), sum = p0 + p1;
                result.Linear[k] = linear;
                result.Motion[k] = (p0 * warpedBefore[i] + p1 * warpedAfter[i]) / sum - linear;
                var agreement = (p0 * seenBefore[i] + p1 * seenAfter[i]) / (255 * sum);
                result.Confidence[k] = agreement * Math.Clamp(1 - moved[i] / (still[i] + Tiny), 0, 1);
                result.Mismatch[k] = Math.Min(moved[i], still[i]);
                float a = before[s], b = after[s];
                var o = outerBefore.IsEmpty ? 2 * a - b : outerBefore[s];
                var q = outerAfter.IsEmpty ? 2 * b - a : outerAfter[s];
                result.Curvature[k] = c0 * o + c1 * a + c2 * b + c3 * q;
            }
        }
        return result;

        void Map(float forward, float backward)
        {
            for (var y = 0; y < h; y++)
            {
                var at = (y0 + y) * width + x0;
                Along(flow.ForwardX, flow.BackwardX, at, mapX.AsSpan(y * w, w));
                Along(flow.ForwardY, flow.BackwardY, at, mapY.AsSpan(y * w, w));
                for (var x = 0; x < w; x++)
                {
                    mapX[y * w + x] += x0 + x;
                    mapY[y * w + x] += y0 + y;
                }
            }
            void Along(Half[] there, Half[] back, int at, Span<float> sum)
            {
                TensorPrimitives.ConvertToSingle(there.AsSpan(at, w), sum);
                TensorPrimitives.Multiply(sum, forward, sum);
                TensorPrimitives.ConvertToSingle(back.AsSpan(at, w), line);
                TensorPrimitives.MultiplyAdd(line, backward, sum, sum);
            }
        }
    }
}
