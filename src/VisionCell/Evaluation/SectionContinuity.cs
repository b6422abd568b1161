using VisionCell.Acquisition;
using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>
/// How alike neighbouring sections of a volume <c>[Z, Y, X]</c> are: the correlation of section z with section z + 1. No truth is needed. A
/// reconstruction that fills gaps by averaging is too continuous within gaps; one that makes each section up on its own is not continuous enough; one that
/// pulses has low values in front of and behind observed sections.
/// </summary>
/// <param name="Correlations">Of section z with the next, one for each but the last; null where either is constant.</param>
public sealed record SectionContinuity(IReadOnlyList<double?> Correlations)
{
    /// <summary>Their mean; null where none is known.</summary>
    public double? Mean => Correlations.Average();

    /// <summary>The least; null where none is known.</summary>
    public double? Least => Correlations.Min();

    /// <summary>Measures a volume.</summary>
    /// <param name="volume">Sections <c>[Z, Y, X]</c>.</param>
    /// <param name="region">Voxels of a mask that count; all where left out.</param>
    /// <param name="cancellation">Stops between sections.</param>
    public static SectionContinuity Of(Volume<float> volume, ScoredRegion? region = null, CancellationToken cancellation = default)
    {
        if (region is not null)
            VolumeChecks.RequireFits(region, volume.Shape);
        var correlations = new double?[volume.Shape.Z - 1];
        Parallel.For(0, correlations.Length, new ParallelOptions { CancellationToken = cancellation }, z => correlations[z] = Correlation(volume.Section(z), volume.Section(z + 1), region?.Mask is { } m ? m.Section(z) : default));
        return new SectionContinuity(correlations);
    }

    /// <summary>
    /// Mean correlation across the edges of observed sections less that within gaps: 0 where a volume runs through its sections evenly, below 0 where it
    /// pulses with them. Null where there are no edges or no gaps.
    /// </summary>
    public double? Pulsing(SparseVolume sparse)
    {
        var edges = Correlations.Select((c, z) => (c, Edge: sparse.IsObservedRow(z) || sparse.IsObservedRow(z + 1))).ToLookup(p => p.Edge, p => p.c);
        return edges[true].Average() - edges[false].Average();
    }

    private static double? Correlation(ReadOnlySpan<float> a, ReadOnlySpan<float> b, ReadOnlySpan<byte> mask)
    {
        var (count, meanA, meanB) = (0, 0.0, 0.0);
        for (var i = 0; i < a.Length; i++)
        {
            if (!mask.IsEmpty && mask[i] == 0)
                continue;
            count++;
            meanA += a[i];
            meanB += b[i];
        }
        if (count < 2)
            return null;
        (meanA, meanB) = (meanA / count, meanB / count);
        double aa = 0, bb = 0, ab = 0;
        for (var i = 0; i < a.Length; i++)
        {
            if (!mask.IsEmpty && mask[i] == 0)
                continue;
            var (u, v) = (a[i] - meanA, b[i] - meanB);
            aa += u * u;
            bb += v * v;
            ab += u * v;
        }
        return aa > 0 && bb > 0 ? ab / Math.Sqrt(aa * bb) : null;
    }
}
