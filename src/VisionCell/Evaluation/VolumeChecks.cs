using System.Globalization;
using System.Numerics.Tensors;
using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>What must hold before two volumes are compared.</summary>
internal static class VolumeChecks
{
    /// <summary>Refuses volumes that do not lie on the same grid.</summary>
    public static void RequireSameGrid(Volume<float> reconstruction, Volume<float> reference)
    {
        if (reconstruction.Shape != reference.Shape)
            throw new BadInputException($"reconstruction has {reconstruction.Shape} voxels, reference has {reference.Shape}: crop one to the other before scoring");
        var (a, b) = (reconstruction.VoxelSize, reference.VoxelSize);
        if (Differ(a.Z, b.Z) || Differ(a.Y, b.Y) || Differ(a.X, b.X))
            throw new BadInputException($"reconstruction has voxels of {a}, reference of {b}: give the right --voxel-size or resample before scoring");
    }

    /// <summary>Refuses a region made for another number of rows.</summary>
    public static void RequireFits(ScoredRegion region, Shape3 shape)
    {
        if (region.FineRows != shape.Z)
            throw new BadInputException($"scored region is for {region.FineRows} z rows, the volumes have {shape.Z}: crop the reference to the rows that the sections span");
        if (region.Mask is { } mask && mask.Shape != shape)
            throw new BadInputException($"mask has {mask.Shape} voxels, the volumes have {shape}: crop one to the other");
    }

    /// <summary>Refuses a data range that nothing can be referred to.</summary>
    public static void RequireRange(double dataRange)
    {
        if (!double.IsFinite(dataRange) || dataRange <= 0)
            throw new BadInputException(string.Create(CultureInfo.InvariantCulture, $"data range {dataRange}: must be a positive number of grey values"));
    }

    /// <summary>Refuses NaN and infinite voxels, naming the first.</summary>
    public static void RequireFinite(Volume<float> volume, string name)
    {
        for (var z = 0; z < volume.Shape.Z; z++)
        {
            ReadOnlySpan<float> section = volume.Section(z);
            if (TensorPrimitives.IsFiniteAll(section))
                continue;
            var at = 0;
            while (float.IsFinite(section[at]))
                at++;
            throw new BadInputException(string.Create(CultureInfo.InvariantCulture,
                $"{name}: voxel z {z}, y {at / volume.Shape.X}, x {at % volume.Shape.X} is {section[at]}; replace such voxels before scoring"));
        }
    }

    private static bool Differ(double a, double b) => Math.Abs(a - b) > 1e-3 * Math.Max(a, b);
}
