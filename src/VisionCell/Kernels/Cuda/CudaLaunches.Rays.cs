namespace VisionCell.Kernels.Cuda;

/// <content>Rays: <see cref="IRayKernels{T}"/>.</content>
internal sealed unsafe partial class CudaLaunches
{
    private const string Rays = "rays.cu";

    public void CountSamples(RayMarch march, int rays, nint occupancy, nint ray, nint counts)
    {
        var (n, m) = ((uint)rays, new MarchParameters(march));
        LaunchRays("count_samples", rays, new CudaArguments().Add(&n).Add(&ray).Add(&occupancy).Add(&counts).Add(&m));
    }

    public void MarchRays(RayMarch march, int rays, nint occupancy, nint ray, nint offsets, nint positions, nint samples)
    {
        var (n, m) = ((uint)rays, new MarchParameters(march));
        LaunchRays("march_rays", rays, new CudaArguments().Add(&n).Add(&ray).Add(&occupancy).Add(&offsets).Add(&positions).Add(&samples).Add(&m));
    }

    public void Composite(int rays, nint offsets, nint samples, nint densities, nint emissions, float background, nint images)
    {
        var n = (uint)rays;
        LaunchRays("composite", rays, new CudaArguments().Add(&n).Add(&offsets).Add(&samples).Add(&densities).Add(&emissions).Add(&background).Add(&images));
    }

    public void CompositeBackward(int rays, nint offsets, nint samples, nint densities, nint emissions, float background, nint imageGradient, nint densityGradient, nint emissionGradient)
    {
        var n = (uint)rays;
        var arguments = new CudaArguments().Add(&n).Add(&offsets).Add(&samples).Add(&densities).Add(&emissions).Add(&background);
        LaunchRays("composite_backward", rays, arguments.Add(&imageGradient).Add(&densityGradient).Add(&emissionGradient));
    }

    public void Integrate(int rays, nint offsets, nint samples, nint densities, nint integrals)
    {
        var n = (uint)rays;
        LaunchRays("integrate", rays, new CudaArguments().Add(&n).Add(&offsets).Add(&samples).Add(&densities).Add(&integrals));
    }

    public void IntegrateBackward(int rays, nint offsets, nint samples, nint integralGradient, nint densityGradient)
    {
        var n = (uint)rays;
        LaunchRays("integrate_backward", rays, new CudaArguments().Add(&n).Add(&offsets).Add(&samples).Add(&integralGradient).Add(&densityGradient));
    }

    public void UpdateOccupancy(int cells, float fade, float threshold, nint found, nint known, nint occupancy)
    {
        var n = (uint)cells;
        LaunchRays("update_occupancy", (cells + 31) / 32, new CudaArguments().Add(&n).Add(&fade).Add(&threshold).Add(&found).Add(&known).Add(&occupancy));
    }

    private void LaunchRays(string kernel, int threads, CudaArguments arguments) => Launch(device.Function(Rays, kernel), (Blocks(threads), 1), Threads, arguments);
}
