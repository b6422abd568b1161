using VisionCell.NeuralField;

namespace VisionCell.Benchmarks.Field;

/// <summary>
/// The simultaneous algebraic reconstruction technique for a tilt series about y, section by section along y (Andersen and Kak, 1984,
/// DOI 10.1177/016173468400600107), with bilinear rays of steps of one voxel, a Hamming window along each, relaxation 0.15 and views in
/// the order of the golden ratio, as scikit-image's <c>iradon_sart</c> has them.
/// </summary>
internal static class Sart
{
    private const float Relaxation = 0.15f;

    /// <summary>A volume <c>[edge, edge, edge]</c> with its middle on the axis.</summary>
    public static float[] Reconstruct(ViewSet views, int edge, int iterations)
    {
        var volume = new float[edge * edge * edge];
        int[] order = [.. Enumerable.Range(0, views.Count).OrderBy(i => i * 0.61803398875 % 1)];
        Parallel.For(0, edge, y =>
        {
            var (plane, change) = (new float[edge * edge], new float[edge * edge]);
            for (var iteration = 0; iteration < iterations; iteration++)
            {
                foreach (var view in order)
                {
                    var camera = views.Cameras[view];
                    Array.Clear(change);
                    for (var c = 0; c < camera.Width; c++)
                    {
                        var (origin, direction) = camera.Ray(y, c);
                        Ray(plane, change, edge, (origin.Z, origin.X), (direction.Z, direction.X), views.Image(view)[y * camera.Width + c]);
                    }
                    for (var i = 0; i < plane.Length; i++)
                        plane[i] += Relaxation * change[i];
                }
            }
            for (var z = 0; z < edge; z++)
                plane.AsSpan(z * edge, edge).CopyTo(volume.AsSpan((z * edge + y) * edge));
        });
        return volume;
    }

    private static void Ray(float[] plane, float[] change, int edge, (double Z, double X) origin, (double Z, double X) direction, float target)
    {
        var (sum, norm, reach) = (0.0, 0.0, (int)Math.Ceiling(edge * 0.71));
        for (var t = -reach; t <= reach; t++)
        {
            foreach (var (index, weight) in Corners(edge, origin.Z + t * direction.Z, origin.X + t * direction.X))
                (sum, norm) = (sum + weight * plane[index], norm + weight * weight);
        }
        if (norm == 0)
            return;
        var deviation = (target - sum) / norm;
        for (var t = -reach; t <= reach; t++)
        {
            var window = 0.53836 + 0.46164 * Math.Cos(Math.PI * t / reach);
            foreach (var (index, weight) in Corners(edge, origin.Z + t * direction.Z, origin.X + t * direction.X))
                change[index] += (float)(deviation * weight * window);
        }
    }

    private static IEnumerable<(int Index, double Weight)> Corners(int edge, double z, double x)
    {
        var (z0, x0) = ((int)Math.Floor(z), (int)Math.Floor(x));
        for (var corner = 0; corner < 4; corner++)
        {
            var (row, column) = (z0 + corner / 2, x0 + corner % 2);
            if (row >= 0 && row < edge && column >= 0 && column < edge)
                yield return (row * edge + column, (corner / 2 == 0 ? 1 - (z - z0) : z - z0) * (corner % 2 == 0 ? 1 - (x - x0) : x - x0));
        }
    }
}
