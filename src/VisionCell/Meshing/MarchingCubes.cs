using System.Globalization;
using System.Numerics;
using VisionCell.Kernels;
using VisionCell.Volumes;

namespace VisionCell.Meshing;

/// <summary>How a surface is extracted.</summary>
/// <param name="InsideIsBelow">False: the structure is where values reach the iso value (bright). True: where they do not exceed it (dark, such as stained membranes).</param>
/// <param name="CloseBorder">True closes the structure where it leaves the volume, on the outer faces of the border voxels, half a voxel beyond their centres. False leaves it open there.</param>
public sealed record MarchingCubesOptions(bool InsideIsBelow = false, bool CloseBorder = false);

/// <summary>
/// The surface where a volume <c>[Z, Y, X]</c> takes a value, as triangles in nanometres: marching cubes with the cases of
/// <see cref="CubeCases"/>, free of cracks, manifold by construction, and in each cube of the topology of the trilinear interpolant. Vertices
/// lie on the lines between neighbouring voxel centres by linear interpolation, and a few inside cubes; normals are interpolated central
/// differences. Voxels that are not a number count as outside. The result does not depend on the number of threads.
/// </summary>
public static partial class MarchingCubes
{
    private const int TrianglesPerTask = 1 << 17;

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
        CheckRange(IsoThreshold.Range(volume.Data), isoValue, options);
        if (options.CloseBorder)
            volume = Pad(volume);
        var shape = volume.Shape;
        CheckShape(shape);
        if (kernels is not ISurfaceKernels elsewhere)
            return new Extraction(volume, isoValue, options.InsideIsBelow, cancellation).Run().ToMesh();
        var (positions, normals, triangles) = elsewhere.Surface(new SurfaceCut(shape, volume.VoxelSize, volume.Origin, isoValue, options.InsideIsBelow), volume.Data, CubeCases.Table);
        FillMissingNormals(positions, normals, triangles);
        return new Mesh(positions, triangles, normals);
    }

    private static void CheckRange((float Low, float High) range, double isoValue, MarchingCubesOptions options)
    {
        var (low, high) = range;
        var crosses = options.CloseBorder
            ? (options.InsideIsBelow ? low <= isoValue : high >= isoValue)
            : (options.InsideIsBelow ? low <= isoValue && high > isoValue : low < isoValue && high >= isoValue);
        if (!double.IsFinite(isoValue) || !crosses)
            throw new BadInputException(string.Create(CultureInfo.InvariantCulture, $"iso value {isoValue} lies outside the data, which range from {low} to {high}: there is no surface; choose a value between"));
    }

    private static void CheckShape(Shape3 shape)
    {
        if (shape.Z < 2 || shape.Y < 2 || shape.X < 2)
            throw new BadInputException($"a surface in a volume of {shape} voxels: at least 2 along each axis are needed");
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

    /// <summary>Vertices without a usable gradient (plateaus, masked neighbours, those inside cubes) take the normal of their triangles.</summary>
    private static void FillMissingNormals(float[] positions, float[] normals, int[] triangles)
    {
        // A bit for each vertex, so that the triangles can be gone through without leaving the cache.
        var missing = new ulong[normals.Length / 3 / 64 + 1];
        for (int v = 0, i = 0; i < normals.Length; v++, i += 3)
        {
            if (normals[i] == 0 && normals[i + 1] == 0 && normals[i + 2] == 0)
                missing[v >> 6] |= 1UL << (v & 63);
        }
        if (!missing.AsSpan().ContainsAnyExcept(0UL))
            return;
        bool IsMissing(int v) => (missing[v >> 6] >> (v & 63) & 1) != 0;
        var parts = new List<int>[triangles.Length / TrianglesPerTask / 3 + 1];
        Parallel.For(0, parts.Length, p =>
        {
            var found = parts[p] = [];
            var end = Math.Min(triangles.Length, 3L * TrianglesPerTask * (p + 1));
            for (var t = 3 * TrianglesPerTask * p; t < end; t += 3)
            {
                if (IsMissing(triangles[t]) || IsMissing(triangles[t + 1]) || IsMissing(triangles[t + 2]))
                    found.Add(t);
            }
        });
        // Summed in their order, whatever the number of threads.
        foreach (var t in parts.SelectMany(p => p))
        {
            var (x, y, z) = Mesh.AreaVector(positions, triangles, t);
            for (var i = t; i < t + 3; i++)
            {
                if (!IsMissing(triangles[i]))
                    continue;
                var sum = normals.AsSpan(3 * triangles[i], 3);
                (sum[0], sum[1], sum[2]) = ((float)(sum[0] + x), (float)(sum[1] + y), (float)(sum[2] + z));
            }
        }
        for (var word = 0; word < missing.Length; word++)
        {
            for (var left = missing[word]; left != 0; left &= left - 1)
            {
                var sum = normals.AsSpan(3 * (64 * word + BitOperations.TrailingZeroCount(left)), 3);
                Mesh.SetUnit(sum, sum[0], sum[1], sum[2]);
            }
        }
    }
}
