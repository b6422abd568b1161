using VisionCell.Diffusion;
using static TorchSharp.torch;

namespace VisionCell.Tests.Diffusion;

/// <summary>Samplers with the exact denoiser of a Gaussian, whose mean and covariance the samples must have.</summary>
public sealed class SamplerTests
{
    private const int Count = 40_000;

    private static readonly double[] _mean = [0.3, -0.1];

    // Two correlated numbers: deviations 0.5 and 0.1 along the diagonals.
    private const double Long = 0.5;
    private const double Short = 0.1;

    [Theory]
    [InlineData(SamplerKind.Ddim, 50)]
    [InlineData(SamplerKind.DpmSolver, 30)]
    [InlineData(SamplerKind.Ancestral, 250)]
    public void A_gaussian_is_sampled_to_its_mean_and_covariance(SamplerKind kind, int steps)
    {
        using var scope = NewDisposeScope();
        var samples = Draw(kind, steps);
        var (first, second) = (samples.select(1, 0), samples.select(1, 1));
        Assert.Equal(_mean[0], first.mean().item<float>(), 0.02);
        Assert.Equal(_mean[1], second.mean().item<float>(), 0.02);
        // Along the diagonals the covariance is diagonal.
        var (sum, difference) = (first.add(second) / (float)Math.Sqrt(2), (first - second) / (float)Math.Sqrt(2));
        Assert.Equal(Long, sum.std().item<float>(), 0.03);
        Assert.Equal(Short, difference.std().item<float>(), 0.01);
    }

    [Fact]
    public void The_second_order_solver_comes_closer_in_as_many_steps()
    {
        using var scope = NewDisposeScope();
        double Error(SamplerKind kind) => Math.Abs((Draw(kind, 12).sum(1) / (float)Math.Sqrt(2)).std().item<float>() - Long);
        Assert.True(Error(SamplerKind.DpmSolver) < 0.5 * Error(SamplerKind.Ddim), $"{Error(SamplerKind.DpmSolver)} and {Error(SamplerKind.Ddim)}");
    }

    [Fact]
    public void What_is_known_is_exact_after_every_step()
    {
        using var scope = NewDisposeScope();
        var known = tensor(0.7f);
        var seen = 0;
        var result = new Sampler(SamplerKind.Ancestral, Denoise).Run(
            randn([8, 2]),
            new NoiseSchedule(0.35).Levels(10, 2),
            _ => randn([8, 2]),
            (x, sigma) =>
            {
                seen++;
                var constrained = x.clone();
                constrained.select(1, 0).copy_(known.add(randn([8]) * (float)sigma));
                return constrained;
            });
        Assert.Equal(11, seen);
        Assert.True((result.select(1, 0) - known).abs().max().item<float>() < 1e-6);
        Assert.True(result.select(1, 1).isfinite().all().item<bool>());
    }

    [Fact]
    public void Each_step_shows_what_it_expects()
    {
        using var scope = NewDisposeScope();
        List<int> shown = [];
        new Sampler(SamplerKind.Ddim, Denoise).Run(randn([8, 2]), new NoiseSchedule(0.35).Levels(5, 2), _ => randn([8, 2]), null, (step, _) => shown.Add(step));
        Assert.Equal([0, 1, 2, 3, 4], shown);
    }

    private static Tensor Draw(SamplerKind kind, int steps)
    {
        using var generator = new Generator(1, CPU);
        var schedule = new NoiseSchedule(0.35);
        return new Sampler(kind, Denoise).Run(randn([Count, 2], generator: generator) * (float)schedule.Most, schedule.Levels(steps, schedule.Most), _ => randn([Count, 2], generator: generator));
    }

    /// <summary>E[r | r + σ n] for the Gaussian: each diagonal by its own share of the noise.</summary>
    private static Tensor Denoise(Tensor x, double sigma)
    {
        var mean = tensor(_mean.Select(m => (float)m).ToArray(), [1, 2]);
        var centred = x - mean;
        var (sum, difference) = (centred.sum(1, keepdim: true) * 0.5f, centred.narrow(1, 0, 1) - centred.narrow(1, 1, 1));
        var (a, b) = ((float)(Long * Long / (Long * Long + sigma * sigma)), (float)(0.5 * Short * Short / (Short * Short + sigma * sigma)));
        return mean.add(cat([sum * a + difference * b, sum * a - difference * b], 1));
    }
}
