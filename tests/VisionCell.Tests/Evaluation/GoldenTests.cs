using System.Text.Json;
using VisionCell.Acquisition;
using VisionCell.Evaluation;
using VisionCell.Volumes;

namespace VisionCell.Tests.Evaluation;

/// <summary>Agreement with scikit-image, SciPy and NumPy (tests/goldens/evaluation/make.py).</summary>
public class GoldenTests
{
    private static readonly JsonElement _golden = JsonDocument.Parse(File.ReadAllText(EvaluationFixture.GoldenPath())).RootElement;

    [Theory]
    [InlineData("all", 25)]
    [InlineData("decimate4", 25)]
    [InlineData("pool4", 24)]
    public void Scores_agree_with_independent_tools(string region, int rows)
    {
        var (reconstruction, reference) = EvaluationFixture.Golden(rows);
        var scored = region switch
        {
            "all" => ScoredRegion.All(rows),
            "decimate4" => ScoredRegion.HeldOut(AxialSampling.Decimate(4), 7),
            _ => ScoredRegion.HeldOut(AxialSampling.Pool(4), 6),
        };

        var scores = Evaluator.Score(reconstruction, reference, scored, 255, TestContext.Current.CancellationToken);

        var golden = _golden.GetProperty(region);
        Assert.Equal(golden.GetProperty("psnr").GetDouble(), scores.Psnr, 1e-9);
        Assert.Equal(golden.GetProperty("ssimXy").GetDouble(), scores.SsimXy!.Value, 1e-9);
        Assert.Equal(golden.GetProperty("ssimXz").GetDouble(), scores.SsimXz!.Value, 1e-9);
        Assert.Equal(golden.GetProperty("ssimYz").GetDouble(), scores.SsimYz!.Value, 1e-9);
        Assert.Equal(golden.GetProperty("fsim").GetDouble(), scores.Fsim!.Value, 1e-5);
        Assert.Equal(golden.GetProperty("highFrequencyRatio").GetDouble(), scores.HighFrequencyRatio!.Value, 1e-9);
    }

    [Fact]
    public void Feature_similarity_of_sections_that_are_averaged_down_agrees()
    {
        var (reconstruction, reference) = EvaluationFixture.GoldenSections();
        var similarity = Fsim.Compute(reconstruction, reference, ScoredRegion.All(2), 255, TestContext.Current.CancellationToken)!.Value;
        Assert.Equal(_golden.GetProperty("fsimLarge").GetDouble(), similarity, 1e-5);
    }

    [Theory]
    [InlineData("shellCorrelation", 90)]
    [InlineData("axialCorrelation", 20)]
    public void Shell_correlation_agrees_with_a_transform_by_NumPy(string curveName, double cone)
    {
        // Odd voxel sizes, so that no frequency lies on the border of two shells, where rounding decides.
        var (reconstruction, reference) = EvaluationFixture.Golden(size: new VoxelSize(12.03, 8.017, 10.11));

        var curve = FourierShellCorrelation.Compute(reconstruction, reference, coneDegrees: cone, cancellation: TestContext.Current.CancellationToken);

        var golden = _golden.GetProperty(curveName).EnumerateArray().Select(v => v.GetDouble()).ToArray();
        Assert.Equal(golden.Length, curve.Shells.Count);
        Assert.All(golden.Zip(curve.Shells), pair => Assert.Equal(pair.First, pair.Second.Correlation!.Value, 1e-9));
    }
}
