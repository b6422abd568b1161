using System.Globalization;

namespace VisionCell.Volumes;

/// <summary>
/// What is known of the sections of a stack beyond their voxels: where they really lie along z, and which of them were not observed but filled
/// in. It travels with a volume in its <see cref="Provenance"/>; a volume with another number of sections does not keep it.
/// </summary>
public sealed record SectionLayout
{
    /// <summary>Creates a layout.</summary>
    /// <param name="count">Number of sections.</param>
    /// <param name="positionsNm">Centre of each section along z, nm, ascending; null where they are evenly spaced by the voxel size.</param>
    /// <param name="unobserved">Indices of sections whose content is not the microscope's, or not to be trusted.</param>
    /// <exception cref="BadInputException">Not one position a section, a position that is no number or not above the one before, or an index outside.</exception>
    public SectionLayout(int count, IReadOnlyList<double>? positionsNm = null, IEnumerable<int>? unobserved = null)
    {
        Count = count;
        PositionsNm = positionsNm is null ? null : Checked(count, positionsNm);
        Unobserved = unobserved is null ? new HashSet<int>() : unobserved.ToHashSet();
        foreach (var z in Unobserved)
        {
            if (z < 0 || z >= count)
                throw new BadInputException($"section {z} is marked as not observed, in a stack of {count} sections (0 to {count - 1})");
        }
    }

    /// <summary>Number of sections.</summary>
    public int Count { get; }

    /// <summary>Centre of each section along z, nm, ascending; null where they are evenly spaced.</summary>
    public IReadOnlyList<double>? PositionsNm { get; }

    /// <summary>Sections that do not count as observed: neither trained on, nor scored, nor interpolated from.</summary>
    public IReadOnlySet<int> Unobserved { get; }

    /// <summary>The layout of a run of sections.</summary>
    public SectionLayout Crop(int first, int count) =>
        new(count, PositionsNm?.Skip(first).Take(count).ToArray(), Unobserved.Where(z => z >= first && z < first + count).Select(z => z - first));

    /// <summary>Reads positions from a text file: one number a line or several parted by blanks or commas, nm; what follows a # is a comment.</summary>
    /// <param name="path">The file.</param>
    /// <param name="count">Number of sections of the stack.</param>
    /// <exception cref="BadInputException">The file is missing, holds something else, or does not fit the stack.</exception>
    public static IReadOnlyList<double> ReadPositions(string path, int count)
    {
        if (!File.Exists(path))
            throw new BadInputException($"{path}: no such file");
        var positions = new List<double>();
        var number = 0;
        foreach (var line in File.ReadLines(path))
        {
            number++;
            foreach (var text in line.Split('#')[0].Split([' ', '\t', ',', ';', '[', ']', '\r'], StringSplitOptions.RemoveEmptyEntries))
            {
                if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
                    throw new BadInputException($"{path}: line {number}: '{text}' is not a number; give one z position a section, in nm");
                positions.Add(value);
            }
        }
        try
        {
            return Checked(count, positions);
        }
        catch (BadInputException e)
        {
            throw new BadInputException($"{path}: {e.Message}", e);
        }
    }

    private static double[] Checked(int count, IReadOnlyList<double> positions)
    {
        if (positions.Count != count)
            throw new BadInputException($"{positions.Count} z positions for {count} sections: give one for each");
        for (var z = 0; z < count; z++)
        {
            if (!double.IsFinite(positions[z]))
                throw new BadInputException(FormattableString.Invariant($"z position {positions[z]} of section {z}: must be a number of nanometres"));
            if (z > 0 && positions[z] <= positions[z - 1])
            {
                var hint = positions.Zip(positions.Skip(1)).All(p => p.First > p.Second) ? "; they descend throughout: reverse the stack and the list" : "";
                throw new BadInputException(FormattableString.Invariant($"z positions out of order: section {z} at {positions[z]} nm does not lie above section {z - 1} at {positions[z - 1]} nm{hint}"));
            }
        }
        return [.. positions];
    }
}
