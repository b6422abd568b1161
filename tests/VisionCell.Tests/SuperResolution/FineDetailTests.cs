using VisionCell.Acquisition;
using VisionCell.Evaluation;
using VisionCell.Reconstruction;
using VisionCell.Runs;
using VisionCell.SuperResolution;
using VisionCell.Volumes;

namespace VisionCell.Tests.SuperResolution;

public sealed class FineDetailTests
{
    private static Volume<float> Medulla() => Sample.Medulla(new Box(0, 30, 30, new Shape3(49, 72, 72)));

    [Fact]
    public void The_gain_found_makes_up_for_what_is_missing_and_none_is_found_where_none_is_missing()
    {
        var truth = Medulla();
        var region = ScoredRegion.All(truth.Shape.Z);
        var dull = truth.Map(v => v);
        for (var z = 1; z < truth.Shape.Z - 1; z++)
        {
            for (var i = 0; i < truth.Shape.SectionCount; i++)
                dull.Section(z)[i] = 0.9f * truth.Section(z)[i] + 0.05f * (truth.Section(z - 1)[i] + truth.Section(z + 1)[i]);
        }
        var gain = FineDetail.Missing([(dull, truth)], (_, _) => { }, region, 1.01, TestContext.Current.CancellationToken);
        Assert.InRange(gain.Along, 0.03f, 0.4f);
        Assert.Equal(0, gain.Within);
        FineDetail.Amplify(dull, gain);
        Assert.Equal(1.01, HighFrequencyRatio.Compute(dull, truth, region)!.Value, 0.002);
        Assert.Equal(default, FineDetail.Missing([(truth, dull.Map(v => v * 0.5f))], (_, _) => { }, region, 1.01, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void What_cannot_be_had_along_z_is_made_up_for_within_rows()
    {
        var same = Medulla();
        for (var z = 0; z < same.Shape.Z; z++)
            same.Section(10).CopyTo(same.Section(z));
        var (region, dull) = (ScoredRegion.All(same.Shape.Z), same.Map(v => v * 0.92f));
        var gain = FineDetail.Missing([(dull, same)], (_, _) => { }, region, 1.01, TestContext.Current.CancellationToken);
        Assert.InRange(gain.Within, 0.05f, 0.2f);
        FineDetail.Amplify(dull, gain);
        Assert.Equal(1.01, HighFrequencyRatio.Compute(dull, same, region)!.Value, 0.002);
    }

    [Fact]
    public void Broad_structure_stays_as_it_is()
    {
        var flat = Medulla().Map(_ => 7f);
        FineDetail.Amplify(flat, new DetailGain(0.4f, 0.2f));
        Assert.All(flat.Data, v => Assert.Equal(7f, v, 1e-4f));
    }

    [Fact]
    public void A_reconstruction_has_no_less_detail_than_linear_interpolation_and_blocks_are_those_of_the_whole()
    {
        var truth = Medulla();
        var sparse = AxialSampling.Decimate(8).Acquire(truth);
        using var method = new SuperResolutionMethod(new SuperResolutionConfiguration { LateralStride = 2, Channels = [16, 24], Blocks = [1, 1] });
        method.Train(sparse, new TrainingOptions(Steps: 60, FromScratch: true, Cancellation: TestContext.Current.CancellationToken));
        var whole = method.Reconstruct(sparse, Box.Of(sparse.IsotropicShape), TestContext.Current.CancellationToken);
        using var linear = new AxialInterpolation(InterpolationKernel.Linear);
        var region = ScoredRegion.HeldOut(sparse.Sampling, sparse.Sections);
        double Detail(Volume<float> of) => HighFrequencyRatio.Compute(of, truth.Crop(Box.Of(sparse.IsotropicShape)), region)!.Value;
        var (own, other) = (Detail(whole), Detail(linear.Reconstruct(sparse, Box.Of(sparse.IsotropicShape), TestContext.Current.CancellationToken)));
        Assert.True(own >= other, $"detail {own}, of linear interpolation {other}");
        var block = new Box(8, 16, 20, new Shape3(9, 24, 30));
        var part = method.Reconstruct(sparse, block, TestContext.Current.CancellationToken);
        var same = whole.Crop(block);
        for (var i = 0; i < part.Data.Length; i++)
            Assert.Equal(same.Data[i], part.Data[i], 1.5f);
    }
}
