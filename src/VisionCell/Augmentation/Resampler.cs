using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using VisionCell.Volumes;

namespace VisionCell.Augmentation;

/// <summary>
/// Samples a volume at the points of a <see cref="SpatialMap"/>: grey levels between eight voxels (trilinear), labels from the nearest.
/// Beyond the volume it is mirrored about its outermost voxels, for both alike. Maps of voxels to voxels are copied.
/// </summary>
internal static unsafe class Resampler
{
    /// <summary>Samples grey levels and labels at the same points.</summary>
    /// <param name="source">Where from.</param>
    /// <param name="map">Source points, voxels.</param>
    /// <param name="patch">Shape of the result.</param>
    /// <param name="image">Result <c>[Z, Y, X]</c>.</param>
    /// <param name="labels">Result, or null where the source has none.</param>
    /// <param name="vectors">False to compute one voxel at a time; the tests compare both.</param>
    public static void Sample(TrainingSample source, SpatialMap map, Shape3 patch, float[] image, ushort[]? labels, bool vectors = true)
    {
        if (map.AsExactCopy(patch) is { } axes)
        {
            Copy(source.Image.Data, source.Image.Shape, axes, patch, image);
            if (labels is not null)
                Copy(source.Labels!.Data, source.Image.Shape, axes, patch, labels);
            return;
        }
        vectors &= Avx2.IsSupported && Fma.IsSupported;
        var padded = (patch.X + 7) / 8 * 8;
        Span<double> nodes = new double[3 * map.RowNodes];
        float[] points = new float[3 * padded], row = new float[padded];
        int[] nearest = new int[padded];
        fixed (float* data = source.Image.Data, at = points, grey = row)
        fixed (int* index = nearest)
        {
            for (var z = 0; z < patch.Z; z++)
            {
                for (var y = 0; y < patch.Y; y++)
                {
                    map.Row(z, y, nodes);
                    for (var c = 0; c < 3; c++)
                        Points(nodes.Slice(c * map.RowNodes, map.RowNodes), map.RowStep, patch.X, points.AsSpan(c * padded, padded));
                    if (vectors)
                        Row8(data, source.Image.Shape, at, padded, grey, index);
                    else
                        Row1(data, source.Image.Shape, at, padded, grey, index);
                    var start = (z * patch.Y + y) * patch.X;
                    row.AsSpan(0, patch.X).CopyTo(image.AsSpan(start));
                    if (labels is null)
                        continue;
                    var from = source.Labels!.Data;
                    for (var x = 0; x < patch.X; x++)
                        labels[start + x] = from[index[x]];
                }
            }
        }
    }

    /// <summary>Straight lines between the nodes of a row; what pads it repeats its last point.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Points(ReadOnlySpan<double> nodes, double step, int count, Span<float> points)
    {
        for (var i = 0; i < nodes.Length - 1; i++)
        {
            int first = (int)Math.Ceiling(i * step), end = i == nodes.Length - 2 ? count : Math.Min(count, (int)Math.Ceiling((i + 1) * step));
            var slope = (nodes[i + 1] - nodes[i]) / step;
            for (var x = first; x < end; x++)
                points[x] = (float)(nodes[i] + slope * (x - i * step));
        }
        points[count..].Fill(points[count - 1]);
    }

    private static void Copy<T>(T[] source, Shape3 shape, (int Axis, int First, int Step)[] axes, Shape3 patch, T[] target)
    {
        int[] extent = [shape.Z, shape.Y, shape.X], stride = [shape.SectionCount, shape.X, 1], n = [patch.Z, patch.Y, patch.X];
        var offsets = new int[3][];
        for (var a = 0; a < 3; a++)
        {
            var (axis, first, step) = axes[a];
            offsets[a] = [.. Enumerable.Range(0, n[a]).Select(i => Mirror(first + i * step, extent[axis]) * stride[axis])];
        }
        var contiguous = axes[2] is (2, _, 1) && axes[2].First >= 0 && axes[2].First + patch.X <= shape.X;
        var to = 0;
        foreach (var z in offsets[0])
        {
            foreach (var y in offsets[1])
            {
                if (contiguous)
                {
                    Array.Copy(source, z + y + axes[2].First, target, to, patch.X);
                    to += patch.X;
                    continue;
                }
                foreach (var x in offsets[2])
                    target[to++] = source[z + y + x];
            }
        }
    }

    internal static int Mirror(int i, int n)
    {
        if (n == 1)
            return 0;
        var period = 2 * (n - 1);
        i = (i % period + period) % period;
        return Math.Min(i, period - i);
    }

    /// <summary>Eight voxels at a time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row8(float* data, Shape3 shape, float* points, int padded, float* grey, int* nearest)
    {
        Axis z = new(shape.Z), y = new(shape.Y), x = new(shape.X);
        Vector256<int> section = Vector256.Create(shape.SectionCount), line = Vector256.Create(shape.X);
        int deep = shape.Z > 1 ? shape.SectionCount : 0, down = shape.Y > 1 ? shape.X : 0, right = shape.X > 1 ? 1 : 0;
        for (var i = 0; i < padded; i += 8)
        {
            var (iz, fz, nz) = z.Place(Vector256.Load(points + i));
            var (iy, fy, ny) = y.Place(Vector256.Load(points + padded + i));
            var (ix, fx, nx) = x.Place(Vector256.Load(points + 2 * padded + i));
            (nz * section + ny * line + nx).Store(nearest + i);
            var at = iz * section + iy * line + ix;
            var near = Square(data, at, down, right, fy, fx);
            var far = Square(data + deep, at, down, right, fy, fx);
            Fma.MultiplyAdd(fz, far - near, near).Store(grey + i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Square(float* data, Vector256<int> at, int down, int right, Vector256<float> fy, Vector256<float> fx)
    {
        var a = Avx2.GatherVector256(data, at, 4);
        var b = Avx2.GatherVector256(data + right, at, 4);
        var c = Avx2.GatherVector256(data + down, at, 4);
        var d = Avx2.GatherVector256(data + down + right, at, 4);
        var top = Fma.MultiplyAdd(fx, b - a, a);
        return Fma.MultiplyAdd(fy, Fma.MultiplyAdd(fx, d - c, c) - top, top);
    }

    /// <summary>The same, one voxel at a time, where the processor has no AVX2.</summary>
    private static void Row1(float* data, Shape3 shape, float* points, int padded, float* grey, int* nearest)
    {
        int deep = shape.Z > 1 ? shape.SectionCount : 0, down = shape.Y > 1 ? shape.X : 0, right = shape.X > 1 ? 1 : 0;
        for (var i = 0; i < padded; i++)
        {
            var (iz, fz, nz) = Place(points[i], shape.Z);
            var (iy, fy, ny) = Place(points[padded + i], shape.Y);
            var (ix, fx, nx) = Place(points[2 * padded + i], shape.X);
            nearest[i] = (nz * shape.Y + ny) * shape.X + nx;
            var p = data + (iz * shape.Y + iy) * shape.X + ix;
            var near = Square1(p);
            grey[i] = MathF.FusedMultiplyAdd(fz, Square1(p + deep) - near, near);

            float Square1(float* q)
            {
                var top = MathF.FusedMultiplyAdd(fx, q[right] - q[0], q[0]);
                return MathF.FusedMultiplyAdd(fy, MathF.FusedMultiplyAdd(fx, q[down + right] - q[down], q[down]) - top, top);
            }
        }
    }

    private static (int Index, float Part, int Nearest) Place(float at, int n)
    {
        var period = 2f * (n - 1);
        at = n == 1 ? 0 : Math.Min(Math.Abs(at - period * MathF.Round(at / period)), n - 1);
        var i = Math.Min((int)at, Math.Max(0, n - 2));
        return (i, at - i, (int)(at + 0.5f));
    }

    /// <summary>One axis of the source: mirrors a coordinate into it and parts it into a voxel and a share of the next.</summary>
    private readonly struct Axis(int n)
    {
        private readonly Vector256<float> _period = Vector256.Create(2f * (n - 1)), _last = Vector256.Create((float)(n - 1));
        private readonly Vector256<int> _most = Vector256.Create(Math.Max(0, n - 2));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public (Vector256<int> Index, Vector256<float> Part, Vector256<int> Nearest) Place(Vector256<float> at)
        {
            at = n == 1 ? Vector256<float>.Zero : Vector256.Min(Vector256.Abs(at - _period * Vector256.Round(at / _period)), _last);
            var i = Vector256.Min(Vector256.ConvertToInt32(at), _most);
            return (i, at - Vector256.ConvertToSingle(i), Vector256.ConvertToInt32(at + Vector256.Create(0.5f)));
        }
    }
}
