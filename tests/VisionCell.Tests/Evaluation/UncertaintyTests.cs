using System.Text.Json;
using VisionCell.Acquisition;
using VisionCell.Evaluation;
using VisionCell.Volumes;

namespace VisionCell.Tests.Evaluation;

/// <summary>Laws of what is said of a method's own uncertainty.</summary>
public class UncertaintyTests
{
    private static readonly VoxelSize _size = new(1, 1, 1);
    private static readonly Shape3 _shape = new(20, 64, 64);

    private static (Volume<float> Reconstruction, Volume<float> Truth, Volume<float> Expected) Normal()
    {
        var deviation = EvaluationFixture.Volume(_shape, (z, y, x) => 1 + x % 8 + z % 3 + 0.01 * y, _size);
        var unit = EvaluationFixture.Noise(_shape, 1, 5, _size);
        return (EvaluationFixture.Volume(_shape, (z, y, x) => deviation[z, y, x] * unit[z, y, x], _size), new Volume<float>(_shape, _size, default, Provenance.Of("zero")), deviation.Map(d => d * 0.797885f));
    }

    [Fact]
    public void Errors_that_are_as_expected_are_covered_at_every_level_and_calibrated()
    {
        var (a, b, u) = Normal();
        var score = UncertaintyScore.Of(a, b, u, ScoredRegion.All(20));
        Assert.Equal([0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99], score.Coverage!.Select(c => c.Nominal));
        Assert.All(score.Coverage!, c => Assert.Equal(c.Nominal, c.Observed, 0.008));
        Assert.Equal(score.Coverage90, score.Coverage![4].Observed);
        Assert.InRange(score.CalibrationError!.Value, 0, 0.03);
        Assert.Equal(10, score.Calibration!.Count);
        var half = UncertaintyScore.Of(a, b, u.Map(v => v / 2), ScoredRegion.All(20));
        Assert.Equal(1, half.CalibrationError!.Value, 0.05);
        Assert.Equal(score.RankCorrelation!.Value, half.RankCorrelation!.Value, 1e-12);
        Assert.Equal(score.SparsificationError!.Value, half.SparsificationError!.Value, 1e-12);
    }

    [Fact]
    public void Knowing_the_error_itself_is_the_oracle_and_knowing_nothing_removes_nothing()
    {
        var (a, b, _) = Normal();
        var oracle = UncertaintyScore.Of(a, b, a.Map(Math.Abs), ScoredRegion.All(20));
        Assert.Equal(1, oracle.RankCorrelation!.Value, 1e-12);
        Assert.Equal(0, oracle.SparsificationError!.Value, 1e-12);
        Assert.Equal(0, oracle.CalibrationError!.Value, 1e-6);
        var none = UncertaintyScore.Of(a, b, EvaluationFixture.Noise(_shape, 1, 99, _size).Map(v => Math.Abs(v) + 1), ScoredRegion.All(20));
        Assert.InRange(none.RankCorrelation!.Value, -0.02, 0.02);
        Assert.All(none.Sparsification!.Where(p => p.Removed < 0.9), p => Assert.Equal(1, p.Error, 0.03));
        Assert.Equal((0.0, 1.0, 1.0), (none.Sparsification![0].Removed, none.Sparsification[0].Error, none.Sparsification[0].Oracle));
        Assert.True(none.SparsificationError > 0.3);
    }

    [Fact]
    public void Ranks_agree_with_SciPy_where_many_are_tied()
    {
        var golden = JsonDocument.Parse(File.ReadAllText(Path.Combine(Path.GetDirectoryName(EvaluationFixture.GoldenPath())!, "more.json"))).RootElement;
        var (a, b) = EvaluationFixture.Golden();
        var expected = EvaluationFixture.Volume(b.Shape, (z, y, x) => 4 + (x + 2 * y + 3 * z) % 11 + (x > 30 ? 5 : 0));
        var score = UncertaintyScore.Of(a, b, expected, ScoredRegion.HeldOut(AxialSampling.Decimate(4), 7));
        Assert.Equal(golden.GetProperty("rankCorrelation").GetDouble(), score.RankCorrelation!.Value, 1e-9);
    }

    [Fact]
    public void Without_any_error_or_expectation_nothing_is_divided_by_zero()
    {
        var zero = new Volume<float>(new Shape3(3, 4, 5), _size, default, Provenance.Of("zero"));
        var score = UncertaintyScore.Of(zero, zero, zero, ScoredRegion.All(3));
        Assert.Equal(1, score.Coverage90);
        Assert.Null(score.ErrorCorrelation);
        Assert.Null(score.RankCorrelation);
        Assert.Null(score.CalibrationError);
        Assert.Null(score.Sparsification);
    }

    [Fact]
    public void Only_what_counts_is_looked_at()
    {
        var (a, b, u) = Normal();
        var region = ScoredRegion.HeldOut(AxialSampling.Decimate(4), 5).WithoutBorder(new Shape3(17, 64, 64), 4);
        var box = new Box(0, 0, 0, new Shape3(17, 64, 64));
        var (c, d, v) = (a.Crop(box), b.Crop(box), u.Crop(box));
        var score = UncertaintyScore.Of(c, d, v, region);
        var wrong = EvaluationFixture.Volume(c.Shape, (z, y, x) => region.IsScored(z, y, x) ? c[z, y, x] : 500, _size);
        Assert.Equal(score.Coverage, UncertaintyScore.Of(wrong, d, v, region).Coverage);
        Assert.Equal(score.SparsificationError, UncertaintyScore.Of(wrong, d, v, region).SparsificationError);
    }
}
