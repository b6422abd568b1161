using VisionCell.Volumes;

namespace VisionCell.Augmentation;

/// <summary>
/// Augmentations in order. Geometry is composed and the source sampled once, in nanometres, image and labels at the same points; grey
/// levels change after that, in their order. Each augmentation has random numbers of its own, by the seed, its name and how many of its
/// kind stand before it: one that is added or left out changes no other's draw.
/// </summary>
public sealed class AugmentationPipeline
{
    private readonly (Augmentation Augmentation, string Stream)[] _all;

    /// <summary>Creates a pipeline.</summary>
    /// <param name="augmentations">In order.</param>
    public AugmentationPipeline(params IReadOnlyList<Augmentation> augmentations)
    {
        Augmentations = augmentations;
        _all = [.. augmentations.Select((a, i) => (a, $"{a.GetType().Name} {augmentations.Take(i).Count(b => b.GetType() == a.GetType())}"))];
    }

    /// <summary>The augmentations in order.</summary>
    public IReadOnlyList<Augmentation> Augmentations { get; }

    /// <summary>What suits most stacks: geometry by what the voxels allow, moderate changes of grey levels, rare damage.</summary>
    /// <param name="size">Voxel size of the volume to draw from, nm.</param>
    public static AugmentationPipeline Standard(VoxelSize size)
    {
        // Tilts interpolate along z: only where sections lie as close as pixels.
        var isotropic = size.IsIsotropic(0.05);
        return new(
            new CubeSymmetries(),
            new Rotation(180, isotropic ? 20 : 0) { Probability = 0.5 },
            new Scaling(0.1) { Probability = 0.5 },
            new Translation(size.X / 2, isotropic ? size.Z / 2 : 0),
            new ElasticDeformation(32 * size.X, 4 * size.X, isotropic ? 4 * size.X : 0) { Probability = 0.5 },
            new Intensity(),
            new Defocus(1.5 * size.X) { Probability = 0.2 },
            new PoissonNoise(0.08) { Probability = 0.3 },
            new GaussianNoise(0.04) { Probability = 0.5 },
            new Stripes(0.04) { Probability = 0.2 },
            new Charging(0.2) { Probability = 0.1 },
            new MissingSections(0.02) { Probability = 0.3 });
    }

    /// <summary>The same with every strength multiplied.</summary>
    /// <param name="share">0 changes nothing, 1 is the pipeline itself.</param>
    public AugmentationPipeline AtStrength(double share) => new([.. Augmentations.Select(a => a.AtStrength(share))]);

    /// <summary>Augments a sample as a whole.</summary>
    /// <param name="sample">Image and labels; not changed.</param>
    /// <param name="seed">Same seed, same result.</param>
    public TrainingSample Apply(TrainingSample sample, ulong seed) => Draw(sample, Box.Of(sample.Image.Shape), seed);

    /// <summary>
    /// Augments a patch of a larger sample: what geometry brings in from beyond the patch is taken from the sample, and mirrored only beyond
    /// its borders.
    /// </summary>
    /// <param name="source">Image and labels; not changed.</param>
    /// <param name="box">The patch; may reach beyond the sample.</param>
    /// <param name="seed">Same seed, same result.</param>
    /// <exception cref="BadInputException">The patch is empty.</exception>
    public TrainingSample Draw(TrainingSample source, Box box, ulong seed)
    {
        var random = new CounterRandom(seed);
        var size = source.Image.VoxelSize;
        List<SpatialStep> steps = [];
        List<(IntensityAugmentation Augmentation, CounterRandom Random)> grey = [];
        foreach (var (augmentation, stream) in _all)
        {
            var own = random.Stream(stream);
            if (own.Uniform() >= augmentation.Probability)
                continue;
            if (augmentation is GeometricAugmentation geometric)
                steps.Add(geometric.Draw(own, box.Shape, size));
            else if (augmentation is IntensityAugmentation intensity)
                grey.Add((intensity, own));
        }

        var origin = new Position(source.Image.Origin.Z + box.Z * size.Z, source.Image.Origin.Y + box.Y * size.Y, source.Image.Origin.X + box.X * size.X);
        var image = new Volume<float>(box.Shape, size, origin, source.Image.Provenance.With(FormattableString.Invariant($"augmented, seed {seed}")));
        var labels = source.Labels is null ? null : new Volume<ushort>(box.Shape, size, origin, source.Labels.Provenance.With(FormattableString.Invariant($"augmented, seed {seed}")));
        var centre = (box.Z + (box.Shape.Z - 1) / 2.0, box.Y + (box.Shape.Y - 1) / 2.0, box.X + (box.Shape.X - 1) / 2.0);
        var map = new SpatialMap(steps, box.Shape, size, centre);
        Resampler.Sample(source, map, box.Shape, image.Data, labels?.Data);
        SortedSet<int> missing = source.Image.Unobserved.Count == 0 ? [] : [.. map.RowsShowing(source.Image.Unobserved, source.Image.Shape.Z, box.Shape)];
        foreach (var (augmentation, own) in grey)
            missing.UnionWith(augmentation.Apply(image, source.Range, own));
        var marked = new Volume<float>(image.Data, box.Shape, size, origin, image.Provenance with { Sections = new SectionLayout(box.Shape.Z, null, missing) });
        return new TrainingSample(marked, labels, source.Range) { Missing = [.. missing] };
    }
}
