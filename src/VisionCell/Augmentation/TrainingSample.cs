using VisionCell.Volumes;

namespace VisionCell.Augmentation;

/// <summary>The grey levels that an image spans: strengths of augmentations are shares of it.</summary>
/// <param name="Low">Black.</param>
/// <param name="High">White.</param>
public readonly record struct GreyRange(float Low, float High)
{
    /// <summary>White minus black.</summary>
    public float Span => High - Low;

    /// <summary>The range of a volume: all of its type for integers, for floats the smallest to the largest value.</summary>
    /// <exception cref="BadInputException">A float volume holds values that are not finite, or only one value.</exception>
    public static GreyRange Of(Volume volume)
    {
        if (volume is not Volume<float> floats)
            return volume.VoxelType == VoxelType.UInt8 ? new(0, byte.MaxValue) : new(0, ushort.MaxValue);
        var (low, high) = (System.Numerics.Tensors.TensorPrimitives.Min<float>(floats.Data), System.Numerics.Tensors.TensorPrimitives.Max<float>(floats.Data));
        return float.IsFinite(high - low) && high > low
            ? new(low, high)
            : throw new BadInputException($"grey levels from {low} to {high}: an image to augment needs two finite ones; replace NaN, or give the range");
    }
}

/// <summary>An image with its labels, whole or a patch.</summary>
/// <param name="Image">Grey levels <c>[Z, Y, X]</c>.</param>
/// <param name="Labels">A class or object number for each voxel, on the same grid; null where there are none.</param>
/// <param name="Range">Grey levels that the image spans.</param>
public sealed record TrainingSample(Volume<float> Image, Volume<ushort>? Labels, GreyRange Range)
{
    /// <summary>
    /// Sections that are not to be counted as observed, in ascending order: blanked by <see cref="MissingSections"/>, or with something in them of a section of the
    /// source that was not observed. The image itself is marked alike.
    /// </summary>
    public IReadOnlyList<int> Missing { get; init; } = [];

    /// <summary>A sample of a volume and, where there are any, labels on the same grid.</summary>
    /// <param name="image">Grey levels of any voxel type.</param>
    /// <param name="labels">Labels of any voxel type, whole numbers from 0 to 65,535.</param>
    /// <param name="range">Grey levels that count as black and white; null for <see cref="GreyRange.Of"/>.</param>
    /// <exception cref="BadInputException">Labels have another shape, the range is empty, or the image holds values that are not finite.</exception>
    public static TrainingSample Of(Volume image, Volume? labels = null, GreyRange? range = null)
    {
        if (labels is not null && labels.Shape != image.Shape)
            throw new BadInputException($"labels of {labels.Shape} voxels for an image of {image.Shape}: both must lie on one grid");
        var grey = range ?? GreyRange.Of(image);
        if (!float.IsFinite(grey.Span) || grey.Span <= 0)
            throw new BadInputException($"grey levels from {grey.Low} to {grey.High}: white must be above black");
        var floats = image.ToFloat32();
        if (!float.IsFinite(System.Numerics.Tensors.TensorPrimitives.Sum<float>(floats.Data)))
            throw new BadInputException("the image holds values that are not finite (NaN or infinite); replace them first");
        return new TrainingSample(floats, labels?.ConvertTo(VoxelType.UInt16) as Volume<ushort>, grey);
    }
}
