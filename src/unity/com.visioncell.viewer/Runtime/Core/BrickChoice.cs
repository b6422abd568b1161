#nullable enable
using System;
using System.Collections.Generic;

namespace VisionCell.Viewer
{
    /// <summary>A brick of a level.</summary>
    public readonly struct BrickId : IEquatable<BrickId>
    {
        public readonly int Level;
        public readonly int X;
        public readonly int Y;
        public readonly int Z;

        public BrickId(int level, int x, int y, int z)
        {
            Level = level;
            X = x;
            Y = y;
            Z = z;
        }

        public bool Equals(BrickId other) => Level == other.Level && X == other.X && Y == other.Y && Z == other.Z;

        public override bool Equals(object? obj) => obj is BrickId other && Equals(other);

        public override int GetHashCode() => HashCode.Combine(Level, X, Y, Z);

        public override string ToString() => $"{Level}: {X}, {Y}, {Z}";
    }

    /// <summary>
    /// Which bricks to show under a budget: the coarsest level covers the whole, and while bricks are left in the budget the brick whose voxels
    /// are the most pixels long is replaced by the finer ones it is made of. Every point of the volume in view is covered by exactly one brick.
    /// </summary>
    public static class BrickChoice
    {
        /// <summary>Chooses.</summary>
        /// <param name="volume">The volume.</param>
        /// <param name="camera">From where it is seen.</param>
        /// <param name="pixelsHigh">Height of the picture.</param>
        /// <param name="aspect">Width over height.</param>
        /// <param name="budget">Most bricks; those of the coarsest level are always there.</param>
        /// <param name="clip">What is cut away needs no bricks; null for nothing.</param>
        /// <returns>The bricks, those that matter most first.</returns>
        public static List<BrickId> Choose(VolumeInfo volume, OrbitCamera camera, int pixelsHigh, double aspect, int budget, ClipVolume? clip = null)
        {
            var open = new SortedSet<(double Negative, int Order, BrickId Brick)>(Comparer<(double Negative, int Order, BrickId Brick)>.Create(
                (a, b) => a.Negative != b.Negative ? a.Negative.CompareTo(b.Negative) : a.Order.CompareTo(b.Order)));
            var result = new List<BrickId>();
            var order = 0;
            var coarsest = volume.Levels.Count - 1;
            var info = volume.Levels[coarsest];
            for (var z = 0; z < info.Bricks(2, volume.Edge); z++)
            {
                for (var y = 0; y < info.Bricks(1, volume.Edge); y++)
                {
                    for (var x = 0; x < info.Bricks(0, volume.Edge); x++)
                        Offer(new BrickId(coarsest, x, y, z));
                }
            }
            while (open.Count > 0)
            {
                var first = open.Min;
                open.Remove(first);
                // Voxels no longer than a pixel need not be finer, nor can the finest be.
                var finer = first.Brick.Level > 0 && -first.Negative > 1 ? Children(volume, first.Brick) : null;
                if (finer is null || result.Count + open.Count + finer.Count > budget)
                {
                    result.Add(first.Brick);
                    continue;
                }
                foreach (var child in finer)
                    Offer(child);
            }
            return result;

            void Offer(BrickId brick)
            {
                var size = PixelsOfVoxel(volume, brick, camera, pixelsHigh, aspect, clip);
                if (size > 0)
                    open.Add((-size, order++, brick));
            }
        }

        /// <summary>Corners of a brick, nm.</summary>
        public static (Double3 Low, Double3 High) Bounds(VolumeInfo volume, BrickId brick)
        {
            var level = volume.Levels[brick.Level];
            var factor = new Double3(level.Factor[0], level.Factor[1], level.Factor[2]);
            var low = new Double3(brick.X, brick.Y, brick.Z) * volume.Edge;
            var high = new Double3(Math.Min(low.X + volume.Edge, level.Shape[0]), Math.Min(low.Y + volume.Edge, level.Shape[1]), Math.Min(low.Z + volume.Edge, level.Shape[2]));
            // The last voxel of a level may reach beyond the volume, where an odd number of voxels was halved.
            var end = volume.HighCornerNm;
            var top = volume.LowCornerNm + high.Times(factor).Times(volume.VoxelSizeNm);
            return (volume.LowCornerNm + low.Times(factor).Times(volume.VoxelSizeNm), new Double3(Math.Min(top.X, end.X), Math.Min(top.Y, end.Y), Math.Min(top.Z, end.Z)));
        }

        /// <summary>The bricks of the next finer level that cover the same part.</summary>
        public static List<BrickId> Children(VolumeInfo volume, BrickId brick)
        {
            var (coarse, fine) = (volume.Levels[brick.Level], volume.Levels[brick.Level - 1]);
            var result = new List<BrickId>();
            int rx = coarse.Factor[0] / fine.Factor[0], ry = coarse.Factor[1] / fine.Factor[1], rz = coarse.Factor[2] / fine.Factor[2];
            for (var z = brick.Z * rz; z < Math.Min((brick.Z + 1) * rz, fine.Bricks(2, volume.Edge)); z++)
            {
                for (var y = brick.Y * ry; y < Math.Min((brick.Y + 1) * ry, fine.Bricks(1, volume.Edge)); y++)
                {
                    for (var x = brick.X * rx; x < Math.Min((brick.X + 1) * rx, fine.Bricks(0, volume.Edge)); x++)
                        result.Add(new BrickId(brick.Level - 1, x, y, z));
                }
            }
            return result;
        }

        /// <summary>How many pixels the longest edge of its voxels is long where it is nearest; 0 where it is not seen.</summary>
        private static double PixelsOfVoxel(VolumeInfo volume, BrickId brick, OrbitCamera camera, int pixelsHigh, double aspect, ClipVolume? clip)
        {
            var (low, high) = Bounds(volume, brick);
            double uMin = double.PositiveInfinity, uMax = double.NegativeInfinity, vMin = double.PositiveInfinity, vMax = double.NegativeInfinity, near = double.PositiveInfinity;
            var behind = 0;
            for (var c = 0; c < 8; c++)
            {
                var corner = new Double3((c & 1) != 0 ? high.X : low.X, (c & 2) != 0 ? high.Y : low.Y, (c & 4) != 0 ? high.Z : low.Z);
                var (u, v, depth) = camera.Project(corner, aspect);
                near = Math.Min(near, depth);
                if (depth <= 0 && !camera.Orthographic)
                {
                    behind++;
                    continue;
                }
                uMin = Math.Min(uMin, u);
                uMax = Math.Max(uMax, u);
                vMin = Math.Min(vMin, v);
                vMax = Math.Max(vMax, v);
            }
            // A brick around the eye has corners on both sides; it is seen.
            if (behind == 8 || behind == 0 && (uMin > 1 || uMax < -1 || vMin > 1 || vMax < -1) || clip != null && !Meets(clip, low, high))
                return 0;
            var factor = volume.Levels[brick.Level].Factor;
            var size = volume.VoxelSizeNm;
            var edge = Math.Max(size.X * factor[0], Math.Max(size.Y * factor[1], size.Z * factor[2]));
            return edge / camera.PixelNm(pixelsHigh, Math.Max(near, edge));
        }

        private static bool Meets(ClipVolume clip, Double3 low, Double3 high)
        {
            for (var a = 0; a < 3; a++)
            {
                if (high[a] < clip.Low[a] || low[a] > clip.High[a])
                    return false;
            }
            foreach (var plane in clip.Planes)
            {
                // The corner that lies deepest inside.
                var n = plane.Normal;
                if (plane.Outside(new Double3(n.X > 0 ? low.X : high.X, n.Y > 0 ? low.Y : high.Y, n.Z > 0 ? low.Z : high.Z)) > 0)
                    return false;
            }
            return true;
        }
    }
}
