using VisionCell.Acquisition;
using VisionCell.Volumes;

namespace VisionCell.Augmentation;

/// <summary>
/// A stack with computed sections between the observed ones, as extra data for training, and which they are: a section that was computed is
/// never to be scored against, nor counted as observed.
/// </summary>
/// <param name="Volume">All sections <c>[Z, Y, X]</c>; its provenance names the synthetic ones, and they are marked as not observed (<see cref="SectionLayout"/>).</param>
/// <param name="IsSynthetic">For each section whether it was computed, from its neighbours here or to replace one that was lost.</param>
/// <param name="Confidence">Weight of motion in each voxel, 0 to 1; 0 where a synthetic voxel is plain interpolation, and in observed sections.</param>
public sealed record SyntheticSections(Volume<float> Volume, IReadOnlyList<bool> IsSynthetic, Volume<float> Confidence)
{
    /// <summary>Computes sections at even distances in every gap.</summary>
    /// <param name="sparse">What was observed.</param>
    /// <param name="flow">Trained on it.</param>
    /// <param name="between">Sections to compute in each gap, at least 1.</param>
    /// <param name="cancellation">Stops between sections.</param>
    /// <exception cref="BadInputException">Fewer than 1 asked for.</exception>
    public static SyntheticSections Between(SparseVolume sparse, FlowMethod flow, int between, CancellationToken cancellation = default)
    {
        if (between is < 1 or > 1000)
            throw new BadInputException($"{between} synthetic sections in each gap: must be 1 to 1,000");
        var (observed, step) = (sparse.Observed, between + 1);
        var sections = (sparse.Sections - 1) * step + 1;
        var shape = observed.Shape with { Z = sections };
        var size = new VoxelSize(observed.VoxelSize.Z / step, observed.VoxelSize.Y, observed.VoxelSize.X);
        bool[] synthetic = [.. Enumerable.Range(0, sections).Select(z => z % step != 0 || !sparse.IsObserved(z / step))];
        var provenance = observed.Provenance.With($"synthetic sections by optical flow: {between} after each section but the last; observed are sections 0, {step}, {2 * step}, ... of {sections}")
            with { Sections = new SectionLayout(sections, null, Enumerable.Range(0, sections).Where(z => synthetic[z])) };
        var volume = new Volume<float>(shape, size, observed.Origin, provenance);
        var confidence = new Volume<float>(shape, size, observed.Origin, provenance.With("weight of motion"));
        Parallel.For(0, sections, new ParallelOptions { CancellationToken = cancellation }, z =>
        {
            var (values, weights) = flow.SectionAt(sparse, z / (double)step);
            values.CopyTo(volume.Section(z));
            weights.CopyTo(confidence.Section(z));
        });
        return new SyntheticSections(volume, synthetic, confidence);
    }
}
