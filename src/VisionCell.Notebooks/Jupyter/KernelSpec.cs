using System.Text.Json;
using System.Text.Json.Nodes;
using VisionCell.Volumes;

namespace VisionCell.Notebooks.Jupyter;

/// <summary>
/// Registers the kernel with Jupyter: under <c>.net-csharp</c>, the name that the notebooks carry, unless dotnet-interactive (or
/// anything else) holds that name on this machine; then under <c>visioncell</c>, beside it. A later installation moves accordingly, and
/// nothing that another program installed is touched.
/// </summary>
public static class KernelSpec
{
    /// <summary>The name that dotnet-interactive uses and the notebooks carry.</summary>
    public const string PrimaryName = ".net-csharp";

    /// <summary>The name beside an installed dotnet-interactive.</summary>
    public const string SecondaryName = "visioncell";

    private const string Mark = "visioncell";
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Registers the kernel; doing so again changes nothing but what is out of date.</summary>
    /// <param name="command">The command that runs the kernel, without <c>kernel run --connection-file …</c>; the executable as a full path.</param>
    /// <param name="prefix">A Python or system prefix such as <c>/usr/local</c>; by default the user's own folder.</param>
    /// <returns>The folder of the kernelspec; its name is the kernel's.</returns>
    /// <exception cref="BadInputException">The folder cannot be written.</exception>
    public static string Install(IReadOnlyList<string> command, string? prefix = null)
    {
        string root = KernelsFolder(prefix);
        string name = SearchFolders(prefix).Any(f => IsForeign(Path.Combine(f, PrimaryName))) ? SecondaryName : PrimaryName;
        string folder = Path.Combine(root, name);
        if (IsForeign(folder))
            throw new BadInputException($"{folder}: another program's kernel has this name; remove it or install with another --prefix.");
        string title = name == PrimaryName ? ".NET (C#)" : ".NET (C#), Vision Cell";
        var spec = new JsonObject
        {
            ["argv"] = new JsonArray([.. command.Concat(["kernel", "run", "--connection-file", "{connection_file}"]).Select(a => (JsonNode)a)]),
            ["display_name"] = title,
            ["language"] = "C#",
            ["interrupt_mode"] = "message",
            ["metadata"] = new JsonObject { [Mark] = true },
        };
        try
        {
            Directory.CreateDirectory(folder);
            AtomicWrite.Text(Path.Combine(folder, "kernel.json"), spec.ToJsonString(Indented) + "\n");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{folder}: cannot be written ({e.Message}); use --prefix with a folder of yours, or the right to write there.", e);
        }

        string other = Path.Combine(root, name == PrimaryName ? SecondaryName : PrimaryName);
        if (IsOwn(other))
            Directory.Delete(other, recursive: true);
        return folder;
    }

    /// <summary>Removes what <see cref="Install"/> registered there, and nothing else.</summary>
    /// <returns>The folders removed.</returns>
    public static IReadOnlyList<string> Uninstall(string? prefix = null)
    {
        string root = KernelsFolder(prefix);
        string[] own = [.. new[] { PrimaryName, SecondaryName }.Select(n => Path.Combine(root, n)).Where(IsOwn)];
        foreach (string folder in own)
            Directory.Delete(folder, recursive: true);
        return own;
    }

    /// <summary>Where kernelspecs are installed: in the user's data folder as Jupyter defines it, or under a prefix.</summary>
    public static string KernelsFolder(string? prefix)
    {
        if (prefix is not null)
            return Path.Combine(Path.GetFullPath(prefix), "share", "jupyter", "kernels");
        string? own = Environment.GetEnvironmentVariable("JUPYTER_DATA_DIR");
        if (!string.IsNullOrEmpty(own))
            return Path.Combine(own, "kernels");
        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        if (OperatingSystem.IsMacOS())
            return Path.Combine(home, "Library", "Jupyter", "kernels");
        string? data = Environment.GetEnvironmentVariable("XDG_DATA_HOME");
        return Path.Combine(string.IsNullOrEmpty(data) ? Path.Combine(home, ".local", "share") : data, "jupyter", "kernels");
    }

    private static IEnumerable<string> SearchFolders(string? prefix)
    {
        string paths = Environment.GetEnvironmentVariable("JUPYTER_PATH") ?? string.Empty;
        return paths.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Select(p => Path.Combine(p, "kernels"))
            .Concat([KernelsFolder(prefix), KernelsFolder(null), "/usr/local/share/jupyter/kernels", "/usr/share/jupyter/kernels"])
            .Distinct(StringComparer.Ordinal);
    }

    private static bool IsOwn(string folder) => Read(folder)?["metadata"]?[Mark] is not null;

    private static bool IsForeign(string folder) => Directory.Exists(folder) && !IsOwn(folder);

    private static JsonNode? Read(string folder)
    {
        try
        {
            string file = Path.Combine(folder, "kernel.json");
            return File.Exists(file) ? JsonNode.Parse(File.ReadAllText(file)) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
