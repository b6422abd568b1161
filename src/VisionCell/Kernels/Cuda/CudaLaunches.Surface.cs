namespace VisionCell.Kernels.Cuda;

/// <content>Marching cubes: <see cref="ISurfaceKernels"/>.</content>
internal sealed unsafe partial class CudaLaunches
{
    private const string Cubes = "surface.cu";

    public void CountCrossings(SurfaceCut cut, nint volume, nint counts)
    {
        var (rows, s) = ((uint)(cut.Shape.Z * cut.Shape.Y), new SurfaceParameters(cut));
        LaunchSurface("count_crossings", rows, new CudaArguments().Add(&rows).Add(&volume).Add(&counts).Add(&s));
    }

    public void WriteCrossings(SurfaceCut cut, nint volume, nint starts, nint positions, nint normals, nint edges)
    {
        var (rows, s) = ((uint)(cut.Shape.Z * cut.Shape.Y), new SurfaceParameters(cut));
        LaunchSurface("write_crossings", rows, new CudaArguments().Add(&rows).Add(&volume).Add(&starts).Add(&positions).Add(&normals).Add(&edges).Add(&s));
    }

    public void CountTriangles(SurfaceCut cut, nint volume, nint cases, nint counts)
    {
        var (rows, s) = ((uint)((cut.Shape.Z - 1) * (cut.Shape.Y - 1)), new SurfaceParameters(cut));
        LaunchSurface("count_triangles", rows, new CudaArguments().Add(&rows).Add(&volume).Add(&cases).Add(&counts).Add(&s));
    }

    public void WriteTriangles(SurfaceCut cut, nint volume, nint cases, nint edges, nint starts, nint triangles, nint positions)
    {
        var (rows, s) = ((uint)((cut.Shape.Z - 1) * (cut.Shape.Y - 1)), new SurfaceParameters(cut));
        LaunchSurface("write_triangles", rows, new CudaArguments().Add(&rows).Add(&volume).Add(&cases).Add(&edges).Add(&starts).Add(&triangles).Add(&positions).Add(&s));
    }

    private void LaunchSurface(string kernel, uint rows, CudaArguments arguments) => Launch(device.Function(Cubes, kernel), (Blocks((int)rows), 1), Threads, arguments);
}
