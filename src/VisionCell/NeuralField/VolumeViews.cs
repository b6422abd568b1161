using VisionCell.Kernels;
using VisionCell.Kernels.Simd;
using VisionCell.Volumes;

namespace VisionCell.NeuralField;

/// <summary>Views of a volume, to fit fields to and to judge them by: what a tilt series or a camera would have recorded of it. What lies outside is empty.</summary>
public static class VolumeViews
{
    // Samples a voxel: halving it changes projections of medulla-1 by less than a thousandth.
    private const double StepVoxels = 0.5;

    /// <summary>Line integrals along the rays of cameras, in the volume's unit times nm.</summary>
    /// <param name="volume">What absorbs, <c>[Z, Y, X]</c>, between voxel centres trilinear.</param>
    /// <param name="cameras">From where.</param>
    /// <param name="cancellation">Ends it between views.</param>
    /// <exception cref="BadInputException">A camera has no pose, or there is none.</exception>
    public static ViewSet Project(Volume<float> volume, IReadOnlyList<Camera> cameras, CancellationToken cancellation = default)
    {
        var kernels = SimdKernels.Create();
        return new ViewSet(ViewKind.Absorption, [.. cameras.Select((camera, v) => Along(kernels, volume, camera.Validated($"view {v}"), (offsets, positions, samples) =>
        {
            var integrals = new float[offsets.Length - 1];
            kernels.Integrate(offsets, samples, Sampled(kernels, volume, positions), integrals);
            return integrals;
        }, cancellation))], cameras);
    }

    /// <summary>Light that a volume emits and absorbs.</summary>
    /// <param name="density">What absorbs, a nanometre, never negative.</param>
    /// <param name="emission">What it shines with, 0 to 1, of the same shape.</param>
    /// <param name="cameras">From where.</param>
    /// <param name="background">What lies behind, 0 to 1.</param>
    /// <param name="cancellation">Ends it between views.</param>
    /// <exception cref="BadInputException">A camera has no pose, there is none, or the volumes do not fit.</exception>
    public static ViewSet Render(Volume<float> density, Volume<float> emission, IReadOnlyList<Camera> cameras, double background = 0, CancellationToken cancellation = default)
    {
        if (density.Shape != emission.Shape)
            throw new BadInputException($"density of {density.Shape} voxels, emission of {emission.Shape}");
        var kernels = SimdKernels.Create();
        return new ViewSet(ViewKind.Emission, [.. cameras.Select((camera, v) => Along(kernels, density, camera.Validated($"view {v}"), (offsets, positions, samples) =>
        {
            var images = new float[3 * (offsets.Length - 1)];
            kernels.Composite(offsets, samples, Sampled(kernels, density, positions), Sampled(kernels, emission, positions), (float)background, images);
            return [.. Enumerable.Range(0, offsets.Length - 1).Select(r => Math.Clamp(images[3 * r], 0, 1))];
        }, cancellation))], cameras, background);
    }

    private static float[] Along(IFieldKernels<float> kernels, Volume<float> volume, Camera camera, Func<int[], float[], float[], float[]> see, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var (shape, voxel, lower) = (volume.Shape, volume.VoxelSize, FieldBounds.Of(volume.Shape, volume.VoxelSize, volume.Origin).Lower);
        // In voxels, depth in nm.
        var march = new RayMarch(new Shape3(1, 1, 1), new Position(shape.Z, shape.Y, shape.X), StepVoxels * Math.Min(voxel.Z, Math.Min(voxel.Y, voxel.X)));
        var rays = new float[RayMarch.RayWidth * camera.Height * camera.Width];
        for (var i = 0; i < camera.Height * camera.Width; i++)
        {
            var (o, d) = camera.Ray(i / camera.Width, i % camera.Width);
            Span<float> ray =
            [
                (float)((o.Z - lower.Z) / voxel.Z), (float)((o.Y - lower.Y) / voxel.Y), (float)((o.X - lower.X) / voxel.X),
                (float)(d.Z / voxel.Z), (float)(d.Y / voxel.Y), (float)(d.X / voxel.X),
                camera.Projection == CameraProjection.Parallel ? float.NegativeInfinity : 0, float.PositiveInfinity,
            ];
            ray.CopyTo(rays.AsSpan(RayMarch.RayWidth * i));
        }
        var counts = new int[camera.Height * camera.Width];
        kernels.CountSamples(march, march.Full(), rays, counts);
        var offsets = RayMarch.Offsets(counts);
        var (positions, samples) = (new float[3 * offsets[^1]], new float[2 * offsets[^1]]);
        kernels.MarchRays(march, march.Full(), rays, offsets, positions, samples);
        // The box begins at the outer face of the first voxel, positions of a volume at its centre.
        foreach (ref var position in positions.AsSpan())
            position -= 0.5f;
        return see(offsets, positions, samples);
    }

    private static float[] Sampled(IFieldKernels<float> kernels, Volume<float> volume, float[] positions)
    {
        var values = new float[positions.Length / 3];
        kernels.Sample(volume.Shape, volume.Data, positions, values);
        return values;
    }
}
