using VisionCell.Kernels.Cuda;
using VisionCell.Kernels.Simd;
using VisionCell.Volumes;

namespace VisionCell.Kernels;

/// <summary>The one place where the option <c>--device</c> is understood for kernels.</summary>
public static class FieldBackends
{
    /// <summary>Opens what the option asks for.</summary>
    /// <param name="device"><c>cpu</c>; <c>cuda:N</c>; or <c>auto</c>: the first GPU where there is one, else the processor.</param>
    /// <param name="notice">Takes one line where a GPU was wanted and can't be used, and the processor is taken in its place.</param>
    /// <exception cref="BadInputException">The option is none of these.</exception>
    public static IFieldKernels<float> Open(string device, Action<string> notice) => Open(device, notice, standIn: null, CacheFolder());

    internal static IFieldKernels<float> Open(string device, Action<string> notice, string? standIn, string cache)
    {
        if (DeviceName.Ordinal(device) is not { } ordinal)
            return SimdKernels.Create();
        try
        {
            var opened = new CudaDevice(CudaLibrary.Load(standIn), ordinal, cache);
            return new CudaKernels(opened, $"cuda:{ordinal} ({opened.Architecture})");
        }
        catch (CudaUnavailableException e)
        {
            var processor = SimdKernels.Create();
            notice($"device {device}: {e.Message}; using {processor.Name}");
            return processor;
        }
    }

    private static string CacheFolder()
    {
        var root = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (string.IsNullOrEmpty(root))
            root = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        return Path.Combine(root, "visioncell", "cubin");
    }
}
