using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using System.Security.Cryptography;
using OpenCvSharp;
using TorchSharp;

namespace VisionCell.Kernels;

/// <summary>
/// Finds the native halves of TorchSharp and OpenCvSharp beside this assembly, whichever way the assembly was loaded (published
/// program, <c>#r "path"</c> in a notebook, test host), and loads TorchSharp's shim on systems whose libstdc++ is older than the
/// one it was linked against. Why and how: docs/decisions/native-libraries.md.
/// </summary>
public static partial class NativeLibraries
{
    /// <summary>The symbol version that TorchSharp's shim names and never uses: only the marker <c>_ZSt21ios_base_library_initv</c> carries it.</summary>
    internal const string UnusedVersion = "GLIBCXX_3.4.32";

    private const string TorchShim = "LibTorchSharp";

    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, nint> Loaded = [];

    /// <summary>Registers the resolver once, when this assembly is first used; nothing native is loaded before it is needed.</summary>
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255:The 'ModuleInitializer' attribute should not be used in libraries",
        Justification = "A notebook may call TorchSharp or OpenCvSharp before anything of ours: loading this assembly must be enough.")]
    internal static void Register()
    {
        // OpenMP threads that wait by spinning stop each other as soon as anything else runs on the machine: with two other busy
        // processes on two cores a training step took 320 ms spinning and 117 ms sleeping. What the user set stays.
        _ = SetEnvironment("OMP_WAIT_POLICY", "PASSIVE", 0);

        // OpenCV's video writer tries one encoder after the other, and each that is missing writes to standard error.
        _ = SetEnvironment("OPENCV_FFMPEG_LOGLEVEL", "-8", 0);
        _ = SetEnvironment("OPENCV_LOG_LEVEL", "FATAL", 0);

        // The event is raised only after the runtime's own probing has failed, so a system where it succeeds is left alone.
        foreach (var assembly in new[] { typeof(torch).Assembly, typeof(Mat).Assembly })
        {
            if (AssemblyLoadContext.GetLoadContext(assembly) is { } context)
            {
                context.ResolvingUnmanagedDll -= Resolve;
                context.ResolvingUnmanagedDll += Resolve;
            }
        }
    }

    /// <summary>The folder that holds the native libraries, or null where none was deployed.</summary>
    internal static string? Folder { get; } = FindFolder();

    /// <summary>Loads a copy of TorchSharp's shim whose requirement of <see cref="UnusedVersion"/> is weak; the copy is kept in the cache.</summary>
    /// <param name="shim">Path of the shim as deployed.</param>
    /// <param name="cache">Folder for the copy.</param>
    /// <returns>Path of the copy.</returns>
    internal static string WeakenedCopy(string shim, string cache)
    {
        var image = File.ReadAllBytes(shim);
        var copy = Path.Combine(cache, $"libLibTorchSharp-{Convert.ToHexStringLower(SHA256.HashData(image))[..16]}.so");
        if (File.Exists(copy))
            return copy;
        if (ElfVersions.Weaken(image, UnusedVersion) == 0)
            throw new DllNotFoundException($"'{shim}' does not load, and not because of {UnusedVersion}; 'ldd {shim}' tells what it misses");
        Directory.CreateDirectory(cache);
        var temporary = $"{copy}.{Environment.ProcessId}.tmp";
        File.WriteAllBytes(temporary, image);
        File.Move(temporary, copy, overwrite: true);
        return copy;
    }

    /// <summary>libc's setenv: the runtime's own variables do not reach native libraries, which read theirs when they are loaded.</summary>
    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static partial int SetEnvironment(string name, string value, int overwrite);

    private static nint Resolve(System.Reflection.Assembly assembly, string name)
    {
        lock (Gate)
        {
            if (Loaded.TryGetValue(name, out var handle))
                return handle;
            handle = Folder is { } folder ? Load(folder, name) : 0;
            if (handle != 0)
                Loaded[name] = handle;
            return handle;
        }
    }

    private static nint Load(string folder, string name)
    {
        var path = Path.Combine(folder, name.StartsWith("lib", StringComparison.Ordinal) && name.EndsWith(".so", StringComparison.Ordinal) ? name : $"lib{name}.so");
        if (!File.Exists(path))
            return 0;
        if (name != TorchShim)
            return NativeLibrary.TryLoad(path, out var library) ? library : 0;
        // The shim finds libtorch by SONAME among what is loaded, so that a copy outside its folder works as well.
        foreach (var dependency in new[] { "libc10.so", "libtorch_cpu.so", "libtorch.so" })
            NativeLibrary.TryLoad(Path.Combine(folder, dependency), out _);
        return NativeLibrary.TryLoad(path, out var shim) ? shim : NativeLibrary.Load(WeakenedCopy(path, CacheFolder()));
    }

    private static string CacheFolder()
    {
        var root = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (string.IsNullOrEmpty(root))
        {
            var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            root = string.IsNullOrEmpty(home) ? Path.GetTempPath() : Path.Combine(home, ".cache");
        }
        return Path.Combine(root, "visioncell", "native");
    }

    private static string? FindFolder()
    {
        var own = Path.GetDirectoryName(typeof(NativeLibraries).Assembly.Location) ?? AppContext.BaseDirectory;
        string[] candidates =
        [
            own,
            Path.Combine(own, "runtimes", "linux-x64", "native"),
            .. ((string?)AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries),
        ];
        return candidates.FirstOrDefault(folder => File.Exists(Path.Combine(folder, $"lib{TorchShim}.so")));
    }
}
