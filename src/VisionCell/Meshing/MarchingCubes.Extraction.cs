using System.Numerics;
using System.Runtime.Intrinsics;
using VisionCell.Volumes;

namespace VisionCell.Meshing;

// The work of MarchingCubes on this processor: a bit for each voxel, so that 64 cubes without surface are passed over together; everything is
// counted before anything is made, so that vertices and triangles are written where they stay. Here the bits and the order of the work;
// MarchingCubes.Vertices.cs and MarchingCubes.Cubes.cs hold the rest.
public static partial class MarchingCubes
{
    // Keeps vertices off the voxel added (by a thousandth of a voxel), where several would coincide and leave triangles
    // without area: the common case of 8-bit data and a whole-numbered iso value.
    private const double Margin = 1e-3;

    private const int LayersPerTask = 16;

    private sealed partial class Extraction
    {
        private readonly Volume<float> _volume;
        private readonly float[] _data;
        private readonly double _iso;
        private readonly bool _insideIsBelow;
        private readonly CancellationToken _cancellation;
        private readonly int _before; // planes before the first, of which the origin is that of the very first
        private readonly Shape3 _shape;
        private readonly int _words; // of a row of bits
        private readonly ulong[] _inside; // [z, y, word]: bit x & 63 of word x >> 6 says whether voxel x is inside
        private readonly int[] _planeStart; // first vertex of the crossings along x and y in a plane
        private readonly int[] _pillarStart; // first vertex of the crossings from a plane to the next
        private readonly int[] _layerStart; // first triangle corner of the cubes between a plane and the next
        private readonly int[] _addedStart; // first vertex inside those cubes
        private float[] _positions = [];
        private float[] _normals = [];
        private int[] _triangles = [];

        public Extraction(Volume<float> volume, double iso, bool insideIsBelow, CancellationToken cancellation, int before = 0)
        {
            (_volume, _data, _iso, _insideIsBelow, _cancellation, _before) = (volume, volume.Data, iso, insideIsBelow, cancellation, before);
            _shape = volume.Shape;
            _words = (_shape.X + 63) / 64;
            _inside = new ulong[(long)_shape.Z * _shape.Y * _words];
            (_planeStart, _pillarStart) = (new int[_shape.Z + 1], new int[_shape.Z + 1]);
            (_layerStart, _addedStart) = (new int[_shape.Z], new int[_shape.Z]);
        }

        public Mesh ToMesh() => new(_positions, _triangles, _normals);

        /// <summary>What lies from one plane to another, as if nothing lay beyond; but normals know what does.</summary>
        public SurfaceSlab Part(int first, int last) => new(
            _positions, _normals, _triangles, (_planeStart[first], _pillarStart[last]), (_addedStart[first], _addedStart[last]), (_layerStart[first], _layerStart[last]),
            _pillarStart[first] - _planeStart[first], _pillarStart[last] - _planeStart[last]);

        public Extraction Run()
        {
            var parallel = new ParallelOptions { CancellationToken = _cancellation };

            // 1. Which voxels are inside, a bit each.
            Parallel.For(0, _shape.Z, parallel, Classify);

            // 2. Count crossings, triangles and vertices inside cubes, so that each has its place before any is made.
            Parallel.For(0, _shape.Z, parallel, z => (_planeStart[z], _pillarStart[z]) = Count(z));
            Parallel.For(0, _shape.Z - 1, parallel, z => (_layerStart[z], _addedStart[z]) = CountLayer(z));
            long crossings = 0;
            for (var z = 0; z <= _shape.Z; z++)
            {
                var (inPlane, pillars) = z < _shape.Z ? (_planeStart[z], _pillarStart[z]) : (0, 0);
                Limit(3 * (crossings + inPlane + pillars));
                _planeStart[z] = (int)crossings;
                _pillarStart[z] = (int)crossings + inPlane;
                crossings += inPlane + pillars;
            }
            long corners = 0, vertices = crossings; // vertices inside cubes follow the crossings
            for (var z = 0; z < _shape.Z; z++)
            {
                var (inLayer, added) = (_layerStart[z], _addedStart[z]);
                Limit(Math.Max(corners + inLayer, 3 * (vertices + added)));
                (_layerStart[z], _addedStart[z]) = ((int)corners, (int)vertices);
                (corners, vertices) = (corners + inLayer, vertices + added);
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
            return this;
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

        private (int Corners, int Added) CountLayer(int z)
        {
            int corners = 0, added = 0;
            for (var y = 0; y + 1 < _shape.Y; y++)
            {
                foreach (var cube in new Cubes(this, z, y))
                {
                    var found = Case(cube.Inside, (z * _shape.Y + y) * _shape.X + cube.X);
                    corners += found.Triangles.Length;
                    added += found.Added.Length;
                }
            }
            return (corners, added);
        }
    }
}
