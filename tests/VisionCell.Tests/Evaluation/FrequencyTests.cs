using VisionCell.Evaluation;
using VisionCell.Volumes;

namespace VisionCell.Tests.Evaluation;

/// <summary>Laws of the two measures that look at frequencies.</summary>
public class FrequencyTests
{
    private static readonly VoxelSize _cube = new(10, 10, 10);

    [Fact]
    public void Contrast_multiplies_the_high_frequency_ratio_and_offsets_leave_it()
    {
        var reference = EvaluationFixture.Golden().Reference;
        var region = ScoredRegion.All(25);
        Assert.Equal(1, HighFrequencyRatio.Compute(reference, reference, region)!.Value, 1e-12);
        Assert.Equal(0.5, HighFrequencyRatio.Compute(reference.Map(v => v * 0.5f + 30), reference, region)!.Value, 1e-5);
    }

    [Fact]
    public void White_noise_keeps_the_share_that_the_blur_cannot_hold()
    {
        var noise = EvaluationFixture.Noise(new Shape3(32, 48, 48), 10, 3);

        // Var(v - g*v) = s² (1 - 2 g0 + Σg²), with g0 the peak and Σg² the squared norm of the three-dimensional kernel.
        var weights = Enumerable.Range(-8, 17).Select(i => Math.Exp(-i * i / 8.0)).ToArray();
        var sum = weights.Sum();
        var peak = Math.Pow(1 / sum, 3);
        var norm = Math.Pow(weights.Sum(w => w * w / sum / sum), 3);
        Assert.Equal(10 * Math.Sqrt(1 - 2 * peak + norm), HighFrequencyRatio.Deviation(noise, ScoredRegion.All(32), default), 0.1);
    }

    [Fact]
    public void A_reference_without_detail_gives_no_ratio()
    {
        var flat = EvaluationFixture.Volume(new Shape3(12, 12, 12), (_, _, _) => 77.3);
        Assert.Null(HighFrequencyRatio.Compute(flat, flat, ScoredRegion.All(12)));
    }

    [Fact]
    public void Identical_volumes_correlate_in_every_shell_and_never_cross()
    {
        var noise = EvaluationFixture.Noise(new Shape3(21, 32, 26), 10, 4);
        var curve = FourierShellCorrelation.Compute(noise.Map(v => 3 * v + 50), noise);
        Assert.All(curve.Shells, s => Assert.Equal(1, s.Correlation!.Value, 1e-5));
        Assert.Null(curve.ResolutionNm);
    }

    [Fact]
    public void Independent_noise_does_not_correlate()
    {
        var shape = new Shape3(32, 32, 32);
        var curve = FourierShellCorrelation.Compute(EvaluationFixture.Noise(shape, 10, 5, _cube), EvaluationFixture.Noise(shape, 10, 6, _cube));
        Assert.All(curve.Shells.Skip(6), s => Assert.InRange(s.Correlation!.Value, -0.12, 0.12));
    }

    [Fact]
    public void Resolution_is_where_the_common_waves_end()
    {
        // Waves common to both down to a period of 5 voxels (50 nm) and, below it, waves of independent phase.
        var shape = new Shape3(40, 40, 40);
        var a = Waves(shape, 11, 0.2);
        var b = Waves(shape, 12, 0.2);
        var resolution = FourierShellCorrelation.Compute(a, b).ResolutionNm!.Value;
        Assert.InRange(resolution, 42, 52);
    }

    [Fact]
    public void The_axial_cone_sees_what_is_lost_along_z_and_nothing_else()
    {
        // Blurred along z only, by the mean of five rows with fresh noise: the whole shell still correlates through its lateral part.
        var shape = new Shape3(40, 40, 40);
        var truth = EvaluationFixture.Noise(shape, 10, 8, _cube);
        var blurred = EvaluationFixture.Volume(shape, (z, y, x) => Enumerable.Range(-2, 5).Average(k => truth[(z + k + 40) % 40, y, x]), _cube);
        var mixed = EvaluationFixture.Sum(blurred, EvaluationFixture.Noise(shape, 1, 9, _cube));
        var axial = FourierShellCorrelation.Compute(mixed, truth, 0.5, FourierShellCorrelation.AxialCone).ResolutionNm!.Value;
        var whole = FourierShellCorrelation.Compute(mixed, truth, 0.5).ResolutionNm;

        // The mean of five rows has its first zero at a period of 50 nm.
        Assert.InRange(axial, 48, 75);
        Assert.True(whole is null || whole < axial, $"{whole} nm over the shell, {axial} nm along z");
    }

    [Fact]
    public void Less_noise_is_finer_resolution()
    {
        var shape = new Shape3(40, 40, 40);
        var truth = EvaluationFixture.Volume(shape, (z, y, x) => 0, _cube);
        for (var i = 2; i < 18; i++)
        {
            var wave = Wave(shape, new Random(100 + i), i / 40.0);
            truth = EvaluationFixture.Sum(truth, wave, 8.0 / i);
        }
        var noise = EvaluationFixture.Noise(shape, 1, 7, _cube);
        double Resolution(double amount) => FourierShellCorrelation.Compute(EvaluationFixture.Sum(truth, noise, amount), truth, 0.5).ResolutionNm ?? 20;
        Assert.True(Resolution(12) > Resolution(3), $"{Resolution(12)} nm with more noise, {Resolution(3)} nm with less");
    }

    /// <summary>Plane waves of many frequencies (cycles a voxel): those below the cut are the same for every seed.</summary>
    private static Volume<float> Waves(Shape3 shape, int seed, double cut)
    {
        var sum = EvaluationFixture.Volume(shape, (_, _, _) => 0, _cube);
        for (var i = 0; i < 120; i++)
        {
            var frequency = 0.02 + 0.46 * i / 120;
            sum = EvaluationFixture.Sum(sum, Wave(shape, new Random(frequency < cut ? i : seed * 1000 + i), frequency));
        }
        return sum;
    }

    private static Volume<float> Wave(Shape3 shape, Random random, double frequency)
    {
        var (u, v, w) = (random.NextDouble() - 0.5, random.NextDouble() - 0.5, random.NextDouble() - 0.5);
        var norm = 2 * Math.PI * frequency / Math.Sqrt(u * u + v * v + w * w);
        var phase = random.NextDouble() * 2 * Math.PI;
        return EvaluationFixture.Volume(shape, (z, y, x) => 10 * Math.Cos(norm * (u * z + v * y + w * x) + phase), _cube);
    }
}
