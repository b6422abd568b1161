using System.Numerics.Tensors;
using VisionCell.Kernels;
using VisionCell.Volumes;

namespace VisionCell.NeuralField;

/// <summary>A view of a field that emits and absorbs, every plane <c>[H, W]</c> row by row.</summary>
/// <param name="Camera">From where.</param>
/// <param name="Intensity">Light, 0 to 1; without emission the specimen emits 1 everywhere.</param>
/// <param name="Opacity">Share of the background that is hidden, 0 to 1.</param>
/// <param name="Depth">Mean distance of what is seen along the ray, nm; NaN where opacity is below a hundredth.</param>
/// <param name="Normals"><c>[H, W, 3]</c>, z, y, x: against the analytic gradient of the density where it is seen, of length 1; 0 where opacity is below a half.</param>
public sealed record RenderedView(Camera Camera, float[] Intensity, float[] Opacity, float[] Depth, float[] Normals);

/// <summary>Views of a field: rendered with its emission and absorption, or its line integrals. What lies outside its bounds is empty.</summary>
public static class FieldRenderer
{
    /// <summary>Rays at once: their samples stay below some million.</summary>
    private const int Chunk = 4096;

    /// <summary>Samples that are seen less do not count for a normal.</summary>
    private const float LeastWeight = 0.01f;

    /// <summary>Renders a view.</summary>
    /// <param name="field">The field; its value is the density a nanometre. What was found to be negative, as a field that is told about its mean may have it, is empty.</param>
    /// <param name="camera">From where.</param>
    /// <param name="background">Light behind it.</param>
    /// <param name="stepVoxels">Length of a step in voxels of the field.</param>
    /// <param name="cancellation">Ends it between bundles of rays.</param>
    /// <exception cref="BadInputException">The camera has no pose.</exception>
    public static RenderedView Render(HashField field, Camera camera, double background = 0, double stepVoxels = 1, CancellationToken cancellation = default)
    {
        var count = camera.Validated("camera").Height * camera.Width;
        var view = new RenderedView(camera, new float[count], new float[count], new float[count], new float[3 * count]);
        var images = new float[3 * Chunk];
        ForRays(field, camera, stepVoxels, (first, march, values, emissions) =>
        {
            var rays = march.Offsets.Length - 1;
            TensorPrimitives.Max(values, 0, values);
            field.Backend.Composite(march.Offsets, march.Samples, values, emissions, (float)background, images.AsSpan(0, 3 * rays));
            for (var r = 0; r < rays; r++)
            {
                var opacity = images[3 * r + 1];
                (view.Intensity[first + r], view.Opacity[first + r]) = (images[3 * r], opacity);
                view.Depth[first + r] = opacity < 0.01f ? float.NaN : images[3 * r + 2] / opacity;
            }
            Normals(field, march, values, emissions, view.Opacity.AsSpan(first, rays), view.Normals.AsSpan(3 * first, 3 * rays));
        }, cancellation);
        return view;
    }

    /// <summary>The line integrals of a field along the rays of a camera, <c>[H, W]</c>, in its unit times nm.</summary>
    /// <param name="field">The field.</param>
    /// <param name="camera">From where.</param>
    /// <param name="stepVoxels">Length of a step in voxels of the field.</param>
    /// <param name="cancellation">Ends it between bundles of rays.</param>
    /// <exception cref="BadInputException">The camera has no pose.</exception>
    public static float[] Project(HashField field, Camera camera, double stepVoxels = 1, CancellationToken cancellation = default)
    {
        var integrals = new float[camera.Validated("camera").Height * camera.Width];
        ForRays(field, camera, stepVoxels, (first, march, values, _) =>
            field.Backend.Integrate(march.Offsets, march.Samples, values, integrals.AsSpan(first, march.Offsets.Length - 1)), cancellation);
        return integrals;
    }

    private static void ForRays(HashField field, Camera camera, double stepVoxels, Action<int, RaySamples, float[], float[]> use, CancellationToken cancellation)
    {
        if (!(stepVoxels is > 0 and <= 100))
            throw new BadInputException($"a step of {stepVoxels} voxels; allowed: above 0 up to 100");
        var voxel = field.VoxelSize;
        var grid = new OccupancyGrid(field, stepVoxels * Math.Min(voxel.Z, Math.Min(voxel.Y, voxel.X)));
        var pixels = camera.Height * camera.Width;
        for (var first = 0; first < pixels; first += Chunk)
        {
            cancellation.ThrowIfCancellationRequested();
            var rays = new float[RayMarch.RayWidth * Math.Min(Chunk, pixels - first)];
            for (var r = 0; r < rays.Length / RayMarch.RayWidth; r++)
                PixelRays.Put(field, rays, r, camera, (first + r) / camera.Width, (first + r) % camera.Width);
            var march = grid.March(rays, seed: null, everywhere: true);
            var (values, emissions) = field.Evaluate(march.Positions, new float[march.Count * field.Outputs]);
            use(first, march, values, emissions);
        }
    }

    /// <summary>The mean of −∇σ/σ as the samples of a ray are seen, of length 1.</summary>
    private static void Normals(HashField field, RaySamples march, float[] values, float[] emissions, ReadOnlySpan<float> opacity, Span<float> normals)
    {
        // How a sample is seen is the gradient of the intensity with respect to its emission.
        var rays = march.Offsets.Length - 1;
        var (one, weights, unused) = (new float[3 * rays], new float[march.Count], new float[march.Count]);
        for (var r = 0; r < rays; r++)
            one[3 * r] = 1;
        field.Backend.CompositeBackward(march.Offsets, march.Samples, values, emissions, 0, one, unused, weights);
        var (lower, edge) = (field.Bounds.Lower, field.Bounds.LongestEdge);
        int[] seen = [.. Enumerable.Range(0, march.Count).Where(i => weights[i] > LeastWeight)];
        Position[] places = [.. seen.Select(i => new Position(lower.Z + edge * march.Positions[3 * i], lower.Y + edge * march.Positions[3 * i + 1], lower.X + edge * march.Positions[3 * i + 2]))];
        var gradient = new float[3 * seen.Length];
        field.Gradient(places, gradient);
        normals.Clear();
        for (int k = 0, ray = 0; k < seen.Length; k++)
        {
            var i = seen[k];
            while (march.Offsets[ray + 1] <= i)
                ray++;
            for (var axis = 0; axis < 3; axis++)
                normals[3 * ray + axis] -= weights[i] * gradient[3 * k + axis] / values[i];
        }
        for (var r = 0; r < rays; r++)
        {
            var normal = normals.Slice(3 * r, 3);
            var length = MathF.Sqrt(normal[0] * normal[0] + normal[1] * normal[1] + normal[2] * normal[2]);
            foreach (ref var part in normal)
                part = opacity[r] >= 0.5f && length > 0 ? part / length : 0;
        }
    }
}
