using VisionCell.Evaluation;
using VisionCell.Volumes;

namespace VisionCell.Tests.Evaluation;

public class FsimTests
{
    [Fact]
    public void A_section_is_wholly_similar_to_itself_and_the_measure_is_symmetric()
    {
        var (a, b) = EvaluationFixture.Golden();
        var region = ScoredRegion.All(25);
        Assert.Equal(1, Fsim.Compute(b, b, region, 255)!.Value, 1e-6);
        Assert.Equal(Fsim.Compute(a, b, region, 255)!.Value, Fsim.Compute(b, a, region, 255)!.Value, 1e-6);
    }

    [Fact]
    public void More_noise_is_less_similar()
    {
        var reference = EvaluationFixture.Golden().Reference;
        var noise = EvaluationFixture.Noise(reference.Shape, 1, 4);
        double Score(double amount) => Fsim.Compute(EvaluationFixture.Sum(reference, noise, amount), reference, ScoredRegion.All(25), 255)!.Value;
        Assert.True(1 > Score(3) && Score(3) > Score(12) && Score(12) > Score(40));
    }

    [Fact]
    public void Values_scaled_with_their_range_score_the_same()
    {
        var (a, b) = EvaluationFixture.Golden();
        Assert.Equal(
            Fsim.Compute(a, b, ScoredRegion.All(25), 255)!.Value,
            Fsim.Compute(a.Map(v => v * 256), b.Map(v => v * 256), ScoredRegion.All(25), 255 * 256)!.Value, 1e-6);
    }

    [Fact]
    public void Phase_congruency_is_high_on_an_edge_of_any_contrast_and_low_in_noise()
    {
        float[] Edge(float contrast) => [.. Enumerable.Range(0, 64 * 64).Select(i => i % 64 is >= 20 and < 44 ? contrast : 0)];
        var congruency = new PhaseCongruency(64, 64);
        var (weak, strong) = (congruency.Compute(Edge(20)), congruency.Compute(Edge(200)));
        Assert.True(strong[32 * 64 + 20] > 0.5, $"{strong[32 * 64 + 20]} on the edge");
        Assert.Equal(strong[32 * 64 + 20], weak[32 * 64 + 20], 0.02f);
        var random = new Random(3);
        var noise = congruency.Compute([.. Enumerable.Range(0, 64 * 64).Select(_ => (float)random.NextDouble())]);
        Assert.True(noise.Average() < 0.25, $"{noise.Average()} in noise");
        Assert.All(noise, v => Assert.InRange(v, 0, 1));
    }

    [Fact]
    public void What_shows_nothing_is_not_measured()
    {
        var flat = EvaluationFixture.Volume(new Shape3(4, 32, 32), (_, _, _) => 0);
        Assert.Null(Fsim.Compute(flat, flat, ScoredRegion.All(4), 255));
        var small = EvaluationFixture.Volume(new Shape3(4, 15, 32), (z, y, x) => x * y + z);
        Assert.Null(Fsim.Compute(small, small, ScoredRegion.All(4), 255));
    }
}
