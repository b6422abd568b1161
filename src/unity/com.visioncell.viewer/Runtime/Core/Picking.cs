#nullable enable
using System;

namespace VisionCell.Viewer
{
    /// <summary>What lies under the pointer.</summary>
    public readonly struct Pick
    {
        /// <summary>Place, nm.</summary>
        public readonly Double3 PointNm;

        /// <summary>Voxel of the finest level, x, y, z.</summary>
        public readonly int X;
        public readonly int Y;
        public readonly int Z;

        public Pick(Double3 pointNm, int x, int y, int z)
        {
            PointNm = pointNm;
            X = x;
            Y = y;
            Z = z;
        }
    }

    /// <summary>Finds the first voxel on a ray that is seen: walks from voxel to voxel, so that none is passed over (Amanatides and Woo, 1987).</summary>
    public static class Picking
    {
        /// <summary>Walks along a ray.</summary>
        /// <param name="volume">The volume.</param>
        /// <param name="ray">Of the camera.</param>
        /// <param name="clip">What is left of space.</param>
        /// <param name="isSeen">Whether the voxel x, y, z of the finest level stops the ray.</param>
        /// <returns>Null where nothing is met.</returns>
        public static Pick? First(VolumeInfo volume, Ray3 ray, ClipVolume clip, Func<int, int, int, bool> isSeen)
        {
            if (!clip.Clip(ray, out var from, out var to) || !new ClipVolume(volume.LowCornerNm, volume.HighCornerNm).Clip(ray, out var enter, out var leave))
                return null;
            from = Math.Max(from, enter);
            to = Math.Min(to, leave);
            var start = (ray.At(from) - volume.LowCornerNm).Over(volume.VoxelSizeNm);
            var direction = ray.Direction.Over(volume.VoxelSizeNm);
            var shape = volume.Levels[0].Shape;
            var cell = new int[3];
            var step = new int[3];
            var next = new double[3];
            for (var a = 0; a < 3; a++)
            {
                cell[a] = Math.Min(shape[a] - 1, Math.Max(0, (int)Math.Floor(start[a])));
                step[a] = Math.Sign(direction[a]);
                next[a] = step[a] == 0 ? double.PositiveInfinity : from + (cell[a] + (step[a] > 0 ? 1 : 0) - start[a]) / direction[a];
            }
            for (var t = from; t <= to;)
            {
                if (isSeen(cell[0], cell[1], cell[2]))
                    return new Pick(ray.At(t), cell[0], cell[1], cell[2]);
                var a = next[0] <= next[1] ? next[0] <= next[2] ? 0 : 2 : next[1] <= next[2] ? 1 : 2;
                if (step[a] == 0)
                    return null;
                t = next[a];
                next[a] += Math.Abs(1 / direction[a]);
                cell[a] += step[a];
                if (cell[a] < 0 || cell[a] >= shape[a])
                    return null;
            }
            return null;
        }
    }
}
