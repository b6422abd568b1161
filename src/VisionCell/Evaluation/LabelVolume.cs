using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>The number of the object that each voxel belongs to.</summary>
/// <param name="Shape">Voxels along z, y, x.</param>
/// <param name="Data"><c>[Z, Y, X]</c>; 0 is none.</param>
/// <param name="Count">Number of different objects, none left out.</param>
public sealed record LabelVolume(Shape3 Shape, int[] Data, int Count)
{
    /// <summary>Labels that were read as a volume.</summary>
    /// <param name="volume">Whole numbers of 0 and above.</param>
    /// <param name="name">How a message names it.</param>
    /// <exception cref="BadInputException">A voxel is not a whole number, or all are 0.</exception>
    public static LabelVolume Of(Volume volume, string name = "labels")
    {
        var values = volume.ToFloat32();
        var data = new int[values.Data.Length];
        for (var i = 0; i < data.Length; i++)
        {
            var value = values.Data[i];
            // Single precision holds whole numbers up to 2^24.
            if (!(value >= 0 && value <= 1 << 24) || value != MathF.Floor(value))
                throw new BadInputException(FormattableString.Invariant($"{name}: voxel {i} is {value}: labels are whole numbers of 0 (none) to 16,777,216"));
            data[i] = (int)value;
        }
        var count = data.Where(label => label != 0).Distinct().Count();
        return count > 0 ? new LabelVolume(volume.Shape, data, count) : throw new BadInputException($"{name}: no voxel is labelled; 0 means none");
    }

    /// <summary>The first sections alone.</summary>
    /// <exception cref="BadInputException">There are fewer, or none of them is labelled.</exception>
    public LabelVolume Take(int sections)
    {
        if (sections > Shape.Z)
            throw new BadInputException($"labels have {Shape.Z} sections, {sections} are scored: give labels on the grid of the truth");
        var data = Data[..(sections * Shape.SectionCount)];
        var count = data.Where(label => label != 0).Distinct().Count();
        return count > 0 ? new LabelVolume(Shape with { Z = sections }, data, count) : throw new BadInputException($"no voxel of the first {sections} sections is labelled");
    }
}
