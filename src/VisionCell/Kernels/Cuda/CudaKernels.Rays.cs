using System.Runtime.InteropServices;

namespace VisionCell.Kernels.Cuda;

/// <content>Rays: <see cref="IRayKernels{T}"/>.</content>
internal sealed partial class CudaKernels
{
    /// <inheritdoc/>
    public void CountSamples(RayMarch march, ReadOnlySpan<uint> occupancy, ReadOnlySpan<float> rays, Span<int> counts)
    {
        var count = RayLengths.Rays(march, occupancy, rays);
        Lengths.Require(counts.Length, count, nameof(counts));
        using var o = new CudaMemory(device, occupancy);
        using var r = new CudaMemory(device, rays);
        using var c = new CudaMemory(device, count);
        _launches.CountSamples(march, count, o.Pointer, r.Pointer, c.Pointer);
        c.Read(MemoryMarshal.Cast<int, float>(counts));
    }

    /// <inheritdoc/>
    public void MarchRays(RayMarch march, ReadOnlySpan<uint> occupancy, ReadOnlySpan<float> rays, ReadOnlySpan<int> offsets, Span<float> positions, Span<float> samples)
    {
        var count = RayLengths.Rays(march, occupancy, rays);
        var total = RayLengths.Samples(offsets, count);
        Lengths.Require(positions.Length, 3L * total, nameof(positions));
        Lengths.Require(samples.Length, 2L * total, nameof(samples));
        using var o = new CudaMemory(device, occupancy);
        using var r = new CudaMemory(device, rays);
        using var f = new CudaMemory(device, offsets);
        using var p = new CudaMemory(device, positions.Length);
        using var s = new CudaMemory(device, samples.Length);
        _launches.MarchRays(march, count, o.Pointer, r.Pointer, f.Pointer, p.Pointer, s.Pointer);
        p.Read(positions);
        s.Read(samples);
    }

    /// <inheritdoc/>
    public void Composite(ReadOnlySpan<int> offsets, ReadOnlySpan<float> samples, ReadOnlySpan<float> densities, ReadOnlySpan<float> emissions, float background, Span<float> images)
    {
        var rays = RayLengths.Composite(offsets, samples, densities, emissions, images.Length, nameof(images));
        using var f = new CudaMemory(device, offsets);
        using var s = new CudaMemory(device, samples);
        using var d = new CudaMemory(device, densities);
        using var e = new CudaMemory(device, emissions);
        using var i = new CudaMemory(device, images.Length);
        _launches.Composite(rays, f.Pointer, s.Pointer, d.Pointer, e.Pointer, background, i.Pointer);
        i.Read(images);
    }

    /// <inheritdoc/>
    public void CompositeBackward(ReadOnlySpan<int> offsets, ReadOnlySpan<float> samples, ReadOnlySpan<float> densities, ReadOnlySpan<float> emissions, float background, ReadOnlySpan<float> imageGradient, Span<float> densityGradient, Span<float> emissionGradient)
    {
        var rays = RayLengths.Composite(offsets, samples, densities, emissions, imageGradient, densityGradient, emissionGradient);
        using var f = new CudaMemory(device, offsets);
        using var s = new CudaMemory(device, samples);
        using var d = new CudaMemory(device, densities);
        using var e = new CudaMemory(device, emissions);
        using var i = new CudaMemory(device, imageGradient);
        using var dg = new CudaMemory(device, densityGradient.Length);
        using var eg = new CudaMemory(device, emissionGradient.Length);
        _launches.CompositeBackward(rays, f.Pointer, s.Pointer, d.Pointer, e.Pointer, background, i.Pointer, dg.Pointer, eg.Pointer);
        dg.Read(densityGradient);
        eg.Read(emissionGradient);
    }

    /// <inheritdoc/>
    public void Integrate(ReadOnlySpan<int> offsets, ReadOnlySpan<float> samples, ReadOnlySpan<float> densities, Span<float> integrals)
    {
        var rays = RayLengths.Rays(offsets, samples, integrals.Length, 1, nameof(integrals));
        Lengths.Require(densities.Length, offsets[rays], nameof(densities));
        using var f = new CudaMemory(device, offsets);
        using var s = new CudaMemory(device, samples);
        using var d = new CudaMemory(device, densities);
        using var i = new CudaMemory(device, integrals.Length);
        _launches.Integrate(rays, f.Pointer, s.Pointer, d.Pointer, i.Pointer);
        i.Read(integrals);
    }

    /// <inheritdoc/>
    public void IntegrateBackward(ReadOnlySpan<int> offsets, ReadOnlySpan<float> samples, ReadOnlySpan<float> integralGradient, Span<float> densityGradient)
    {
        var rays = RayLengths.Rays(offsets, samples, integralGradient.Length, 1, nameof(integralGradient));
        Lengths.Require(densityGradient.Length, offsets[rays], nameof(densityGradient));
        using var f = new CudaMemory(device, offsets);
        using var s = new CudaMemory(device, samples);
        using var i = new CudaMemory(device, integralGradient);
        using var d = new CudaMemory(device, densityGradient.Length);
        _launches.IntegrateBackward(rays, f.Pointer, s.Pointer, i.Pointer, d.Pointer);
        d.Read(densityGradient);
    }

    /// <inheritdoc/>
    public void UpdateOccupancy(float fade, float threshold, ReadOnlySpan<float> found, Span<float> known, Span<uint> occupancy)
    {
        RayLengths.Cells(found, known, occupancy);
        using var f = new CudaMemory(device, found);
        using var k = new CudaMemory(device, known);
        using var o = new CudaMemory(device, occupancy.Length);
        _launches.UpdateOccupancy(found.Length, fade, threshold, f.Pointer, k.Pointer, o.Pointer);
        k.Read(known);
        o.Read(MemoryMarshal.Cast<uint, float>(occupancy));
    }
}
