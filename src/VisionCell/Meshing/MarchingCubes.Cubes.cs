using System.Numerics;

namespace VisionCell.Meshing;

// The cubes that the surface runs through: which case each is, and its triangles.
public static partial class MarchingCubes
{
    private sealed partial class Extraction
    {
        private void March(int first, int end)
        {
            // Vertex numbers by the voxel at the lower end of their edge: along x in two planes, along y in two planes, and between them.
            var count = _shape.SectionCount;
            var numbers = GC.AllocateUninitializedArray<int>(5 * count);
            Span<int> x = numbers.AsSpan(0, 2 * count), y = numbers.AsSpan(2 * count, 2 * count), pillar = numbers.AsSpan(4 * count);
            Number(first, x[..count], y[..count]);
            Span<int> offsets = stackalloc int[12];
            for (var z = first; z < end; z++)
            {
                _cancellation.ThrowIfCancellationRequested();
                var (low, high) = ((z - first) % 2 * count, (z + 1 - first) % 2 * count);
                Number(z + 1, x.Slice(high, count), y.Slice(high, count));
                NumberPillars(z, pillar);
                for (var e = 0; e < 12; e++)
                {
                    // Edge e runs along x, y or z (four each) from this corner of the cube.
                    var corner = CubeCases.EdgeCorners[e].A;
                    var plane = (corner >> 2) == 0 ? low : high;
                    offsets[e] = (corner & 1) + (corner >> 1 & 1) * _shape.X + (e < 4 ? plane : e < 8 ? 2 * count + plane : 4 * count);
                }
                int at = _layerStart[z], added = _addedStart[z];
                for (var row = 0; row + 1 < _shape.Y; row++)
                {
                    foreach (var cube in new Cubes(this, z, row))
                    {
                        var i = row * _shape.X + cube.X;
                        Emit(Case(cube.Inside, z * count + i), numbers, z * count, i, offsets, ref at, ref added);
                    }
                }
            }
        }

        private void Number(int z, Span<int> alongX, Span<int> alongY)
        {
            var vertex = _planeStart[z];
            for (var y = 0; y < _shape.Y; y++)
            {
                var row = Row(z, y);
                var below = y + 1 < _shape.Y ? Row(z, y + 1) : row;
                for (var w = 0; w < row.Length; w++)
                {
                    ulong right = (row[w] ^ Next(row, w)) & Inner(w), down = row[w] ^ below[w];
                    for (var left = right | down; left != 0; left &= left - 1)
                    {
                        var bit = BitOperations.TrailingZeroCount(left);
                        var i = y * _shape.X + 64 * w + bit;
                        // Without branches: where there is no crossing the entry is read by nobody.
                        alongX[i] = vertex;
                        vertex += (int)(right >> bit & 1);
                        alongY[i] = vertex;
                        vertex += (int)(down >> bit & 1);
                    }
                }
            }
        }

        private void NumberPillars(int z, Span<int> pillar)
        {
            var vertex = _pillarStart[z];
            for (var y = 0; y < _shape.Y; y++)
            {
                var row = Row(z, y);
                var deeper = Row(z + 1, y);
                for (var w = 0; w < row.Length; w++)
                {
                    for (var left = row[w] ^ deeper[w]; left != 0; left &= left - 1)
                        pillar[y * _shape.X + 64 * w + BitOperations.TrailingZeroCount(left)] = vertex++;
                }
            }
        }

        private CubeCase Case(int inside, int voxel) => CubeCases.Only(inside) ?? ByValues(inside, voxel);

        /// <summary>Faces by the asymptotic decider, the inside by the interpolant.</summary>
        private CubeCase ByValues(int inside, int voxel)
        {
            Span<float> w = stackalloc float[8];
            Corners(voxel, w);
            var ambiguous = CubeCases.AmbiguousFaces(inside);
            var cube = CubeCases.Get(inside, ambiguous == 0 ? 0 : JoinedFaces(ambiguous, w));
            return cube.Tunnels is { } tunnels && TrilinearTunnel.TryFind(w, out var tunnel) ? tunnels[tunnel.Kind] ?? cube : cube;
        }

        private void Corners(int voxel, Span<float> w)
        {
            for (var c = 0; c < 8; c++)
                w[c] = Relative(voxel + (c & 1) + (c >> 1 & 1) * _shape.X + (c >> 2) * _shape.SectionCount);
        }

        /// <summary>The cubes of a row that are neither all inside nor all outside, 64 looked at together.</summary>
        private ref struct Cubes(Extraction owner, int z, int y)
        {
            private readonly ReadOnlySpan<ulong> _a = owner.Row(z, y), _b = owner.Row(z, y + 1), _c = owner.Row(z + 1, y), _d = owner.Row(z + 1, y + 1);
            private ulong _active, _a0, _a1, _b0, _b1, _c0, _c1, _d0, _d1;
            private int _word = -1;

            /// <summary>Where the cube begins, and bit c: corner c is inside.</summary>
            public (int X, int Inside) Current { get; private set; }

            public readonly Cubes GetEnumerator() => this;

            public bool MoveNext()
            {
                while (_active == 0)
                {
                    if (++_word == _a.Length)
                        return false;
                    (_a0, _b0, _c0, _d0) = (_a[_word], _b[_word], _c[_word], _d[_word]);
                    (_a1, _b1, _c1, _d1) = (Next(_a, _word), Next(_b, _word), Next(_c, _word), Next(_d, _word));
                    _active = (_a0 | _a1 | _b0 | _b1 | _c0 | _c1 | _d0 | _d1) & ~(_a0 & _a1 & _b0 & _b1 & _c0 & _c1 & _d0 & _d1) & owner.Inner(_word);
                }
                var bit = BitOperations.TrailingZeroCount(_active);
                _active &= _active - 1;
                Current = (64 * _word + bit, (int)(_a0 >> bit & 1 | (_a1 >> bit & 1) << 1 | (_b0 >> bit & 1) << 2 | (_b1 >> bit & 1) << 3
                    | (_c0 >> bit & 1) << 4 | (_c1 >> bit & 1) << 5 | (_d0 >> bit & 1) << 6 | (_d1 >> bit & 1) << 7));
                return true;
            }
        }

        /// <summary>The asymptotic decider: diagonal inside corners are joined where the bilinear saddle of their face is inside.</summary>
        private static int JoinedFaces(int ambiguous, ReadOnlySpan<float> w)
        {
            var joined = 0;
            for (var f = 0; ambiguous >> f != 0; f++)
            {
                if ((ambiguous >> f & 1) == 0)
                    continue;
                var c = CubeCases.FaceCorners[f];
                // Exact in double, and symmetric in the order of the corners: both cubes at the face get the same answer.
                double even = (double)w[c[0]] * w[c[2]], odd = (double)w[c[1]] * w[c[3]];
                if (w[c[0]] >= 0 ? even >= odd : odd >= even)
                    joined |= 1 << f;
            }
            return joined;
        }

        private void Emit(CubeCase cube, int[] numbers, int plane, int voxel, ReadOnlySpan<int> offsets, ref int at, ref int added)
        {
            var corners = cube.Triangles;
            var target = _triangles.AsSpan(at, corners.Length);
            at += corners.Length;
            if (cube.Added.Length == 0)
            {
                for (var k = 0; k < corners.Length; k++)
                    target[k] = numbers[voxel + offsets[corners[k]]];
                return;
            }
            for (var k = 0; k < corners.Length; k++)
                target[k] = corners[k] < CubeCases.AddedBase ? numbers[voxel + offsets[corners[k]]] : added + corners[k] - CubeCases.AddedBase;
            foreach (var loop in cube.Added)
            {
                var position = _positions.AsSpan(3 * added++, 3);
                if (loop[0] >= CubeCases.RingBase)
                    PlaceOnRing(plane + voxel, loop[0] - CubeCases.RingBase, position);
                else
                    PlaceAmid(loop, numbers, voxel, offsets, position);
            }
        }

        private void PlaceAmid(int[] loop, int[] numbers, int voxel, ReadOnlySpan<int> offsets, Span<float> position)
        {
            for (var a = 0; a < 3; a++)
            {
                var sum = 0.0;
                foreach (var edge in loop)
                    sum += _positions[3 * numbers[voxel + offsets[edge]] + a];
                position[a] = (float)(sum / loop.Length);
            }
        }

        private void PlaceOnRing(int voxel, int corner, Span<float> position)
        {
            Span<float> w = stackalloc float[8];
            Corners(voxel, w);
            TrilinearTunnel.TryFind(w, out var tunnel);
            var (x, y, z) = tunnel.Point(corner);
            var (size, origin) = (_volume.VoxelSize, _volume.Origin);
            position[0] = (float)(origin.X + (voxel % _shape.X + x) * size.X);
            position[1] = (float)(origin.Y + (voxel / _shape.X % _shape.Y + y) * size.Y);
            position[2] = (float)(origin.Z + (_before + voxel / _shape.SectionCount + z) * size.Z);
        }
    }
}
