using VisionCell.Volumes;

namespace VisionCell.Benchmarks.Alignment;

/// <summary>Mean Pearson correlation of the grey values of neighbouring sections, a margin of 32 pixels left out.</summary>
internal static class AdjacentCorrelation
{
    private const int Margin = 32;

    public static double Of(Volume<float> stack)
    {
        var sum = 0.0;
        for (var z = 1; z < stack.Shape.Z; z++)
        {
            double a = 0, b = 0, aa = 0, bb = 0, ab = 0, n = 0;
            for (var y = Margin; y < stack.Shape.Y - Margin; y++)
            {
                for (var x = Margin; x < stack.Shape.X - Margin; x++)
                {
                    double u = stack[z - 1, y, x], v = stack[z, y, x];
                    a += u;
                    b += v;
                    aa += u * u;
                    bb += v * v;
                    ab += u * v;
                    n++;
                }
            }
            sum += (ab - a * b / n) / Math.Sqrt((aa - a * a / n) * (bb - b * b / n));
        }
        return sum / (stack.Shape.Z - 1);
    }
}
