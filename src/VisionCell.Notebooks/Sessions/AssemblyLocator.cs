using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Runtime.Loader;

namespace VisionCell.Notebooks.Sessions;

/// <summary>
/// Decides which file stands for an assembly and loads what a cell references.
///
/// Two rules give every type one identity in the process. An assembly that the host itself is built on (its own folder and the shared
/// framework) is always the host's, whichever file a cell names. Any other assembly is loaded into the default load context from the
/// first file that names it, with its dependencies and native libraries found beside it: by its deps.json, flat in its folder, or in
/// <c>runtimes/linux-x64/native</c>.
/// </summary>
internal static class AssemblyLocator
{
    private static readonly Lock Gate = new();
    private static readonly List<(string Directory, AssemblyDependencyResolver? Resolver)> Places = [];
    private static readonly Dictionary<string, string> Loaded = new(StringComparer.OrdinalIgnoreCase);

    static AssemblyLocator()
    {
        AssemblyLoadContext.Default.Resolving += (context, name) => FindManaged(name) is { } path ? context.LoadFromAssemblyPath(path) : null;
        AssemblyLoadContext.Default.ResolvingUnmanagedDll += (_, name) => LoadNative(name);
    }

    /// <summary>Files of the host and the shared framework, by simple name.</summary>
    public static IReadOnlyDictionary<string, string> Host { get; } = ReadHost();

    /// <summary>Files of the shared framework alone.</summary>
    public static IReadOnlyList<string> Framework { get; } = FrameworkFiles();

    /// <summary>The file that a reference to <paramref name="path"/> means: the host's own copy where it has one.</summary>
    public static string FileFor(string path) =>
        Host.TryGetValue(Path.GetFileNameWithoutExtension(path), out string? own) ? own : path;

    /// <summary>
    /// Loads an assembly that a cell references, and what it references in turn; nothing where the host has it.
    /// </summary>
    /// <exception cref="CellRefusedException">Another assembly of that name was loaded before.</exception>
    public static void Load(string path)
    {
        string name = Path.GetFileNameWithoutExtension(path);
        if (Host.ContainsKey(name))
            return;
        lock (Gate)
        {
            if (Loaded.TryGetValue(name, out string? before))
            {
                if (before != path && ModuleId(before) != ModuleId(path))
                    throw new CellRefusedException($"{Path.GetFileName(path)} was already loaded from {before}; restart the kernel to use {path}.");
                return;
            }

            Loaded.Add(name, path);
            Places.Add((Path.GetDirectoryName(path)!, TryResolver(path)));
        }

        // All that it needs is loaded at once: a cell that meets a dependency's type first must get the same assembly.
        LoadClosure(AssemblyLoadContext.Default.LoadFromAssemblyPath(path), []);
    }

    /// <summary>The identity of one build of an assembly.</summary>
    public static Guid ModuleId(string path)
    {
        using FileStream stream = File.OpenRead(path);
        using var reader = new PEReader(stream);
        MetadataReader metadata = reader.GetMetadataReader();
        return metadata.GetGuid(metadata.GetModuleDefinition().Mvid);
    }

    private static void LoadClosure(Assembly assembly, HashSet<string> seen)
    {
        foreach (AssemblyName reference in assembly.GetReferencedAssemblies())
        {
            if (Host.ContainsKey(reference.Name!) || !seen.Add(reference.Name!) || FindManaged(reference) is null)
                continue;
            LoadClosure(AssemblyLoadContext.Default.LoadFromAssemblyName(reference), seen);
        }
    }

    private static string? FindManaged(AssemblyName name)
    {
        lock (Gate)
        {
            foreach ((string directory, AssemblyDependencyResolver? resolver) in Places)
            {
                string beside = Path.Combine(directory, name.Name + ".dll");
                string? path = resolver?.ResolveAssemblyToPath(name) ?? (File.Exists(beside) ? beside : null);
                if (path is not null)
                    return path;
            }
        }

        return null;
    }

    private static nint LoadNative(string name)
    {
        string[] fileNames = name.EndsWith(".so", StringComparison.Ordinal) ? [name] : [name, "lib" + name + ".so", name + ".so"];
        lock (Gate)
        {
            foreach ((string directory, AssemblyDependencyResolver? resolver) in Places)
            {
                IEnumerable<string?> candidates = fileNames
                    .SelectMany(f => new[] { Path.Combine(directory, f), Path.Combine(directory, "runtimes", "linux-x64", "native", f) })
                    .Prepend(resolver?.ResolveUnmanagedDllToPath(name));
                foreach (string? candidate in candidates)
                {
                    if (candidate is not null && File.Exists(candidate) && System.Runtime.InteropServices.NativeLibrary.TryLoad(candidate, out nint handle))
                        return handle;
                }
            }
        }

        return 0;
    }

    private static AssemblyDependencyResolver? TryResolver(string path)
    {
        try
        {
            return new AssemblyDependencyResolver(path);
        }
        catch (InvalidOperationException)
        {
            // The deps.json beside it is damaged or the host was started without hostfxr: the folder itself still answers.
            return null;
        }
    }

    private static Dictionary<string, string> ReadHost()
    {
        var files = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        string trusted = (string?)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES") ?? string.Empty;
        foreach (string path in trusted.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
            files.TryAdd(Path.GetFileNameWithoutExtension(path), path);
        return files;
    }

    private static List<string> FrameworkFiles()
    {
        string folder = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        return [.. Host.Values.Where(p => Path.GetDirectoryName(p) == folder && !Path.GetFileName(p).StartsWith("Microsoft.VisualBasic", StringComparison.Ordinal))];
    }
}
