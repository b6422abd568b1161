using System.Globalization;
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

    private sealed class Extraction(Volume<float> volume, double iso, bool insideIsBelow, CancellationToken cancellation)
    {
        private readonly Shape3 _shape = volume.Shape;
        private readonly int[] _planeStart = new int[volume.Shape.Z + 1]; // first vertex of the crossings along x and y in a plane
        private readonly int[] _pillarStart = new int[volume.Shape.Z + 1]; // first vertex of the crossings from a plane to the next
        private float[] _positions = [];
        private float[] _normals = [];

        public Mesh Run()
        {
            var parallel = new ParallelOptions { CancellationToken = cancellation };

            // 1. Count the crossings of every plane, so that each vertex has its number before any is made.
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
            var triangles = new int[slabs.Sum(s => (long)s.Triangles.Count)];
            var centres = slabs.Sum(s => s.Centres.Count);
            Array.Resize(ref _positions, _positions.Length + centres);
            Array.Resize(ref _normals, _normals.Length + centres);
            int at = 0, centre = (int)total;
            foreach (var slab in slabs)
            {
                foreach (var corner in slab.Triangles)
                    triangles[at++] = corner >= 0 ? corner : centre + ~corner;
                slab.Centres.CopyTo(_positions, 3 * centre);
                centre += slab.Centres.Count / 3;
            }
            FillMissingNormals(_positions, _normals, triangles);
            return new Mesh(_positions, triangles, _normals);
        }

        // Value relative to the surface: at least 0 inside.
        private float Relative(float value) => (float)(insideIsBelow ? iso - value : value - iso);

        private void Load(int z, float[] plane)
        {
            var section = volume.Section(z);
            for (var i = 0; i < section.Length; i++)
                plane[i] = Relative(section[i]);
        }

        private (int InPlane, int Pillars) Count(int z)
        {
            var section = volume.Section(z);
            var above = z + 1 < _shape.Z ? volume.Section(z + 1) : section;
            int inPlane = 0, pillars = 0, width = _shape.X;
            for (int i = 0, y = 0; y < _shape.Y; y++)
            {
                for (var x = 0; x < width; x++, i++)
                {
                    var inside = Relative(section[i]) >= 0;
                    if (x + 1 < width && inside != (Relative(section[i + 1]) >= 0))
                        inPlane++;
                    if (y + 1 < _shape.Y && inside != (Relative(section[i + width]) >= 0))
                        inPlane++;
                    if (inside != (Relative(above[i]) >= 0))
                        pillars++;
                }
            }
            return (inPlane, pillars);
        }

        private Slab Process(int first, int end)
        {
            var count = _shape.SectionCount;
            var slab = new Slab();
            float[] low = new float[count], high = new float[count];
            int[] lowX = new int[count], lowY = new int[count], highX = new int[count], highY = new int[count], pillar = new int[count];
            Load(first, low);
            Number(first, low, lowX, lowY);
            for (var z = first; z < end; z++)
            {
                cancellation.ThrowIfCancellationRequested();
                Load(z + 1, high);
                // The plane between two slabs is written by both, with the same values: centre vertices of either need them.
                Number(z + 1, high, highX, highY);
                NumberPillars(z, low, high, pillar);
                March(slab, low, high, lowX, lowY, highX, highY, pillar);
                (low, high, lowX, highX, lowY, highY) = (high, low, highX, lowX, highY, lowY);
            }
            return slab;
        }

        private void Number(int z, float[] plane, int[] alongX, int[] alongY)
        {
            var vertex = _planeStart[z];
            var width = _shape.X;
            for (int i = 0, y = 0; y < _shape.Y; y++)
            {
                for (var x = 0; x < width; x++, i++)
                {
                    if (x + 1 < width && plane[i] >= 0 != plane[i + 1] >= 0)
                    {
                        Write(vertex, z, y, x, 0, plane[i], plane[i + 1]);
                        alongX[i] = vertex++;
                    }
                    if (y + 1 < _shape.Y && plane[i] >= 0 != plane[i + width] >= 0)
                    {
                        Write(vertex, z, y, x, 1, plane[i], plane[i + width]);
                        alongY[i] = vertex++;
                    }
                }
            }
        }

        private void NumberPillars(int z, float[] low, float[] high, int[] pillar)
        {
            var vertex = _pillarStart[z];
            for (int i = 0, y = 0; y < _shape.Y; y++)
            {
                for (var x = 0; x < _shape.X; x++, i++)
                {
                    if (low[i] >= 0 == high[i] >= 0)
                        continue;
                    Write(vertex, z, y, x, 2, low[i], high[i]);
                    pillar[i] = vertex++;
                }
            }
        }

        private void March(Slab slab, float[] low, float[] high, int[] lowX, int[] lowY, int[] highX, int[] highY, int[] pillar)
        {
            var width = _shape.X;
            Span<float> w = stackalloc float[8];
            Span<int> vertices = stackalloc int[12];
            for (var y = 0; y + 1 < _shape.Y; y++)
            {
                for (var x = 0; x + 1 < width; x++)
                {
                    int i = y * width + x, j = i + width;
                    var inside = (low[i] >= 0 ? 1 : 0) | (low[i + 1] >= 0 ? 2 : 0) | (low[j] >= 0 ? 4 : 0) | (low[j + 1] >= 0 ? 8 : 0)
                        | (high[i] >= 0 ? 16 : 0) | (high[i + 1] >= 0 ? 32 : 0) | (high[j] >= 0 ? 64 : 0) | (high[j + 1] >= 0 ? 128 : 0);
                    if (inside is 0 or 255)
                        continue;
                    (w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7]) = (low[i], low[i + 1], low[j], low[j + 1], high[i], high[i + 1], high[j], high[j + 1]);
                    (vertices[0], vertices[1], vertices[2], vertices[3]) = (lowX[i], lowX[j], highX[i], highX[j]);
                    (vertices[4], vertices[5], vertices[6], vertices[7]) = (lowY[i], lowY[i + 1], highY[i], highY[i + 1]);
                    (vertices[8], vertices[9], vertices[10], vertices[11]) = (pillar[i], pillar[i + 1], pillar[j], pillar[j + 1]);
                    Emit(slab, CubeCases.Get(inside, JoinedFaces(inside, w)), vertices);
                }
            }
        }

        /// <summary>The asymptotic decider: diagonal inside corners are joined where the bilinear saddle of their face is inside.</summary>
        private static int JoinedFaces(int inside, ReadOnlySpan<float> w)
        {
            var ambiguous = CubeCases.AmbiguousFaces(inside);
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
            foreach (var corner in cube.Triangles)
                slab.Triangles.Add(corner < CubeCases.CentreBase ? vertices[corner] : ~(firstCentre + corner - CubeCases.CentreBase));
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

        private void Write(int vertex, int z, int y, int x, int axis, float from, float to)
        {
            var t = from / ((double)from - to);
            t = double.IsFinite(t) ? Math.Clamp(t, Margin, 1 - Margin) : 0.5;
            var (size, origin) = (volume.VoxelSize, volume.Origin);
            var position = _positions.AsSpan(3 * vertex, 3);
            position[0] = (float)(origin.X + (x + (axis == 0 ? t : 0)) * size.X);
            position[1] = (float)(origin.Y + (y + (axis == 1 ? t : 0)) * size.Y);
            position[2] = (float)(origin.Z + (z + (axis == 2 ? t : 0)) * size.Z);

            Span<double> a = stackalloc double[3], b = stackalloc double[3];
            Gradient(z, y, x, a);
            Gradient(z + (axis == 2 ? 1 : 0), y + (axis == 1 ? 1 : 0), x + (axis == 0 ? 1 : 0), b);
            double length = 0;
            for (var i = 0; i < 3; i++)
            {
                // Out of the structure is down the gradient, or up where the structure is the dark side.
                a[i] = ((1 - t) * a[i] + t * b[i]) * (insideIsBelow ? 1 : -1);
                length += a[i] * a[i];
            }
            length = Math.Sqrt(length);
            if (!(length > 0) || !double.IsFinite(length))
                return;
            for (var i = 0; i < 3; i++)
                _normals[3 * vertex + i] = (float)(a[i] / length);
        }

        /// <summary>Central differences (one-sided at the border), value per nm, order x, y, z.</summary>
        private void Gradient(int z, int y, int x, Span<double> result)
        {
            var size = volume.VoxelSize;
            result[0] = Difference(volume.Index(z, y, 0), 1, x, _shape.X) / size.X;
            result[1] = Difference(volume.Index(z, 0, x), _shape.X, y, _shape.Y) / size.Y;
            result[2] = Difference(volume.Index(0, y, x), _shape.SectionCount, z, _shape.Z) / size.Z;
        }

        private double Difference(int start, int stride, int i, int count)
        {
            int before = Math.Max(0, i - 1), after = Math.Min(count - 1, i + 1);
            return ((double)volume.Data[start + after * stride] - volume.Data[start + before * stride]) / (after - before);
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
        /// <summary>Vertex numbers; centre n of this slab stands as ~n.</summary>
        public List<int> Triangles { get; } = [];

        public List<float> Centres { get; } = [];
    }
}
