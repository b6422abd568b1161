using System.Numerics;
using System.Text.RegularExpressions;

using VisionCell.Volumes;

namespace VisionCell.Formats;

/// <summary>
/// The order of numbered files. Names are compared in pieces, text and digits; the piece of digits that counts up by one
/// without a gap is the number of the section (so "s9.tif" comes before "s10.tif", and a constant date does not disturb).
/// </summary>
internal static partial class SliceNumbering
{
    /// <summary>Sorts file paths by section number.</summary>
    /// <exception cref="BadInputException">Names are not numbered alike, or a number is missing or there twice.</exception>
    public static string[] Sort(string[] files, string folder)
    {
        if (files.Length == 1)
            return files;
        var names = files.Select(f => new Name(f, Pieces().Split(Path.GetFileNameWithoutExtension(f)))).ToArray();
        var first = names[0];
        foreach (var name in names)
        {
            // Split with one group: text at even positions, digits at odd ones.
            var alike = name.Pieces.Length == first.Pieces.Length;
            for (var i = 0; alike && i < name.Pieces.Length; i += 2)
                alike = string.Equals(name.Pieces[i], first.Pieces[i], StringComparison.OrdinalIgnoreCase);
            if (!alike)
                throw new BadInputException($"{folder}: {first.File} and {name.File} are not numbered alike; keep only the slices of one stack in the folder");
        }
        var problem = "";
        for (var position = first.Pieces.Length - 2; position > 0; position -= 2)
        {
            var at = position;
            if (names.All(n => n.Number(at) == first.Number(at)))
                continue;
            var sorted = names.OrderBy(n => n.Number(at)).ThenBy(n => n.File, StringComparer.Ordinal).ToArray();
            var found = Problem(sorted, at);
            if (found.Length == 0)
                return [.. sorted.Select(n => n.Path)];
            if (problem.Length == 0)
                problem = found;
        }
        throw new BadInputException($"{folder}: {(problem.Length > 0 ? problem : $"{first.File} and {names[1].File} carry the same number")}");
    }

    private static string Problem(Name[] sorted, int position)
    {
        for (var i = 1; i < sorted.Length; i++)
        {
            var (before, after) = (sorted[i - 1], sorted[i]);
            var step = after.Number(position) - before.Number(position);
            if (step.IsZero)
                return $"{before.File} and {after.File} carry the same number; keep one of them";
            if (step > 1)
                return $"{step - 1} slice(s) missing between {before.File} and {after.File}; add them, or renumber the files if nothing is missing";
        }
        return "";
    }

    [GeneratedRegex("([0-9]+)")]
    private static partial Regex Pieces();

    private sealed record Name(string Path, string[] Pieces)
    {
        public string File => System.IO.Path.GetFileName(Path);

        public BigInteger Number(int position) => BigInteger.Parse(Pieces[position], System.Globalization.CultureInfo.InvariantCulture);
    }
}
