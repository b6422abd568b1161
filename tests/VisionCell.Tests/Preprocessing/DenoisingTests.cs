using VisionCell.Acquisition;
using VisionCell.Preprocessing;
using VisionCell.Volumes;

namespace VisionCell.Tests.Preprocessing;

public class DenoisingTests
{
    [Theory]
    [InlineData(5)]
    [InlineData(20)]
    public void Noise_put_on_smooth_ground_is_measured(double deviation)
    {
        var smooth = PreprocessingFixture.Sample(4, 96);
        for (var z = 0; z < 4; z++)
        {
            for (var y = 0; y < 96; y++)
            {
                for (var x = 0; x < 96; x++)
                    smooth[z, y, x] = 100 + 0.5f * y + x * 0.2f + (y > 48 ? 60 : 0);
            }
        }
        Assert.Equal(0, NoiseLevel.Of(smooth), 1e-3);
        Assert.Equal(deviation, NoiseLevel.Of(PreprocessingFixture.Noisy(smooth, deviation, 1)), 0.05 * deviation);
    }

    [Fact]
    public void Noise_adds_to_what_a_real_section_has()
    {
        var sample = PreprocessingFixture.Sample(4, 96);
        var own = NoiseLevel.Of(sample);
        Assert.Equal(Math.Sqrt(own * own + 225), NoiseLevel.Of(PreprocessingFixture.Noisy(sample, 15, 1)), 1.5);
    }

    [Theory]
    [InlineData(VoxelType.UInt8)]
    [InlineData(VoxelType.UInt16)]
    [InlineData(VoxelType.Float32)]
    public void It_brings_a_noisy_stack_closer_to_the_truth(VoxelType type)
    {
        var truth = PreprocessingFixture.Sample(4, 96);
        var noisy = PreprocessingFixture.Noisy(truth, 20, 7).ConvertTo(type);
        var (denoised, noise) = NonLocalMeansDenoising.Apply(noisy, new DenoisingConfiguration());
        Assert.Equal(type, denoised.VoxelType);
        Assert.InRange(noise, 18, 25);
        var (before, after) = (PreprocessingFixture.MeanSquaredError(noisy.ToFloat32(), truth), PreprocessingFixture.MeanSquaredError(denoised.ToFloat32(), truth));
        Assert.True(after < 0.6 * before, $"mean squared error {before:0.#} before, {after:0.#} after");
    }

    [Theory]
    [InlineData(5, 15)]
    [InlineData(7, 21)]
    public void The_single_precision_filter_agrees_with_OpenCV(int patch, int search)
    {
        var noisy = PreprocessingFixture.Noisy(PreprocessingFixture.Sample(2, 61), 15, 3).ConvertTo(VoxelType.UInt8);
        var configuration = new DenoisingConfiguration(1, patch, search, noise: 15);
        var byOpenCv = NonLocalMeansDenoising.Apply(noisy, configuration).Denoised.ToFloat32();
        var own = ((Volume<float>)NonLocalMeansDenoising.Apply(noisy.ToFloat32(), configuration).Denoised).Data;

        // OpenCV rounds its result to integers (0.25 on average) and drops weights below 0.001, of which a search window holds hundreds.
        var differences = own.Zip(byOpenCv.Data, (a, b) => Math.Abs(a - b)).ToArray();
        Assert.True(differences.Average() < 0.3 && differences.Max() < 5, $"{differences.Average():0.###} on average, {differences.Max():0.###} at most");
    }

    [Fact]
    public void A_constant_section_stays_and_a_weak_filter_changes_nothing()
    {
        var flat = PreprocessingFixture.Sample(2, 40).Map(_ => 55f);
        Assert.Same(flat, NonLocalMeansDenoising.Apply(flat, new DenoisingConfiguration()).Denoised);
        Assert.Equal(flat.Data, ((Volume<float>)NonLocalMeansDenoising.Apply(flat, new DenoisingConfiguration(noise: 5)).Denoised).Data);
        var sample = PreprocessingFixture.Sample(2, 40);
        var same = ((Volume<float>)NonLocalMeansDenoising.Apply(sample, new DenoisingConfiguration(strength: 0.01, noise: 1)).Denoised).Data;
        Assert.All(same.Zip(sample.Data), p => Assert.Equal(p.Second, p.First, 1e-3f));
    }

    [Fact]
    public void Impossible_settings_are_refused()
    {
        Assert.Throws<BadInputException>(() => new DenoisingConfiguration(strength: 0));
        Assert.Throws<BadInputException>(() => new DenoisingConfiguration(patch: 4));
        Assert.Throws<BadInputException>(() => new DenoisingConfiguration(search: 2));
        Assert.Throws<BadInputException>(() => new DenoisingConfiguration(noise: -1));
    }
}
