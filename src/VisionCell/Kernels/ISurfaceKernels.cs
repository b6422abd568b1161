using VisionCell.Volumes;

namespace VisionCell.Kernels;

/// <summary>What extracts surfaces elsewhere than on the processor; <c>Meshing.MarchingCubes</c> is the reference, and says what is computed.</summary>
internal interface ISurfaceKernels
{
    /// <summary>Vertices and triangles of a surface.</summary>
    /// <param name="cut">The volume's geometry and the value.</param>
    /// <param name="volume"><c>[Z, Y, X]</c>, at least 2 along each axis.</param>
    /// <param name="cases">The cases of a cube, as surface.cu reads them.</param>
    /// <returns>Positions and normals <c>[vertex, xyz]</c>, those without a usable normal 0; triangles <c>[triangle, 3]</c>.</returns>
    /// <exception cref="BadInputException">There are more vertices or corners than an array holds.</exception>
    (float[] Positions, float[] Normals, int[] Triangles) Surface(SurfaceCut cut, ReadOnlySpan<float> volume, ReadOnlySpan<uint> cases);
}

/// <summary>Where a surface is cut.</summary>
/// <param name="Shape">Of the volume.</param>
/// <param name="VoxelSize">nm.</param>
/// <param name="Origin">Centre of the first voxel, nm.</param>
/// <param name="Iso">The value.</param>
/// <param name="InsideIsBelow">Whether the structure is where values are lower.</param>
internal readonly record struct SurfaceCut(Shape3 Shape, VoxelSize VoxelSize, Position Origin, double Iso, bool InsideIsBelow);

/// <summary>The struct <c>Surface</c> of surface.cu.</summary>
internal struct SurfaceParameters(SurfaceCut cut)
{
    public uint Depth = (uint)cut.Shape.Z;
    public uint Height = (uint)cut.Shape.Y;
    public uint Width = (uint)cut.Shape.X;
    public uint Below = cut.InsideIsBelow ? 1u : 0u;
    public double Iso = cut.Iso;
    public double VoxelX = cut.VoxelSize.X;
    public double VoxelY = cut.VoxelSize.Y;
    public double VoxelZ = cut.VoxelSize.Z;
    public double OriginX = cut.Origin.X;
    public double OriginY = cut.Origin.Y;
    public double OriginZ = cut.Origin.Z;
}
