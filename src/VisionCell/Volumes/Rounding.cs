using System.Numerics;

namespace VisionCell.Volumes;

/// <summary>
/// Grey values to integers: clamped to the range of the type, then rounded half to even; NaN becomes 0. The sum of a float below 2^22 and
/// 1.5 · 2^23 has no bits for fractions, so that the processor's own rounding does it, and the integer stands in its lowest bits.
/// </summary>
internal static class Rounding
{
    private const float Magic = 1.5f * (1 << 23);

    public static void ToBytes(ReadOnlySpan<float> source, Span<byte> target)
    {
        var n = Vector<float>.Count;
        var i = 0;
        for (; i <= source.Length - 4 * n; i += 4 * n)
        {
            var low = Vector.Narrow(Bits(source[i..], byte.MaxValue), Bits(source[(i + n)..], byte.MaxValue));
            var high = Vector.Narrow(Bits(source[(i + 2 * n)..], byte.MaxValue), Bits(source[(i + 3 * n)..], byte.MaxValue));
            Vector.Narrow(low, high).CopyTo(target[i..]);
        }
        for (; i < source.Length; i++)
            target[i] = (byte)Bits(source[i], byte.MaxValue);
    }

    public static void ToUInt16(ReadOnlySpan<float> source, Span<ushort> target)
    {
        var n = Vector<float>.Count;
        var i = 0;
        for (; i <= source.Length - 2 * n; i += 2 * n)
            Vector.Narrow(Bits(source[i..], ushort.MaxValue), Bits(source[(i + n)..], ushort.MaxValue)).CopyTo(target[i..]);
        for (; i < source.Length; i++)
            target[i] = (ushort)Bits(source[i], ushort.MaxValue);
    }

    private static Vector<uint> Bits(ReadOnlySpan<float> source, uint limit)
    {
        var value = Vector.Min(Vector.Max(new Vector<float>(source), Vector<float>.Zero), new Vector<float>(limit));
        return Vector.AsVectorUInt32(value + new Vector<float>(Magic)) & new Vector<uint>(limit);
    }

    private static uint Bits(float value, uint limit) => BitConverter.SingleToUInt32Bits(Math.Clamp(value, 0, limit) + Magic) & limit;
}
