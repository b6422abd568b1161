using VisionCell.Volumes;

namespace VisionCell.Kernels.Simd;

/// <summary>Trilinear interpolation of a volume <c>[Z, Y, X]</c>; positions outside count as on the nearest face.</summary>
internal static unsafe class TrilinearSampling<TLanes, TFloat, TIndex>
    where TLanes : struct, ILanes<TFloat, TIndex>
    where TFloat : unmanaged
    where TIndex : unmanaged
{
    /// <summary>Samples a run of positions.</summary>
    /// <param name="shape">Shape of the volume.</param>
    /// <param name="volume">The volume.</param>
    /// <param name="positions"><c>[3, stride]</c>: rows z, y, x in voxels.</param>
    /// <param name="stride">Distance of two rows.</param>
    /// <param name="count">Samples, a multiple of the lanes.</param>
    /// <param name="values">Result.</param>
    public static void Run(Shape3 shape, float* volume, float* positions, int stride, int count, float* values)
    {
        var row = TLanes.BroadcastIndex((uint)shape.X);
        var section = TLanes.BroadcastIndex((uint)shape.SectionCount);
        for (var i = 0; i < count; i += TLanes.Width)
        {
            Neighbours(positions + i, shape.Z, out var z0, out var z1, out var fz);
            Neighbours(positions + stride + i, shape.Y, out var y0, out var y1, out var fy);
            Neighbours(positions + 2 * stride + i, shape.X, out var x0, out var x1, out var fx);
            var (s0, s1) = (TLanes.MultiplyIndex(z0, section), TLanes.MultiplyIndex(z1, section));
            var (r0, r1) = (TLanes.MultiplyIndex(y0, row), TLanes.MultiplyIndex(y1, row));
            var v00 = Along(volume, TLanes.AddIndex(s0, r0), x0, x1, fx);
            var v01 = Along(volume, TLanes.AddIndex(s0, r1), x0, x1, fx);
            var v10 = Along(volume, TLanes.AddIndex(s1, r0), x0, x1, fx);
            var v11 = Along(volume, TLanes.AddIndex(s1, r1), x0, x1, fx);
            TLanes.Store(Mix(Mix(v00, v01, fy), Mix(v10, v11, fy), fz), values + i);
        }
    }

    private static void Neighbours(float* position, int length, out TIndex lower, out TIndex upper, out TFloat fraction)
    {
        var inside = TLanes.Clamp(TLanes.Load(position), TLanes.Broadcast(length - 1));
        var floor = TLanes.Floor(inside);
        lower = TLanes.ToIndex(floor);
        upper = TLanes.MinIndex(TLanes.AddIndex(lower, TLanes.BroadcastIndex(1)), TLanes.BroadcastIndex((uint)(length - 1)));
        fraction = TLanes.Subtract(inside, floor);
    }

    private static TFloat Along(float* volume, TIndex row, TIndex lower, TIndex upper, TFloat fraction) =>
        Mix(TLanes.Gather(volume, TLanes.AddIndex(row, lower)), TLanes.Gather(volume, TLanes.AddIndex(row, upper)), fraction);

    /// <summary>(1 − t) · a + t · b.</summary>
    private static TFloat Mix(TFloat a, TFloat b, TFloat t) => TLanes.MultiplyAdd(t, TLanes.Subtract(b, a), a);
}
