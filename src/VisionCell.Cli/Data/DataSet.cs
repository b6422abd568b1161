using System.Globalization;
using System.Text.Json;
using VisionCell.Cli.CommandLine;
using VisionCell.Formats;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Cli.Data;

/// <summary>The pieces of which a stack is put together: a file, or one a section.</summary>
/// <param name="Url">Address, with zeros in braces where the number of the section goes: <c>{000}</c> is 007 for 7; without them there is one piece.</param>
/// <param name="First">Number of the first section.</param>
/// <param name="Count">How many.</param>
internal sealed record DataParts(string Url, int First, int Count)
{
    /// <summary>Address and file name of each piece.</summary>
    public IEnumerable<(Uri Url, string Name)> All()
    {
        var (open, close) = (Url.IndexOf('{', StringComparison.Ordinal), Url.IndexOf('}', StringComparison.Ordinal));
        for (var i = 0; i < Count; i++)
        {
            var address = open < 0 ? Url : Url[..open] + (First + i).ToString(Url[(open + 1)..close], CultureInfo.InvariantCulture) + Url[(close + 1)..];
            var url = new Uri(address);
            yield return (url, Uri.UnescapeDataString(url.Segments[^1]));
        }
    }
}

/// <summary>One file of a data set.</summary>
/// <param name="Role"><c>volume</c>, or what else it is.</param>
/// <param name="Name">Path as the manifest gives it.</param>
/// <param name="Format"><c>tiff</c>, <c>hdf5</c>, or what is read in place: <c>ome-zarr</c>, <c>precomputed</c>.</param>
/// <param name="Url">Where it is published; null where it is bundled, or nowhere on its own.</param>
/// <param name="Parts">What it is put together from; null where it is published as it is used.</param>
/// <param name="Bytes">Its length; null where nobody has noted it.</param>
/// <param name="Sha256">SHA-256 that it must have, hexadecimal; null where nobody has noted it.</param>
/// <param name="VoxelSha256">SHA-256 of its voxels however they are stored; null where nobody has noted it.</param>
/// <param name="Crop">Which voxels of the pieces it holds; null for all.</param>
/// <param name="Path">Where it lies; null where it is not on this machine.</param>
internal sealed record DataFile(string Role, string Name, string Format, string? Url, DataParts? Parts, long? Bytes, string? Sha256, string? VoxelSha256, Box? Crop, string? Path)
{
    /// <summary>Whether the source is read block by block over the network, and so not fetched.</summary>
    public bool IsReadInPlace => Format is "ome-zarr" or "precomputed";

    /// <summary>Whether a file has the hash of its manifest, or, stored in another way, the voxels.</summary>
    public bool Matches(string path, string? sha256) =>
        (sha256 is not null && ContentHash.OfFile(path).Equals(sha256, StringComparison.OrdinalIgnoreCase))
        || (VoxelSha256 is not null && VoxelHash(path) == VoxelSha256);

    /// <summary>SHA-256 of the voxels [z, y, x], little-endian; null where the file is no volume that is read.</summary>
    private static string? VoxelHash(string path)
    {
        try
        {
            // The voxel size does not count here, and goes nowhere.
            return ContentHash.OfBytes(VolumeFormats.Read(path, new VoxelSize(1, 1, 1)).Bytes);
        }
        catch (BadInputException)
        {
            return null;
        }
    }
}

/// <summary>One data set: what it is and where its files lie (data-manifests/README.md).</summary>
/// <param name="Name">Name on the command line.</param>
/// <param name="Sample">What was imaged.</param>
/// <param name="Modality">How it was imaged.</param>
/// <param name="VoxelSizeNm">Voxel size Z, Y, X in nm; null where nobody knows it.</param>
/// <param name="Split">Whether it is for development or only for testing.</param>
/// <param name="Licence">Under which licence it may be used.</param>
/// <param name="Citation">What to cite.</param>
/// <param name="Files">Its files.</param>
internal sealed record DataSet(string Name, string? Sample, string? Modality, IReadOnlyList<double>? VoxelSizeNm, string? Split, string? Licence, string? Citation, IReadOnlyList<DataFile> Files)
{
    /// <summary>Folders for data that is not in the repository, separated as in PATH.</summary>
    public const string Variable = "VISIONCELL_DATA";

    private const string Schema = "schema.json";

    /// <summary>The folders that <see cref="Variable"/> names.</summary>
    public static IReadOnlyList<string> Folders => (Environment.GetEnvironmentVariable(Variable) ?? "").Split(System.IO.Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);

    /// <summary>All data sets, by name.</summary>
    /// <param name="folder">Folder of manifests; null for those of the repository.</param>
    /// <exception cref="BadInputException">A manifest is not readable, there is no such folder, or no checkout.</exception>
    public static IReadOnlyList<DataSet> All(string? folder = null)
    {
        folder ??= Path.Combine(Installation.Root, "data-manifests");
        if (!Directory.Exists(folder))
            throw new BadInputException($"{folder}: no such folder of data manifests");
        return [.. Directory.EnumerateFiles(folder, "*.json").Where(f => Path.GetFileName(f) != Schema).Select(Read).OrderBy(d => d.Name, StringComparer.Ordinal)];
    }

    /// <summary>The data sets of some names; all where there are none.</summary>
    /// <exception cref="BadInputException">A name is not known.</exception>
    public static IReadOnlyList<DataSet> Named(string? folder, IReadOnlyList<string> names)
    {
        var all = All(folder);
        if (names.FirstOrDefault(n => all.All(d => d.Name != n)) is { } unknown)
            throw new BadInputException($"no data set '{unknown}'; known: {string.Join(", ", all.Select(d => d.Name))}");
        return [.. all.Where(d => names.Count == 0 || names.Contains(d.Name))];
    }

    private static DataSet Read(string manifest)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllText(manifest));
            var root = document.RootElement;
            var size = root.TryGetProperty("voxelSizeNm", out var edges) && edges.ValueKind == JsonValueKind.Array ? edges.EnumerateArray().Select(e => e.GetDouble()).ToArray() : null;
            var crop = root.TryGetProperty("crop", out var ranges) && ranges.ValueKind == JsonValueKind.Array ? BoxOf(ranges) : (Box?)null;
            var files = root.GetProperty("files").EnumerateArray().Select(file =>
            {
                var name = file.GetProperty("path").GetString()!;
                var parts = file.TryGetProperty("parts", out var p) ? new DataParts(p.GetProperty("url").GetString()!, p.GetProperty("first").GetInt32(), p.GetProperty("count").GetInt32()) : null;
                return new DataFile(
                    file.GetProperty("role").GetString()!, name, Text(file, "format") ?? "tiff", Text(file, "url"), parts,
                    file.TryGetProperty("bytes", out var bytes) && bytes.ValueKind == JsonValueKind.Number ? bytes.GetInt64() : null,
                    Text(file, "sha256"), Text(file, "voxelSha256"), crop, Find(manifest, name));
            });
            return new(root.GetProperty("name").GetString()!, Text(root, "sample"), Text(root, "modality"), size, Text(root, "split"), Text(root, "licence"), Text(root, "citation"), [.. files]);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new BadInputException($"{manifest}: not a data manifest (data-manifests/schema.json): {e.Message}", e);
        }
    }

    private static Box BoxOf(JsonElement ranges)
    {
        var r = ranges.EnumerateArray().Select(range => (First: range[0].GetInt32(), End: range[1].GetInt32())).ToArray();
        return new Box(r[0].First, r[1].First, r[2].First, new Shape3(r[0].End - r[0].First, r[1].End - r[1].First, r[2].End - r[2].First));
    }

    private static string? Text(JsonElement root, string key) =>
        root.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string? Find(string manifest, string name) =>
        new[] { Path.GetDirectoryName(manifest)! }.Concat(Folders).Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
}
