using VisionCell.Acquisition;
using VisionCell.Augmentation;
using VisionCell.Evaluation;
using VisionCell.Pipeline;
using VisionCell.Reconstruction;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Tests.Pipeline;

public sealed class FusionTests
{
    private static readonly TrainingOptions Options = new(Steps: 10);

    [Theory]
    [InlineData("decimate:4")]
    [InlineData("pool:4")]
    public void It_is_no_worse_than_its_best_member_and_keeps_what_was_observed(string degradation)
    {
        var sampling = AxialSampling.Parse(degradation);
        var truth = Sample.Medulla(new Box(0, 20, 20, new Shape3(97, 128, 128)));
        var sparse = sampling.Acquire(truth);
        IReconstructionMethod[] members = [new AxialInterpolation(InterpolationKernel.Linear), new AxialInterpolation(InterpolationKernel.Cubic), new FlowMethod()];
        using var fusion = new FusionMethod(members);
        fusion.Train(sparse, Options);
        var (reference, region, whole) = (truth.Crop(Box.Of(sparse.IsotropicShape)), ScoredRegion.HeldOut(sampling, sparse.Sections), Box.Of(sparse.IsotropicShape));
        double Score(IReconstructionMethod method)
        {
            var volume = method.Reconstruct(sparse, whole);
            DataConsistency.Project(volume, sparse);
            return Psnr.Compute(volume, reference, region, 255, TestContext.Current.CancellationToken);
        }
        var best = members.Max(Score);
        Assert.True(Score(fusion) > best - 0.05, $"{Score(fusion):F2} dB, its best member {best:F2}, {string.Join(", ", fusion.Findings)}");
        Assert.Equal(1, fusion.Findings.Values.Sum(), 0.01);
        Assert.Contains("weightOfFlow", fusion.Findings.Keys);

        var result = fusion.Reconstruct(sparse, whole);
        var seen = sampling.Acquire(result).Observed.Data;
        Assert.All(Enumerable.Range(0, seen.Length / 97), i => Assert.Equal(sparse.Observed.Data[97 * i], seen[97 * i], 1e-3f));
        // A block is what the whole has there.
        var block = new Box(5, 30, 40, new Shape3(9, 20, 20));
        var part = fusion.Reconstruct(sparse, block);
        Assert.Equal(result[7, 41, 52], part[2, 11, 12], 1e-3f);
        var expected = fusion.Uncertainty(sparse, block)!;
        Assert.Equal(block.Shape, expected.Shape);
        Assert.True(expected.Data.Average() > 0.5);
    }

    [Fact]
    public void On_a_stack_too_small_to_tell_it_is_its_first_member()
    {
        var sparse = AxialSampling.Decimate(4).Acquire(Sample.Medulla(new Box(0, 0, 0, new Shape3(17, 32, 32))));
        using var cubic = new AxialInterpolation(InterpolationKernel.Cubic);
        using var fusion = new FusionMethod([cubic, new AxialInterpolation(InterpolationKernel.Nearest)]);
        fusion.Train(sparse, Options);
        var whole = Box.Of(sparse.IsotropicShape);
        Assert.Equal(cubic.Reconstruct(sparse, whole).Data, fusion.Reconstruct(sparse, whole).Data);
        Assert.Null(fusion.Uncertainty(sparse, whole));
    }

    [Fact]
    public void What_others_build_on_is_trained_and_asked_once()
    {
        var sparse = AxialSampling.Decimate(4).Acquire(Sample.Medulla(new Box(0, 0, 0, new Shape3(17, 32, 32))));
        var counted = new Counted();
        using var shared = new SharedMethod(counted);
        using var first = new FusionMethod([shared]);
        using var second = new FusionMethod([shared]);
        first.Train(sparse, Options);
        second.Train(sparse, Options);
        var whole = Box.Of(sparse.IsotropicShape);
        var result = first.Reconstruct(sparse, whole);
        result.Data.AsSpan().Clear();
        Assert.Contains(second.Reconstruct(sparse, whole).Data, v => v != 0);
        Assert.Equal((1, 1), (counted.Trained, counted.Reconstructed));
        shared.Train(AxialSampling.Decimate(4).Acquire(Sample.Medulla(new Box(0, 0, 0, new Shape3(17, 32, 32)))), Options);
        Assert.Equal(2, counted.Trained);

        using var set = new MethodSet("cpu");
        Assert.Same(set["superresolution"], set["superresolution"]);
        Assert.Throws<BadInputException>(() => set["superresolutoin"]);
    }

    private sealed class Counted : IReconstructionMethod
    {
        private readonly AxialInterpolation _linear = new(InterpolationKernel.Linear);

        public int Trained { get; private set; }

        public int Reconstructed { get; private set; }

        public string Name => "counted";

        public string Device => "cpu";

        public void Train(SparseVolume sparse, TrainingOptions options) => Trained++;

        public Volume<float> Reconstruct(SparseVolume sparse, Box block, CancellationToken cancellation = default)
        {
            Reconstructed++;
            return _linear.Reconstruct(sparse, block, cancellation);
        }

        public void Dispose() => _linear.Dispose();
    }
}
