using System.Globalization;
using System.Numerics;
using System.Runtime.Intrinsics;
using VisionCell.Kernels;
using VisionCell.Volumes;

namespace VisionCell.Meshing;

/// <summary>How a surface is extracted.</summary>
/// <param name="InsideIsBelow">False: the structure is where values reach the iso value (bright). True: where they do not exceed it (dark, such as stained membranes).</param>
/// <param name="CloseBorder">True closes the structure where it leaves the volume, on the outer faces of the border voxels, half a voxel beyond their centres. False leaves it open there.</param>
public sealed record MarchingCubesOptions(bool InsideIsBelow = false, bool CloseBorder = false);

/// <summary>
/// The surface where a volume <c>[Z, Y, X]</c> takes a value, as triangles in nanometres: marching cubes with the cases of
/// <see cref="CubeCases"/>, free of cracks and manifold by construction. Vertices lie on the lines between neighbouring voxel
/// centres by linear interpolation; normals are interpolated central differences. A cube is filled by disks: where the trilinear
/// interpolant has a tunnel inside one single cube, two disks stand in its place. Voxels that are not a number count as outside.
/// The result does not depend on the number of threads.
/// </summary>
public static class MarchingCubes
{
    // Keeps vertices off the voxel centres (by a thousandth of a voxel), where several would coincide and leave triangles
    // without area: the common case of 8-bit data and a whole-numbered iso value.
    private const double Margin = 1e-3;

    private const int LayersPerTask = 8;

    /// <summary>Extracts a surface.</summary>
    /// <param name="volume">Values <c>[Z, Y, X]</c>, at least 2 voxels along each axis (1 with a closed border).</param>
    /// <param name="isoValue">The value of the surface, in the units of the volume.</param>
    /// <param name="options">Which side is inside, and whether the border is closed.</param>
    /// <param name="cancellation">Stops between layers.</param>
    /// <exception cref="BadInputException">The iso value lies outside the data, or the volume is too thin.</exception>
    public static Mesh Extract(Volume<float> volume, double isoValue, MarchingCubesOptions? options = null, CancellationToken cancellation = default) =>
        Extract(volume, isoValue, options, null, cancellation);

    /// <summary>The same on the kernels given, where they extract surfaces; else on this processor.</summary>
    /// <param name="volume">As above.</param>
    /// <param name="isoValue">As above.</param>
    /// <param name="options">As above.</param>
    /// <param name="kernels">Of <see cref="FieldBackends.Open(string, Action{string})"/>; null for this processor.</param>
    /// <param name="cancellation">As above.</param>
    public static Mesh Extract(Volume<float> volume, double isoValue, MarchingCubesOptions? options, IFieldKernels<float>? kernels, CancellationToken cancellation = default)
    {
        options ??= new MarchingCubesOptions();
        CheckRange(volume, isoValue, options);
        if (options.CloseBorder)
            volume = Pad(volume);
        var shape = volume.Shape;
        if (shape.Z < 2 || shape.Y < 2 || shape.X < 2)
            throw new BadInputException($"a surface in a volume of {shape} voxels: at least 2 along each axis are needed");
        if (kernels is not ISurfaceKernels elsewhere)
            return new Extraction(volume, isoValue, options.InsideIsBelow, cancellation).Run();
        var (positions, normals, triangles) = elsewhere.Surface(new SurfaceCut(shape, volume.VoxelSize, volume.Origin, isoValue, options.InsideIsBelow), volume.Data, CubeCases.Table);
        FillMissingNormals(positions, normals, triangles);
        return new Mesh(positions, triangles, normals);
    }

    private static void CheckRange(Volume<float> volume, double isoValue, MarchingCubesOptions options)
    {
        var (low, high) = IsoThreshold.Range(volume.Data);
        var crosses = options.CloseBorder
            ? (options.InsideIsBelow ? low <= isoValue : high >= isoValue)
            : (options.InsideIsBelow ? low <= isoValue && high > isoValue : low < isoValue && high >= isoValue);
        if (!double.IsFinite(isoValue) || !crosses)
            throw new BadInputException(string.Create(CultureInfo.InvariantCulture, $"iso value {isoValue} lies outside the data, which range from {low} to {high}: there is no surface; choose a value between"));
    }

    private static Volume<float> Pad(Volume<float> volume)
    {
        var (shape, size, origin) = (volume.Shape, volume.VoxelSize, volume.Origin);
        var padded = new Volume<float>(new Shape3(shape.Z + 2, shape.Y + 2, shape.X + 2), size,
            new Position(origin.Z - size.Z, origin.Y - size.Y, origin.X - size.X), volume.Provenance);
        Array.Fill(padded.Data, float.NaN);
        for (var z = 0; z < shape.Z; z++)
        {
            for (var y = 0; y < shape.Y; y++)
                volume.Data.AsSpan(volume.Index(z, y, 0), shape.X).CopyTo(padded.Data.AsSpan(padded.Index(z + 1, y + 1, 1)));
        }
        return padded;
    }

    /// <summary>The surface of one of several slabs that share their first and last sections: no border is closed, and normals are left to the triangles.</summary>
    /// <param name="slab">At least 2 voxels along each axis; it need not cross the iso value.</param>
    /// <param name="isoValue">The value of the surface.</param>
    /// <param name="seams">Which vertices lie in the first and in the last section.</param>
    /// <param name="cancellation">Stops between layers.</param>
    internal static Mesh ExtractSlab(Volume<float> slab, double isoValue, out SlabSeams seams, CancellationToken cancellation)
    {
        var extraction = new Extraction(slab, isoValue, false, cancellation);
        var mesh = extraction.Run();
        seams = extraction.Seams;
        return mesh;
    }

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
        private float[] _positions = [];
        private float[] _normals = [];

        public Extraction(Volume<float> volume, double iso, bool insideIsBelow, CancellationToken cancellation)
        {
            (_volume, _data, _iso, _insideIsBelow, _cancellation) = (volume, volume.Data, iso, insideIsBelow, cancellation);
            _shape = volume.Shape;
            _words = (_shape.X + 63) / 64;
            _inside = new ulong[(long)_shape.Z * _shape.Y * _words];
            (_planeStart, _pillarStart) = (new int[_shape.Z + 1], new int[_shape.Z + 1]);
        }

        public SlabSeams Seams => new(_pillarStart[0], _planeStart[_shape.Z - 1], _pillarStart[_shape.Z - 1] - _planeStart[_shape.Z - 1]);

        public Mesh Run()
        {
            var parallel = new ParallelOptions { CancellationToken = _cancellation };

            // 1. Which voxels are inside, a bit each; then count the crossings of every plane, so that each vertex has its number before any is made.
            Parallel.For(0, _shape.Z, parallel, Classify);
            Parallel.For(0, _shape.Z, parallel, z => (_planeStart[z], _pillarStart[z]) = Count(z));
            long total = 0;
            for (var z = 0; z <= _shape.Z; z++)
            {
                var (inPlane, pillars) = z < _shape.Z ? (_planeStart[z], _pillarStart[z]) : (0, 0);
                if (3 * (total + inPlane + pillars) > Array.MaxLength)
                    throw new BadInputException($"the surface has more than {Array.MaxLength / 3:N0} vertices: crop or downsample the volume, or choose another iso value");
                _planeStart[z] = (int)total;
                _pillarStart[z] = (int)total + inPlane;
                total += inPlane + pillars;
            }
            _positions = new float[3 * total];
            _normals = new float[3 * total];

            // 2. Slabs of layers: vertices and triangles.
            var layers = _shape.Z - 1;
            var slabs = new Slab[(layers + LayersPerTask - 1) / LayersPerTask];
            Parallel.For(0, slabs.Length, parallel, s => slabs[s] = Process(s * LayersPerTask, Math.Min(layers, (s + 1) * LayersPerTask)));

            // 3. One list; the centre vertices follow the crossings.
            var triangles = new int[slabs.Sum(s => (long)s.Count)];
            var centres = slabs.Sum(s => s.Centres.Count);
            Array.Resize(ref _positions, _positions.Length + centres);
            Array.Resize(ref _normals, _normals.Length + centres);
            int at = 0, centre = (int)total;
            foreach (var slab in slabs)
            {
                var part = slab.Triangles.AsSpan(0, slab.Count);
                if (slab.Centres.Count > 0)
                {
                    foreach (ref var corner in part)
                        corner = corner >= 0 ? corner : centre + ~corner;
                }
                part.CopyTo(triangles.AsSpan(at));
                at += part.Length;
                slab.Centres.CopyTo(_positions, 3 * centre);
                centre += slab.Centres.Count / 3;
            }
            FillMissingNormals(_positions, _normals, triangles);
            return new Mesh(_positions, triangles, _normals);
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

        private Slab Process(int first, int end)
        {
            var count = _shape.SectionCount;
            var slab = new Slab();
            int[] lowX = new int[count], lowY = new int[count], highX = new int[count], highY = new int[count], pillar = new int[count];
            Number(first, lowX, lowY);
            for (var z = first; z < end; z++)
            {
                _cancellation.ThrowIfCancellationRequested();
                // The plane between two slabs is written by both, with the same values: centre vertices of either need them.
                Number(z + 1, highX, highY);
                NumberPillars(z, pillar);
                March(slab, z, lowX, lowY, highX, highY, pillar);
                (lowX, highX, lowY, highY) = (highX, lowX, highY, lowY);
            }
            return slab;
        }

        private void Number(int z, int[] alongX, int[] alongY)
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
                        var x = 64 * w + bit;
                        if ((right >> bit & 1) != 0)
                        {
                            Write(vertex, z, y, x, 0);
                            alongX[y * _shape.X + x] = vertex++;
                        }
                        if ((down >> bit & 1) != 0)
                        {
                            Write(vertex, z, y, x, 1);
                            alongY[y * _shape.X + x] = vertex++;
                        }
                    }
                }
            }
        }

        private void NumberPillars(int z, int[] pillar)
        {
            var vertex = _pillarStart[z];
            for (var y = 0; y < _shape.Y; y++)
            {
                var row = Row(z, y);
                var deeper = Row(z + 1, y);
                for (var w = 0; w < row.Length; w++)
                {
                    for (var left = row[w] ^ deeper[w]; left != 0; left &= left - 1)
                    {
                        var x = 64 * w + BitOperations.TrailingZeroCount(left);
                        Write(vertex, z, y, x, 2);
                        pillar[y * _shape.X + x] = vertex++;
                    }
                }
            }
        }

        private void March(Slab slab, int z, int[] lowX, int[] lowY, int[] highX, int[] highY, int[] pillar)
        {
            var width = _shape.X;
            Span<int> vertices = stackalloc int[12];
            for (var y = 0; y + 1 < _shape.Y; y++)
            {
                ReadOnlySpan<ulong> a = Row(z, y), b = Row(z, y + 1), c = Row(z + 1, y), d = Row(z + 1, y + 1);
                for (var w = 0; w < a.Length; w++)
                {
                    ulong a1 = Next(a, w), b1 = Next(b, w), c1 = Next(c, w), d1 = Next(d, w);
                    // Cubes that are neither all inside nor all outside.
                    var active = (a[w] | a1 | b[w] | b1 | c[w] | c1 | d[w] | d1) & ~(a[w] & a1 & b[w] & b1 & c[w] & c1 & d[w] & d1) & Inner(w);
                    for (; active != 0; active &= active - 1)
                    {
                        var bit = BitOperations.TrailingZeroCount(active);
                        var inside = (int)(a[w] >> bit & 1 | (a1 >> bit & 1) << 1 | (b[w] >> bit & 1) << 2 | (b1 >> bit & 1) << 3
                            | (c[w] >> bit & 1) << 4 | (c1 >> bit & 1) << 5 | (d[w] >> bit & 1) << 6 | (d1 >> bit & 1) << 7);
                        int i = y * width + 64 * w + bit, j = i + width;
                        (vertices[0], vertices[1], vertices[2], vertices[3]) = (lowX[i], lowX[j], highX[i], highX[j]);
                        (vertices[4], vertices[5], vertices[6], vertices[7]) = (lowY[i], lowY[i + 1], highY[i], highY[i + 1]);
                        (vertices[8], vertices[9], vertices[10], vertices[11]) = (pillar[i], pillar[i + 1], pillar[j], pillar[j + 1]);
                        var ambiguous = CubeCases.AmbiguousFaces(inside);
                        Emit(slab, CubeCases.Get(inside, ambiguous == 0 ? 0 : JoinedFaces(ambiguous, z * _shape.SectionCount + i)), vertices);
                    }
                }
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

        private void Emit(Slab slab, CubeCase cube, ReadOnlySpan<int> vertices)
        {
            var firstCentre = slab.Centres.Count / 3;
            var corners = cube.Triangles;
            var target = slab.Reserve(corners.Length);
            for (var k = 0; k < corners.Length; k++)
                target[k] = corners[k] < CubeCases.CentreBase ? vertices[corners[k]] : ~(firstCentre + corners[k] - CubeCases.CentreBase);
            foreach (var loop in cube.Centres)
            {
                for (var a = 0; a < 3; a++)
                {
                    var sum = 0.0;
                    foreach (var edge in loop)
                        sum += _positions[3 * vertices[edge] + a];
                    slab.Centres.Add((float)(sum / loop.Length));
                }
            }
        }

        private void Write(int vertex, int z, int y, int x, int axis)
        {
            var voxel = _volume.Index(z, y, x);
            var next = voxel + (axis == 0 ? 1 : axis == 1 ? _shape.X : _shape.SectionCount);
            double from = Relative(voxel), t = from / (from - Relative(next));
            t = double.IsFinite(t) ? Math.Clamp(t, Margin, 1 - Margin) : 0.5;
            var (size, origin) = (_volume.VoxelSize, _volume.Origin);
            var position = _positions.AsSpan(3 * vertex, 3);
            position[0] = (float)(origin.X + (x + (axis == 0 ? t : 0)) * size.X);
            position[1] = (float)(origin.Y + (y + (axis == 1 ? t : 0)) * size.Y);
            position[2] = (float)(origin.Z + (z + (axis == 2 ? t : 0)) * size.Z);

            // Out of the structure is down the gradient, or up where the structure is the dark side.
            var side = _insideIsBelow ? 1.0 : -1.0;
            var gx = side * Between(voxel, next, 1, x, _shape.X, axis == 0, t) / size.X;
            var gy = side * Between(voxel, next, _shape.X, y, _shape.Y, axis == 1, t) / size.Y;
            var gz = side * Between(voxel, next, _shape.SectionCount, z, _shape.Z, axis == 2, t) / size.Z;
            var length = Math.Sqrt(gx * gx + gy * gy + gz * gz);
            if (!(length > 0) || !double.IsFinite(length))
                return;
            var normal = _normals.AsSpan(3 * vertex, 3);
            (normal[0], normal[1], normal[2]) = ((float)(gx / length), (float)(gy / length), (float)(gz / length));
        }

        /// <summary>The difference along one axis, a voxel apart, between those at both ends of the edge.</summary>
        private double Between(int voxel, int next, int stride, int i, int count, bool along, double t) =>
            (1 - t) * Difference(voxel, stride, i, count) + t * Difference(next, stride, along ? i + 1 : i, count);

        /// <summary>Central difference, one-sided at the border.</summary>
        private double Difference(int voxel, int stride, int i, int count)
        {
            int before = i > 0 ? stride : 0, after = i < count - 1 ? stride : 0;
            var difference = (double)_data[voxel + after] - _data[voxel - before];
            return before != 0 && after != 0 ? difference / 2 : difference;
        }
    }

    /// <summary>Vertices without a usable gradient (plateaus, masked neighbours, centres) take the normal of their triangles.</summary>
    private static void FillMissingNormals(float[] positions, float[] normals, int[] triangles)
    {
        float[]? fromTriangles = null;
        for (var v = 0; v < normals.Length; v += 3)
        {
            if (normals[v] != 0 || normals[v + 1] != 0 || normals[v + 2] != 0)
                continue;
            fromTriangles ??= Mesh.ComputeNormals(positions, triangles);
            fromTriangles.AsSpan(v, 3).CopyTo(normals.AsSpan(v, 3));
        }
    }

    private sealed class Slab
    {
        /// <summary>Vertex numbers, <see cref="Count"/> of them; centre n of this slab stands as ~n.</summary>
        public int[] Triangles { get; private set; } = new int[1 << 14];

        public int Count { get; private set; }

        public List<float> Centres { get; } = [];

        /// <summary>Room for more corners.</summary>
        public Span<int> Reserve(int corners)
        {
            if (Count + corners > Triangles.Length)
            {
                var larger = new int[2 * Triangles.Length];
                Array.Copy(Triangles, larger, Count);
                Triangles = larger;
            }
            Count += corners;
            return Triangles.AsSpan(Count - corners, corners);
        }
    }
}
