using System.Runtime.InteropServices;

namespace VisionCell.Kernels.Simd;

/// <summary>
/// Floats at an address that is a multiple of 64, so that no vector crosses a cache line, in pinned memory of the garbage collector:
/// nothing has to be freed by hand and nothing can leak.
/// </summary>
internal sealed unsafe class AlignedFloats
{
    private const int Alignment = 64;
    private readonly float[] _memory;

    /// <summary>Takes memory, all zero.</summary>
    public AlignedFloats(long length)
    {
        _memory = GC.AllocateArray<float>(checked((int)(length + Alignment / sizeof(float))), pinned: true);
        var start = (nint)Marshal.UnsafeAddrOfPinnedArrayElement(_memory, 0);
        Pointer = (float*)((start + Alignment - 1) & -Alignment);
        Length = length;
    }

    /// <summary>The first float; valid as long as this object is reachable.</summary>
    public float* Pointer { get; }

    /// <summary>Number of floats.</summary>
    public long Length { get; }

    /// <summary>The same memory where it is long enough, else new memory.</summary>
    public static AlignedFloats Grown(AlignedFloats? existing, long length) => existing is not null && existing.Length >= length ? existing : new AlignedFloats(length);
}
