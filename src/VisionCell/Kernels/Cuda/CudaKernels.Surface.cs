using System.Runtime.InteropServices;
using VisionCell.Volumes;

namespace VisionCell.Kernels.Cuda;

/// <content>Marching cubes: rows are counted on the GPU, the counts summed up here, and vertices and triangles written there.</content>
internal sealed partial class CudaKernels : ISurfaceKernels
{
    /// <inheritdoc/>
    public (float[] Positions, float[] Normals, int[] Triangles) Surface(SurfaceCut cut, ReadOnlySpan<float> volume, ReadOnlySpan<uint> cases)
    {
        Lengths.Require(volume.Length, cut.Shape, nameof(volume));
        var (shape, rows, cubeRows) = (cut.Shape, cut.Shape.Z * cut.Shape.Y, (cut.Shape.Z - 1) * (cut.Shape.Y - 1));
        using var v = new CudaMemory(device, volume);
        using var table = new CudaMemory(device, cases);
        using var counts = new CudaMemory(device, 2 * rows);
        _launches.CountCrossings(cut, v.Pointer, counts.Pointer);
        var crossings = Counts(counts, rows);
        _launches.CountTriangles(cut, v.Pointer, table.Pointer, counts.Pointer);
        var corners = Counts(counts, cubeRows);

        // In each plane the crossings along x and y, then those to the plane above, as MarchingCubes numbers them; vertices inside cubes follow all.
        var total = 0L;
        for (var z = 0; z < shape.Z; z++)
        {
            for (var kind = 0; kind < 2; kind++)
            {
                for (var y = 0; y < shape.Y; y++)
                    total = Start(crossings, 2 * (z * shape.Y + y) + kind, total);
            }
        }
        var (cornerTotal, vertexTotal) = (0L, total);
        for (var row = 0; row < cubeRows; row++)
            (cornerTotal, vertexTotal) = (Start(corners, 2 * row, cornerTotal), Start(corners, 2 * row + 1, vertexTotal));
        if (3 * vertexTotal > Array.MaxLength || cornerTotal > Array.MaxLength)
            throw new BadInputException($"the surface has {vertexTotal:N0} vertices and {cornerTotal / 3:N0} triangles, more than are held in memory: crop or downsample the volume, or choose another iso value");

        var (positions, normals, triangles) = (new float[3 * vertexTotal], new float[3 * vertexTotal], new int[cornerTotal]);
        using var starts = new CudaMemory(device, crossings);
        using var cubeStarts = new CudaMemory(device, corners);
        using var p = new CudaMemory(device, positions.Length);
        // Vertices inside cubes have no normal of their own.
        using var n = new CudaMemory(device, normals);
        using var edges = new CudaMemory(device, checked((int)(3 * shape.Count)));
        using var t = new CudaMemory(device, triangles.Length);
        _launches.WriteCrossings(cut, v.Pointer, starts.Pointer, p.Pointer, n.Pointer, edges.Pointer);
        _launches.WriteTriangles(cut, v.Pointer, table.Pointer, edges.Pointer, cubeStarts.Pointer, t.Pointer, p.Pointer);
        p.Read(positions);
        n.Read(normals);
        t.Read(MemoryMarshal.Cast<int, float>(triangles.AsSpan()));
        return (positions, normals, triangles);
    }

    private static int[] Counts(CudaMemory memory, int rows)
    {
        var counts = new int[2 * rows];
        memory.Read(MemoryMarshal.Cast<int, float>(counts.AsSpan()));
        return counts;
    }

    /// <summary>Puts the sum so far in the place of a count; the sum with it.</summary>
    private static long Start(int[] counts, int at, long sum)
    {
        var count = counts[at];
        counts[at] = unchecked((int)sum);
        return sum + count;
    }
}
