using System.Reflection;
using System.Runtime.InteropServices;

namespace VisionCell.Runs;

/// <summary>What a run was computed with; a number in a report means little without it.</summary>
/// <param name="VisionCell">Version of the library; the commit it was built from follows a plus sign where it is known.</param>
/// <param name="TorchSharp">Version of TorchSharp.</param>
/// <param name="OpenCvSharp">Version of OpenCvSharp.</param>
/// <param name="DotNet">Version of the .NET runtime.</param>
public sealed record Versions(string VisionCell, string? TorchSharp, string? OpenCvSharp, string DotNet)
{
    /// <summary>The versions at hand. No native library is loaded for it.</summary>
    public static Versions Current { get; } = new(
        CodeVersion.Informational, Of(typeof(TorchSharp.torch)), Of(typeof(OpenCvSharp.Mat)), Environment.Version.ToString());

    private static string? Of(Type type) =>
        type.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? type.Assembly.GetName().Version?.ToString();
}

/// <summary>The machine that a run was computed on.</summary>
/// <param name="Cpu">Model of the processor.</param>
/// <param name="Cores">Logical cores that this process may use.</param>
/// <param name="MemoryGb">Memory that this process may use, GiB; a container's limit counts.</param>
/// <param name="Gpu">Models of the NVIDIA GPUs that the driver shows; null where there is none.</param>
/// <param name="System">Operating system.</param>
public sealed record Machine(string? Cpu, int Cores, double MemoryGb, string? Gpu, string System)
{
    /// <summary>This machine.</summary>
    public static Machine Current { get; } = new(
        ValueOf("/proc/cpuinfo", "model name"),
        Environment.ProcessorCount,
        Math.Round(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1 << 30), 1),
        Gpus(),
        RuntimeInformation.OSDescription);

    private static string? Gpus()
    {
        const string folder = "/proc/driver/nvidia/gpus";
        if (!Directory.Exists(folder))
            return null;
        var models = Directory.GetDirectories(folder).Select(gpu => ValueOf(Path.Combine(gpu, "information"), "Model")).OfType<string>().ToArray();
        return models.Length == 0 ? null : string.Join(", ", models);
    }

    /// <summary>The value of the first line <c>key : value</c>; null where file or key is missing.</summary>
    private static string? ValueOf(string path, string key)
    {
        try
        {
            return File.ReadLines(path).Select(line => line.Split(':', 2)).FirstOrDefault(parts => parts.Length == 2 && parts[0].Trim() == key)?[1].Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}

/// <summary>Which code a result was made by.</summary>
public static class CodeVersion
{
    /// <summary>Version of the library as built, for example <c>0.1.0+81dec68…</c>.</summary>
    public static string Informational { get; } =
        typeof(CodeVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
        ?? typeof(CodeVersion).Assembly.GetName().Version!.ToString();

    /// <summary>
    /// Identity of the library's code: its module version id, which a deterministic build derives from the sources. Any change of
    /// the library makes its stages run again; a rebuild of the same sources does not.
    /// </summary>
    public static string Current { get; } = typeof(CodeVersion).Assembly.ManifestModule.ModuleVersionId.ToString("N");

    /// <summary>The commit that the library was built from, or that is checked out around the current folder; null where neither is known.</summary>
    public static string? Commit => Informational.Split('+') is [_, { Length: >= 7 } commit] ? commit : GitHead.Find(Environment.CurrentDirectory);
}
