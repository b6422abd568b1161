using VisionCell.Augmentation;
using VisionCell.Volumes;
using static VisionCell.Tests.Augmentation.AugmentationFixture;

namespace VisionCell.Tests.Augmentation;

/// <summary>What holds for every augmentation, whatever it does.</summary>
public abstract class AugmentationSuite
{
    /// <summary>The augmentation at a strength that must be seen.</summary>
    protected abstract VisionCell.Augmentation.Augmentation Strong { get; }

    public static TheoryData<string> Voxels => ["isotropic", "anisotropic"];

    private static TrainingSample SampleOf(string voxels) => Real(voxels == "isotropic" ? Isotropic : Anisotropic);

    [Theory, MemberData(nameof(Voxels))]
    public void At_zero_strength_nothing_changes_bit_for_bit(string voxels)
    {
        var sample = SampleOf(voxels);
        for (var seed = 0UL; seed < 5; seed++)
        {
            var result = new AugmentationPipeline(Strong.AtStrength(0)).Apply(sample, seed);
            Assert.Equal(sample.Image.Data, result.Image.Data);
            Assert.Equal(sample.Labels!.Data, result.Labels!.Data);
            Assert.Empty(result.Missing);
        }
    }

    [Theory, MemberData(nameof(Voxels))]
    public void A_seed_gives_the_same_patch_and_another_seed_another(string voxels)
    {
        var sample = SampleOf(voxels);
        var pipeline = new AugmentationPipeline(Strong);
        Assert.Equal(pipeline.Apply(sample, 3).Image.Data, pipeline.Apply(sample, 3).Image.Data);
        var different = Enumerable.Range(1, 6).Select(s => pipeline.Apply(sample, (ulong)s)).Select(s => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(s.Image.Bytes))).Distinct().Count();
        Assert.True(different > 2, $"{different} different patches of 6 seeds");
    }

    [Theory, MemberData(nameof(Voxels))]
    public void Shape_and_voxel_size_stay_values_are_finite_and_the_sample_is_untouched(string voxels)
    {
        var sample = SampleOf(voxels);
        var before = sample.Image.Data.ToArray();
        var result = new AugmentationPipeline(Strong).Apply(sample, 9);
        Assert.Equal((sample.Image.Shape, sample.Image.VoxelSize), (result.Image.Shape, result.Image.VoxelSize));
        Assert.Equal((sample.Image.Shape, sample.Image.VoxelSize), (result.Labels!.Shape, result.Labels.VoxelSize));
        Assert.All(result.Image.Data, v => Assert.True(float.IsFinite(v)));
        Assert.Equal(before, sample.Image.Data);
        Assert.NotEqual(before, result.Image.Data);
    }

    [Theory, MemberData(nameof(Voxels))]
    public void Labels_are_never_mixed(string voxels)
    {
        var sample = SampleOf(voxels);
        var known = sample.Labels!.Data.ToHashSet();
        for (var seed = 0UL; seed < 4; seed++)
            Assert.Superset(new AugmentationPipeline(Strong).Apply(sample, seed).Labels!.Data.ToHashSet(), known);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Labels_go_where_the_image_goes(int axis)
    {
        // The grey level is the place that the voxel came from, the label that place rounded.
        var sample = Ramp(axis, new Shape3(14, 17, 21), Anisotropic);
        for (var seed = 0UL; seed < 4; seed++)
        {
            var result = new AugmentationPipeline(Strong).Apply(sample, seed);
            if (Strong is IntensityAugmentation)
            {
                Assert.Equal(sample.Labels!.Data, result.Labels!.Data);
                continue;
            }
            for (var i = 0; i < result.Image.Data.Length; i++)
                Assert.True(Math.Abs(result.Image.Data[i] - result.Labels!.Data[i]) <= 0.501f, $"voxel {i}: from {result.Image.Data[i]}, label {result.Labels.Data[i]}");
        }
    }

    [Fact]
    public void It_works_on_a_single_section_and_on_a_single_row()
    {
        foreach (var shape in new[] { new Shape3(1, 9, 12), new Shape3(5, 1, 12), new Shape3(3, 4, 1) })
        {
            var result = new AugmentationPipeline(Strong).Apply(Ramp(2, shape, Isotropic), 4);
            Assert.Equal(shape, result.Image.Shape);
            Assert.All(result.Image.Data, v => Assert.True(float.IsFinite(v)));
        }
    }

    [Fact]
    public void An_augmentation_before_it_changes_nothing_that_it_draws()
    {
        if (Strong is not IntensityAugmentation)
            return;
        var sample = Real();
        var alone = new AugmentationPipeline(Strong).Apply(sample, 12);
        var after = new AugmentationPipeline(new CubeSymmetries { Probability = 0 }, new GaussianNoise(0.5) { Probability = 0 }, Strong).Apply(sample, 12);
        if (Strong is not GaussianNoise)
            Assert.Equal(alone.Image.Data, after.Image.Data);
    }

    [Fact]
    public void With_probability_zero_it_is_never_done() =>
        Assert.Equal(Real().Image.Data, new AugmentationPipeline(Strong with { Probability = 0 }).Apply(Real(), 1).Image.Data);
}

public sealed class CubeSymmetriesTests : AugmentationSuite
{
    protected override VisionCell.Augmentation.Augmentation Strong => new CubeSymmetries();
}

public sealed class RotationTests : AugmentationSuite
{
    protected override VisionCell.Augmentation.Augmentation Strong => new Rotation(180, 60);
}

public sealed class TranslationTests : AugmentationSuite
{
    protected override VisionCell.Augmentation.Augmentation Strong => new Translation(35, 60);
}

public sealed class ScalingTests : AugmentationSuite
{
    protected override VisionCell.Augmentation.Augmentation Strong => new Scaling(0.4, eachAxis: true);
}

public sealed class ElasticDeformationTests : AugmentationSuite
{
    protected override VisionCell.Augmentation.Augmentation Strong => new ElasticDeformation(80, 30, 30);
}

public sealed class IntensityTests : AugmentationSuite
{
    protected override VisionCell.Augmentation.Augmentation Strong => new Intensity(0.3, 0.6, 0.6);
}

public sealed class GaussianNoiseTests : AugmentationSuite
{
    protected override VisionCell.Augmentation.Augmentation Strong => new GaussianNoise(0.3);
}

public sealed class PoissonNoiseTests : AugmentationSuite
{
    protected override VisionCell.Augmentation.Augmentation Strong => new PoissonNoise(0.4);
}

public sealed class StripesTests : AugmentationSuite
{
    protected override VisionCell.Augmentation.Augmentation Strong => new Stripes(0.2);
}

public sealed class ChargingTests : AugmentationSuite
{
    protected override VisionCell.Augmentation.Augmentation Strong => new Charging(0.5, 20);
}

public sealed class DefocusTests : AugmentationSuite
{
    protected override VisionCell.Augmentation.Augmentation Strong => new Defocus(40, 0.8);
}

public sealed class MissingSectionsTests : AugmentationSuite
{
    protected override VisionCell.Augmentation.Augmentation Strong => new MissingSections(0.5);
}
