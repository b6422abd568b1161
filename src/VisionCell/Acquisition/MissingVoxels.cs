using System.Globalization;
using VisionCell.Volumes;

namespace VisionCell.Acquisition;

/// <summary>
/// What a stack lacks: whole sections, regions of sections, and sections that are there but noisy. A section of which anything is missing or noisy is
/// replaced by what those say of which nothing is; there must be one of these before and one behind it.
/// </summary>
public sealed class MissingVoxels
{
    private readonly Dictionary<int, bool[]?> _sections;
    private readonly HashSet<int> _noisy;

    private MissingVoxels(Shape3 shape, Dictionary<int, bool[]?> sections, HashSet<int> noisy)
    {
        if (sections.Count == 0)
            throw new BadInputException("nothing is missing: name sections, give a mask, or take a stack in which preprocessing marked some");
        (Shape, _sections, _noisy) = (shape, sections, noisy);
        Runs = [.. RunsOf(sections.Keys.Order())];
        foreach (var (first, count) in Runs)
        {
            if (first == 0 || first + count == shape.Z)
                throw new BadInputException($"of section {(first == 0 ? 0 : shape.Z - 1)} something is missing, and nothing lies {(first == 0 ? "before" : "behind")} it to fill it in from: crop the stack to sections 1 to {shape.Z - 2} or leave this one out");
            if (Enumerable.Range(first, count).Select(IsNoisy).Distinct().Count() > 1)
                throw new BadInputException($"of sections {first} to {first + count - 1}, which are neighbours, some are noisy and some are missing: take all of them for missing");
        }
    }

    /// <summary>The stack's.</summary>
    public Shape3 Shape { get; }

    /// <summary>Runs of neighbouring sections of which something is missing, ascending.</summary>
    public IReadOnlyList<(int First, int Count)> Runs { get; }

    /// <summary>Number of missing voxels.</summary>
    public long Count => _sections.Values.Sum(mask => mask?.LongCount(m => m) ?? Shape.SectionCount);

    /// <summary>Whether a section is there, but noisy.</summary>
    public bool IsNoisy(int section) => _noisy.Contains(section);

    /// <summary>Whether anything of a section is missing, or the section is noisy.</summary>
    public bool Touches(int section) => _sections.ContainsKey(section);

    /// <summary>Whether a voxel is missing or noisy: whether it is replaced.</summary>
    public bool this[int z, int y, int x] => _sections.TryGetValue(z, out var mask) && (mask is null || mask[y * Shape.X + x]);

    /// <summary>Whether anything is missing in a window of the plane of a section.</summary>
    public bool Touches(int section, Box window)
    {
        if (!_sections.TryGetValue(section, out var mask))
            return false;
        return mask is null || Enumerable.Range(window.Y, window.Shape.Y).Any(y => mask.AsSpan(y * Shape.X + window.X, window.Shape.X).Contains(true));
    }

    /// <summary>All that is missing as bytes: what is the same has the same.</summary>
    public byte[] Packed()
    {
        using var bytes = new MemoryStream();
        foreach (var (z, mask) in _sections.OrderBy(s => s.Key))
        {
            bytes.Write(BitConverter.GetBytes(z));
            var bits = new System.Collections.BitArray(mask ?? []);
            var packed = new byte[(bits.Length + 7) / 8];
            bits.CopyTo(packed, 0);
            bytes.Write(packed);
            bytes.WriteByte(IsNoisy(z) ? (byte)1 : (byte)0);
        }
        return bytes.ToArray();
    }

    /// <summary>Whole sections.</summary>
    /// <exception cref="BadInputException">None, one outside the stack, or one at an end of it.</exception>
    public static MissingVoxels Of(Shape3 shape, IEnumerable<int> sections) => Of(shape, sections, null);

    /// <summary>Whole sections, and what a mask marks.</summary>
    /// <param name="shape">The stack's.</param>
    /// <param name="sections">Sections of which nothing is known.</param>
    /// <param name="mask">Not 0 where a voxel is missing; of the stack's shape. Null for none.</param>
    /// <param name="noisy">Sections that are there but noisy. Null for none.</param>
    /// <exception cref="BadInputException">
    /// Nothing is missing or noisy, a section outside the stack or at an end of it, one that is both missing and noisy or beside one that is the other, or a mask of another shape.
    /// </exception>
    public static MissingVoxels Of(Shape3 shape, IEnumerable<int> sections, Volume<float>? mask, IEnumerable<int>? noisy = null)
    {
        var missing = new Dictionary<int, bool[]?>();
        void Add(int z) => missing[z] = z >= 0 && z < shape.Z ? null : throw new BadInputException($"section {z} in a stack of {shape.Z} sections: must be 0 to {shape.Z - 1}");
        foreach (var z in sections)
            Add(z);
        if (mask is not null && mask.Shape != shape)
            throw new BadInputException($"the mask has {mask.Shape} voxels and the stack {shape}: they must be the same");
        for (var z = 0; mask is not null && z < shape.Z; z++)
        {
            if (missing.ContainsKey(z) || !mask.Section(z).ContainsAnyExcept(0f))
                continue;
            var marked = Array.ConvertAll(mask.Section(z).ToArray(), v => v != 0);
            missing[z] = marked.AsSpan().Contains(false) ? marked : null;
        }
        HashSet<int> known = [.. noisy ?? []];
        foreach (var z in known)
        {
            if (missing.ContainsKey(z))
                throw new BadInputException($"section {z} is said to be noisy, and something of it to be missing: name it once");
            Add(z);
        }
        return new MissingVoxels(shape, missing, known);
    }

    /// <summary>Reads numbers of sections: <c>12,40-42</c>.</summary>
    /// <exception cref="BadInputException">Something else.</exception>
    public static IReadOnlyList<int> Parse(string text)
    {
        List<int> sections = [];
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            var ends = part.Split('-');
            if (ends.Length > 2 || !int.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out var first) || !int.TryParse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var last) || last < first || last - first > 1_000_000)
                throw new BadInputException($"sections '{text}': give numbers from 0 and ranges, for example 12,40-42");
            sections.AddRange(Enumerable.Range(first, last - first + 1));
        }
        return sections;
    }

    private static IEnumerable<(int First, int Count)> RunsOf(IEnumerable<int> ascending)
    {
        var (first, count) = (0, 0);
        foreach (var z in ascending)
        {
            if (count > 0 && z == first + count)
            {
                count++;
                continue;
            }
            if (count > 0)
                yield return (first, count);
            (first, count) = (z, 1);
        }
        if (count > 0)
            yield return (first, count);
    }
}
