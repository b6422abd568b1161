using VisionCell.Kernels;
using VisionCell.Kernels.Simd;
using VisionCell.Volumes;

namespace VisionCell.NeuralField;

/// <summary>Whether a specimen fills the box that its projections see.</summary>
internal static class FullBox
{
    // Rays that are looked at, and steps along the longest edge that their way through the box is counted in.
    private const int Looks = 4096;
    private const int Steps = 64;

    // Shorter ways through a corner say little.
    private const int FewestSteps = 8;

    // Of the median density: rays through empty space have less.
    private const double Emptier = 0.25;

    /// <summary>The median density along rays; null where some pass through emptiness.</summary>
    public static double? Density(FieldBounds bounds, ViewSet views)
    {
        var edge = bounds.LongestEdge;
        var (low, high) = (bounds.Lower, bounds.Upper);
        var march = new RayMarch(new Shape3(1, 1, 1), new Position((high.Z - low.Z) / edge, (high.Y - low.Y) / edge, (high.X - low.X) / edge), edge / Steps);
        var pixels = views.Cameras[0].Height * views.Cameras[0].Width;
        var stride = Math.Max(1, (int)((long)views.Count * pixels / Looks)) | 1;
        var (rays, integrals) = (new List<float>(), new List<float>());
        for (var i = 0L; i < (long)views.Count * pixels; i += stride)
        {
            var (view, pixel) = ((int)(i / pixels), (int)(i % pixels));
            var camera = views.Cameras[view];
            var (o, d) = camera.Ray(pixel / camera.Width, pixel % camera.Width);
            rays.AddRange([(float)((o.Z - low.Z) / edge), (float)((o.Y - low.Y) / edge), (float)((o.X - low.X) / edge), (float)(d.Z / edge), (float)(d.Y / edge), (float)(d.X / edge),
                camera.Projection == CameraProjection.Parallel ? float.NegativeInfinity : 0, float.PositiveInfinity]);
            integrals.Add(views.Image(view)[pixel]);
        }
        var counts = new int[integrals.Count];
        SimdKernels.Create().CountSamples(march, march.Full(), rays.ToArray(), counts);
        double[] densities = [.. Enumerable.Range(0, counts.Length).Where(i => counts[i] >= FewestSteps).Select(i => integrals[i] / (counts[i] * march.Step)).Order()];
        if (densities.Length == 0)
            return null;
        var median = densities[densities.Length / 2];
        return median > 0 && densities[densities.Length / 20] > Emptier * median ? median : null;
    }
}
