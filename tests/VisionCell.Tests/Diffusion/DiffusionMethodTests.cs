using VisionCell.Acquisition;
using VisionCell.Diffusion;
using VisionCell.Evaluation;
using VisionCell.Reconstruction;
using VisionCell.Runs;
using VisionCell.SuperResolution;
using VisionCell.Volumes;

namespace VisionCell.Tests.Diffusion;

/// <summary>A model of the real sample, tuned for a few steps: of the networks that come with the library the one that does not know it, over a short super-resolution.</summary>
public sealed class TunedModel : IDisposable
{
    private readonly SuperResolutionMethod _skeleton = new(new SuperResolutionConfiguration { Channels = [32, 48], Blocks = [1, 1], BatchSize = 4, PatchSections = 8, PatchWidth = 48 });

    public TunedModel()
    {
        Sparse = AxialSampling.Decimate(8).Acquire(Truth);
        Model = new DiffusionModel(_skeleton, GapFill.Unknowing, new DiffusionMethodConfiguration { Samples = 4 });
        Model.Train(Sparse, Options);
    }

    internal static TrainingOptions Options { get; } = new(Steps: 150);

    internal Volume<float> Truth { get; } = Sample.Medulla(new Box(0, 0, 0, new Shape3(73, 112, 112)));

    internal SparseVolume Sparse { get; }

    internal DiffusionModel Model { get; }

    internal Volume<float> Skeleton(Box box) => _skeleton.Reconstruct(Sparse, box);

    public void Dispose()
    {
        Model.Dispose();
        _skeleton.Dispose();
    }
}

public sealed class DiffusionMethodTests(TunedModel tuned) : IClassFixture<TunedModel>
{
    private readonly SparseVolume _sparse = tuned.Sparse;
    private readonly DiffusionModel _model = tuned.Model;

    [Fact]
    public void A_sample_is_sharper_than_what_it_starts_from_and_the_mean_is_closer_to_the_truth()
    {
        using var single = new DiffusionMethod(_model, mean: false);
        using var mean = new DiffusionMethod(_model, mean: true);
        single.Train(_sparse, TunedModel.Options);
        mean.Train(_sparse, TunedModel.Options);
        var (box, region) = (Box.Of(_sparse.IsotropicShape), ScoredRegion.HeldOut(_sparse.Sampling, _sparse.Sections));
        var reference = tuned.Truth.Crop(box);
        Scores Scored(Volume<float> volume) => Evaluator.Score(volume, reference, region, 255);
        var (floor, sample, average) = (Scored(tuned.Skeleton(box)), Scored(single.Reconstruct(_sparse, box)), Scored(mean.Reconstruct(_sparse, box)));

        Assert.True(average.Psnr > floor.Psnr - 0.05, $"mean {average.Psnr}, regression {floor.Psnr}");
        Assert.True(sample.HighFrequencyRatio > average.HighFrequencyRatio + 0.1, $"sample {sample.HighFrequencyRatio}, mean {average.HighFrequencyRatio}");
        Assert.InRange(single.Findings["temperature"], 0.5, 1.3);

        var error = Assert.IsType<Volume<float>>(mean.Uncertainty(_sparse, box));
        var score = UncertaintyScore.Of(mean.Reconstruct(_sparse, box), reference, error, region);
        Assert.InRange(score.Coverage90, 0.8, 0.97);
        Assert.True(score.ErrorCorrelation > 0.1, $"correlation {score.ErrorCorrelation}");
    }

    [Fact]
    public void Sections_are_kept_exactly_and_a_seed_gives_the_same_sample()
    {
        using var method = new DiffusionMethod(_model, mean: false);
        var box = Box.Of(_sparse.IsotropicShape);
        var (first, again, other) = (method.Sample(_sparse, box, 0), method.Sample(_sparse, box, 0), method.Sample(_sparse, box, 2));
        Assert.Equal(first.Data, again.Data);
        Assert.NotEqual(first.Data, other.Data);
        for (var i = 0; i < _sparse.Sections; i++)
            Assert.Equal(_sparse.Observed.Section(i).ToArray(), first.Section(8 * i).ToArray());
    }

    [Fact]
    public void Blocks_fit_together_as_the_whole()
    {
        using var method = new DiffusionMethod(_model, mean: false);
        var whole = method.Reconstruct(_sparse, Box.Of(_sparse.IsotropicShape));
        var block = new Box(10, 0, 48, new Shape3(20, 40, 64));
        var part = method.Reconstruct(_sparse, block);
        var expected = whole.Crop(block);
        var difference = Math.Sqrt(part.Data.Zip(expected.Data).Average(p => Math.Pow(p.First - p.Second, 2)));
        Assert.True(difference < 0.5, $"blocks and whole differ by {difference} grey values");
    }

    [Fact]
    public void The_steps_of_a_sample_end_in_it()
    {
        using var method = new DiffusionMethod(_model, mean: false);
        var block = new Box(16, 0, 0, new Shape3(9, 112, 112));
        var steps = method.Steps(_sparse, block, 0);
        Assert.Equal(new DiffusionSampling().Steps, steps.Count);
        // From noise on, detail appears.
        double Detail(Volume<float> volume) => HighFrequencyRatio.Deviation(volume, ScoredRegion.All(9), default);
        Assert.True(Detail(steps[^1]) > Detail(steps[0]));
        Assert.Equal(method.Sample(_sparse, block, 0).Data, steps[^1].Data);
    }

    [Fact]
    public void Values_out_of_range_are_refused_by_name()
    {
        Assert.Contains("51 steps", Assert.Throws<BadInputException>(() => new DiffusionMethodConfiguration { Sampling = new DiffusionSampling { Steps = 51 } }.Validated()).Message, StringComparison.Ordinal);
        Assert.Contains("7 samples", Assert.Throws<BadInputException>(() => new DiffusionMethodConfiguration { Samples = 7 }.Validated()).Message, StringComparison.Ordinal);
    }
}
