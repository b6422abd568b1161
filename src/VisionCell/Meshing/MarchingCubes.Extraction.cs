using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using VisionCell.Volumes;

namespace VisionCell.Meshing;

// The work of MarchingCubes on this processor: a bit for each voxel, so that 64 cubes without surface are passed over together; everything is
// counted before anything is made, so that vertices and triangles are written where they stay.
public static partial class MarchingCubes
{
    // Keeps vertices off the voxel centres (by a thousandth of a voxel), where several would coincide and leave triangles
    // without area: the common case of 8-bit data and a whole-numbered iso value.
    private const double Margin = 1e-3;

    private const int LayersPerTask = 16;

    private sealed class Extraction
    {
        private readonly Volume<float> _volume;
        private readonly float[] _data;
        private readonly double _iso;
        private readonly bool _insideIsBelow;
        private readonly CancellationToken _cancellation;
        private readonly Shape3 _shape;
        private readonly int _words; // of a row of bits
        private readonly ulong[] _inside; // [z, y, word]: bit x & 63 of word x >> 6 says whether voxel x is inside
        private readonly int[] _planeStart; // first vertex of the crossings along x and y in a plane
        private readonly int[] _pillarStart; // first vertex of the crossings from a plane to the next
        private readonly int[] _layerStart; // first triangle corner of the cubes between a plane and the next
        private readonly int[] _centreStart; // first centre vertex of those cubes
        private float[] _positions = [];
        private float[] _normals = [];
        private int[] _triangles = [];

        public Extraction(Volume<float> volume, double iso, bool insideIsBelow, CancellationToken cancellation)
        {
            (_volume, _data, _iso, _insideIsBelow, _cancellation) = (volume, volume.Data, iso, insideIsBelow, cancellation);
            _shape = volume.Shape;
            _words = (_shape.X + 63) / 64;
            _inside = new ulong[(long)_shape.Z * _shape.Y * _words];
            (_planeStart, _pillarStart) = (new int[_shape.Z + 1], new int[_shape.Z + 1]);
            (_layerStart, _centreStart) = (new int[_shape.Z], new int[_shape.Z]);
        }

        public SlabSeams Seams => new(_pillarStart[0], _planeStart[_shape.Z - 1], _pillarStart[_shape.Z - 1] - _planeStart[_shape.Z - 1]);

        public Mesh Run()
        {
            var parallel = new ParallelOptions { CancellationToken = _cancellation };

            // 1. Which voxels are inside, a bit each.
            Parallel.For(0, _shape.Z, parallel, Classify);

            // 2. Count crossings, triangles and centres, so that each has its place before any is made.
            Parallel.For(0, _shape.Z, parallel, z => (_planeStart[z], _pillarStart[z]) = Count(z));
            Parallel.For(0, _shape.Z - 1, parallel, z => (_layerStart[z], _centreStart[z]) = CountLayer(z));
            long crossings = 0;
            for (var z = 0; z <= _shape.Z; z++)
            {
                var (inPlane, pillars) = z < _shape.Z ? (_planeStart[z], _pillarStart[z]) : (0, 0);
                Limit(3 * (crossings + inPlane + pillars));
                _planeStart[z] = (int)crossings;
                _pillarStart[z] = (int)crossings + inPlane;
                crossings += inPlane + pillars;
            }
            long corners = 0, vertices = crossings; // the centre vertices follow the crossings
            for (var z = 0; z < _shape.Z; z++)
            {
                var (inLayer, centres) = (_layerStart[z], _centreStart[z]);
                Limit(Math.Max(corners + inLayer, 3 * (vertices + centres)));
                (_layerStart[z], _centreStart[z]) = ((int)corners, (int)vertices);
                (corners, vertices) = (corners + inLayer, vertices + centres);
            }
            // Every element is written below.
            _positions = GC.AllocateUninitializedArray<float>((int)(3 * vertices));
            _normals = GC.AllocateUninitializedArray<float>((int)(3 * vertices));
            _triangles = GC.AllocateUninitializedArray<int>((int)corners);
            _normals.AsSpan((int)(3 * crossings)).Clear();

            // 3. Vertices, plane by plane; then triangles, by several layers.
            Parallel.For(0, _shape.Z, parallel, WriteCrossings);
            var layers = _shape.Z - 1;
            Parallel.For(0, (layers + LayersPerTask - 1) / LayersPerTask, parallel, s => March(s * LayersPerTask, Math.Min(layers, (s + 1) * LayersPerTask)));
            FillMissingNormals(_positions, _normals, _triangles);
            return new Mesh(_positions, _triangles, _normals);
        }

        private static void Limit(long elements)
        {
            if (elements > Array.MaxLength)
                throw new BadInputException($"the surface has more than {Array.MaxLength / 3:N0} vertices or triangles: crop or downsample the volume, or choose another iso value");
        }

        // Value relative to the surface: at least 0 inside.
        private float Relative(int voxel) => (float)(_insideIsBelow ? _iso - _data[voxel] : _data[voxel] - _iso);

        private Span<ulong> Row(int z, int y) => _inside.AsSpan((z * _shape.Y + y) * _words, _words);

        private void Classify(int z)
        {
            // The float at which the inside begins: comparing with it is comparing with the iso value in double.
            var limit = (float)_iso;
            if (!_insideIsBelow && limit < _iso)
                limit = MathF.BitIncrement(limit);
            if (_insideIsBelow && limit > _iso)
                limit = MathF.BitDecrement(limit);
            var limits = Vector512.Create(limit);
            for (var y = 0; y < _shape.Y; y++)
            {
                var values = _data.AsSpan(_volume.Index(z, y, 0), _shape.X);
                var row = Row(z, y);
                var x = 0;
                for (; x + 16 <= values.Length; x += 16)
                {
                    var sixteen = Vector512.Create<float>(values.Slice(x, 16));
                    row[x >> 6] |= (_insideIsBelow ? Vector512.LessThanOrEqual(sixteen, limits) : Vector512.GreaterThanOrEqual(sixteen, limits)).ExtractMostSignificantBits() << (x & 63);
                }
                for (; x < values.Length; x++)
                {
                    if (_insideIsBelow ? values[x] <= limit : values[x] >= limit)
                        row[x >> 6] |= 1UL << (x & 63);
                }
            }
        }

        /// <summary>Bits x + 1 of a row in the places of x.</summary>
        private static ulong Next(ReadOnlySpan<ulong> row, int word) => row[word] >> 1 | (word + 1 < row.Length ? row[word + 1] << 63 : 0);

        /// <summary>The places of a word that have a right-hand neighbour.</summary>
        private ulong Inner(int word)
        {
            var count = _shape.X - 1 - 64 * word;
            return count >= 64 ? ulong.MaxValue : count <= 0 ? 0 : (1UL << count) - 1;
        }

        private (int InPlane, int Pillars) Count(int z)
        {
            int inPlane = 0, pillars = 0;
            for (var y = 0; y < _shape.Y; y++)
            {
                var row = Row(z, y);
                var below = y + 1 < _shape.Y ? Row(z, y + 1) : row;
                var deeper = z + 1 < _shape.Z ? Row(z + 1, y) : row;
                for (var w = 0; w < row.Length; w++)
                {
                    inPlane += BitOperations.PopCount((row[w] ^ Next(row, w)) & Inner(w)) + BitOperations.PopCount(row[w] ^ below[w]);
                    pillars += BitOperations.PopCount(row[w] ^ deeper[w]);
                }
            }
            return (inPlane, pillars);
        }

        private (int Corners, int Centres) CountLayer(int z)
        {
            int corners = 0, centres = 0;
            for (var y = 0; y + 1 < _shape.Y; y++)
            {
                foreach (var cube in new Cubes(this, z, y))
                {
                    var found = Case(cube.Inside, (z * _shape.Y + y) * _shape.X + cube.X);
                    corners += found.Triangles.Length;
                    centres += found.Centres.Length;
                }
            }
            return (corners, centres);
        }

        private CubeCase Case(int inside, int voxel)
        {
            var ambiguous = CubeCases.AmbiguousFaces(inside);
            return CubeCases.Get(inside, ambiguous == 0 ? 0 : JoinedFaces(ambiguous, voxel));
        }

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
                int at = _layerStart[z], centre = _centreStart[z];
                for (var row = 0; row + 1 < _shape.Y; row++)
                {
                    foreach (var cube in new Cubes(this, z, row))
                    {
                        var i = row * _shape.X + cube.X;
                        Emit(Case(cube.Inside, z * count + i), numbers, i, offsets, ref at, ref centre);
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
        private int JoinedFaces(int ambiguous, int voxel)
        {
            Span<float> w = stackalloc float[8];
            for (var c = 0; c < 8; c++)
                w[c] = Relative(voxel + (c & 1) + (c >> 1 & 1) * _shape.X + (c >> 2) * _shape.SectionCount);
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

        private void Emit(CubeCase cube, int[] numbers, int voxel, ReadOnlySpan<int> offsets, ref int at, ref int centre)
        {
            var corners = cube.Triangles;
            var target = _triangles.AsSpan(at, corners.Length);
            at += corners.Length;
            if (cube.Centres.Length == 0)
            {
                for (var k = 0; k < corners.Length; k++)
                    target[k] = numbers[voxel + offsets[corners[k]]];
                return;
            }
            for (var k = 0; k < corners.Length; k++)
                target[k] = corners[k] < CubeCases.CentreBase ? numbers[voxel + offsets[corners[k]]] : centre + corners[k] - CubeCases.CentreBase;
            foreach (var loop in cube.Centres)
            {
                for (var a = 0; a < 3; a++)
                {
                    var sum = 0.0;
                    foreach (var edge in loop)
                        sum += _positions[3 * numbers[voxel + offsets[edge]] + a];
                    _positions[3 * centre + a] = (float)(sum / loop.Length);
                }
                centre++;
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
            position[2] = (float)(origin.Z + (axis == 2 ? z + t : z) * size.Z);

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
