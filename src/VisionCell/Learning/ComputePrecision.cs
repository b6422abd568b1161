using TorchSharp;
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
    /// <summary>The best of this machine.</summary>
    public static ComputePrecision Best()
    {
        if (cuda.is_available())
            return new ComputePrecision(CUDA, ScalarType.BFloat16);
        return new ComputePrecision(CPU, HasBFloat16() ? ScalarType.BFloat16 : ScalarType.Float32);
    }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{(Device.type == DeviceType.CUDA ? "cuda:0" : "cpu")} ({(Compute == ScalarType.BFloat16 ? "bf16" : "fp32")})";

    private static bool HasBFloat16()
    {
        const string processor = "/proc/cpuinfo";
        if (!File.Exists(processor))
            return false;
        var flags = File.ReadLines(processor).FirstOrDefault(line => line.StartsWith("flags", StringComparison.Ordinal)) ?? "";
        return flags.Contains(" avx512_bf16", StringComparison.Ordinal) || flags.Contains(" amx_bf16", StringComparison.Ordinal);
    }
}
