using System.Text.Json;
using VisionCell.Volumes;

namespace VisionCell.Cli.Data;

/// <summary>
/// Hashes that a user took down for files of which the publisher gives none, in <c>recorded-hashes.json</c> beside the files: trust on first use,
/// asked for in so many words, and held to from then on.
/// </summary>
internal static class RecordedHashes
{
    private const string FileName = "recorded-hashes.json";

    private static readonly JsonSerializerOptions _json = new() { WriteIndented = true };

    /// <summary>The hash taken down for a file, which need not be there yet; null where there is none.</summary>
    public static string? Of(string path) => Read(ListFor(path)).GetValueOrDefault(Path.GetFileName(path));

    /// <summary>Takes the hash of a file down.</summary>
    public static void Record(string path, string sha256)
    {
        var all = Read(ListFor(path));
        all[Path.GetFileName(path)] = sha256;
        AtomicWrite.Text(ListFor(path), JsonSerializer.Serialize(all, _json) + "\n");
    }

    private static string ListFor(string path) => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, FileName);

    private static SortedDictionary<string, string> Read(string path)
    {
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize<SortedDictionary<string, string>>(File.ReadAllText(path)) ?? [] : [];
        }
        catch (JsonException e)
        {
            throw new BadInputException($"{path}: not a list of hashes by file: {e.Message}; correct or remove it", e);
        }
    }
}
