using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>
/// Structural similarity of planes of volumes <c>[Z, Y, X]</c>, averaged over a family of planes, in float64.
/// Source: Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error visibility to structural similarity", IEEE TIP
/// 13(4), 2004, doi:10.1109/TIP.2003.819861, equation 13: Gaussian window of 11 x 11 with sigma 1.5, K1 = 0.01, K2 = 0.03.
/// Population (not sample) covariances; the mean leaves out the map's outer 5 pixels, where the window would reach outside. Both
/// as scikit-image does in <c>structural_similarity(gaussian_weights=True, sigma=1.5, use_sample_covariance=False)</c>.
/// </summary>
public static class Ssim
{
    /// <summary>Half width of the window, pixels.</summary>
    public const int Radius = SsimWindow.Radius;

    /// <summary>
    /// Mean SSIM over a family of planes. Sections: the mean over scored sections. xz and yz: the map is computed on the rows that
    /// the region names for planes, and averaged over its scored voxels; planes without any are left out.
    /// </summary>
    /// <param name="reconstruction">What is judged, <c>[Z, Y, X]</c>.</param>
    /// <param name="reference">The truth on the same grid.</param>
    /// <param name="region">Which voxels count; the window sees all.</param>
    /// <param name="dataRange">R, grey values; C1 = (0.01 R)², C2 = (0.03 R)².</param>
    /// <param name="family">Which planes.</param>
    /// <param name="cancellation">Stops between planes.</param>
    /// <returns>-1 to 1; null where the planes are smaller than the window of 11 x 11 or none of the map's voxels is scored.</returns>
    /// <exception cref="BadInputException">Grids, region or range do not fit.</exception>
    public static double? Compute(
        Volume<float> reconstruction, Volume<float> reference, ScoredRegion region, double dataRange, PlaneFamily family, CancellationToken cancellation = default)
    {
        VolumeChecks.RequireSameGrid(reconstruction, reference);
        VolumeChecks.RequireFits(region, reference.Shape);
        VolumeChecks.RequireRange(dataRange);
        var set = new PlaneSet(reference.Shape, region, family);
        return Math.Min(set.Height, set.Width) < SsimWindow.Width ? null : set.Mean(
            reconstruction,
            reference,
            () => new SsimMap(set.Height, set.Width, dataRange),
            (map, a, b, weights) => map.Sum(a, b, weights) is { Weight: > 0 } sums ? sums.Ssim / sums.Weight : null,
            cancellation);
    }
}
