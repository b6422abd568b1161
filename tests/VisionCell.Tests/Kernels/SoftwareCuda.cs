using System.Diagnostics;
using System.Runtime.InteropServices;
using VisionCell.Kernels.Cuda;

namespace VisionCell.Tests.Kernels;

/// <summary>
/// The software driver of tests/gpu/, built once a process and order of threads: what the library takes for a GPU where there is none.
/// g++ and clang-19 come with the test set-up, so their absence is a failure, not a skip.
/// </summary>
internal sealed class SoftwareCuda
{
    private static readonly Lazy<SoftwareCuda> First = new(() => new SoftwareCuda(reversed: false));
    private static readonly Lazy<SoftwareCuda> Last = new(() => new SoftwareCuda(reversed: true));

    private SoftwareCuda(bool reversed)
    {
        Folder = Directory.CreateTempSubdirectory("visioncell-software-cuda").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(Folder, recursive: true);
        Path = System.IO.Path.Combine(Folder, "driver.so");
        var sources = System.IO.Path.Combine(Sample.Repository, "tests", "gpu");
        var options = Sanitized ? "-fsanitize=address" : "";
        Run("g++", ["-std=c++17", "-O1", "-shared", "-fPIC", .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries), $"-DEMULATION_FOLDER=\"{sources}\"", $"-DEMULATION_OPTIONS=\"{options}\"", System.IO.Path.Combine(sources, "driver.cpp"), "-o", Path]);
        Call<Action<int>, SetOrder>("emulationSetOrder", f => new Action<int>(f.Invoke))(reversed ? 1 : 0);
        Device = new CudaDevice(CudaLibrary.Load(Path), 0, System.IO.Path.Combine(Folder, "cubin"), checkArguments: true);
    }

    /// <summary>Whether this process was started to run under AddressSanitizer.</summary>
    public static bool Sanitized => Environment.GetEnvironmentVariable("VISIONCELL_SANITIZE") == "1";

    /// <summary>Threads in order.</summary>
    public static SoftwareCuda Forward => First.Value;

    /// <summary>Threads last to first.</summary>
    public static SoftwareCuda Backward => Last.Value;

    /// <summary>Where it was built.</summary>
    public string Folder { get; }

    /// <summary>The library.</summary>
    public string Path { get; }

    /// <summary>Its one GPU.</summary>
    public CudaDevice Device { get; }

    /// <summary>Sources that were compiled so far.</summary>
    public int Compilations => Call<Func<int>, CountInt>("emulationCompilations", f => new Func<int>(f.Invoke))();

    /// <summary>Allocations that were not freed.</summary>
    public long Allocations => Call<Func<long>, CountLong>("emulationAllocations", f => new Func<long>(f.Invoke))();

    /// <summary>Runs a tool; its output where it ended well.</summary>
    public static string Run(string tool, IEnumerable<string> arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(tool, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{tool}: {errors}");
        return output.Result;
    }

    private TResult Call<TResult, TNative>(string name, Func<TNative, TResult> wrap)
        where TNative : Delegate => wrap(Marshal.GetDelegateForFunctionPointer<TNative>(NativeLibrary.GetExport(NativeLibrary.Load(Path), name)));

    private delegate void SetOrder(int reversed);

    private delegate int CountInt();

    private delegate long CountLong();
}
