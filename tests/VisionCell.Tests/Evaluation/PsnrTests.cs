using VisionCell.Acquisition;
using VisionCell.Evaluation;
using VisionCell.Volumes;

namespace VisionCell.Tests.Evaluation;

public class PsnrTests
{
    [Fact]
    public void Noise_of_known_deviation_has_the_psnr_that_its_variance_says()
    {
        var reference = EvaluationFixture.Volume(new Shape3(20, 64, 64), (z, y, x) => 100 + z + y - x);
        var noisy = EvaluationFixture.Sum(reference, EvaluationFixture.Noise(reference.Shape, 8, 1));

        // 81,920 samples: the mean square is known to 0.5 %, 0.02 dB.
        Assert.Equal(20 * Math.Log10(255 / 8.0), Psnr.Compute(noisy, reference, ScoredRegion.All(20), 255), 0.08);
    }

    [Fact]
    public void An_offset_counts_exactly_and_identity_is_infinite()
    {
        var reference = EvaluationFixture.Golden().Reference;
        var shifted = EvaluationFixture.Volume(reference.Shape, (z, y, x) => reference[z, y, x] + 5);
        Assert.Equal(20 * Math.Log10(51), Psnr.Compute(shifted, reference, ScoredRegion.All(25), 255), 1e-12);
        Assert.Equal(double.PositiveInfinity, Psnr.Compute(reference, reference, ScoredRegion.All(25), 255));
    }

    [Fact]
    public void Only_scored_rows_count()
    {
        var reference = EvaluationFixture.Golden().Reference;
        var region = ScoredRegion.HeldOut(AxialSampling.Decimate(4), 7);
        var wrongWhereObserved = EvaluationFixture.Volume(reference.Shape, (z, y, x) => reference[z, y, x] + (z % 4 == 0 ? 50 : 0));
        Assert.Equal(double.PositiveInfinity, Psnr.Compute(wrongWhereObserved, reference, region, 255));
        Assert.True(Psnr.Compute(wrongWhereObserved, reference, ScoredRegion.All(25), 255) < 25);
    }

    [Fact]
    public void Scaling_values_and_range_together_changes_nothing()
    {
        var (a, b) = EvaluationFixture.Golden();
        var region = ScoredRegion.All(25);
        Assert.Equal(
            Psnr.Compute(a, b, region, 255),
            Psnr.Compute(a.Map(v => v * 256), b.Map(v => v * 256), region, 255 * 256), 1e-12);
        Assert.Equal(Psnr.Compute(a, b, region, 255), Psnr.Compute(b, a, region, 255), 1e-12);
    }

    [Fact]
    public void Uncertainty_of_the_right_size_covers_nine_tenths()
    {
        var shape = new Shape3(20, 64, 64);
        var reference = new Volume<float>(shape, new VoxelSize(1, 1, 1), default, Provenance.Of("test"));
        var deviation = EvaluationFixture.Volume(shape, (z, _, x) => 1 + x % 8 + z % 3, new VoxelSize(1, 1, 1));
        var unit = EvaluationFixture.Noise(shape, 1, 5, new VoxelSize(1, 1, 1));
        var reconstruction = EvaluationFixture.Volume(shape, (z, y, x) => deviation[z, y, x] * unit[z, y, x], new VoxelSize(1, 1, 1));
        var expected = deviation.Map(d => d * 0.797885f);

        var score = UncertaintyScore.Of(reconstruction, reference, expected, ScoredRegion.All(20));
        Assert.Equal(0.9, score.Coverage90, 0.005);
        Assert.InRange(score.ErrorCorrelation!.Value, 0.3, 0.7);

        var overconfident = UncertaintyScore.Of(reconstruction, reference, expected.Map(u => u / 2), ScoredRegion.All(20));
        Assert.Equal(0.589, overconfident.Coverage90, 0.01);
        Assert.Equal(score.ErrorCorrelation!.Value, overconfident.ErrorCorrelation!.Value, 1e-6);
    }
}
