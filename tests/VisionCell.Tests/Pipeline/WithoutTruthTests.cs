using VisionCell.Acquisition;
using VisionCell.Evaluation;
using VisionCell.Pipeline;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Tests.Pipeline;

/// <summary>What is said of a stack alone, held against a truth that only the test knows.</summary>
public sealed class WithoutTruthTests
{
    private static readonly Volume<float> _truth = Sample.Medulla(new Box(0, 40, 40, new Shape3(97, 96, 96)));

    private static TrainingOptions Options => new(Cancellation: TestContext.Current.CancellationToken);

    [Fact]
    public void Interpolation_is_judged_as_the_truth_judges_it()
    {
        var sparse = AxialSampling.Decimate(4).Acquire(_truth);
        var report = WithoutTruth.Run(sparse, new DataRange(255, "255") { IsFixed = true }, "stack", ["nearest", "linear", "cubic"], Options);
        Assert.Equal("leave-section-out/1", report.Protocol.Id);
        var truth = Benchmark.Run(_truth.ConvertTo(VoxelType.UInt8), "truth", AxialSampling.Decimate(4), ["nearest", "linear", "cubic"], Options);
        foreach (var (told, known) in report.Methods.Zip(truth.Methods))
        {
            Assert.Equal(known.Name, told.Name);
            Assert.Equal((12, 4.0), (told.Doubled.Sections, told.Doubled.DistanceRows));
            Assert.Equal((6, 8.0), (told.Quadrupled!.Sections, told.Quadrupled.DistanceRows));
            // Closer sections find more; nearest takes a whole pitch for a gap and is no match for the rest.
            Assert.True(told.Doubled.Psnr > told.Quadrupled.Psnr, $"{told}");
            Assert.True(told.ExtrapolatedPsnr > told.Doubled.Psnr, $"{told}");
            Assert.InRange(told.DataConsistency.Largest, 0, 1e-3);
            Assert.NotNull(told.LateralPsnr);
        }
        // In the middle of true gaps, where the truth is known here: within a decibel and a half of what was told.
        var linear = report.Methods[1];
        Assert.Equal(MiddleOfGaps("linear", sparse), linear.ExtrapolatedPsnr!.Value, 1.5);
        Assert.True(report.Methods[1].Doubled.Psnr > report.Methods[0].Doubled.Psnr + 1);
        Assert.True(linear.HalvesFscNm > 80, $"two gaps of 80 nm resolve nothing finer along z: {linear.HalvesFscNm} nm");
    }

    private static double MiddleOfGaps(string method, SparseVolume sparse)
    {
        using var set = new MethodSet();
        var whole = set[method].Reconstruct(sparse, Box.Of(sparse.IsotropicShape), TestContext.Current.CancellationToken);
        var region = ScoredRegion.All(97).WithMask(new Volume<byte>([.. Enumerable.Range(0, 97).SelectMany(z => Enumerable.Repeat((byte)(z % 4 == 2 ? 1 : 0), 96 * 96))], new Shape3(97, 96, 96), _truth.VoxelSize, default, Provenance.Of("middle")));
        return Psnr.Compute(whole, _truth, region, 255);
    }

    [Fact]
    public void Thick_sections_are_found_again_as_the_microscope_would_have_sampled_them()
    {
        var sparse = AxialSampling.Pool(4).Acquire(_truth.Crop(new Box(0, 0, 0, new Shape3(96, 64, 64))));
        var report = WithoutTruth.Run(sparse, new DataRange(255, "255"), "stack", ["linear", "flow"], Options);
        Assert.All(report.Methods, m => Assert.InRange(m.Doubled.Psnr!.Value, 20, 40));
        Assert.Null(report.Methods[1].LateralPsnr);
        // Linear interpolation smooths thick sections once more.
        Assert.True(report.Methods[0].DataConsistency.RootMeanSquare > 1);
    }

    [Fact]
    public void A_part_of_a_stack_keeps_where_its_sections_lie_and_which_were_seen()
    {
        var observed = EvaluationVolume(9).WithProvenance(Provenance.Of("stack") with { Sections = new SectionLayout(9, null, [3, 4]) }).ToFloat32();
        var part = WithoutTruth.Every(new SparseVolume(observed, AxialSampling.Decimate(5)), 2, 1);
        Assert.Equal((4, 10.0, 1.0), (part.Sections, part.Sampling.ExactPitch, part.Sampling.ExactThickness));
        Assert.Equal([1f, 3, 5, 7], Enumerable.Range(0, 4).Select(i => part.Observed[i, 0, 0]));
        Assert.Equal([true, false, true, true], Enumerable.Range(0, 4).Select(part.IsObserved));
        Assert.Equal((observed.VoxelSize.Z / 5, observed.VoxelSize.Z), (part.IsotropicVoxelSize.Z, part.Observed.Origin.Z));
    }

    [Fact]
    public void Too_few_sections_are_refused() =>
        Assert.Contains("at least 5", Assert.Throws<BadInputException>(() => WithoutTruth.Run(new SparseVolume(EvaluationVolume(4), AxialSampling.Decimate(4)), new DataRange(255, ""), "stack", ["linear"], Options)).Message, StringComparison.Ordinal);

    private static Volume<float> EvaluationVolume(int sections)
    {
        var volume = new Volume<float>(new Shape3(sections, 12, 12), new VoxelSize(50, 10, 10), default, Provenance.Of("stack"));
        for (var z = 0; z < sections; z++)
            volume.Section(z).Fill(z);
        return volume;
    }
}
