using VisionCell.Acquisition;
using VisionCell.Kernels;
using VisionCell.Volumes;

namespace VisionCell.NeuralField;

/// <summary>Observations drawn at random: a ray each and what was seen along it.</summary>
/// <param name="Kind">What was seen.</param>
/// <param name="IsSection">Whether it is the mean along the ray, not the integral.</param>
/// <param name="Rays"><c>[R, 8]</c> in units of the cube, directions of 1 nm.</param>
/// <param name="Targets"><c>[R]</c>.</param>
internal sealed record RayBatch(ViewKind Kind, bool IsSection, float[] Rays, float[] Targets)
{
    /// <summary>Writes a ray.</summary>
    /// <param name="field">Whose cube counts.</param>
    /// <param name="rays">Result.</param>
    /// <param name="index">Its number.</param>
    /// <param name="origin">nm.</param>
    /// <param name="direction">Of length 1.</param>
    /// <param name="near">Where it begins, nm.</param>
    /// <param name="far">Where it ends, nm.</param>
    public static void Put(HashField field, float[] rays, int index, Position origin, Direction direction, double near, double far)
    {
        var (place, edge) = (field.InCube(origin), field.Bounds.LongestEdge);
        Span<float> ray = [(float)place.Z, (float)place.Y, (float)place.X, (float)(direction.Z / edge), (float)(direction.Y / edge), (float)(direction.X / edge), (float)near, (float)far];
        ray.CopyTo(rays.AsSpan(RayMarch.RayWidth * index));
    }
}

/// <summary>Rays of pixels.</summary>
internal static class PixelRays
{
    /// <summary>Pixels of any view, at random.</summary>
    public static RayBatch Draw(HashField field, ViewSet views, int count, Random random)
    {
        var (rays, targets) = (new float[RayMarch.RayWidth * count], new float[count]);
        for (var i = 0; i < count; i++)
        {
            var view = random.Next(views.Count);
            var image = views.Image(view);
            var pixel = random.Next(image.Length);
            var camera = views.Cameras[view];
            Put(field, rays, i, camera, pixel / camera.Width, pixel % camera.Width);
            targets[i] = image[pixel];
        }
        return new RayBatch(views.Kind, false, rays, targets);
    }

    /// <summary>Writes the ray of a pixel.</summary>
    public static void Put(HashField field, float[] rays, int index, Camera camera, int row, int column)
    {
        var (origin, direction) = camera.Ray(row, column);
        RayBatch.Put(field, rays, index, origin, direction, camera.Projection == CameraProjection.Parallel ? double.NegativeInfinity : 0, double.PositiveInfinity);
    }
}

/// <summary>Rays of the voxels of sections, each through its section.</summary>
internal sealed class SectionRays
{
    // With fewer there is none to spare.
    private const int SectionsToHoldOut = 6;

    private readonly HashField _field;
    private readonly SparseVolume _sparse;
    private readonly int[] _observed;

    /// <exception cref="BadInputException">A section reaches outside the field, or none was observed.</exception>
    public SectionRays(HashField field, SparseVolume sparse, bool holdOut = false)
    {
        (_field, _sparse) = (field, sparse);
        _observed = [.. Enumerable.Range(0, sparse.Sections).Where(sparse.IsObserved)];
        if (_observed.Length == 0)
            throw new BadInputException("field training: no section of the stack was observed");
        var (volume, thickness) = (sparse.Observed, sparse.Sampling.Thickness * sparse.IsotropicVoxelSize.Z);
        var (first, last) = (Centre(_observed[0], 0), Centre(_observed[^1], volume.Shape.SectionCount - 1));
        var half = volume.VoxelSize;
        var box = new FieldBounds(new Position(first.Z - thickness / 2, first.Y - half.Y / 2, first.X - half.X / 2), new Position(last.Z + thickness / 2, last.Y + half.Y / 2, last.X + half.X / 2));
        if (!field.Bounds.Contains(box))
            throw new BadInputException($"field training: the sections cover {box.Lower} to {box.Upper} nm, the field {field.Bounds.Lower} to {field.Bounds.Upper}; make the field of the whole box");
        foreach (var section in _observed)
        {
            if (!System.Numerics.Tensors.TensorPrimitives.IsFiniteAll(volume.Section(section)))
                throw new BadInputException($"field training: section {section} holds NaN or infinity; repair it or mark it as not observed");
        }
        if (!holdOut || !sparse.Sampling.IsDecimation || _observed.Length < SectionsToHoldOut)
            return;
        Held = _observed[_observed.Length / 2];
        _observed = [.. _observed.Where(s => s != Held)];
    }

    /// <summary>A section that is never drawn; null where all are.</summary>
    public int? Held { get; }

    /// <summary>Where the section that is kept out lies and how thick it is, nm.</summary>
    public (double Centre, double Thickness) HeldPlace => (Centre(Held!.Value, 0).Z, _sparse.Sampling.Thickness * _sparse.IsotropicVoxelSize.Z);

    /// <summary>Voxels of the section that is kept out, always the same ones.</summary>
    public RayBatch DrawHeld(int count) => Draw([Held!.Value], count, new Random(1));

    /// <summary>Mean and standard deviation of what was observed; constant sections have a deviation of 1.</summary>
    public static (double Mean, double Deviation) Moments(SparseVolume sparse)
    {
        var (sum, squares, count) = (0.0, 0.0, 0L);
        foreach (var section in Enumerable.Range(0, sparse.Sections).Where(sparse.IsObserved))
        {
            foreach (var value in sparse.Observed.Section(section))
                (sum, squares, count) = (sum + value, squares + (double)value * value, count + 1);
        }
        var mean = sum / Math.Max(1, count);
        var variance = squares / Math.Max(1, count) - mean * mean;
        return (mean, variance > 0 ? Math.Sqrt(variance) : 1);
    }

    /// <summary>Voxels of any observed section, at random.</summary>
    public RayBatch Draw(int count, Random random) => Draw(_observed, count, random);

    private RayBatch Draw(int[] sections, int count, Random random)
    {
        var (rays, targets) = (new float[RayMarch.RayWidth * count], new float[count]);
        var thickness = _sparse.Sampling.Thickness * _sparse.IsotropicVoxelSize.Z;
        for (var i = 0; i < count; i++)
        {
            var (section, pixel) = (sections[random.Next(sections.Length)], random.Next(_sparse.Observed.Shape.SectionCount));
            RayBatch.Put(_field, rays, i, Centre(section, pixel), new Direction(1, 0, 0), -thickness / 2, thickness / 2);
            targets[i] = _sparse.Observed.Section(section)[pixel];
        }
        return new RayBatch(ViewKind.Absorption, true, rays, targets);
    }

    private Position Centre(int section, int pixel)
    {
        var (volume, origin) = (_sparse.Observed, _sparse.IsotropicOrigin);
        return new Position(
            origin.Z + _sparse.Centre(section) * _sparse.IsotropicVoxelSize.Z,
            origin.Y + pixel / volume.Shape.X * volume.VoxelSize.Y,
            origin.X + pixel % volume.Shape.X * volume.VoxelSize.X);
    }
}
