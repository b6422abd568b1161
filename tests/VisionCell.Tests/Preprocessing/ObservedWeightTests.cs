using VisionCell.Preprocessing;

namespace VisionCell.Tests.Preprocessing;

public sealed class ObservedWeightTests
{
    private const int Edge = 160;

    /// <summary>A smooth section, its prediction with an error of known variance, and an observation with noise of known variance.</summary>
    private static (float[] Truth, float[] Observed, float[] Predicted) Example(double constant, double slope, double error, int seed)
    {
        var random = new Random(seed);
        double Normal() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        var truth = new float[Edge * Edge];
        var (observed, predicted) = (new float[truth.Length], new float[truth.Length]);
        for (var i = 0; i < truth.Length; i++)
        {
            truth[i] = 120 + 90 * MathF.Sin(i % Edge / 15f) * MathF.Cos(i / Edge / 19f);
            observed[i] = (float)(truth[i] + Math.Sqrt(constant + slope * truth[i]) * Normal());
            predicted[i] = (float)(truth[i] + error * Normal());
        }
        return (truth, observed, predicted);
    }

    private static double Error(float[] a, float[] b) => a.Zip(b, (u, v) => ((double)u - v) * ((double)u - v)).Average();

    [Theory]
    [InlineData(400, 0, 10)]
    [InlineData(50, 3, 12)]
    [InlineData(0, 2, 8)]
    public void Both_variances_are_found_and_the_blend_beats_prediction_and_observation(double constant, double slope, double error)
    {
        var (truth, observed, predicted) = Example(constant, slope, error, 1);
        var weight = ObservedWeight.Fit([(observed, predicted)], Edge, Edge);
        Assert.Equal(constant + slope * 60, weight.NoiseVariance(60), 0.12 * (constant + slope * 60));
        Assert.Equal(constant + slope * 180, weight.NoiseVariance(180), 0.12 * (constant + slope * 180));
        Assert.Equal(error * error, weight.ErrorVariance, 0.2 * error * error);

        var (alone, noise) = (Error(predicted, truth), Error(observed, truth));
        weight.Apply(observed, predicted, Edge, Edge);
        // The best that two independent errors allow, and a twentieth more for what is estimated.
        Assert.InRange(Error(predicted, truth), 0, 1.05 / (1 / alone + 1 / noise));
    }

    [Fact]
    public void Without_noise_the_observation_stays()
    {
        var (truth, _, predicted) = Example(0, 0, 20, 1);
        var weight = ObservedWeight.Fit([(truth, predicted)], Edge, Edge);
        weight.Apply(truth, predicted, Edge, Edge);
        Assert.InRange(Math.Sqrt(Error(predicted, truth)), 0, 0.2);
    }

    [Fact]
    public void A_perfect_prediction_stays()
    {
        var (truth, observed, _) = Example(400, 0, 0, 2);
        var predicted = truth.ToArray();
        var weight = ObservedWeight.Fit([(observed, predicted)], Edge, Edge);
        weight.Apply(observed, predicted, Edge, Edge);
        Assert.InRange(Math.Sqrt(Error(predicted, truth)), 0, 2.5);
    }
}
