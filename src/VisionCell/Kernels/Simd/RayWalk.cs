namespace VisionCell.Kernels.Simd;

/// <summary>One ray through a box and an occupancy grid (<see cref="RayMarch"/>).</summary>
internal static unsafe class RayWalk
{
    /// <summary>Finds the samples of a ray.</summary>
    /// <param name="ray"><c>[8]</c>.</param>
    /// <param name="index">Its number.</param>
    /// <param name="march">The box, the steps.</param>
    /// <param name="occupancy">One bit a cell.</param>
    /// <param name="positions">Result, <c>[room, 3]</c>, or null where they are only counted.</param>
    /// <param name="samples">Result, <c>[room, 2]</c>.</param>
    /// <param name="room">The most samples.</param>
    /// <returns>Their number.</returns>
    public static int Run(float* ray, uint index, in MarchParameters march, uint* occupancy, float* positions, float* samples, int room)
    {
        var (near, far) = (ray[6], ray[7]);
        if (!Clip(ray[0], ray[3], march.ExtentZ, ref near, ref far) || !Clip(ray[1], ray[4], march.ExtentY, ref near, ref far) || !Clip(ray[2], ray[5], march.ExtentX, ref near, ref far) || !(far > near))
            return 0;
        var (found, steps) = (0, (int)MathF.Min(MathF.Ceiling((far - near) / march.Step), RayMarch.MostSteps));
        for (var step = 0; step < steps && found < room; step++)
        {
            var start = MathF.FusedMultiplyAdd(step, march.Step, near);
            var length = MathF.Min(march.Step, far - start);
            var depth = MathF.FusedMultiplyAdd(length, march.IsStratified != 0 ? RayMarch.Place(march.Seed, index, (uint)step) : 0.5f, start);
            var z = MathF.FusedMultiplyAdd(depth, ray[3], ray[0]);
            var y = MathF.FusedMultiplyAdd(depth, ray[4], ray[1]);
            var x = MathF.FusedMultiplyAdd(depth, ray[5], ray[2]);
            var cell = (Cell(z, march.ScaleZ, march.CellsZ) * march.CellsY + Cell(y, march.ScaleY, march.CellsY)) * march.CellsX + Cell(x, march.ScaleX, march.CellsX);
            if (!(length > 0) || (occupancy[cell >> 5] >> (int)(cell & 31) & 1) == 0)
                continue;
            if (positions != null)
            {
                (positions[3 * found], positions[3 * found + 1], positions[3 * found + 2]) = (z, y, x);
                (samples[2 * found], samples[2 * found + 1]) = (depth, length);
            }
            found++;
        }
        return found;
    }

    private static bool Clip(float origin, float direction, float extent, ref float near, ref float far)
    {
        if (!float.IsFinite(origin) || !float.IsFinite(direction))
            return false;
        if (direction == 0)
            return origin >= 0 && origin <= extent;
        var (a, b) = (-origin / direction, (extent - origin) / direction);
        (near, far) = (MathF.Max(near, MathF.Min(a, b)), MathF.Min(far, MathF.Max(a, b)));
        return true;
    }

    private static uint Cell(float position, float scale, uint cells) => (uint)Math.Clamp(position * scale, 0, cells - 1);
}
