using System.Text.Json.Serialization;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Preprocessing;

/// <summary>What became of a section.</summary>
public enum SectionStatus
{
    /// <summary>It is in the result, moved where its transform says.</summary>
    Kept,

    /// <summary>It was left out of the estimates.</summary>
    Excluded,

    /// <summary>Its content was replaced by that of its neighbours.</summary>
    Replaced,
}

/// <summary>Where the pixels of one section come from.</summary>
/// <param name="Z">Index of the section.</param>
/// <param name="Affine"><c>[[a, b, tx], [c, d, ty]]</c>: takes an output pixel (x, y) to the input pixel (a x + b y + tx, c x + d y + ty).</param>
/// <param name="Elastic">File of a displacement field on top of it; null for none.</param>
/// <param name="Confidence">0 to 1.</param>
/// <param name="Status">What became of it.</param>
/// <param name="Reason">Why, in words.</param>
public sealed record SectionTransform(
    int Z, IReadOnlyList<IReadOnlyList<double>> Affine, string? Elastic, double Confidence, SectionStatus Status, string Reason)
{
    /// <summary>Shift of the input pixel along x, pixels.</summary>
    [JsonIgnore]
    public double ShiftX => Affine[0][2];

    /// <summary>Shift of the input pixel along y, pixels.</summary>
    [JsonIgnore]
    public double ShiftY => Affine[1][2];

    /// <summary>Whether the section stays as it is.</summary>
    [JsonIgnore]
    public bool IsIdentity => Elastic is null && Affine[0][0] == 1 && Affine[0][1] == 0 && Affine[0][2] == 0 && Affine[1][0] == 0 && Affine[1][1] == 1 && Affine[1][2] == 0;

    /// <summary>A translation.</summary>
    public static SectionTransform Shift(int z, double y, double x, double confidence, string reason) =>
        new(z, [[1, 0, x], [0, 1, y]], null, confidence, SectionStatus.Kept, reason);
}

/// <summary>The transforms of a stack: the content of <c>transforms.json</c>.</summary>
/// <param name="Sections">One for each section, in order.</param>
public sealed record SectionTransforms(IReadOnlyList<SectionTransform> Sections)
{
    /// <summary>Writes <c>transforms.json</c>; beside and renamed into place.</summary>
    public void Write(string path) => Configuration.Write(path, this);

    /// <summary>Reads <c>transforms.json</c>.</summary>
    /// <exception cref="BadInputException">The file is missing or is none, its sections are not numbered 0, 1, 2 …, or an affine is not two rows of three numbers.</exception>
    public static SectionTransforms Read(string path)
    {
        var transforms = Configuration.Read<SectionTransforms>(path);
        for (var z = 0; z < transforms.Sections.Count; z++)
        {
            var section = transforms.Sections[z];
            if (section.Z != z)
                throw new BadInputException($"{path}: entry {z} is for section {section.Z}; list all sections in order");
            if (section.Affine.Count != 2 || section.Affine.Any(row => row.Count != 3))
                throw new BadInputException($"{path}: the affine of section {z} must be two rows of three numbers, [[a, b, tx], [c, d, ty]]");
        }
        return transforms;
    }
}
