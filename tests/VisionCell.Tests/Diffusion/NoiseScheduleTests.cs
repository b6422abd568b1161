using VisionCell.Diffusion;

namespace VisionCell.Tests.Diffusion;

public sealed class NoiseScheduleTests
{
    private static readonly NoiseSchedule _schedule = new(0.35);

    /// <summary>What EDM's appendix B.6 derives the scalings from.</summary>
    [Theory]
    [InlineData(0.002)]
    [InlineData(0.1)]
    [InlineData(0.35)]
    [InlineData(4)]
    public void What_the_network_takes_and_has_to_give_has_unit_variance(double sigma)
    {
        var (skip, output, input) = (_schedule.Skip(sigma), _schedule.Output(sigma), _schedule.Input(sigma));
        Assert.Equal(1, input * input * (0.35 * 0.35 + sigma * sigma), 12);
        // target = (r − c_skip (r + σ n)) / c_out
        Assert.Equal(1, (Math.Pow(1 - skip, 2) * 0.35 * 0.35 + skip * skip * sigma * sigma) / (output * output), 12);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(50)]
    public void Levels_fall_from_the_start_to_none(int steps)
    {
        var levels = _schedule.Levels(steps, 1.5);
        Assert.Equal(steps + 1, levels.Length);
        Assert.Equal(1.5, levels[0], 12);
        Assert.Equal(0, levels[^1]);
        Assert.All(levels.Zip(levels.Skip(1)), pair => Assert.True(pair.First > pair.Second));
    }

    [Fact]
    public void Levels_trained_at_lie_about_those_where_structure_and_noise_are_alike()
    {
        var random = new Random(1);
        var levels = Enumerable.Range(0, 10_000).Select(_ => _schedule.Trained(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()))).Order().ToArray();
        Assert.Equal(0.6 * 0.35, levels[5_000], 0.02);
        Assert.All(levels, level => Assert.InRange(level, _schedule.Least, _schedule.Most));
    }
}
