using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace VisionCell.Kernels.Simd;

/// <summary>
/// One level of the hash grid for a run of samples (arXiv:2201.05989, section 3): the entries and weights of the eight corners are
/// computed for as many samples as there are lanes; the features of a corner are then one vector load, as no instruction gathers
/// sixteen bytes. The entries of the next run are asked for while this one is computed: a table of 2 MB lies outside the second-level
/// cache, and that halved the time of a batch (2^16 samples, 8 levels: 15 to 7.5 ms of one core, AVX-512, November 2026). Corners are written
/// out and entries kept in bytes from the table's beginning, so that a corner is three instructions: 8.7 to 5.7 ms, AVX2 9.3 to 6.9.
/// Positions come as three rows (z, y, x), clamped to [0, 1] and readable up to a multiple of 16.
/// </summary>
internal static unsafe class HashGridEncoding<TLanes, TFloat, TIndex>
    where TLanes : struct, ILanes<TFloat, TIndex>
    where TFloat : unmanaged
    where TIndex : unmanaged
{
    private const int Corners = 8;
    private const int MostLanes = 16;

    /// <summary>Bytes of a level from which on its entries are asked for ahead: half a second-level cache of today's servers.</summary>
    private const int LeastPrefetched = 1 << 19;

    /// <summary>Interpolated features.</summary>
    /// <param name="level">The level.</param>
    /// <param name="features">Features an entry, 2 or 4.</param>
    /// <param name="table">First entry of the level.</param>
    /// <param name="positions">First of the three rows.</param>
    /// <param name="positionStride">Distance of two rows.</param>
    /// <param name="count">Samples.</param>
    /// <param name="target">Where the features of the first sample go.</param>
    /// <param name="targetStride">Floats from one sample to the next.</param>
    public static void Forward(in HashGridLevel level, int features, float* table, float* positions, nint positionStride, int count, float* target, nint targetStride)
    {
        var entries = stackalloc uint[2 * Corners * MostLanes];
        var weights = stackalloc float[2 * Corners * MostLanes];
        uint* nextEntries = entries + Corners * MostLanes;
        float* nextWeights = weights + Corners * MostLanes;
        var isLarge = (long)level.Size * features * sizeof(float) > LeastPrefetched;
        Locate(level, features, positions, positionStride, entries, weights);
        for (var first = 0; first < count; first += TLanes.Width)
        {
            if (first + TLanes.Width < count)
            {
                Locate(level, features, positions + first + TLanes.Width, positionStride, nextEntries, nextWeights);
                if (isLarge)
                    Prefetch(nextEntries, (byte*)table);
            }
            var lanes = Math.Min(TLanes.Width, count - first);
            var result = target + first * targetStride;
            for (var lane = 0; lane < lanes; lane++, result += targetStride)
            {
                if (features == 4)
                    Interpolate((byte*)table, entries + lane, weights + lane).Store(result);
                else
                    InterpolatePair((byte*)table, entries + lane, weights + lane).Store(result);
            }
            Swap(ref entries, ref nextEntries);
            Swap(ref weights, ref nextWeights);
        }
    }

    /// <summary>Adds the gradient of each sample to the eight entries it was read from, in the order of the samples.</summary>
    /// <param name="level">The level.</param>
    /// <param name="features">Features an entry, 2 or 4.</param>
    /// <param name="tableGradient">Gradient of the first entry of the level.</param>
    /// <param name="positions">First of the three rows.</param>
    /// <param name="positionStride">Distance of two rows.</param>
    /// <param name="count">Samples.</param>
    /// <param name="gradient">Gradient of the features of the first sample.</param>
    /// <param name="gradientStride">Floats from one sample to the next.</param>
    public static void Backward(in HashGridLevel level, int features, float* tableGradient, float* positions, nint positionStride, int count, float* gradient, nint gradientStride)
    {
        var entries = stackalloc uint[2 * Corners * MostLanes];
        var weights = stackalloc float[2 * Corners * MostLanes];
        uint* nextEntries = entries + Corners * MostLanes;
        float* nextWeights = weights + Corners * MostLanes;
        var isLarge = (long)level.Size * features * sizeof(float) > LeastPrefetched;
        Locate(level, features, positions, positionStride, entries, weights);
        for (var first = 0; first < count; first += TLanes.Width)
        {
            if (first + TLanes.Width < count)
            {
                Locate(level, features, positions + first + TLanes.Width, positionStride, nextEntries, nextWeights);
                if (isLarge)
                    Prefetch(nextEntries, (byte*)tableGradient);
            }
            var lanes = Math.Min(TLanes.Width, count - first);
            var source = gradient + first * gradientStride;
            for (var lane = 0; lane < lanes; lane++, source += gradientStride)
            {
                if (features == 4)
                    Spread(Vector128.Load(source), (byte*)tableGradient, entries + lane, weights + lane);
                else
                    SpreadPair(source, (byte*)tableGradient, entries + lane, weights + lane);
            }
            Swap(ref entries, ref nextEntries);
            Swap(ref weights, ref nextWeights);
        }
    }

    /// <summary>Gradient with respect to the positions of one level, added to <paramref name="positionGradient"/>.</summary>
    /// <param name="level">The level.</param>
    /// <param name="features">Features an entry.</param>
    /// <param name="table">First entry of the level.</param>
    /// <param name="positions">First of the three rows.</param>
    /// <param name="positionStride">Distance of two rows.</param>
    /// <param name="count">Samples.</param>
    /// <param name="gradient">Gradient of the features of the first sample.</param>
    /// <param name="gradientStride">Floats from one sample to the next.</param>
    /// <param name="positionGradient"><c>[count, 3]</c>.</param>
    public static void PositionGradient(in HashGridLevel level, int features, float* table, float* positions, nint positionStride, int count, float* gradient, nint gradientStride, float* positionGradient)
    {
        var along = stackalloc float[Corners];
        for (var sample = 0; sample < count; sample++)
        {
            var (z, fz) = Split(positions[sample], level.Scale);
            var (y, fy) = Split(positions[positionStride + sample], level.Scale);
            var (x, fx) = Split(positions[2 * positionStride + sample], level.Scale);
            for (var corner = 0; corner < Corners; corner++)
            {
                var entry = table + features * (nint)HashGrid.Index(level, z + (uint)(corner >> 2), y + (uint)(corner >> 1 & 1), x + (uint)(corner & 1));
                var dot = 0f;
                for (var f = 0; f < features; f++)
                    dot += entry[f] * gradient[sample * gradientStride + f];
                along[corner] = dot;
            }
            positionGradient[3 * sample] += level.Scale * Bilinear(along[4] - along[0], along[5] - along[1], along[6] - along[2], along[7] - along[3], fy, fx);
            positionGradient[3 * sample + 1] += level.Scale * Bilinear(along[2] - along[0], along[3] - along[1], along[6] - along[4], along[7] - along[5], fz, fx);
            positionGradient[3 * sample + 2] += level.Scale * Bilinear(along[1] - along[0], along[3] - along[2], along[5] - along[4], along[7] - along[6], fz, fy);
        }
    }

    /// <summary>
    /// Entries (bytes from the level's first) and weights of the corners, <c>[8, lanes]</c>: bit 0 of a corner is the upper column, bit 1 the row, bit 2 the
    /// section. A level has at most 2^24 entries of 16 bytes, so that none of it overflows.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Locate(in HashGridLevel level, int features, float* positions, nint stride, uint* entries, float* weights)
    {
        var scale = TLanes.Broadcast(level.Scale);
        var half = TLanes.Broadcast(0.5f);
        var one = TLanes.Broadcast(1);
        var z = TLanes.MultiplyAdd(TLanes.Load(positions), scale, half);
        var y = TLanes.MultiplyAdd(TLanes.Load(positions + stride), scale, half);
        var x = TLanes.MultiplyAdd(TLanes.Load(positions + 2 * stride), scale, half);
        var (cz, cy, cx) = (TLanes.Floor(z), TLanes.Floor(y), TLanes.Floor(x));
        var (nz, ny, nx) = (TLanes.ToIndex(cz), TLanes.ToIndex(cy), TLanes.ToIndex(cx));
        var (z1, y1, x1) = (TLanes.Subtract(z, cz), TLanes.Subtract(y, cy), TLanes.Subtract(x, cx));
        var (z0, y0, x0) = (TLanes.Subtract(one, z1), TLanes.Subtract(one, y1), TLanes.Subtract(one, x1));

        var (w00, w01, w10, w11) = (TLanes.Multiply(z0, y0), TLanes.Multiply(z0, y1), TLanes.Multiply(z1, y0), TLanes.Multiply(z1, y1));
        Pair(weights, TLanes.Multiply(w00, x0), TLanes.Multiply(w00, x1));
        Pair(weights + 2 * TLanes.Width, TLanes.Multiply(w01, x0), TLanes.Multiply(w01, x1));
        Pair(weights + 4 * TLanes.Width, TLanes.Multiply(w10, x0), TLanes.Multiply(w10, x1));
        Pair(weights + 6 * TLanes.Width, TLanes.Multiply(w11, x0), TLanes.Multiply(w11, x1));

        var bytes = (uint)(features * sizeof(float));
        var next = TLanes.BroadcastIndex(bytes);
        nx = TLanes.MultiplyIndex(nx, next);
        if (level.IsDense)
        {
            var row = TLanes.BroadcastIndex(bytes * (uint)level.Nodes);
            var section = TLanes.BroadcastIndex(bytes * (uint)(level.Nodes * level.Nodes));
            var e00 = TLanes.AddIndex(TLanes.AddIndex(TLanes.MultiplyIndex(nz, section), TLanes.MultiplyIndex(ny, row)), nx);
            var e01 = TLanes.AddIndex(e00, row);
            var e10 = TLanes.AddIndex(e00, section);
            var e11 = TLanes.AddIndex(e10, row);
            Pair(entries, e00, TLanes.AddIndex(e00, next));
            Pair(entries + 2 * TLanes.Width, e01, TLanes.AddIndex(e01, next));
            Pair(entries + 4 * TLanes.Width, e10, TLanes.AddIndex(e10, next));
            Pair(entries + 6 * TLanes.Width, e11, TLanes.AddIndex(e11, next));
        }
        else
        {
            var mask = TLanes.BroadcastIndex(bytes * (uint)(level.Size - 1));
            var (rowPrime, sectionPrime) = (TLanes.BroadcastIndex(unchecked(bytes * HashGrid.RowPrime)), TLanes.BroadcastIndex(unchecked(bytes * HashGrid.SectionPrime)));
            var (hz0, hy0, nx1) = (TLanes.MultiplyIndex(nz, sectionPrime), TLanes.MultiplyIndex(ny, rowPrime), TLanes.AddIndex(nx, next));
            var (hz1, hy1) = (TLanes.AddIndex(hz0, sectionPrime), TLanes.AddIndex(hy0, rowPrime));
            HashPair(entries, TLanes.Xor(hz0, hy0), nx, nx1, mask);
            HashPair(entries + 2 * TLanes.Width, TLanes.Xor(hz0, hy1), nx, nx1, mask);
            HashPair(entries + 4 * TLanes.Width, TLanes.Xor(hz1, hy0), nx, nx1, mask);
            HashPair(entries + 6 * TLanes.Width, TLanes.Xor(hz1, hy1), nx, nx1, mask);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(uint* entries, byte* table)
    {
        if (!Sse.IsSupported)
            return;
        for (var i = 0; i < Corners * TLanes.Width; i += 4)
        {
            Sse.Prefetch0(table + entries[i]);
            Sse.Prefetch0(table + entries[i + 1]);
            Sse.Prefetch0(table + entries[i + 2]);
            Sse.Prefetch0(table + entries[i + 3]);
        }
    }

    /// <summary>Four features of one sample, of which these are the first corner's entry and weight.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Interpolate(byte* table, uint* entries, float* weights)
    {
        var even = Vector128.Load((float*)(table + entries[0])) * Vector128.Create(weights[0]);
        var odd = Vector128.Load((float*)(table + entries[TLanes.Width])) * Vector128.Create(weights[TLanes.Width]);
        even = Add(table, entries, weights, 2, even);
        odd = Add(table, entries, weights, 3, odd);
        even = Add(table, entries, weights, 4, even);
        odd = Add(table, entries, weights, 5, odd);
        return Add(table, entries, weights, 6, even) + Add(table, entries, weights, 7, odd);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Add(byte* table, uint* entries, float* weights, int corner, Vector128<float> sum) =>
        Vector128.MultiplyAddEstimate(Vector128.Load((float*)(table + entries[corner * TLanes.Width])), Vector128.Create(weights[corner * TLanes.Width]), sum);

    /// <summary>Two features of one sample.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector64<float> InterpolatePair(byte* table, uint* entries, float* weights)
    {
        var sum = Vector64<float>.Zero;
        for (var corner = 0; corner < Corners; corner++)
            sum = AddPair((float*)(table + entries[corner * TLanes.Width]), weights[corner * TLanes.Width], sum);
        return sum;
    }

    /// <summary>Adds the gradient of one sample to its eight entries, one after another, as two of them may be one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Spread(Vector128<float> value, byte* tableGradient, uint* entries, float* weights)
    {
        Spread(value, tableGradient, entries, weights, 0);
        Spread(value, tableGradient, entries, weights, 1);
        Spread(value, tableGradient, entries, weights, 2);
        Spread(value, tableGradient, entries, weights, 3);
        Spread(value, tableGradient, entries, weights, 4);
        Spread(value, tableGradient, entries, weights, 5);
        Spread(value, tableGradient, entries, weights, 6);
        Spread(value, tableGradient, entries, weights, 7);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Spread(Vector128<float> value, byte* tableGradient, uint* entries, float* weights, int corner)
    {
        var entry = (float*)(tableGradient + entries[corner * TLanes.Width]);
        Vector128.MultiplyAddEstimate(value, Vector128.Create(weights[corner * TLanes.Width]), Vector128.Load(entry)).Store(entry);
    }

    private static void SpreadPair(float* value, byte* tableGradient, uint* entries, float* weights)
    {
        for (var corner = 0; corner < Corners; corner++)
        {
            var entry = (float*)(tableGradient + entries[corner * TLanes.Width]);
            AddPair(value, weights[corner * TLanes.Width], Vector64.Load(entry)).Store(entry);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Swap<T>(ref T* a, ref T* b)
        where T : unmanaged
    {
        var kept = a;
        a = b;
        b = kept;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pair(float* target, TFloat lower, TFloat upper)
    {
        TLanes.Store(lower, target);
        TLanes.Store(upper, target + TLanes.Width);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pair(uint* target, TIndex lower, TIndex upper)
    {
        TLanes.StoreIndex(lower, target);
        TLanes.StoreIndex(upper, target + TLanes.Width);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void HashPair(uint* target, TIndex line, TIndex lower, TIndex upper, TIndex mask) =>
        Pair(target, TLanes.And(TLanes.Xor(line, lower), mask), TLanes.And(TLanes.Xor(line, upper), mask));

    /// <summary>pair · weight + sum, of two features.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector64<float> AddPair(float* pair, float weight, Vector64<float> sum) =>
        Vector128.MultiplyAddEstimate(Vector128.CreateScalarUnsafe(*(double*)pair).AsSingle(), Vector128.Create(weight), sum.ToVector128Unsafe()).GetLower();

    private static (uint Node, float Fraction) Split(float position, float scale)
    {
        var place = float.MultiplyAddEstimate(position, scale, 0.5f);
        var node = MathF.Floor(place);
        return ((uint)node, place - node);
    }

    private static float Bilinear(float v00, float v01, float v10, float v11, float fa, float fb) =>
        (1 - fa) * ((1 - fb) * v00 + fb * v01) + fa * ((1 - fb) * v10 + fb * v11);
}
