using VisionCell.Acquisition;
using VisionCell.Evaluation;
using VisionCell.Reconstruction;
using VisionCell.Runs;
using VisionCell.SuperResolution;
using VisionCell.Volumes;

namespace VisionCell.Tests.SuperResolution;

public sealed class SuperResolutionTests
{
    private static readonly SuperResolutionConfiguration Small = new() { LateralStride = 2, Channels = [16, 24], Blocks = [1, 1], BatchSize = 4, PatchSections = 8, PatchWidth = 48 };

    /// <summary>Tilted sheets.</summary>
    private static Volume<float> Sheets(int z, int side)
    {
        var volume = new Volume<float>(new Shape3(z, side, side), new VoxelSize(10, 10, 10), default, Provenance.Of("sheets"));
        for (var k = 0; k < z; k++)
        {
            for (var y = 0; y < side; y++)
            {
                for (var x = 0; x < side; x++)
                    volume[k, y, x] = 128 + 60 * MathF.Sin((k + 1.6f * y) / 5) + 40 * MathF.Sin((k - 1.3f * x) / 4);
            }
        }
        return volume;
    }

    private static Volume<float> Reconstruct(IReconstructionMethod method, SparseVolume sparse) =>
        method.Reconstruct(sparse, Box.Of(sparse.IsotropicShape), TestContext.Current.CancellationToken);

    [Theory]
    [InlineData("decimate:4")]
    [InlineData("pool:4")]
    [InlineData("decimate:3.5")]
    [InlineData("pool:3.5")]
    public void It_learns_what_interpolation_cannot_know_and_keeps_what_was_observed(string degradation)
    {
        var sampling = AxialSampling.Parse(degradation);
        var truth = Sample.Medulla(new Box(0, 40, 40, new Shape3(65, 96, 96)));
        var sparse = sampling.Acquire(truth);
        var result = BeatsInterpolation(sparse, truth, ScoredRegion.HeldOut(sampling, sparse.Sections), 0.3);
        var seen = sampling.Acquire(result).Observed.Data;
        for (var i = 0; i < seen.Length; i++)
            Assert.Equal(sparse.Observed.Data[i], seen[i], 1e-3f);
    }

    [Fact]
    public void Sections_at_uneven_positions_are_filled_in_where_they_lie()
    {
        var truth = Sample.Medulla(new Box(0, 40, 40, new Shape3(65, 96, 96)));
        int[] rows = [0, 3, 8, 12, 15, 20, 24, 28, 33, 36, 41, 44, 48, 53, 57, 60, 64];
        var stack = new Volume<float>(new Shape3(rows.Length, 96, 96), new VoxelSize(40, 10, 10), default, truth.Provenance with { Sections = new SectionLayout(rows.Length, [.. rows.Select(r => 10.0 * r)]) });
        for (var i = 0; i < rows.Length; i++)
            truth.Section(rows[i]).CopyTo(stack.Section(i));
        var sparse = SparseVolume.FromStack(stack);
        Assert.Equal(65, sparse.IsotropicShape.Z);
        var result = BeatsInterpolation(sparse, truth, ScoredRegion.HeldOut(sparse, rows.Length), 0.3);
        for (var i = 0; i < rows.Length; i++)
            Assert.True(stack.Section(i).SequenceEqual(result.Section(rows[i])), $"section {i} is not kept");
    }

    /// <summary>Trains and reconstructs; the result is better than either interpolation.</summary>
    private static Volume<float> BeatsInterpolation(SparseVolume sparse, Volume<float> truth, ScoredRegion region, double by)
    {
        using var method = new SuperResolutionMethod(Small);
        method.Train(sparse, new TrainingOptions(Steps: 500, Cancellation: TestContext.Current.CancellationToken));
        var result = Reconstruct(method, sparse);
        double Floor(InterpolationKernel kernel)
        {
            using var interpolation = new AxialInterpolation(kernel);
            var floor = Reconstruct(interpolation, sparse);
            DataConsistency.Project(floor, sparse);
            return Score(floor);
        }

        var reference = truth.Crop(Box.Of(sparse.IsotropicShape));
        double Score(Volume<float> volume) => Psnr.Compute(volume, reference, region, 255, TestContext.Current.CancellationToken);
        Assert.True(Score(result) > Math.Max(Floor(InterpolationKernel.Linear), Floor(InterpolationKernel.Cubic)) + by,
            $"{Score(result):0.00} dB; linear {Floor(InterpolationKernel.Linear):0.00}, cubic {Floor(InterpolationKernel.Cubic):0.00}");
        return result;
    }

    [Theory]
    [InlineData("decimate:4")]
    [InlineData("pool:3")]
    [InlineData("decimate:7")]
    public void Before_the_first_step_it_is_linear_interpolation(string degradation)
    {
        var sparse = AxialSampling.Parse(degradation).Acquire(Sheets(30, 37));
        using var method = new SuperResolutionMethod(Small);
        method.Train(sparse, new TrainingOptions(Steps: 0));
        var result = Reconstruct(method, sparse);
        using var linear = new AxialInterpolation(InterpolationKernel.Linear);
        var expected = Reconstruct(linear, sparse);
        DataConsistency.Project(expected, sparse);
        for (var i = 0; i < expected.Data.Length; i++)
            Assert.Equal(expected.Data[i], result.Data[i], 1e-2f);
    }

    [Theory]
    [InlineData("decimate:4")]
    [InlineData("decimate:2.5")]
    [InlineData("pool:2.5")]
    public void A_block_agrees_with_that_part_of_the_whole(string degradation)
    {
        var sparse = AxialSampling.Parse(degradation).Acquire(Sheets(61, 160));
        using var method = new SuperResolutionMethod(Small);
        method.Train(sparse, new TrainingOptions(Steps: 15));
        var whole = Reconstruct(method, sparse);
        var box = new Box(22, 56, 64, new Shape3(9, 20, 33));
        var part = method.Reconstruct(sparse, box, TestContext.Current.CancellationToken);
        var expected = whole.Crop(box);
        Assert.Equal(expected.Shape, part.Shape);
        for (var i = 0; i < part.Data.Length; i++)
            Assert.Equal(expected.Data[i], part.Data[i], 0.5f);
    }

    [Fact]
    public void A_seed_gives_the_same_volume()
    {
        var sparse = AxialSampling.Decimate(4).Acquire(Sheets(21, 48));
        float[] Run(int seed)
        {
            using var method = new SuperResolutionMethod(Small);
            method.Train(sparse, new TrainingOptions(Steps: 5, Seed: seed));
            return Reconstruct(method, sparse).Data;
        }
        Assert.Equal(Run(3), Run(3));
        Assert.NotEqual(Run(3), Run(4));
    }

    [Fact]
    public void Few_and_small_sections_work_or_say_why_not()
    {
        var sparse = AxialSampling.Decimate(4).Acquire(Sheets(9, 24));
        using var method = new SuperResolutionMethod(Small);
        method.Train(sparse, new TrainingOptions(Steps: 2));
        Assert.Equal(sparse.IsotropicShape, Reconstruct(method, sparse).Shape);

        var tooSmall = AxialSampling.Decimate(12).Acquire(Sheets(60, 24));
        Assert.Contains("25", Assert.Throws<BadInputException>(() => method.Train(tooSmall, new TrainingOptions(Steps: 1))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(6, 8, 200)]
    [InlineData(6, 30, 200)]
    [InlineData(2, 30, 61)]
    [InlineData(6, 4, 40)]
    public void Few_sections_large_factors_and_small_sections_learn_with_the_defaults(int count, int factor, int side)
    {
        var tissue = Sample.Medulla(new Box(20, 0, 0, new Shape3(count, side, side)));
        var stack = new Volume<float>(tissue.Shape, new VoxelSize(10 * factor, 10, 10), default, tissue.Provenance);
        tissue.Data.CopyTo(stack.Data.AsSpan());
        var sparse = SparseVolume.FromStack(stack);
        using var method = new SuperResolutionMethod();
        method.Train(sparse, new TrainingOptions(Steps: 30, FromScratch: true, Cancellation: TestContext.Current.CancellationToken));
        var result = Reconstruct(method, sparse);
        Assert.Equal(new Shape3((count - 1) * factor + 1, side, side), result.Shape);
        Assert.All(result.Data, value => Assert.True(float.IsFinite(value)));
        for (var i = 0; i < count; i++)
            Assert.True(stack.Section(i).SequenceEqual(result.Section(i * factor)), $"section {i} is not kept");
    }

    [Fact]
    public void A_factor_of_one_leaves_nothing_to_learn()
    {
        var error = Assert.Throws<BadInputException>(() => SparseVolume.Of(Sheets(20, 64), ""));
        Assert.Contains("isotropic already", error.Message, StringComparison.Ordinal);
        using var method = new SuperResolutionMethod(Small);
        error = Assert.Throws<BadInputException>(() => method.Train(SparseVolume.FromStack(Sheets(20, 64)), new TrainingOptions(Steps: 1)));
        Assert.Contains("no row between sections", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_constant_stack_and_one_with_NaN_are_refused()
    {
        var flat = Sheets(41, 64);
        flat.Data.AsSpan().Fill(7);
        using var method = new SuperResolutionMethod(Small);
        Assert.Contains("no structure", Assert.Throws<BadInputException>(() => method.Train(AxialSampling.Decimate(4).Acquire(flat), new TrainingOptions(Steps: 1))).Message, StringComparison.Ordinal);
        flat.Data[100] = float.NaN;
        Assert.Contains("not finite", Assert.Throws<BadInputException>(() => method.Train(AxialSampling.Decimate(4).Acquire(flat), new TrainingOptions(Steps: 1))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_configuration_out_of_range_names_value_and_limit()
    {
        var error = Assert.Throws<BadInputException>(() => new SuperResolutionMethod(new SuperResolutionConfiguration { LateralStride = 3 }));
        Assert.Contains("lateralStride is 3", error.Message, StringComparison.Ordinal);
    }
}
