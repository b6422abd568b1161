using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>
/// What the segmentation assumes of a specimen, by what membranes measure; what this does not settle, where to stop merging, was chosen by
/// the first 40 sections of medulla-2a (docs/benchmarks/evaluation.md), which are therefore not to be judged by.
/// </summary>
public sealed record SegmentationConfiguration
{
    /// <summary>Blur under which membranes are looked for, nm: a stained membrane is 20 to 30 nm wide in FIB-SEM of 10 nm.</summary>
    public double MembraneSigmaNm { get; init; } = 15;

    /// <summary>Two seeds are at least this far apart along each axis, nm: the thinnest neurites are about 50 nm across.</summary>
    public double SeedDistanceNm { get; init; } = 50;

    /// <summary>Boundaries weaker than this many Otsu thresholds of the map are removed: at 1 cells stay cut up, from 1.5 on they begin to run together.</summary>
    public double MergeBelow { get; init; } = 1.25;

    /// <summary>Refuses what has no meaning.</summary>
    /// <exception cref="BadInputException">A value is not positive.</exception>
    public void Check()
    {
        foreach (var (name, value) in new[] { (nameof(MembraneSigmaNm), MembraneSigmaNm), (nameof(SeedDistanceNm), SeedDistanceNm), (nameof(MergeBelow), MergeBelow) })
        {
            if (!(value > 0) || !double.IsFinite(value))
                throw new BadInputException(FormattableString.Invariant($"segmentation: {name} {value}: must be a positive number"));
        }
    }
}

/// <summary>
/// A reproducible segmentation of cells from grey values alone, to ask of a reconstruction what a user would: can neurites be told apart in it? It is the same for
/// every volume, has nothing trained and nothing random: membranes as dark sheets (<see cref="MembraneMap"/>), their Otsu threshold, distance to them
/// (<see cref="DistanceTransform"/>), seeds at the maxima of the distance, a watershed over the membranes (<see cref="Watershed"/>), and merging across weak
/// boundaries (<see cref="RegionMerging"/>). It is far from the best that can be had; the truth's own score, the ceiling, says how far.
/// </summary>
public static class MembraneSegmentation
{
    /// <summary>Segments a volume.</summary>
    /// <param name="volume"><c>[Z, Y, X]</c>, membranes dark, voxels near isotropic.</param>
    /// <param name="configuration">What membranes measure.</param>
    /// <param name="cancellation">Stops between sections and merges.</param>
    /// <exception cref="BadInputException">A value of the configuration is out of range, or a voxel is not finite.</exception>
    public static LabelVolume Run(Volume<float> volume, SegmentationConfiguration? configuration = null, CancellationToken cancellation = default)
    {
        configuration ??= new SegmentationConfiguration();
        configuration.Check();
        VolumeChecks.RequireFinite(volume, "volume to segment");
        var (shape, size) = (volume.Shape, volume.VoxelSize);

        // 1. Membranes, and how far from them each voxel is; blurred, so that its ridges are not the stairs of voxels.
        var membranes = MembraneMap.Of(volume, configuration.MembraneSigmaNm, cancellation);
        var threshold = MembraneMap.Otsu(membranes);
        var distance = new Volume<float>(DistanceTransform.Of(shape, size, i => membranes[i] >= threshold, cancellation), shape, size, volume.Origin, volume.Provenance);
        var smooth = GaussianBlur.Of(distance, configuration.MembraneSigmaNm, cancellation);

        // 2. One seed a maximum, grown until basins meet on the membranes.
        int Radius(double voxel) => (int)(configuration.SeedDistanceNm / voxel);
        var (labels, count) = Watershed.SeedsOf(smooth, shape, new Shape3(Radius(size.Z), Radius(size.Y), Radius(size.X)), cancellation);
        Watershed.Grow(labels, membranes, shape, cancellation);

        // 3. Basins that no membrane divides are one.
        count = RegionMerging.Run(labels, count, membranes, shape, configuration.MergeBelow * threshold, cancellation);
        return new LabelVolume(shape, labels, count);
    }
}
