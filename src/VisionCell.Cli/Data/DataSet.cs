using System.Security.Cryptography;
using System.Text.Json;
using VisionCell.Cli.CommandLine;
using VisionCell.Volumes;

namespace VisionCell.Cli.Data;

/// <summary>One data set of data-manifests/: what it is, where it comes from, and the hash that its file must have.</summary>
/// <param name="Name">Name on the command line.</param>
/// <param name="File">Name of its file.</param>
/// <param name="Sha256">SHA-256 of the file, hexadecimal.</param>
/// <param name="VoxelSizeNm">Voxel size Z, Y, X in nm; null where nobody knows it.</param>
/// <param name="Modality">How it was imaged.</param>
/// <param name="Licence">Under which licence it may be used.</param>
/// <param name="Citation">What to cite.</param>
/// <param name="Path">Where its file lies; null where it is not on this machine.</param>
internal sealed record DataSet(string Name, string File, string Sha256, IReadOnlyList<double>? VoxelSizeNm, string? Modality, string? Licence, string? Citation, string? Path)
{
    /// <summary>Folder for data that is not in the repository.</summary>
    public const string Variable = "VISIONCELL_DATA";

    /// <summary>All data sets, by name.</summary>
    /// <exception cref="BadInputException">A manifest is not readable, or there is no checkout.</exception>
    public static IReadOnlyList<DataSet> All()
    {
        var folder = System.IO.Path.Combine(Installation.Root, "data-manifests");
        return [.. Directory.EnumerateFiles(folder, "*.json", SearchOption.AllDirectories).Select(Read).OrderBy(d => d.Name, StringComparer.Ordinal)];
    }

    /// <summary>Whether the file has the hash of its manifest.</summary>
    public bool IsIntact()
    {
        using var stream = System.IO.File.OpenRead(Path!);
        return Convert.ToHexStringLower(SHA256.HashData(stream)).Equals(Sha256, StringComparison.OrdinalIgnoreCase);
    }

    private static DataSet Read(string manifest)
    {
        try
        {
            using var document = JsonDocument.Parse(System.IO.File.ReadAllText(manifest));
            var root = document.RootElement;
            var file = root.GetProperty("file").GetString()!;
            var size = root.TryGetProperty("voxelSizeNm", out var edges) && edges.ValueKind == JsonValueKind.Array ? edges.EnumerateArray().Select(e => e.GetDouble()).ToArray() : null;
            return new(root.GetProperty("name").GetString()!, file, root.GetProperty("sha256").GetString()!, size, Text(root, "modality"), Text(root, "licence"), Text(root, "citation"), Find(manifest, file));
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new BadInputException($"{manifest}: not a data manifest (name, file, sha256 are needed): {e.Message}", e);
        }
    }

    private static string? Text(JsonElement root, string key) =>
        root.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string? Find(string manifest, string file)
    {
        var own = System.IO.Path.GetDirectoryName(manifest)!;
        IEnumerable<string> folders = [own, System.IO.Path.Combine(own, "samples"),
            .. (Environment.GetEnvironmentVariable(Variable) ?? "").Split(System.IO.Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)];
        return folders.Select(folder => System.IO.Path.Combine(folder, file)).FirstOrDefault(System.IO.File.Exists);
    }
}
