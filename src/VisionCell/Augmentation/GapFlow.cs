using System.Numerics.Tensors;

namespace VisionCell.Augmentation;

/// <summary>
/// Motion across one gap in both directions, and where the two agree. Kept in half precision, 10 bytes a pixel, so that the flows of a
/// whole stack take about as much memory as its sections. Where forward and backward flow do not cancel, one section shows what the
/// other does not. Source of the criterion: Sundaram, Brox, Keutzer, "Dense point trajectories by GPU-accelerated large displacement
/// optical flow", ECCV 2010, doi:10.1007/978-3-642-15549-9_32, formula (5); taken as a soft one, 1 / (1 + violation).
/// </summary>
internal sealed class GapFlow
{
    private const float RelativeTolerance = 0.01f, AbsoluteTolerance = 0.5f;

    private GapFlow(FlowField forward, FlowField backward, byte[] before, byte[] after)
    {
        (ForwardX, ForwardY, BackwardX, BackwardY) = (Halves(forward.X), Halves(forward.Y), Halves(backward.X), Halves(backward.Y));
        (AgreementBefore, AgreementAfter) = (before, after);
    }

    /// <summary>Motion from the section before the gap to the one after, pixels <c>[H, W]</c>.</summary>
    public Half[] ForwardX { get; }

    /// <inheritdoc cref="ForwardX"/>
    public Half[] ForwardY { get; }

    /// <summary>Motion from the section after the gap to the one before, pixels <c>[H, W]</c>.</summary>
    public Half[] BackwardX { get; }

    /// <inheritdoc cref="BackwardX"/>
    public Half[] BackwardY { get; }

    /// <summary>How well the flows agree at each pixel of the section before the gap, 0 to 255 <c>[H, W]</c>.</summary>
    public byte[] AgreementBefore { get; }

    /// <summary>How well they agree at each pixel of the section after the gap.</summary>
    public byte[] AgreementAfter { get; }

    /// <summary>Estimates both flows between two sections <c>[height, width]</c>.</summary>
    public static GapFlow Estimate(ReadOnlySpan<float> before, ReadOnlySpan<float> after, int height, int width, OpticalFlowConfiguration configuration)
    {
        var forward = OpticalFlow.Estimate(before, after, height, width, configuration);
        var backward = OpticalFlow.Estimate(after, before, height, width, configuration);
        return new GapFlow(forward, backward, Agreement(forward, backward), Agreement(backward, forward));
    }

    /// <summary>1 / (1 + |f(x) + g(x + f(x))|² / (0.01 (|f|² + |g|²) + 0.5)) in 255 steps.</summary>
    internal static byte[] Agreement(FlowField f, FlowField g)
    {
        var (height, width) = (f.Height, f.Width);
        float[] mapX = new float[f.X.Length], mapY = new float[f.X.Length], backX = new float[f.X.Length], backY = new float[f.X.Length];
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var i = y * width + x;
                (mapX[i], mapY[i]) = (x + f.X[i], y + f.Y[i]);
            }
        }
        SectionImages.Remap(g.X, height, width, mapX, mapY, height, width, backX);
        SectionImages.Remap(g.Y, height, width, mapX, mapY, height, width, backY);
        var agreement = new byte[mapX.Length];
        for (var i = 0; i < agreement.Length; i++)
        {
            float dx = f.X[i] + backX[i], dy = f.Y[i] + backY[i];
            var allowed = RelativeTolerance * (f.X[i] * f.X[i] + f.Y[i] * f.Y[i] + backX[i] * backX[i] + backY[i] * backY[i]) + AbsoluteTolerance;
            agreement[i] = (byte)(255 / (1 + (dx * dx + dy * dy) / allowed) + 0.5f);
        }
        return agreement;
    }

    private static Half[] Halves(float[] values)
    {
        var result = new Half[values.Length];
        TensorPrimitives.ConvertToHalf(values, result);
        return result;
    }
}
