#nullable enable
using System;
using System.Collections.Generic;

namespace VisionCell.Viewer
{
    /// <summary>
    /// Where loaded bricks lie in the atlas texture, and the tables by which the shader finds them: for each brick of the finest level the
    /// finest one that is loaded there. Not thread safe.
    /// </summary>
    public sealed class BrickAtlas
    {
        /// <summary>The page table holds places as bytes.</summary>
        public const int MostSlotsAlongAxis = 255;

        private readonly VolumeInfo _volume;
        private readonly Dictionary<BrickId, int> _slots = new Dictionary<BrickId, int>();
        private readonly Dictionary<BrickId, (int Low, int High)> _ranges = new Dictionary<BrickId, (int Low, int High)>();
        private readonly Stack<int> _free = new Stack<int>();

        /// <summary>An atlas of that many bricks along x, y, z.</summary>
        public BrickAtlas(VolumeInfo volume, int slotsX, int slotsY, int slotsZ)
        {
            if (Math.Min(slotsX, Math.Min(slotsY, slotsZ)) < 1 || Math.Max(slotsX, Math.Max(slotsY, slotsZ)) > MostSlotsAlongAxis)
                throw new ArgumentOutOfRangeException(nameof(slotsX), $"an atlas of {slotsX} x {slotsY} x {slotsZ} bricks: 1 to {MostSlotsAlongAxis} along each axis");
            _volume = volume;
            (SlotsX, SlotsY, SlotsZ) = (slotsX, slotsY, slotsZ);
            for (var i = Capacity - 1; i >= 0; i--)
                _free.Push(i);
            var finest = volume.Levels[0];
            (CellsX, CellsY, CellsZ) = (finest.Bricks(0, volume.Edge), finest.Bricks(1, volume.Edge), finest.Bricks(2, volume.Edge));
        }

        public int SlotsX { get; }

        public int SlotsY { get; }

        public int SlotsZ { get; }

        public int Capacity => SlotsX * SlotsY * SlotsZ;

        /// <summary>Bricks of the finest level along x.</summary>
        public int CellsX { get; }

        public int CellsY { get; }

        public int CellsZ { get; }

        public int Loaded => _slots.Count;

        /// <summary>An atlas within a budget of memory whose sides are no longer than a texture may be.</summary>
        /// <param name="volume">The volume.</param>
        /// <param name="budgetBytes">Most bytes of the atlas.</param>
        /// <param name="mostVoxelsAlongAxis">The longest side of a 3D texture, 2048 on most devices.</param>
        /// <param name="border">Border of a brick.</param>
        public static BrickAtlas Within(VolumeInfo volume, long budgetBytes, int mostVoxelsAlongAxis = 2048, int border = 1)
        {
            long side = volume.Edge + 2 * border, brick = side * side * side * volume.BytesPerVoxel;
            var most = (int)Math.Min(MostSlotsAlongAxis, mostVoxelsAlongAxis / side);
            long wanted = 0;
            foreach (var level in volume.Levels)
                wanted += (long)level.Bricks(0, volume.Edge) * level.Bricks(1, volume.Edge) * level.Bricks(2, volume.Edge);
            var slots = Math.Max(1, Math.Min(wanted, budgetBytes / brick));
            var x = (int)Math.Min(most, Math.Ceiling(Math.Pow(slots, 1 / 3.0)));
            var y = (int)Math.Min(most, Math.Max(1, Math.Ceiling(Math.Sqrt((double)slots / x))));
            var z = (int)Math.Min(most, Math.Max(1, slots / ((long)x * y)));
            return new BrickAtlas(volume, x, y, z);
        }

        public bool Holds(BrickId brick) => _slots.ContainsKey(brick);

        /// <summary>
        /// A place for a brick: a free one, else that of a brick that is not wanted. False where all are wanted.
        /// </summary>
        /// <param name="brick">To be loaded.</param>
        /// <param name="range">Its smallest and largest stored voxel.</param>
        /// <param name="wanted">Bricks that must stay.</param>
        /// <param name="x">Place in bricks.</param>
        /// <param name="y">Place in bricks.</param>
        /// <param name="z">Place in bricks.</param>
        public bool TryPlace(BrickId brick, (int Low, int High) range, ICollection<BrickId> wanted, out int x, out int y, out int z)
        {
            if (!_slots.TryGetValue(brick, out var slot))
            {
                if (_free.Count > 0)
                {
                    slot = _free.Pop();
                }
                else if (Unwanted(wanted) is { } old)
                {
                    slot = _slots[old];
                    _slots.Remove(old);
                    _ranges.Remove(old);
                }
                else
                {
                    (x, y, z) = (0, 0, 0);
                    return false;
                }
                _slots.Add(brick, slot);
                _ranges.Add(brick, range);
            }
            (x, y, z) = Place(slot);
            return true;
        }

        /// <summary>For each brick of the finest level, x fastest, four bytes: place x, y, z, and level + 1 or 0.</summary>
        public byte[] PageTable()
        {
            var table = new byte[4 * CellsX * CellsY * CellsZ];
            foreach (var brick in CoarseFirst())
            {
                var (x, y, z) = Place(_slots[brick]);
                foreach (var cell in CellsOf(brick))
                {
                    table[4 * cell] = (byte)x;
                    table[4 * cell + 1] = (byte)y;
                    table[4 * cell + 2] = (byte)z;
                    table[4 * cell + 3] = (byte)(brick.Level + 1);
                }
            }
            return table;
        }

        /// <summary>For each brick of the finest level, 255 where a transfer function makes something of it visible, else 0.</summary>
        /// <param name="function">The transfer function.</param>
        /// <param name="low">Value that is black, in the units of the volume.</param>
        /// <param name="high">Value that is white.</param>
        public byte[] Occupancy(TransferFunction function, double low, double high)
        {
            var table = new byte[CellsX * CellsY * CellsZ];
            foreach (var brick in CoarseFirst())
            {
                var range = _ranges[brick];
                double a = (_volume.ValueOf(range.Low) - low) / (high - low), b = (_volume.ValueOf(range.High) - low) / (high - low);
                var visible = function.MostOpaque(Math.Min(a, b), Math.Max(a, b)) > 0 ? (byte)255 : (byte)0;
                foreach (var cell in CellsOf(brick))
                    table[cell] = visible;
            }
            return table;
        }

        private (int X, int Y, int Z) Place(int slot) => (slot % SlotsX, slot / SlotsX % SlotsY, slot / (SlotsX * SlotsY));

        private BrickId? Unwanted(ICollection<BrickId> wanted)
        {
            foreach (var brick in _slots.Keys)
            {
                if (!wanted.Contains(brick))
                    return brick;
            }
            return null;
        }

        private List<BrickId> CoarseFirst()
        {
            var bricks = new List<BrickId>(_slots.Keys);
            bricks.Sort((a, b) => b.Level.CompareTo(a.Level));
            return bricks;
        }

        private IEnumerable<int> CellsOf(BrickId brick)
        {
            var factor = _volume.Levels[brick.Level].Factor;
            for (var z = brick.Z * factor[2]; z < Math.Min(CellsZ, (brick.Z + 1) * factor[2]); z++)
            {
                for (var y = brick.Y * factor[1]; y < Math.Min(CellsY, (brick.Y + 1) * factor[1]); y++)
                {
                    for (var x = brick.X * factor[0]; x < Math.Min(CellsX, (brick.X + 1) * factor[0]); x++)
                        yield return (z * CellsY + y) * CellsX + x;
                }
            }
        }
    }
}
