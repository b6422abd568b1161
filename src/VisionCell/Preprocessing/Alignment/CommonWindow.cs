namespace VisionCell.Preprocessing;

/// <summary>
/// How much each pixel of a section counts in comparisons, by where it lies in the frame that all sections are brought to: a raised cosine over that frame,
/// which is 1 in the middle and falls to 0 at the border. A specimen does not move as a plate: parts of it slide past each other by a tenth of a pixel from
/// section to section. Two sections that were exposed at different places show different parts of it, so that the map between them depends on what
/// they happen to share, and no chain of such maps closes. Seen through one window of the common frame all comparisons measure the same motion.
/// </summary>
/// <param name="map">From the common frame to the section, pixels of its full resolution.</param>
/// <param name="height">Rows of the frame.</param>
/// <param name="width">Columns of the frame.</param>
internal sealed class CommonWindow(AffineMap map, int height, int width)
{
    private readonly Dictionary<(int, int), float[]> _weights = [];

    /// <summary>Weights of the pixels of a section at one level of its pyramid <c>[levelHeight, levelWidth]</c>, 0 to 1.</summary>
    /// <param name="levelHeight">Rows.</param>
    /// <param name="levelWidth">Columns.</param>
    /// <param name="scale">Pixels of the full resolution that one of this level spans.</param>
    public float[] Weights(int levelHeight, int levelWidth, int scale)
    {
        lock (_weights)
        {
            if (!_weights.TryGetValue((levelHeight, levelWidth), out var weights))
                _weights[(levelHeight, levelWidth)] = weights = Make(levelHeight, levelWidth, map.Inverse().Scaled(1.0 / scale), (double)height / scale, (double)width / scale);
            return weights;
        }
    }

    private static float[] Make(int rows, int columns, AffineMap back, double height, double width)
    {
        var weights = new float[rows * columns];
        Parallel.For(0, rows, y =>
        {
            for (var x = 0; x < columns; x++)
            {
                var (v, u) = back.Apply(y, x);
                weights[y * columns + x] = Cosine((v + 0.5) / height) * Cosine((u + 0.5) / width);
            }
        });
        return weights;
    }

    private static float Cosine(double share) => share is <= 0 or >= 1 ? 0 : 0.5f - 0.5f * MathF.Cos((float)(2 * Math.PI * share));
}
