using System.Runtime.CompilerServices;

namespace VisionCell.Kernels.Simd;

/// <summary>One lane, for processors without AVX2.</summary>
internal readonly unsafe struct LanesScalar : ILanes<float, uint>
{
    public static int Width => 1;

    public static int PanelVectors => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Load(float* source) => *source;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float value, float* target) => *target = value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Broadcast(float value) => value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MultiplyAdd(float a, float b, float c) => float.MultiplyAddEstimate(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Add(float a, float b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Subtract(float a, float b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Multiply(float a, float b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Divide(float a, float b) => a / b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float SquareRoot(float a) => MathF.Sqrt(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Floor(float a) => MathF.Floor(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Clamp(float value, float most) => value > 0 ? MathF.Min(value, most) : 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Rectify(float value) => value > 0 ? value : 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float WherePositive(float condition, float value) => condition > 0 ? value : 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(float a) => a;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint BroadcastIndex(uint value) => value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreIndex(uint value, uint* target) => *target = value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint ToIndex(float value) => (uint)value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint AddIndex(uint a, uint b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint MultiplyIndex(uint a, uint b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint MinIndex(uint a, uint b) => Math.Min(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Xor(uint a, uint b) => a ^ b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint And(uint a, uint b) => a & b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Gather(float* source, uint index) => source[index];
}
