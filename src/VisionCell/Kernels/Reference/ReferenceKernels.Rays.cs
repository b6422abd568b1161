namespace VisionCell.Kernels.Reference;

/// <content>Ray marching, compositing and occupancy; sums within sums, as the formulas stand.</content>
internal sealed partial class ReferenceKernels
{
    /// <inheritdoc/>
    public void CountSamples(RayMarch march, ReadOnlySpan<uint> occupancy, ReadOnlySpan<double> rays, Span<int> counts)
    {
        Lengths.Require(counts.Length, RayLengths.Rays(march, occupancy, rays), nameof(counts));
        for (var r = 0; r < counts.Length; r++)
            counts[r] = SamplesOf(march, occupancy, rays.Slice(RayMarch.RayWidth * r, RayMarch.RayWidth), r).Count;
    }

    /// <inheritdoc/>
    public void MarchRays(RayMarch march, ReadOnlySpan<uint> occupancy, ReadOnlySpan<double> rays, ReadOnlySpan<int> offsets, Span<double> positions, Span<double> samples)
    {
        var count = RayLengths.Rays(march, occupancy, rays);
        var total = RayLengths.Samples(offsets, count);
        Lengths.Require(positions.Length, 3L * total, nameof(positions));
        Lengths.Require(samples.Length, 2L * total, nameof(samples));
        positions.Clear();
        samples.Clear();
        for (var r = 0; r < count; r++)
        {
            var ray = rays.Slice(RayMarch.RayWidth * r, RayMarch.RayWidth);
            var i = offsets[r];
            foreach (var (depth, length) in SamplesOf(march, occupancy, ray, r).Take(offsets[r + 1] - offsets[r]))
            {
                for (var axis = 0; axis < 3; axis++)
                    positions[3 * i + axis] = ray[axis] + depth * ray[3 + axis];
                (samples[2 * i], samples[2 * i + 1]) = (depth, length);
                i++;
            }
        }
    }

    /// <inheritdoc/>
    public void Composite(ReadOnlySpan<int> offsets, ReadOnlySpan<double> samples, ReadOnlySpan<double> densities, ReadOnlySpan<double> emissions, double background, Span<double> images)
    {
        var rays = RayLengths.Composite(offsets, samples, densities, emissions, images.Length, nameof(images));
        for (var r = 0; r < rays; r++)
        {
            var (from, to) = (offsets[r], offsets[r + 1]);
            var passed = Transmittance(samples, densities, from, to);
            var (intensity, depth) = (passed * background, 0.0);
            for (var i = from; i < to; i++)
            {
                var weight = Weight(samples, densities, from, i);
                intensity += weight * emissions[i];
                depth += weight * samples[2 * i];
            }
            (images[3 * r], images[3 * r + 1], images[3 * r + 2]) = (intensity, 1 - passed, depth);
        }
    }

    /// <inheritdoc/>
    public void CompositeBackward(ReadOnlySpan<int> offsets, ReadOnlySpan<double> samples, ReadOnlySpan<double> densities, ReadOnlySpan<double> emissions, double background, ReadOnlySpan<double> imageGradient, Span<double> densityGradient, Span<double> emissionGradient)
    {
        var rays = RayLengths.Composite(offsets, samples, densities, emissions, imageGradient, densityGradient, emissionGradient);
        for (var r = 0; r < rays; r++)
        {
            var (from, to) = (offsets[r], offsets[r + 1]);
            var (byIntensity, byOpacity, byDepth) = (imageGradient[3 * r], imageGradient[3 * r + 1], imageGradient[3 * r + 2]);
            for (var i = from; i < to; i++)
            {
                emissionGradient[i] = byIntensity * Weight(samples, densities, from, i);
                // dwᵢ/dσᵢ = δᵢ Tᵢ₊₁; dwⱼ/dσᵢ = −δᵢ wⱼ for j > i; dT/dσᵢ = −δᵢ T.
                var own = byIntensity * emissions[i] + byDepth * samples[2 * i];
                var sum = Transmittance(samples, densities, from, i + 1) * own - Transmittance(samples, densities, from, to) * (byIntensity * background - byOpacity);
                for (var j = i + 1; j < to; j++)
                    sum -= Weight(samples, densities, from, j) * (byIntensity * emissions[j] + byDepth * samples[2 * j]);
                densityGradient[i] = samples[2 * i + 1] * sum;
            }
        }
    }

    /// <inheritdoc/>
    public void Integrate(ReadOnlySpan<int> offsets, ReadOnlySpan<double> samples, ReadOnlySpan<double> densities, Span<double> integrals)
    {
        var rays = RayLengths.Rays(offsets, samples, integrals.Length, 1, nameof(integrals));
        Lengths.Require(densities.Length, offsets[rays], nameof(densities));
        for (var r = 0; r < rays; r++)
            integrals[r] = OpticalDepth(samples, densities, offsets[r], offsets[r + 1]);
    }

    /// <inheritdoc/>
    public void IntegrateBackward(ReadOnlySpan<int> offsets, ReadOnlySpan<double> samples, ReadOnlySpan<double> integralGradient, Span<double> densityGradient)
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
    public void UpdateOccupancy(double fade, double threshold, ReadOnlySpan<double> found, Span<double> known, Span<uint> occupancy)
    {
        RayLengths.Cells(found, known, occupancy);
        occupancy.Clear();
        for (var i = 0; i < found.Length; i++)
        {
            known[i] = Math.Max(known[i] * fade, found[i]);
            if (known[i] > threshold)
                occupancy[i / 32] |= 1u << i % 32;
        }
    }

    private static List<(double Depth, double Length)> SamplesOf(RayMarch march, ReadOnlySpan<uint> occupancy, ReadOnlySpan<double> ray, int index)
    {
        var all = new List<(double, double)>();
        var (near, far) = (ray[6], ray[7]);
        Span<double> extent = [march.Extent.Z, march.Extent.Y, march.Extent.X];
        Span<int> cells = [march.Cells.Z, march.Cells.Y, march.Cells.X];
        for (var axis = 0; axis < 3; axis++)
        {
            var (origin, direction) = (ray[axis], ray[3 + axis]);
            if (!double.IsFinite(origin) || !double.IsFinite(direction) || (direction == 0 && (origin < 0 || origin > extent[axis])))
                return all;
            if (direction == 0)
                continue;
            var (a, b) = (-origin / direction, (extent[axis] - origin) / direction);
            (near, far) = (Math.Max(near, Math.Min(a, b)), Math.Min(far, Math.Max(a, b)));
        }
        if (!(far > near))
            return all;
        var steps = Math.Min(Math.Ceiling((far - near) / march.Step), RayMarch.MostSteps);
        for (var step = 0; step < steps; step++)
        {
            var start = near + step * march.Step;
            var length = Math.Min(march.Step, far - start);
            var depth = start + length * (march.IsStratified ? RayMarch.Place(march.Seed, (uint)index, (uint)step) : 0.5);
            var cell = 0L;
            for (var axis = 0; axis < 3; axis++)
            {
                var place = (ray[axis] + depth * ray[3 + axis]) / extent[axis] * cells[axis];
                cell = cell * cells[axis] + (long)Math.Clamp(place, 0, cells[axis] - 1);
            }
            if (length > 0 && (occupancy[(int)(cell / 32)] >> (int)(cell % 32) & 1) != 0)
                all.Add((depth, length));
        }
        return all;
    }

    /// <summary>Σ σδ of the samples [from, to).</summary>
    private static double OpticalDepth(ReadOnlySpan<double> samples, ReadOnlySpan<double> densities, int from, int to)
    {
        var sum = 0.0;
        for (var i = from; i < to; i++)
            sum += densities[i] * samples[2 * i + 1];
        return sum;
    }

    /// <summary>What the samples [from, to) let pass.</summary>
    private static double Transmittance(ReadOnlySpan<double> samples, ReadOnlySpan<double> densities, int from, int to) => Math.Exp(-OpticalDepth(samples, densities, from, to));

    private static double Weight(ReadOnlySpan<double> samples, ReadOnlySpan<double> densities, int from, int i) =>
        Transmittance(samples, densities, from, i) * (1 - Math.Exp(-densities[i] * samples[2 * i + 1]));
}
