using TorchSharp;
using VisionCell.Volumes;
using static TorchSharp.torch;

namespace VisionCell.Learning;

/// <summary>
/// In which precision a network computes; its weights are always kept and updated in fp32. On processors with bf16 arithmetic
/// bf16 is three to six times as fast as fp32 (3x3 convolutions, 64 channels: 404-460 against 68-172 GFLOP/s on two cores with
/// AVX512-BF16); on processors without it bf16 is emulated and twenty times slower, so fp32 is taken.
/// </summary>
/// <param name="Device">Where tensors live.</param>
/// <param name="Compute">Element type of activations.</param>
public sealed record ComputePrecision(Device Device, ScalarType Compute)
{
    /// <summary>The best of this machine on what the option <c>--device</c> asks for.</summary>
    /// <param name="device"><c>cpu</c>; <c>cuda:N</c>; or <c>auto</c>: the first GPU where there is one, else the processor.</param>
    /// <param name="notice">Takes one line where a GPU was asked for and can't be used, and the processor is taken in its place.</param>
    /// <exception cref="BadInputException">The option is none of these.</exception>
    public static ComputePrecision Best(string device = "auto", Action<string>? notice = null)
    {
        var ordinal = DeviceName.Ordinal(device);
        NativeHeap.Keep();
        if (ordinal is { } wanted && cuda.is_available() && wanted < cuda.device_count())
            return new ComputePrecision(new Device(DeviceType.CUDA, wanted), ScalarType.BFloat16);
        if (device.StartsWith("cuda", StringComparison.Ordinal))
            notice?.Invoke($"device {device}: libtorch has {(cuda.is_available() ? $"{cuda.device_count()} GPU(s), numbered from 0" : "no GPU (this may be its build for processors)")}; networks run on the processor");
        return new ComputePrecision(CPU, HasBFloat16() ? ScalarType.BFloat16 : ScalarType.Float32);
    }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{(Device.type == DeviceType.CUDA ? $"cuda:{Math.Max(0, Device.index)}" : "cpu")} ({(Compute == ScalarType.BFloat16 ? "bf16" : "fp32")})";

    private static bool HasBFloat16()
    {
        const string processor = "/proc/cpuinfo";
        if (!File.Exists(processor))
            return false;
        var flags = File.ReadLines(processor).FirstOrDefault(line => line.StartsWith("flags", StringComparison.Ordinal)) ?? "";
        return flags.Contains(" avx512_bf16", StringComparison.Ordinal) || flags.Contains(" amx_bf16", StringComparison.Ordinal);
    }
}
