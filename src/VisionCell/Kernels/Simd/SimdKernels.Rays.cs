namespace VisionCell.Kernels.Simd;

/// <content>
/// Rays on the processor: shared among threads by rays, near to far along each. Not in vectors: samples of a ray depend on those before,
/// rays have different numbers of them, and evaluating the field takes most of the time (docs/benchmarks/field.md).
/// </content>
internal sealed unsafe partial class SimdKernels<TLanes, TFloat, TIndex>
{
    private const int RayBlock = 64;

    /// <inheritdoc/>
    public void CountSamples(RayMarch march, ReadOnlySpan<uint> occupancy, ReadOnlySpan<float> rays, Span<int> counts)
    {
        Lengths.Require(counts.Length, RayLengths.Rays(march, occupancy, rays), nameof(counts));
        fixed (uint* pinnedOccupancy = occupancy)
        fixed (float* pinnedRays = rays)
        fixed (int* pinnedCounts = counts)
        {
            var (o, s, c, parameters) = ((nint)pinnedOccupancy, (nint)pinnedRays, (nint)pinnedCounts, new MarchParameters(march));
            ForRays(counts.Length, r => ((int*)c)[r] = RayWalk.Run((float*)s + RayMarch.RayWidth * (nint)r, (uint)r, parameters, (uint*)o, null, null, int.MaxValue));
        }
    }

    /// <inheritdoc/>
    public void MarchRays(RayMarch march, ReadOnlySpan<uint> occupancy, ReadOnlySpan<float> rays, ReadOnlySpan<int> offsets, Span<float> positions, Span<float> samples)
    {
        var count = RayLengths.Rays(march, occupancy, rays);
        var total = RayLengths.Samples(offsets, count);
        Lengths.Require(positions.Length, 3L * total, nameof(positions));
        Lengths.Require(samples.Length, 2L * total, nameof(samples));
        fixed (uint* pinnedOccupancy = occupancy)
        fixed (int* pinnedOffsets = offsets)
        fixed (float* pinnedRays = rays, pinnedPositions = positions, pinnedSamples = samples)
        {
            var (o, s, f) = ((nint)pinnedOccupancy, (nint)pinnedRays, (nint)pinnedOffsets);
            var (p, d, parameters) = ((nint)pinnedPositions, (nint)pinnedSamples, new MarchParameters(march));
            ForRays(count, r =>
            {
                var (first, end) = (((int*)f)[r], ((int*)f)[r + 1]);
                var written = first + RayWalk.Run((float*)s + RayMarch.RayWidth * (nint)r, (uint)r, parameters, (uint*)o, (float*)p + 3 * (nint)first, (float*)d + 2 * (nint)first, end - first);
                new Span<float>((float*)p + 3 * (nint)written, 3 * (end - written)).Clear();
                new Span<float>((float*)d + 2 * (nint)written, 2 * (end - written)).Clear();
            });
        }
    }

    /// <inheritdoc/>
    public void Composite(ReadOnlySpan<int> offsets, ReadOnlySpan<float> samples, ReadOnlySpan<float> densities, ReadOnlySpan<float> emissions, float background, Span<float> images)
    {
        var rays = RayLengths.Composite(offsets, samples, densities, emissions, images.Length, nameof(images));
        fixed (int* pinnedOffsets = offsets)
        fixed (float* pinnedSamples = samples, pinnedDensities = densities, pinnedEmissions = emissions, pinnedImages = images)
        {
            var (f, s, d, e, i) = ((nint)pinnedOffsets, (nint)pinnedSamples, (nint)pinnedDensities, (nint)pinnedEmissions, (nint)pinnedImages);
            ForRays(rays, r => RayCompositing.Forward(((int*)f)[r], ((int*)f)[r + 1], (float*)s, (float*)d, (float*)e, background, (float*)i + 3 * (nint)r));
        }
    }

    /// <inheritdoc/>
    public void CompositeBackward(ReadOnlySpan<int> offsets, ReadOnlySpan<float> samples, ReadOnlySpan<float> densities, ReadOnlySpan<float> emissions, float background, ReadOnlySpan<float> imageGradient, Span<float> densityGradient, Span<float> emissionGradient)
    {
        var rays = RayLengths.Composite(offsets, samples, densities, emissions, imageGradient, densityGradient, emissionGradient);
        fixed (int* pinnedOffsets = offsets)
        fixed (float* pinnedSamples = samples, pinnedDensities = densities, pinnedEmissions = emissions, pinnedGradient = imageGradient, pinnedDown = densityGradient, pinnedEmissionDown = emissionGradient)
        {
            var (f, s, d, e) = ((nint)pinnedOffsets, (nint)pinnedSamples, (nint)pinnedDensities, (nint)pinnedEmissions);
            var (g, dd, ed) = ((nint)pinnedGradient, (nint)pinnedDown, (nint)pinnedEmissionDown);
            ForRays(rays, r => RayCompositing.Backward(((int*)f)[r], ((int*)f)[r + 1], (float*)s, (float*)d, (float*)e, background, (float*)g + 3 * (nint)r, (float*)dd, (float*)ed));
        }
    }

    /// <inheritdoc/>
    public void Integrate(ReadOnlySpan<int> offsets, ReadOnlySpan<float> samples, ReadOnlySpan<float> densities, Span<float> integrals)
    {
        var rays = RayLengths.Rays(offsets, samples, integrals.Length, 1, nameof(integrals));
        Lengths.Require(densities.Length, offsets[rays], nameof(densities));
        for (var r = 0; r < rays; r++)
        {
            var sum = 0f;
            for (var i = offsets[r]; i < offsets[r + 1]; i++)
                sum = MathF.FusedMultiplyAdd(densities[i], samples[2 * i + 1], sum);
            integrals[r] = sum;
        }
    }

    /// <inheritdoc/>
    public void IntegrateBackward(ReadOnlySpan<int> offsets, ReadOnlySpan<float> samples, ReadOnlySpan<float> integralGradient, Span<float> densityGradient)
    {
        var rays = RayLengths.Rays(offsets, samples, integralGradient.Length, 1, nameof(integralGradient));
        Lengths.Require(densityGradient.Length, offsets[rays], nameof(densityGradient));
        for (var r = 0; r < rays; r++)
        {
            for (var i = offsets[r]; i < offsets[r + 1]; i++)
                densityGradient[i] = integralGradient[r] * samples[2 * i + 1];
        }
    }

    /// <inheritdoc/>
    public void UpdateOccupancy(float fade, float threshold, ReadOnlySpan<float> found, Span<float> known, Span<uint> occupancy)
    {
        RayLengths.Cells(found, known, occupancy);
        for (var word = 0; word < occupancy.Length; word++)
        {
            var (first, bits) = (32 * word, 0u);
            for (var i = first; i < Math.Min(first + 32, found.Length); i++)
            {
                known[i] = MathF.Max(known[i] * fade, found[i]);
                bits |= (known[i] > threshold ? 1u : 0u) << (i - first);
            }
            occupancy[word] = bits;
        }
    }

    private void ForRays(int rays, Action<int> run) => Parallel.For(0, (rays + RayBlock - 1) / RayBlock, _parallel, block =>
    {
        for (var r = block * RayBlock; r < Math.Min(rays, (block + 1) * RayBlock); r++)
            run(r);
    });
}
