using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace VisionCell.Kernels.Simd;

/// <summary>Which vector instructions the processor kernels use.</summary>
public enum SimdWidth
{
    /// <summary>None.</summary>
    Scalar,

    /// <summary>AVX2 with fused multiply-add, 8 floats.</summary>
    Avx2,

    /// <summary>AVX-512, 16 floats.</summary>
    Avx512,
}

/// <summary>What this processor offers.</summary>
public static class SimdWidths
{
    /// <summary>The widest that this processor is fast with.</summary>
    public static SimdWidth Best { get; } =
        Avx512F.IsSupported && Avx2.IsSupported && Vector512.IsHardwareAccelerated ? SimdWidth.Avx512 :
        Avx2.IsSupported && Fma.IsSupported ? SimdWidth.Avx2 : SimdWidth.Scalar;

    /// <summary>Whether this processor can run that width.</summary>
    public static bool IsSupported(SimdWidth width) => width <= Best;
}
