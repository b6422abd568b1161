using System.Security.Cryptography;
using System.Text.Json;
using VisionCell.Cli.CommandLine;
using VisionCell.Volumes;

namespace VisionCell.Cli.Data;

/// <summary>One file of a data set.</summary>
/// <param name="Role"><c>volume</c>, or what else it is.</param>
/// <param name="Name">Path as the manifest gives it.</param>
/// <param name="Sha256">SHA-256 that it must have, hexadecimal.</param>
/// <param name="Path">Where it lies; null where it is not on this machine.</param>
internal sealed record DataFile(string Role, string Name, string Sha256, string? Path)
{
    /// <summary>Whether the file has the hash of its manifest.</summary>
    public bool IsIntact()
    {
        using var stream = File.OpenRead(Path!);
        return Convert.ToHexStringLower(SHA256.HashData(stream)).Equals(Sha256, StringComparison.OrdinalIgnoreCase);
    }
}

/// <summary>One data set of data-manifests/: what it is and where its files lie (data-manifests/README.md).</summary>
/// <param name="Name">Name on the command line.</param>
/// <param name="Sample">What was imaged.</param>
/// <param name="Modality">How it was imaged.</param>
/// <param name="VoxelSizeNm">Voxel size Z, Y, X in nm; null where nobody knows it.</param>
/// <param name="Split">Whether it is for development or only for testing.</param>
/// <param name="Licence">Under which licence it may be used.</param>
/// <param name="Files">Its files.</param>
internal sealed record DataSet(string Name, string? Sample, string? Modality, IReadOnlyList<double>? VoxelSizeNm, string? Split, string? Licence, IReadOnlyList<DataFile> Files)
{
    /// <summary>Folder for data that is not in the repository.</summary>
    public const string Variable = "VISIONCELL_DATA";

    private const string Schema = "schema.json";

    /// <summary>All data sets, by name.</summary>
    /// <exception cref="BadInputException">A manifest is not readable, or there is no checkout.</exception>
    public static IReadOnlyList<DataSet> All()
    {
        var folder = Path.Combine(Installation.Root, "data-manifests");
        return [.. Directory.EnumerateFiles(folder, "*.json").Where(f => Path.GetFileName(f) != Schema).Select(Read).OrderBy(d => d.Name, StringComparer.Ordinal)];
    }

    private static DataSet Read(string manifest)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllText(manifest));
            var root = document.RootElement;
            var size = root.TryGetProperty("voxelSizeNm", out var edges) && edges.ValueKind == JsonValueKind.Array ? edges.EnumerateArray().Select(e => e.GetDouble()).ToArray() : null;
            var files = root.GetProperty("files").EnumerateArray().Select(file =>
            {
                var name = file.GetProperty("path").GetString()!;
                return new DataFile(file.GetProperty("role").GetString()!, name, file.GetProperty("sha256").GetString()!, Find(manifest, name));
            });
            return new(root.GetProperty("name").GetString()!, Text(root, "sample"), Text(root, "modality"), size, Text(root, "split"), Text(root, "licence"), [.. files]);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new BadInputException($"{manifest}: not a data manifest (data-manifests/schema.json): {e.Message}", e);
        }
    }

    private static string? Text(JsonElement root, string key) =>
        root.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string? Find(string manifest, string name)
    {
        IEnumerable<string> folders = [Path.GetDirectoryName(manifest)!,
            .. (Environment.GetEnvironmentVariable(Variable) ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)];
        return folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
    }
}
