using System.Numerics;
using System.Runtime.CompilerServices;

namespace VisionCell.Meshing;

// Where edges of the grid cross the surface: positions, and normals by interpolated central differences.
public static partial class MarchingCubes
{
    private sealed partial class Extraction
    {
        private void WriteCrossings(int z)
        {
            int vertex = _planeStart[z], pillar = _pillarStart[z];
            for (var y = 0; y < _shape.Y; y++)
            {
                var row = Row(z, y);
                var below = y + 1 < _shape.Y ? Row(z, y + 1) : row;
                var deeper = z + 1 < _shape.Z ? Row(z + 1, y) : row;
                for (var w = 0; w < row.Length; w++)
                {
                    ulong right = (row[w] ^ Next(row, w)) & Inner(w), down = row[w] ^ below[w], inward = row[w] ^ deeper[w];
                    for (var left = right | down | inward; left != 0; left &= left - 1)
                    {
                        var bit = BitOperations.TrailingZeroCount(left);
                        var x = 64 * w + bit;
                        if ((right >> bit & 1) != 0)
                            Write(vertex++, z, y, x, 0);
                        if ((down >> bit & 1) != 0)
                            Write(vertex++, z, y, x, 1);
                        if ((inward >> bit & 1) != 0)
                            Write(pillar++, z, y, x, 2);
                    }
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)] // the axis is a constant where it is called
        private void Write(int vertex, int z, int y, int x, int axis)
        {
            int plane = _shape.SectionCount, voxel = z * plane + y * _shape.X + x;
            var next = voxel + (axis == 0 ? 1 : axis == 1 ? _shape.X : plane);
            float from = Relative(voxel), to = Relative(next);
            var t = from / ((double)from - to);
            t = double.IsFinite(t) ? Math.Clamp(t, Margin, 1 - Margin) : 0.5;
            var (size, origin) = (_volume.VoxelSize, _volume.Origin);
            var position = _positions.AsSpan(3 * vertex, 3);
            position[0] = (float)(origin.X + (axis == 0 ? x + t : x) * size.X);
            position[1] = (float)(origin.Y + (axis == 1 ? y + t : y) * size.Y);
            position[2] = (float)(origin.Z + (axis == 2 ? _before + z + t : _before + z) * size.Z);

            // Out of the structure is down the gradient, or up where the structure is the dark side.
            float share = (float)t, side = _insideIsBelow ? 1 : -1;
            var gx = Between(voxel, next, 1, x, _shape.X, axis == 0, share) * (side / (float)size.X);
            var gy = Between(voxel, next, _shape.X, y, _shape.Y, axis == 1, share) * (side / (float)size.Y);
            var gz = Between(voxel, next, plane, z, _shape.Z, axis == 2, share) * (side / (float)size.Z);
            var length = MathF.Sqrt(gx * gx + gy * gy + gz * gz);
            var scale = length > 0 && float.IsFinite(length) ? 1 / length : 0;
            var normal = _normals.AsSpan(3 * vertex, 3);
            (normal[0], normal[1], normal[2]) = scale == 0 ? default : (gx * scale, gy * scale, gz * scale);
        }

        /// <summary>The difference along one axis, a voxel apart, between those at both ends of the edge.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private float Between(int voxel, int next, int stride, int i, int count, bool along, float t)
        {
            var first = Difference(voxel, stride, i, count);
            return first + t * (Difference(next, stride, along ? i + 1 : i, count) - first);
        }

        /// <summary>Central difference, one-sided at the border.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private float Difference(int voxel, int stride, int i, int count)
        {
            int before = i > 0 ? stride : 0, after = i < count - 1 ? stride : 0;
            var difference = _data[voxel + after] - _data[voxel - before];
            return before != 0 && after != 0 ? 0.5f * difference : difference;
        }
    }
}
