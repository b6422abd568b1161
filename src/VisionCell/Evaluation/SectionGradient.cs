namespace VisionCell.Evaluation;

/// <summary>How the similarities of edges see a section: averaged down, and by the length of its gradient.</summary>
internal static class SectionGradient
{
    /// <summary>Length of the gradient by a 3 x 3 mask; pixels outside the image are zero.</summary>
    /// <param name="image"><c>[height, width]</c>.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="side">Weight of the two outer rows of the mask.</param>
    /// <param name="middle">Weight of its middle row.</param>
    public static float[] Length(float[] image, int height, int width, float side, float middle)
    {
        var result = new float[image.Length];
        float At(int y, int x) => y >= 0 && y < height && x >= 0 && x < width ? image[y * width + x] : 0;
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var alongX = side * (At(y - 1, x + 1) - At(y - 1, x - 1)) + middle * (At(y, x + 1) - At(y, x - 1)) + side * (At(y + 1, x + 1) - At(y + 1, x - 1));
                var alongY = side * (At(y + 1, x - 1) - At(y - 1, x - 1)) + middle * (At(y + 1, x) - At(y - 1, x)) + side * (At(y + 1, x + 1) - At(y - 1, x + 1));
                result[y * width + x] = MathF.Sqrt(alongX * alongX + alongY * alongY);
            }
        }
        return result;
    }

    /// <summary>Grey values scaled to 0 to 255, means of factor x factor pixels, every factor-th of them; zeros outside count in, as published.</summary>
    public static float[] Shrink(ReadOnlySpan<float> section, int height, int width, int factor, double dataRange)
    {
        var (smallY, smallX) = ((height + factor - 1) / factor, (width + factor - 1) / factor);
        var result = new float[smallY * smallX];
        var before = (factor - 1) / 2;
        for (var y = 0; y < smallY; y++)
        {
            for (var x = 0; x < smallX; x++)
            {
                var sum = 0.0;
                for (var v = Math.Max(0, y * factor - before); v < Math.Min(height, y * factor - before + factor); v++)
                {
                    for (var u = Math.Max(0, x * factor - before); u < Math.Min(width, x * factor - before + factor); u++)
                        sum += section[v * width + u];
                }
                result[y * smallX + x] = (float)(sum / (factor * factor) * 255 / dataRange);
            }
        }
        return result;
    }
}
