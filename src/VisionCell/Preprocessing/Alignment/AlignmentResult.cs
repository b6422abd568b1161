using System.Globalization;
using VisionCell.Volumes;

namespace VisionCell.Preprocessing;

/// <summary>Slow motion of one section against the first, pixels and degrees.</summary>
/// <param name="Y">Along y at the centre, pixels.</param>
/// <param name="X">Along x at the centre, pixels.</param>
/// <param name="Degrees">Turn, degrees.</param>
public readonly record struct SectionDrift(double Y, double X, double Degrees);

/// <summary>The part of the sections' motion that is slower than the drift window: microscope or specimen, which no stack can tell.</summary>
/// <param name="Sections">One for each section.</param>
/// <param name="Removed">Whether the result takes it out; otherwise it stays in the data.</param>
public sealed record DriftReport(IReadOnlyList<SectionDrift> Sections, bool Removed)
{
    /// <summary>Largest distance between two sections due to it, pixels.</summary>
    public double Extent => Sections.Count == 0 ? 0 : Math.Sqrt(
        Math.Pow(Sections.Max(s => s.Y) - Sections.Min(s => s.Y), 2) + Math.Pow(Sections.Max(s => s.X) - Sections.Min(s => s.X), 2));
}

/// <summary>How well the parts of one section match its neighbours, at the nodes of the elastic mesh.</summary>
/// <param name="Spacing">Distance between nodes, pixels; node (row, column) lies at pixel (row * spacing, column * spacing).</param>
/// <param name="Rows">Rows of nodes.</param>
/// <param name="Columns">Columns of nodes.</param>
/// <param name="Confidence">Of the best match with a neighbour <c>[Rows, Columns]</c>, 0 (none) to 1.</param>
/// <param name="Residual">What the solution leaves of the matches, weighted root mean square <c>[Rows, Columns]</c>, pixels; NaN where nothing matched.</param>
public sealed record MatchMap(double Spacing, int Rows, int Columns, float[] Confidence, float[] Residual);

/// <summary>What alignment found: enough to move the sections, to judge the result, and to go back.</summary>
/// <param name="Transforms">Where the pixels of each section come from.</param>
/// <param name="Fields">Displacement fields on top of the affine maps, one for each section; null where there is none.</param>
/// <param name="Matches">Every comparison of two sections.</param>
/// <param name="Maps">Local matches of each section; null where none were looked for.</param>
/// <param name="Drift">Slow motion, removed or kept.</param>
/// <param name="MinimumJacobian">Least local change of area over all fields; 1 where there is none. Positive: nothing folds.</param>
public sealed record AlignmentResult(
    SectionTransforms Transforms, IReadOnlyList<ElasticField?> Fields, IReadOnlyList<PairMatch> Matches, IReadOnlyList<MatchMap?> Maps, DriftReport Drift, double MinimumJacobian)
{
    /// <summary>Folder of the displacement fields beside <c>transforms.json</c>.</summary>
    private const string FieldFolder = "elastic";

    /// <summary>Name of the file of a section's displacement field, relative to <c>transforms.json</c>.</summary>
    public static string FieldPath(int z) => string.Create(CultureInfo.InvariantCulture, $"{FieldFolder}/z{z:00000}.json");

    /// <summary>Writes <c>transforms.json</c> and the displacement fields beside it.</summary>
    /// <param name="path">Of <c>transforms.json</c>.</param>
    public void Write(string path) => Write(path, Transforms, Fields);

    /// <summary>Writes transforms with their displacement fields: the fields first, so that a file of transforms never names one that is not there.</summary>
    /// <param name="path">Of <c>transforms.json</c>.</param>
    /// <param name="transforms">One for each section.</param>
    /// <param name="fields">One for each section; null where there is none.</param>
    public static void Write(string path, SectionTransforms transforms, IReadOnlyList<ElasticField?> fields)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        foreach (var section in transforms.Sections)
        {
            if (section.Elastic is { } file && fields[section.Z] is { } field)
                field.Write(Path.Combine(folder, file));
        }
        transforms.Write(path);
    }

    /// <summary>Reads transforms and their displacement fields.</summary>
    /// <param name="path">Of <c>transforms.json</c>.</param>
    /// <exception cref="BadInputException">A file is missing or is none.</exception>
    public static (SectionTransforms Transforms, IReadOnlyList<ElasticField?> Fields) Read(string path)
    {
        var transforms = SectionTransforms.Read(path);
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        return (transforms, [.. transforms.Sections.Select(s => s.Elastic is { } file ? ElasticField.Read(Path.Combine(folder, file)) : null)]);
    }
}
