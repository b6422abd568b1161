using System.Runtime.CompilerServices;

namespace VisionCell.Kernels.Simd;

/// <summary>What happens to a sum before it is stored.</summary>
internal enum Epilogue
{
    /// <summary>Stored as it is.</summary>
    Store,

    /// <summary>Negative values become 0.</summary>
    Rectify,

    /// <summary>0 where the mask is not above 0.</summary>
    Mask,

    /// <summary>Added to what is there.</summary>
    Accumulate,
}

/// <summary>
/// Product of small matrices, C[r, c] = Σ A(r, s) · B[s, c], with every layer of a perceptron, its gradient and the gradient of its
/// weights as cases: the columns lie in vectors, the rows of A are broadcast, and a block of 4 rows x 4 vectors (2 with 16
/// registers) stays in registers over the whole sum. Nothing is ever transposed or summed across lanes.
/// </summary>
internal static unsafe class MatrixProduct<TLanes, TFloat, TIndex>
    where TLanes : struct, ILanes<TFloat, TIndex>
    where TFloat : unmanaged
    where TIndex : unmanaged
{
    /// <summary>Computes C.</summary>
    /// <param name="a">A; element (r, s) is <c>a[r · rowStride + s · stepStride]</c>.</param>
    /// <param name="rowStride">Distance of two rows of A.</param>
    /// <param name="stepStride">Distance of two terms of a sum in A.</param>
    /// <param name="b">B, <c>[steps, columns]</c>.</param>
    /// <param name="c">C, <c>[rows, columns]</c>.</param>
    /// <param name="rows">Multiple of 4.</param>
    /// <param name="steps">Terms of each sum.</param>
    /// <param name="columns">Multiple of 16.</param>
    /// <param name="epilogue">What happens before a value is stored.</param>
    /// <param name="mask"><c>[rows, columns]</c> where the epilogue is a mask.</param>
    public static void Compute(float* a, int rowStride, int stepStride, float* b, float* c, int rows, int steps, int columns, Epilogue epilogue, float* mask = null)
    {
        var column = 0;
        if (TLanes.PanelVectors == 4)
        {
            for (; column + 4 * TLanes.Width <= columns; column += 4 * TLanes.Width)
            {
                for (var row = 0; row < rows; row += 4)
                    Block4(a + row * rowStride, rowStride, stepStride, b + column, c + row * columns + column, steps, columns, epilogue, mask + row * columns + column);
            }
        }
        for (; column + 2 * TLanes.Width <= columns; column += 2 * TLanes.Width)
        {
            for (var row = 0; row < rows; row += 4)
                Block2(a + row * rowStride, rowStride, stepStride, b + column, c + row * columns + column, steps, columns, epilogue, mask + row * columns + column);
        }
        for (; column < columns; column += TLanes.Width)
        {
            for (var row = 0; row < rows; row += 4)
                Block1(a + row * rowStride, rowStride, stepStride, b + column, c + row * columns + column, steps, columns, epilogue, mask + row * columns + column);
        }
    }

    private static void Block4(float* a, int rowStride, int stepStride, float* b, float* c, int steps, int columns, Epilogue epilogue, float* mask)
    {
        TFloat c00 = default, c01 = default, c02 = default, c03 = default;
        TFloat c10 = default, c11 = default, c12 = default, c13 = default;
        TFloat c20 = default, c21 = default, c22 = default, c23 = default;
        TFloat c30 = default, c31 = default, c32 = default, c33 = default;
        float* a1 = a + rowStride, a2 = a + 2 * rowStride, a3 = a + 3 * rowStride;
        for (var step = 0; step < steps; step++)
        {
            var b0 = TLanes.Load(b);
            var b1 = TLanes.Load(b + TLanes.Width);
            var b2 = TLanes.Load(b + 2 * TLanes.Width);
            var b3 = TLanes.Load(b + 3 * TLanes.Width);
            var r = TLanes.Broadcast(*a);
            c00 = TLanes.MultiplyAdd(r, b0, c00);
            c01 = TLanes.MultiplyAdd(r, b1, c01);
            c02 = TLanes.MultiplyAdd(r, b2, c02);
            c03 = TLanes.MultiplyAdd(r, b3, c03);
            r = TLanes.Broadcast(*a1);
            c10 = TLanes.MultiplyAdd(r, b0, c10);
            c11 = TLanes.MultiplyAdd(r, b1, c11);
            c12 = TLanes.MultiplyAdd(r, b2, c12);
            c13 = TLanes.MultiplyAdd(r, b3, c13);
            r = TLanes.Broadcast(*a2);
            c20 = TLanes.MultiplyAdd(r, b0, c20);
            c21 = TLanes.MultiplyAdd(r, b1, c21);
            c22 = TLanes.MultiplyAdd(r, b2, c22);
            c23 = TLanes.MultiplyAdd(r, b3, c23);
            r = TLanes.Broadcast(*a3);
            c30 = TLanes.MultiplyAdd(r, b0, c30);
            c31 = TLanes.MultiplyAdd(r, b1, c31);
            c32 = TLanes.MultiplyAdd(r, b2, c32);
            c33 = TLanes.MultiplyAdd(r, b3, c33);
            a += stepStride;
            a1 += stepStride;
            a2 += stepStride;
            a3 += stepStride;
            b += columns;
        }
        StorePair(c00, c01, c, epilogue, mask);
        StorePair(c02, c03, c + 2 * TLanes.Width, epilogue, mask + 2 * TLanes.Width);
        StorePair(c10, c11, c + columns, epilogue, mask + columns);
        StorePair(c12, c13, c + columns + 2 * TLanes.Width, epilogue, mask + columns + 2 * TLanes.Width);
        StorePair(c20, c21, c + 2 * columns, epilogue, mask + 2 * columns);
        StorePair(c22, c23, c + 2 * columns + 2 * TLanes.Width, epilogue, mask + 2 * columns + 2 * TLanes.Width);
        StorePair(c30, c31, c + 3 * columns, epilogue, mask + 3 * columns);
        StorePair(c32, c33, c + 3 * columns + 2 * TLanes.Width, epilogue, mask + 3 * columns + 2 * TLanes.Width);
    }

    private static void Block2(float* a, int rowStride, int stepStride, float* b, float* c, int steps, int columns, Epilogue epilogue, float* mask)
    {
        TFloat c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default, c30 = default, c31 = default;
        float* a1 = a + rowStride, a2 = a + 2 * rowStride, a3 = a + 3 * rowStride;
        for (var step = 0; step < steps; step++)
        {
            var b0 = TLanes.Load(b);
            var b1 = TLanes.Load(b + TLanes.Width);
            var r = TLanes.Broadcast(*a);
            c00 = TLanes.MultiplyAdd(r, b0, c00);
            c01 = TLanes.MultiplyAdd(r, b1, c01);
            r = TLanes.Broadcast(*a1);
            c10 = TLanes.MultiplyAdd(r, b0, c10);
            c11 = TLanes.MultiplyAdd(r, b1, c11);
            r = TLanes.Broadcast(*a2);
            c20 = TLanes.MultiplyAdd(r, b0, c20);
            c21 = TLanes.MultiplyAdd(r, b1, c21);
            r = TLanes.Broadcast(*a3);
            c30 = TLanes.MultiplyAdd(r, b0, c30);
            c31 = TLanes.MultiplyAdd(r, b1, c31);
            a += stepStride;
            a1 += stepStride;
            a2 += stepStride;
            a3 += stepStride;
            b += columns;
        }
        StorePair(c00, c01, c, epilogue, mask);
        StorePair(c10, c11, c + columns, epilogue, mask + columns);
        StorePair(c20, c21, c + 2 * columns, epilogue, mask + 2 * columns);
        StorePair(c30, c31, c + 3 * columns, epilogue, mask + 3 * columns);
    }

    private static void Block1(float* a, int rowStride, int stepStride, float* b, float* c, int steps, int columns, Epilogue epilogue, float* mask)
    {
        TFloat c0 = default, c1 = default, c2 = default, c3 = default;
        for (var step = 0; step < steps; step++)
        {
            var b0 = TLanes.Load(b);
            c0 = TLanes.MultiplyAdd(TLanes.Broadcast(a[0]), b0, c0);
            c1 = TLanes.MultiplyAdd(TLanes.Broadcast(a[rowStride]), b0, c1);
            c2 = TLanes.MultiplyAdd(TLanes.Broadcast(a[2 * rowStride]), b0, c2);
            c3 = TLanes.MultiplyAdd(TLanes.Broadcast(a[3 * rowStride]), b0, c3);
            a += stepStride;
            b += columns;
        }
        Store(c0, c, epilogue, mask);
        Store(c1, c + columns, epilogue, mask + columns);
        Store(c2, c + 2 * columns, epilogue, mask + 2 * columns);
        Store(c3, c + 3 * columns, epilogue, mask + 3 * columns);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StorePair(TFloat lower, TFloat upper, float* c, Epilogue epilogue, float* mask)
    {
        Store(lower, c, epilogue, mask);
        Store(upper, c + TLanes.Width, epilogue, mask + TLanes.Width);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(TFloat value, float* c, Epilogue epilogue, float* mask)
    {
        var result = epilogue switch
        {
            Epilogue.Rectify => TLanes.Rectify(value),
            Epilogue.Mask => TLanes.WherePositive(TLanes.Load(mask), value),
            Epilogue.Accumulate => TLanes.Add(TLanes.Load(c), value),
            _ => value,
        };
        TLanes.Store(result, c);
    }
}
