using VisionCell.Reconstruction;

namespace VisionCell.Tests.Reconstruction;

public sealed class MemberWeightsTests
{
    private const int Count = 10_000;

    private static float[] Noise(int seed, double deviation, int count = Count)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)(deviation * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];
    }

    private static float[] Sum(float[] a, float[] b, float share = 1) => [.. a.Zip(b, (x, y) => x + share * y)];

    private static double MeanSquare(float[] a, float[] b) => a.Zip(b, (x, y) => (double)(x - y) * (x - y)).Average();

    [Fact]
    public void Independent_errors_weigh_as_one_over_their_variance()
    {
        var truth = Noise(1, 30);
        var weights = MemberWeights.Fit([Sum(truth, Noise(2, 1)), Sum(truth, Noise(3, 2)), Sum(truth, Noise(4, 4))], truth, 4);
        // 1, 1/4, 1/16 over their sum.
        Assert.Equal(16 / 21.0, weights.Mean[0], 0.02);
        Assert.Equal(4 / 21.0, weights.Mean[1], 0.02);
        Assert.Equal(1 / 21.0, weights.Mean[2], 0.02);
    }

    [Fact]
    public void A_member_that_only_adds_to_the_error_of_another_has_no_weight()
    {
        var truth = Noise(1, 30);
        var error = Noise(2, 2);
        var weights = MemberWeights.Fit([Sum(truth, error), Sum(Sum(truth, error), error, 0.5f)], truth, 4);
        Assert.Equal([1, 0], weights.Mean);
        // Members that say the same share one weight.
        Assert.Equal(1, MemberWeights.Fit([truth, truth], truth, 4).Mean.Sum(), 1e-6);
    }

    [Fact]
    public void Where_members_lie_apart_weights_are_those_of_such_places()
    {
        // In the first half both are good, and the second the better; in the other half the second is far off.
        const int count = 200_000;
        var truth = Noise(1, 30, count);
        var (first, second) = (Sum(truth, Noise(2, 1, count)), Sum(truth, Noise(3, 0.5, count)));
        for (var i = count / 2; i < count; i++)
            second[i] = truth[i] + 20 * (second[i] - truth[i]);
        var weights = MemberWeights.Fit([first, second], truth, 4);
        var result = new float[count];
        weights.Combine([first, second], result);
        var constant = MemberWeights.Share(first, second, truth);
        float[] mixed = [.. first.Zip(second, (a, b) => (float)(a + constant * (b - a)))];
        Assert.True(MeanSquare(result, truth) < 0.8 * MeanSquare(mixed, truth), $"{MeanSquare(result, truth)} to {MeanSquare(mixed, truth)}");

        // Twice as far apart at another scale is the same place.
        var twice = new float[count];
        weights.Scaled(2).Combine([[.. first.Select(v => 2 * v)], [.. second.Select(v => 2 * v)]], twice);
        Assert.All(Enumerable.Range(0, count / 1000), i => Assert.Equal(2 * result[1000 * i], twice[1000 * i], 1e-3f));
    }

    [Fact]
    public void The_whole_weight_on_one_member_is_that_member()
    {
        var (a, b, result) = (Noise(1, 1), Noise(2, 1), new float[Count]);
        MemberWeights.Only(1, 2).Combine([a, b], result);
        Assert.Equal(b, result);
    }

    [Fact]
    public void Half_of_the_way_to_the_best_weights_keeps_three_quarters_of_what_they_gain()
    {
        var truth = Noise(1, 30);
        float[][] members = [Sum(truth, Noise(2, 2)), Sum(truth, Noise(3, 1)), Sum(truth, Noise(4, 4))];
        var best = MemberWeights.Best(members, truth);
        Assert.Equal(1, best);
        var weights = MemberWeights.Fit(members, truth, 1);
        double Error(MemberWeights some)
        {
            var result = new float[Count];
            some.Combine(members, result);
            return MeanSquare(result, truth);
        }
        var alone = MeanSquare(members[1], truth);
        Assert.Equal(0.75, (alone - Error(weights.From(best, 0.5))) / (alone - Error(weights)), 0.01);
        Assert.Equal(alone, Error(weights.From(best, 0)), 1e-6);
        Assert.Equal(weights.Mean, weights.From(best, 1).Mean);
    }
}
