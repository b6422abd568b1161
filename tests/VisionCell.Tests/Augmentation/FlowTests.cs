using VisionCell.Acquisition;
using VisionCell.Augmentation;
using VisionCell.Reconstruction;
using VisionCell.Runs;
using VisionCell.Volumes;
using static VisionCell.Tests.Augmentation.AugmentationFixture;

namespace VisionCell.Tests.Augmentation;

/// <summary>Laws of the flow, and what it gains on motion that is known and on a real stack.</summary>
public sealed class FlowTests
{
    private static readonly Lazy<Volume<float>> s_crop = new(() => Sample.Medulla(new Box(0, 20, 30, new Shape3(49, 72, 80))));

    /// <summary>A disc on a textured ground; the disc moves by a step from one row to the next.</summary>
    private static Volume<float> MovingDisc(int rows, double step, int noise = 0)
    {
        var volume = new Volume<float>(new Shape3(rows, 64, 96), Isotropic, default, Provenance.Of("disc"));
        var random = new CounterRandom(1);
        for (var z = 0; z < rows; z++)
        {
            for (var y = 0; y < 64; y++)
            {
                for (var x = 0; x < 96; x++)
                {
                    var r = Math.Sqrt(Math.Pow(y - 32, 2) + Math.Pow(x - 24 - step * z, 2));
                    volume[z, y, x] = (float)(60 + 120 / (1 + Math.Exp(2 * (r - 12))) + noise * random.Normal());
                }
            }
        }
        return volume;
    }

    private static double Error(Volume<float> a, Volume<float> b) => a.Data.Zip(b.Data, (u, v) => (double)(u - v) * (u - v)).Average();

    private static (FlowMethod Flow, Volume<float> Result) Fill(SparseVolume sparse)
    {
        var flow = new FlowMethod();
        flow.Train(sparse, new TrainingOptions());
        return (flow, flow.Reconstruct(sparse, Box.Of(sparse.IsotropicShape)));
    }

    private static Volume<float> Linear(SparseVolume sparse)
    {
        using var linear = new AxialInterpolation(InterpolationKernel.Linear);
        return linear.Reconstruct(sparse, Box.Of(sparse.IsotropicShape));
    }

    /// <summary>The stack with a section marked as not observed.</summary>
    private static Volume<float> Without(Volume<float> stack, int section) =>
        new(stack.Data, stack.Shape, stack.VoxelSize, stack.Origin, stack.Provenance with { Sections = new SectionLayout(stack.Shape.Z, null, [section]) });

    [Theory]
    [InlineData(3, -2)]
    [InlineData(0, 5)]
    public void A_shift_is_found(int right, int down)
    {
        var source = Sample.Medulla(new Box(10, 0, 0, new Shape3(1, 120, 130)));
        var (a, b) = (source.Crop(new Box(0, 20, 20, new Shape3(1, 80, 90))), source.Crop(new Box(0, 20 - down, 20 - right, new Shape3(1, 80, 90))));
        var flow = OpticalFlow.Estimate(a.Data, b.Data, 80, 90);
        double[] errors = [.. from y in Enumerable.Range(15, 50) from x in Enumerable.Range(15, 60) select Math.Abs(flow.X[y * 90 + x] - right) + Math.Abs(flow.Y[y * 90 + x] - down)];
        Assert.True(errors.Average() < 0.1, $"mean error {errors.Average():0.000} pixels");
    }

    [Fact]
    public void Grey_levels_in_other_units_give_the_same_motion()
    {
        var sections = Sample.Medulla(new Box(10, 0, 0, new Shape3(5, 60, 60)));
        var scaled = sections.Map(v => 1e-4f * v - 3);
        var (a, b) = (OpticalFlow.Estimate(sections.Section(0), sections.Section(4), 60, 60), OpticalFlow.Estimate(scaled.Section(0), scaled.Section(4), 60, 60));
        Assert.True(a.X.Zip(b.X, (u, v) => Math.Abs(u - v)).Average() < 0.02);
    }

    [Fact]
    public void Steady_motion_is_followed_where_linear_interpolation_shows_two_ghosts()
    {
        var truth = MovingDisc(25, 1.5);
        var sparse = AxialSampling.Decimate(4).Acquire(truth);
        var (flow, result) = Fill(sparse);
        Assert.True(Error(result, truth) < 0.15 * Error(Linear(sparse), truth), $"{Error(result, truth):0.00} against {Error(Linear(sparse), truth):0.00}");
        Assert.True(flow.Blend!.HeldOutGain > 2, $"{flow.Blend.HeldOutGain}");
        flow.Dispose();
    }

    [Fact]
    public void Where_sections_have_nothing_in_common_it_does_not_lose_to_the_straight_line_and_without_confidence_is_that_line()
    {
        var truth = new Volume<float>(new Shape3(33, 48, 48), Isotropic, default, Provenance.Of("noise"));
        new CounterRandom(4).Normal(truth.Data);
        var sparse = AxialSampling.Decimate(4).Acquire(truth);
        var (flow, result) = Fill(sparse);
        var linear = Linear(sparse);
        Assert.True(Error(result, truth) < 1.005 * Error(linear, truth), $"{Error(result, truth):0.000} against {Error(linear, truth):0.000}");
        Assert.Equal(0, flow.Blend!.Curvature);
        var confidence = flow.Confidence(sparse, Box.Of(sparse.IsotropicShape));
        var without = Enumerable.Range(0, result.Data.Length).Where(i => confidence.Data[i] == 0).ToList();
        Assert.True(without.Count > 9 * 48 * 48, "no voxel of a gap is without confidence");
        Assert.All(without, i => Assert.Equal(linear.Data[i], result.Data[i], 1e-4f));
    }

    [Fact]
    public void Equal_sections_stay_as_they_are_at_every_position()
    {
        var one = Sample.Medulla(new Box(10, 0, 0, new Shape3(1, 40, 40)));
        var stack = new Volume<float>([.. Enumerable.Range(0, 6).SelectMany(_ => one.Data)], new Shape3(6, 40, 40), new VoxelSize(30, 10, 10), default, one.Provenance);
        var sparse = new SparseVolume(stack, AxialSampling.Decimate(3));
        var (_, result) = Fill(sparse);
        for (var z = 0; z < result.Shape.Z; z++)
            Assert.All(result.Section(z).ToArray().Zip(one.Data), p => Assert.Equal(p.Second, p.First, 0.05f));
    }

    [Fact]
    public void On_a_real_stack_it_gains_over_linear_and_never_lets_motion_exceed_its_range()
    {
        var sparse = AxialSampling.Decimate(4).Acquire(s_crop.Value);
        var (flow, result) = Fill(sparse);
        var gain = 10 * Math.Log10(Error(Linear(sparse), s_crop.Value) / Error(result, s_crop.Value));
        Assert.True(gain > 0.3, $"{gain:0.00} dB over linear");
        Assert.All(flow.Blend!.Motion, w => Assert.InRange(w, 0, 1));
        Assert.Equal(0, flow.Blend.Motion[0]);
    }

    [Fact]
    public void Observed_rows_stay_bit_for_bit()
    {
        var sparse = AxialSampling.Decimate(4).Acquire(s_crop.Value);
        var (_, result) = Fill(sparse);
        for (var i = 0; i < sparse.Sections; i++)
            Assert.True(result.Section(4 * i).SequenceEqual(sparse.Observed.Section(i)));
    }

    [Fact]
    public void Rows_of_a_thick_section_average_to_it()
    {
        var sampling = AxialSampling.Pool(4);
        var sparse = sampling.Acquire(s_crop.Value);
        var (_, result) = Fill(sparse);
        var again = new float[sparse.Observed.Data.Length];
        sampling.Acquire(result.Data, result.Shape.SectionCount, again);
        for (var i = 0; i < again.Length; i++)
            Assert.Equal(sparse.Observed.Data[i], again[i], 2e-3f);
        var truth = s_crop.Value.Crop(Box.Of(sparse.IsotropicShape));
        Assert.True(Error(result, truth) < Error(Linear(sparse), truth));
    }

    [Theory]
    [InlineData("decimate:4")]
    [InlineData("pool:4")]
    public void Blocks_are_what_the_whole_volume_is(string degradation)
    {
        var sparse = AxialSampling.Parse(degradation).Acquire(s_crop.Value);
        var (flow, whole) = Fill(sparse);
        var box = new Box(6, 11, 17, new Shape3(21, 30, 40));
        var part = flow.Reconstruct(sparse, box);
        var expected = whole.Crop(box);
        Assert.Equal((expected.Shape, expected.Origin), (part.Shape, part.Origin));
        for (var i = 0; i < part.Data.Length; i++)
            Assert.Equal(expected.Data[i], part.Data[i], 1e-3f);
    }

    [Fact]
    public void The_error_that_it_expects_is_of_the_size_of_the_error_and_none_on_observed_rows()
    {
        var sparse = AxialSampling.Decimate(4).Acquire(s_crop.Value);
        var (flow, result) = Fill(sparse);
        var expected = flow.Uncertainty(sparse, Box.Of(sparse.IsotropicShape))!;
        Assert.All(expected.Section(8).ToArray(), v => Assert.Equal(0, v));
        var error = result.Data.Zip(s_crop.Value.Data, (a, b) => Math.Abs(a - b)).Average();
        Assert.InRange(expected.Data.Average() / error, 0.6, 1.8);
    }

    [Fact]
    public void Few_and_small_sections_are_enough()
    {
        foreach (var (sections, height, width) in new[] { (2, 20, 24), (3, 20, 24), (5, 6, 5), (4, 1, 9) })
        {
            var stack = new Volume<float>(new Shape3(sections, height, width), new VoxelSize(40, 10, 10), default, Provenance.Of("small"));
            new CounterRandom(2).Uniform(stack.Data);
            var (flow, result) = Fill(new SparseVolume(stack, AxialSampling.Decimate(4)));
            Assert.All(result.Data, v => Assert.True(float.IsFinite(v)));
            Assert.Equal(sections < 6, flow.Blend!.HeldOutGain is null);
        }
        var flat = new Volume<float>(new Shape3(7, 24, 24), new VoxelSize(40, 10, 10), default, Provenance.Of("flat")).Map(_ => 5f);
        Assert.All(Fill(new SparseVolume(flat, AxialSampling.Decimate(4))).Result.Data, v => Assert.Equal(5, v, 1e-4f));
    }

    [Fact]
    public void What_cannot_be_is_refused()
    {
        var sparse = AxialSampling.Decimate(4).Acquire(s_crop.Value);
        using var untrained = new FlowMethod();
        Assert.Throws<InvalidOperationException>(() => untrained.Reconstruct(sparse, Box.Of(sparse.IsotropicShape)));
        var (flow, _) = Fill(sparse);
        Assert.Throws<BadInputException>(() => flow.SectionAt(sparse, 12.5));
        Assert.Throws<BadInputException>(() => flow.Reconstruct(sparse, new Box(40, 0, 0, new Shape3(20, 5, 5))));
        var broken = sparse.Observed.Map(v => v);
        broken.Data[7] = float.NaN;
        Assert.Contains("not finite", Assert.Throws<BadInputException>(() => untrained.Train(new SparseVolume(broken, sparse.Sampling), new TrainingOptions())).Message, StringComparison.Ordinal);
        Assert.Throws<BadInputException>(() => new FlowMethod(new OpticalFlowConfiguration(Window: 3)));
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => untrained.Train(sparse, new TrainingOptions(Cancellation: cancelled.Token)));
    }

    [Fact]
    public void Synthetic_sections_lie_between_the_observed_and_are_marked()
    {
        var sparse = AxialSampling.Decimate(8).Acquire(s_crop.Value);
        var (flow, _) = Fill(sparse);
        var dense = SyntheticSections.Between(sparse, flow, 2);
        Assert.Equal((new Shape3(19, 72, 80), 80.0 / 3), (dense.Volume.Shape, dense.Volume.VoxelSize.Z));
        Assert.Equal([false, true, true, false], dense.IsSynthetic.Take(4));
        Assert.Equal(12, dense.IsSynthetic.Count(s => s));
        Assert.Equal(Enumerable.Range(0, 19).Where(z => z % 3 != 0), dense.Volume.Unobserved.Order());
        Assert.True(dense.Volume.Section(3).SequenceEqual(sparse.Observed.Section(1)));
        Assert.Contains("synthetic", dense.Volume.Provenance.Steps[^1], StringComparison.Ordinal);
        Assert.All(dense.Confidence.Section(3).ToArray(), v => Assert.Equal(0, v));
        Assert.Contains(dense.Confidence.Section(4).ToArray(), v => v > 0);
    }

    [Theory]
    [InlineData("decimate:4")]
    [InlineData("pool:4")]
    public void A_section_that_was_not_observed_has_no_say(string degradation)
    {
        var sampling = AxialSampling.Parse(degradation);
        var whole = sampling.Acquire(s_crop.Value).Observed;
        (FlowMethod Flow, Volume<float> Result) With(float grey)
        {
            var stack = whole.Map(v => v);
            stack.Section(5).Fill(grey);
            return Fill(new SparseVolume(Without(stack, 5), sampling));
        }
        var (black, white) = (With(0), With(255));
        Assert.Equal(black.Flow.Blend!.Motion, white.Flow.Blend!.Motion);
        Assert.Equal(black.Flow.Blend.Curvature, white.Flow.Blend.Curvature);
        Assert.Equal(black.Result.Data, white.Result.Data);
        // What is put in its place lies between its neighbours, and closer to what was there than they are.
        var there = whole.Section(5);
        var row = black.Result.Section(sampling.IsDecimation ? 20 : 21);
        double Distance(ReadOnlySpan<float> a, ReadOnlySpan<float> b) => System.Numerics.Tensors.TensorPrimitives.Distance(a, b);
        Assert.True(Distance(row, there) < Math.Min(Distance(whole.Section(4), there), Distance(whole.Section(6), there)));
    }

    [Fact]
    public void Curvature_is_weighed_by_how_sections_differ()
    {
        // A random walk is best continued straight; what is smooth from section to section bends, and where nothing is shared the mean is better.
        Assert.Equal(0, CurvatureWeight.Of([1, 2, 3, 4]), 1e-9);
        // With D(d) = d^1.6 the formula says 16 (1.5^1.6 - 0.5^1.6 - 2^1.6 / 2) / (1 + 2 2^1.6 - 3^1.6) = 0.855.
        Assert.Equal(0.855, CurvatureWeight.Of([1, Math.Pow(2, 1.6), Math.Pow(3, 1.6), Math.Pow(4, 1.6)]), 0.005);
        Assert.True(CurvatureWeight.Of([1, 1, 1, 1]) < 0);
        // Fewer sections than it takes, and sections that are all the same.
        Assert.Null(CurvatureWeight.Of(AxialSampling.Decimate(8).Acquire(s_crop.Value)));
        Assert.Null(CurvatureWeight.Of(AxialSampling.Decimate(4).Acquire(s_crop.Value.Map(_ => 7f))));
        // Stacks that lack a section in the middle tell it all the same.
        var stack = AxialSampling.Decimate(3).Acquire(s_crop.Value).Observed;
        var (all, some) = (CurvatureWeight.Of(new SparseVolume(stack, AxialSampling.Decimate(3)))!.Value, CurvatureWeight.Of(new SparseVolume(Without(stack, 8), AxialSampling.Decimate(3)))!.Value);
        Assert.True(all is > 0 and <= CurvatureWeight.Most && some is > 0 and <= CurvatureWeight.Most, $"{all}, {some}");
    }
}
