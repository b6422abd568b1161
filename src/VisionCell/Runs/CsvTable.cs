using System.Text;
using VisionCell.Volumes;

namespace VisionCell.Runs;

/// <summary>Rows by name as comma-separated values. Source: RFC 4180.</summary>
public static class CsvTable
{
    /// <summary>Writes rows; columns come in the order in which they first appear, a missing value is left empty.</summary>
    /// <param name="path">The file; written beside and renamed into place.</param>
    /// <param name="rows">Text by column.</param>
    public static void Write(string path, IReadOnlyList<IReadOnlyDictionary<string, string>> rows)
    {
        var columns = rows.SelectMany(r => r.Keys).Distinct().ToList();
        var text = new StringBuilder();
        text.AppendJoin(',', columns.Select(Quoted)).Append("\r\n");
        foreach (var row in rows)
            text.AppendJoin(',', columns.Select(c => Quoted(row.GetValueOrDefault(c) ?? ""))).Append("\r\n");
        AtomicWrite.Text(path, text.ToString());
    }

    private static string Quoted(string text) => text.IndexOfAny([',', '"', '\r', '\n']) < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
