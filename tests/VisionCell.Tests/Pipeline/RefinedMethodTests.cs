using VisionCell.Acquisition;
using VisionCell.Evaluation;
using VisionCell.Pipeline;
using VisionCell.Reconstruction;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Tests.Pipeline;

/// <summary>The real sample, sparse, with super-resolution trained for a few steps, and what refinement makes of it.</summary>
public sealed class RefinedSample : IDisposable
{
    public RefinedSample()
    {
        Truth = Sample.Medulla(new Box(8, 0, 0, new Shape3(49, 112, 104)));
        Sparse = AxialSampling.Decimate(6).Acquire(Truth);
        Refined = Set["superresolution"];
        Refined.Train(Sparse, new TrainingOptions(Steps: 40));
    }

    internal MethodSet Set { get; } = new();

    internal Volume<float> Truth { get; }

    internal SparseVolume Sparse { get; }

    internal IReconstructionMethod Refined { get; }

    internal Box Box => Box.Of(Sparse.IsotropicShape);

    internal Scores Score(Volume<float> volume) => Evaluator.Score(volume, Truth.Crop(Box), ScoredRegion.HeldOut(Sparse.Sampling, Sparse.Sections), 255, default);

    public void Dispose() => Set.Dispose();
}

public sealed class RefinedMethodTests(RefinedSample sample) : IClassFixture<RefinedSample>
{
    [Fact]
    public void What_is_expected_of_the_residual_brings_the_regression_closer_and_keeps_its_detail()
    {
        var regression = sample.Score(sample.Set.Regression.Reconstruct(sample.Sparse, sample.Box));
        var refined = sample.Refined.Reconstruct(sample.Sparse, sample.Box);
        var score = sample.Score(refined);
        Assert.InRange(sample.Refined.Findings["refinementShare"], 0.2, 1);
        Assert.True(score.Psnr > regression.Psnr + 0.05, $"refined {score.Psnr} dB, before {regression.Psnr} dB");
        using var linear = new AxialInterpolation(InterpolationKernel.Linear);
        Assert.True(score.HighFrequencyRatio >= sample.Score(linear.Reconstruct(sample.Sparse, sample.Box)).HighFrequencyRatio, $"detail {score.HighFrequencyRatio}");
        for (var section = 0; section < sample.Sparse.Sections; section++)
            Assert.Equal(sample.Sparse.Observed.Section(section).ToArray(), refined.Section(6 * section).ToArray());
    }

    [Fact]
    public void Errors_to_expect_shrink_with_the_errors()
    {
        var (before, after) = (sample.Set.Regression.Uncertainty(sample.Sparse, sample.Box)!, sample.Refined.Uncertainty(sample.Sparse, sample.Box)!);
        Assert.InRange(after.Data.Average() / before.Data.Average(), 0.8, 1);
        var score = UncertaintyScore.Of(sample.Refined.Reconstruct(sample.Sparse, sample.Box), sample.Truth.Crop(sample.Box), after, ScoredRegion.HeldOut(sample.Sparse.Sampling, sample.Sparse.Sections));
        Assert.InRange(score.Coverage90, 0.82, 0.97);
    }

    [Fact]
    public void A_block_is_a_part_of_the_whole()
    {
        var block = new Box(12, 40, 8, new Shape3(18, 24, 40));
        var (part, whole) = (sample.Refined.Reconstruct(sample.Sparse, block), sample.Refined.Reconstruct(sample.Sparse, sample.Box).Crop(block));
        var largest = part.Data.Zip(whole.Data).Max(p => Math.Abs(p.First - p.Second));
        Assert.True(largest < 1, $"{largest} grey values");
    }

    [Fact]
    public void It_does_not_pass_the_regression_off_as_refined()
    {
        using var set = new MethodSet();
        set.Regression.Train(sample.Sparse, new TrainingOptions(Steps: 1));
        Assert.Contains("train", Assert.Throws<InvalidOperationException>(() => set["superresolution"].Reconstruct(sample.Sparse, sample.Box)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void From_scratch_it_is_the_regression_alone()
    {
        using var set = new MethodSet();
        set["superresolution"].Train(sample.Sparse, new TrainingOptions(Steps: 2, FromScratch: true));
        Assert.Equal(set.Regression.Reconstruct(sample.Sparse, sample.Box).Data, set["superresolution"].Reconstruct(sample.Sparse, sample.Box).Data);
        Assert.Equal(0, set["superresolution"].Findings["refinementShare"]);
    }
}
