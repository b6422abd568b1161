using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace VisionCell.Cli.Doctor;

/// <summary>The machine itself: runtime, processor, memory, disk, GPU.</summary>
internal static class Machine
{
    private const long Gibibyte = 1L << 30;

    // A training run of the bundled sample peaks below this; less swaps or is killed.
    private const long LeastMemory = 4 * Gibibyte;

    // A reconstruction of a 1000^3 volume in single precision with its checkpoints.
    private const long LeastDisk = 5 * Gibibyte;

    public static IEnumerable<Func<Check>> Checks =>
    [
        () => new("system", CheckStatus.Ok, $"{RuntimeInformation.OSDescription}, {RuntimeInformation.OSArchitecture}", "everything"),
        () => new(".NET runtime", CheckStatus.Ok, RuntimeInformation.FrameworkDescription, "everything"),
        Processor,
        Memory,
        Disk,
        Gpu,
    ];

    private static Check Processor()
    {
        var flags = ReadLine("/proc/cpuinfo", "flags")?.Split(' ').ToHashSet() ?? [];
        string[] features =
        [
            .. Avx2.IsSupported ? new[] { "AVX2" } : [],
            .. Fma.IsSupported ? new[] { "FMA" } : [],
            .. Avx512F.IsSupported ? new[] { "AVX-512" } : [],
            .. flags.Contains("avx512_bf16") ? new[] { "AVX512_BF16" } : [],
            .. flags.Contains("amx_bf16") ? new[] { "AMX_BF16" } : [],
        ];
        var found = $"{Environment.ProcessorCount} cores, {(features.Length == 0 ? "no AVX2" : string.Join(", ", features))}, {ReadLine("/proc/cpuinfo", "model name") ?? "unknown model"}";
        return Avx2.IsSupported
            ? new("processor", CheckStatus.Ok, found, "training and inference; bf16 makes training several times as fast")
            : new("processor", CheckStatus.Optional, found, "training and inference", "everything works, slowly; a processor with AVX2 is several times as fast");
    }

    private static Check Memory()
    {
        // The collector knows the limit of a container, /proc/meminfo does not.
        var limit = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        var available = ReadLine("/proc/meminfo", "MemAvailable")?.Split(' ')[0] is { } text && long.TryParse(text, CultureInfo.InvariantCulture, out var kilobytes) ? kilobytes << 10 : limit;
        var found = string.Create(CultureInfo.InvariantCulture, $"{(double)limit / Gibibyte:0.0} GiB, {(double)Math.Min(limit, available) / Gibibyte:0.0} GiB free");
        return limit >= LeastMemory
            ? new("memory", CheckStatus.Ok, found, "volumes and training")
            : new("memory", CheckStatus.Optional, found, "volumes and training", "4 GiB are needed for the demo; larger volumes need about 20 bytes a voxel");
    }

    private static Check Disk()
    {
        var folder = Environment.CurrentDirectory;
        var free = new DriveInfo(folder).AvailableFreeSpace;
        var found = string.Create(CultureInfo.InvariantCulture, $"{(double)free / Gibibyte:0.0} GiB free at {folder}");
        return free >= LeastDisk
            ? new("disk", CheckStatus.Ok, found, "results under out/")
            : new("disk", CheckStatus.Optional, found, "results under out/", "make room, or give --out a folder on another disk");
    }

    private static Check Gpu()
    {
        const string driver = "/proc/driver/nvidia/version";
        var smi = Tools.Find("nvidia-smi") is { } path
            ? Tools.FirstLine(path, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader")
            : null;
        return smi is not null || File.Exists(driver)
            ? new("NVIDIA GPU", CheckStatus.Ok, smi ?? File.ReadLines(driver).First(), "training and inference with the CUDA build")
            : new("NVIDIA GPU", CheckStatus.Optional, "none", "training and inference with the CUDA build", "not needed: the processor does the work");
    }

    private static string? ReadLine(string file, string key)
    {
        if (!File.Exists(file))
            return null;
        return File.ReadLines(file).FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal))?.Split(':', 2) is [_, var value] ? value.Trim() : null;
    }
}
