using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>
/// Gradient magnitude similarity deviation of sections <c>[Y, X]</c>: how unevenly the strength of edges is kept over a section. Source: Xue,
/// Zhang, Mou, Bovik, "Gradient magnitude similarity deviation", IEEE TIP 23(2), 2014, doi:10.1109/TIP.2013.2293423: sections averaged down by 2,
/// Prewitt gradients with zeros outside, similarity (2gh + c) / (g² + h² + c) with c = 170 for grey values of 0 to 255, and its sample
/// standard deviation. 0 is perfect; it does not punish a change of brightness.
/// </summary>
public static class GradientSimilarity
{
    private const double C = 170;

    /// <summary>Mean of the deviation over scored sections.</summary>
    /// <param name="reconstruction">What is judged, <c>[Z, Y, X]</c>.</param>
    /// <param name="reference">The truth on the same grid.</param>
    /// <param name="region">Which voxels count; of a mask those count that a pixel of the averaged section is centred on.</param>
    /// <param name="dataRange">Grey values that are taken for 0 to 255.</param>
    /// <param name="cancellation">Stops between sections.</param>
    /// <returns>0 upwards; null where fewer than two pixels of each section count.</returns>
    /// <exception cref="BadInputException">Grids, region or range do not fit.</exception>
    public static double? Deviation(Volume<float> reconstruction, Volume<float> reference, ScoredRegion region, double dataRange, CancellationToken cancellation = default)
    {
        VolumeChecks.RequireSameGrid(reconstruction, reference);
        VolumeChecks.RequireFits(region, reference.Shape);
        VolumeChecks.RequireRange(dataRange);
        var (_, height, width) = reference.Shape;
        var (smallY, smallX) = ((height + 1) / 2, (width + 1) / 2);
        var deviations = new double?[region.Rows.Count];
        Parallel.For(0, deviations.Length, new ParallelOptions { CancellationToken = cancellation }, i =>
        {
            var z = region.Rows[i];
            float[] Gradient(Volume<float> volume) =>
                SectionGradient.Length(SectionGradient.Shrink(volume.Section(z), height, width, 2, dataRange), smallY, smallX, 1 / 3f, 1 / 3f);
            var (a, b) = (Gradient(reconstruction), Gradient(reference));
            var similarities = new List<double>(a.Length);
            for (var k = 0; k < a.Length; k++)
            {
                if (region.IsScored(z, 2 * (k / smallX), 2 * (k % smallX)))
                    similarities.Add((2.0 * a[k] * b[k] + C) / ((double)a[k] * a[k] + (double)b[k] * b[k] + C));
            }
            if (similarities.Count < 2)
                return;
            var mean = similarities.Average();
            deviations[i] = Math.Sqrt(similarities.Sum(s => (s - mean) * (s - mean)) / (similarities.Count - 1));
        });
        return deviations.Average();
    }
}
