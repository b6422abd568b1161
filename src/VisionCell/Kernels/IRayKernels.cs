namespace VisionCell.Kernels;

/// <summary>
/// What a backend computes along rays. R is the number of rays, N that of their samples; ray r has the samples <c>offsets[r]</c> to
/// before <c>offsets[r + 1]</c> (<see cref="RayMarch.Offsets"/>), near to far. A sample is <c>[2]</c>: its depth, and the length of ray it
/// stands for, both in lengths of the direction. A ray whose origin or direction is not finite, or that ends at NaN, has no samples.
/// </summary>
/// <typeparam name="T">Number type: float for what runs, double for the reference.</typeparam>
public interface IRayKernels<T>
    where T : unmanaged
{
    /// <summary>How many samples each ray has.</summary>
    /// <param name="march">The box, the steps.</param>
    /// <param name="occupancy"><c>[march.Words]</c>.</param>
    /// <param name="rays"><c>[R, 8]</c>.</param>
    /// <param name="counts">Result, <c>[R]</c>.</param>
    void CountSamples(RayMarch march, ReadOnlySpan<uint> occupancy, ReadOnlySpan<T> rays, Span<int> counts);

    /// <summary>The samples of each ray.</summary>
    /// <param name="march">The box, the steps.</param>
    /// <param name="occupancy"><c>[march.Words]</c>.</param>
    /// <param name="rays"><c>[R, 8]</c>.</param>
    /// <param name="offsets"><c>[R + 1]</c>, of what <see cref="CountSamples"/> counted.</param>
    /// <param name="positions">Result, <c>[N, 3]</c>.</param>
    /// <param name="samples">Result, <c>[N, 2]</c>.</param>
    void MarchRays(RayMarch march, ReadOnlySpan<uint> occupancy, ReadOnlySpan<T> rays, ReadOnlySpan<int> offsets, Span<T> positions, Span<T> samples);

    /// <summary>
    /// The volume rendering integral of emission and absorption (NeRF, arXiv:2003.08934, equation 3): wᵢ = Tᵢ (1 − exp(−σᵢδᵢ)),
    /// Tᵢ = exp(−Σ_{j&lt;i} σⱼδⱼ); intensity Σ wᵢcᵢ + T·background, opacity 1 − T, depth Σ wᵢtᵢ, with T what passes all samples.
    /// </summary>
    /// <param name="offsets"><c>[R + 1]</c>.</param>
    /// <param name="samples">tᵢ and δᵢ, <c>[N, 2]</c>.</param>
    /// <param name="densities">σᵢ ≥ 0 a length of the direction, <c>[N]</c>.</param>
    /// <param name="emissions">cᵢ, <c>[N]</c>.</param>
    /// <param name="background">What lies behind.</param>
    /// <param name="images">Result, <c>[R, 3]</c>: intensity, opacity, depth.</param>
    void Composite(ReadOnlySpan<int> offsets, ReadOnlySpan<T> samples, ReadOnlySpan<T> densities, ReadOnlySpan<T> emissions, T background, Span<T> images);

    /// <summary>Gradient of <see cref="Composite"/>.</summary>
    /// <param name="offsets"><c>[R + 1]</c>.</param>
    /// <param name="samples"><c>[N, 2]</c>.</param>
    /// <param name="densities"><c>[N]</c>.</param>
    /// <param name="emissions"><c>[N]</c>.</param>
    /// <param name="background">What lies behind.</param>
    /// <param name="imageGradient"><c>[R, 3]</c>.</param>
    /// <param name="densityGradient">Result, <c>[N]</c>.</param>
    /// <param name="emissionGradient">Result, <c>[N]</c>.</param>
    void CompositeBackward(ReadOnlySpan<int> offsets, ReadOnlySpan<T> samples, ReadOnlySpan<T> densities, ReadOnlySpan<T> emissions, T background, ReadOnlySpan<T> imageGradient, Span<T> densityGradient, Span<T> emissionGradient);

    /// <summary>Pure absorption: the line integral Σ σᵢδᵢ, as a projection of tomography has it after the logarithm (Beer and Lambert).</summary>
    /// <param name="offsets"><c>[R + 1]</c>.</param>
    /// <param name="samples"><c>[N, 2]</c>.</param>
    /// <param name="densities"><c>[N]</c>; of any sign.</param>
    /// <param name="integrals">Result, <c>[R]</c>.</param>
    void Integrate(ReadOnlySpan<int> offsets, ReadOnlySpan<T> samples, ReadOnlySpan<T> densities, Span<T> integrals);

    /// <summary>Gradient of <see cref="Integrate"/>.</summary>
    /// <param name="offsets"><c>[R + 1]</c>.</param>
    /// <param name="samples"><c>[N, 2]</c>.</param>
    /// <param name="integralGradient"><c>[R]</c>.</param>
    /// <param name="densityGradient">Result, <c>[N]</c>.</param>
    void IntegrateBackward(ReadOnlySpan<int> offsets, ReadOnlySpan<T> samples, ReadOnlySpan<T> integralGradient, Span<T> densityGradient);

    /// <summary>
    /// Keeps an occupancy grid up to date (arXiv:2201.05989, appendix E.2): what is known of a cell fades and is raised by what was
    /// found in it now; it is marked where that lies above a threshold.
    /// </summary>
    /// <param name="fade">Factor of what was known, 0 to 1.</param>
    /// <param name="threshold">Density above which a cell counts as occupied.</param>
    /// <param name="found">Density somewhere in each cell now, <c>[cells]</c>.</param>
    /// <param name="known">The most found in each cell, fading, <c>[cells]</c>; updated.</param>
    /// <param name="occupancy">Result, one bit a cell, <c>[(cells + 31) / 32]</c>.</param>
    void UpdateOccupancy(T fade, T threshold, ReadOnlySpan<T> found, Span<T> known, Span<uint> occupancy);
}
