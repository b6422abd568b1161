using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace VisionCell.Augmentation;

/// <summary>
/// Random numbers by counter: the n-th number depends on the key and n alone, so that a patch is the same whichever thread draws it, in
/// whatever order, and an augmentation that is added or left out changes no other's numbers. Source: B. Widynski, "Squares: a fast
/// counter-based RNG", arXiv:2004.06278 (squares32, four rounds); keys by the finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014,
/// doi:10.1145/2714064.2660195).
/// </summary>
public sealed class CounterRandom
{
    private readonly ulong _key;
    private ulong _counter;

    /// <summary>Creates a sequence.</summary>
    /// <param name="seed">Any number; neighbouring seeds give unrelated sequences.</param>
    public CounterRandom(ulong seed) => _key = Mix(seed + 0x9E3779B97F4A7C15) | 1;

    /// <summary>A sequence of its own for a purpose or a part, unrelated to this one and to how much of it was drawn.</summary>
    /// <param name="stream">Number of the purpose.</param>
    public CounterRandom Stream(ulong stream) => new(Mix(_key ^ Mix(stream + 1)));

    /// <summary><see cref="Stream(ulong)"/> by name.</summary>
    public CounterRandom Stream(string name)
    {
        // FNV-1a: string.GetHashCode differs from one process to the next.
        var hash = 14695981039346656037UL;
        foreach (var c in name)
            hash = (hash ^ c) * 1099511628211UL;
        return Stream(hash);
    }

    /// <summary>The next number, uniform in [0, 1).</summary>
    public double Uniform() => (Squares(_counter++, _key) * (double)(1UL << 32) + Squares(_counter++, _key)) / 18446744073709551616.0;

    /// <summary>The next number, uniform between two limits.</summary>
    public double Uniform(double from, double to) => from + (to - from) * Uniform();

    /// <summary>The next number, normal with mean 0 and standard deviation 1.</summary>
    public double Normal() => Math.Sqrt(-2 * Math.Log(1 - Uniform())) * Math.Cos(2 * Math.PI * Uniform());

    /// <summary>The next whole number from 0 to below <paramref name="count"/>.</summary>
    public int Below(int count) => (int)((ulong)Squares(_counter++, _key) * (ulong)count >> 32);

    /// <summary>Fills with uniform numbers in [0, 1).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Uniform(Span<float> target)
    {
        var i = 0;
        if (Vector.IsHardwareAccelerated)
        {
            var lanes = Vector<ulong>.Count;
            Vector<ulong> key = new(_key), ahead = new((ulong)lanes);
            var counter = new Vector<ulong>(_counter) + Vector<ulong>.Indices;
            var scale = new Vector<float>(1f / (1 << 24));
            for (; i <= target.Length - 2 * lanes; i += 2 * lanes)
            {
                var low = Squares(counter, key);
                counter += ahead;
                var both = Vector.Narrow(low, Squares(counter, key));
                counter += ahead;
                (Vector.ConvertToSingle(Vector.AsVectorInt32(Vector.ShiftRightLogical(both, 8))) * scale).CopyTo(target[i..]);
            }
        }
        for (var k = i; k < target.Length; k++)
            target[k] = (Squares(_counter + (ulong)k, _key) >> 8) * (1f / (1 << 24));
        _counter += (ulong)target.Length;
    }

    /// <summary>Fills with normal numbers of mean 0 and standard deviation 1 (Box and Muller).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Normal(Span<float> target)
    {
        const int Half = 512;
        Span<float> radius = stackalloc float[Half], angle = stackalloc float[Half], wave = stackalloc float[Half];
        for (var start = 0; start < target.Length; start += 2 * Half)
        {
            var count = Math.Min(2 * Half, target.Length - start);
            var half = (count + 1) / 2;
            Span<float> r = radius[..half], a = angle[..half], w = wave[..half];
            Uniform(r);
            Uniform(a);
            // 1 - u is in (0, 1]: the logarithm stays finite.
            TensorPrimitives.Subtract(1f, r, r);
            TensorPrimitives.Log(r, r);
            TensorPrimitives.Multiply(r, -2f, r);
            TensorPrimitives.Sqrt(r, r);
            TensorPrimitives.Multiply(a, 2 * MathF.PI, a);
            TensorPrimitives.Cos(a, w);
            TensorPrimitives.Multiply(r, w, target.Slice(start, half));
            TensorPrimitives.Sin(a, w);
            TensorPrimitives.Multiply(r[..(count - half)], w[..(count - half)], target.Slice(start + half, count - half));
        }
    }

    /// <summary>32 bits of a counter.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint Squares(ulong counter, ulong key)
    {
        ulong x = counter * key, y = x, z = y + key;
        x = BitOperations.RotateLeft(x * x + y, 32);
        x = BitOperations.RotateLeft(x * x + z, 32);
        x = BitOperations.RotateLeft(x * x + y, 32);
        return (uint)(x * x + z >> 32);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<ulong> Squares(Vector<ulong> counter, Vector<ulong> key)
    {
        Vector<ulong> x = counter * key, y = x, z = y + key;
        x = Turn(x * x + y);
        x = Turn(x * x + z);
        x = Turn(x * x + y);
        return Vector.ShiftRightLogical(x * x + z, 32);
        static Vector<ulong> Turn(Vector<ulong> v) => Vector.ShiftRightLogical(v, 32) | Vector.ShiftLeft(v, 32);
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
        z = (z ^ z >> 27) * 0x94D049BB133111EB;
        return z ^ z >> 31;
    }
}
