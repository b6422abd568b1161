using VisionCell.Preprocessing;
using VisionCell.Volumes;

namespace VisionCell.Tests.Preprocessing;

/// <summary>Maps of whole sections: the algebra they are solved with, and turns put into real sections and found again.</summary>
public class RigidAlignmentTests
{
    [Fact]
    public void A_map_after_its_inverse_is_the_identity_and_logarithms_go_back_and_forth()
    {
        var logarithm = new AffineLogarithm(100, 140);
        var random = new Random(1);
        for (var trial = 0; trial < 20; trial++)
        {
            double R(double reach) => reach * (2 * random.NextDouble() - 1);
            var map = new AffineMap(1 + R(0.1), R(0.15), R(60), R(0.15), 1 + R(0.1), R(60));
            AssertNear(AffineMap.Identity, map.After(map.Inverse()), 1e-9);
            AssertNear(map, logarithm.Exp(logarithm.Of(map)), 1e-9);
            AssertNear(map, map.Scaled(3).Scaled(1.0 / 3), 1e-9);
        }
        // A turn by 0.3 about the centre moves nothing there, and its logarithm is skew.
        var turn = logarithm.Of(AffineMap.Rotation(0.3, 49.5, 69.5));
        Assert.Equal([0, -turn[2], 0, 0, 0], [turn[0], turn[1], turn[3], turn[4], turn[5]], (a, b) => Math.Abs(a - b) < 1e-9);
    }

    [Fact]
    public void A_map_scaled_up_takes_the_same_points_of_the_specimen_to_each_other()
    {
        // Pixel (4, 7) of a section covers pixels 12 to 14 and 21 to 23 of one three times finer; their centres are 13 and 22.
        var map = new AffineMap(1.02, 0.1, 3, -0.08, 0.97, -2);
        var (y, x) = map.Apply(4, 7);
        var (fineY, fineX) = map.Scaled(3).Apply(13, 22);
        Assert.Equal(3 * (y + 0.5) - 0.5, fineY, 1e-9);
        Assert.Equal(3 * (x + 0.5) - 0.5, fineX, 1e-9);
    }

    [Fact]
    public void A_chain_of_exact_maps_is_solved_exactly_and_a_false_one_is_outvoted()
    {
        var random = new Random(3);
        var logarithm = new AffineLogarithm(200, 200);
        var truth = Enumerable.Range(0, 30).Select(_ => AffineMap.Rotation(0.04 * random.NextDouble(), 99.5, 99.5, 20 * random.NextDouble(), 20 * random.NextDouble())).ToArray();
        var matches = (from i in Enumerable.Range(1, 29)
                       from k in Enumerable.Range(1, 3)
                       where i >= k
                       select new PairMatch(i - k, i, truth[i].After(truth[i - k].Inverse()), 0.8, PairMethod.PhaseCorrelation, true)).ToArray();
        var false_ = Array.FindIndex(matches, m => m is { From: 14, To: 15 });
        matches[false_] = matches[false_] with { Map = AffineMap.Shift(-15, 40).After(matches[false_].Map) };
        var (maps, residuals) = TransformChain.Solve(30, matches, logarithm);
        var gauge = maps[0].Inverse().After(truth[0]);
        for (var z = 0; z < 30; z++)
            Assert.True(maps[z].After(gauge).After(truth[z].Inverse()).Reach(200, 200) < 0.1, $"section {z}");
        Assert.True(residuals[false_] > 35);
        Assert.All(residuals.Where((_, i) => i != false_), r => Assert.InRange(r, 0, 0.1));
    }

    [Theory]
    [InlineData(AlignmentModel.Rigid)]
    [InlineData(AlignmentModel.Affine)]
    public void Turns_and_shifts_put_into_real_sections_are_found_to_three_tenths_of_a_pixel(AlignmentModel model)
    {
        var (put, turned) = Turned(12, 14, 2, 7);
        var configuration = new AlignmentConfiguration(maxShift: 40, keepSlowMotion: false, deadZone: 0, model: model);
        var found = SectionAlignment.Estimate(new VolumeSections(turned), configuration).Transforms.Sections;

        // The sections' own motion is in both estimates and cancels.
        var own = SectionAlignment.Estimate(new VolumeSections(PreprocessingFixture.Sample(12, 196).Crop(new Box(0, 24, 24, new Shape3(12, 148, 148)))), configuration).Transforms.Sections;
        var rest = put.Select((p, z) => AffineMap.Of(own[z]).Inverse().After(AffineMap.Shift(-24, -24)).After(p).After(AffineMap.Shift(24, 24)).After(AffineMap.Of(found[z]))).ToArray();
        var logarithm = new AffineLogarithm(148, 148);
        var between = Enumerable.Range(1, 11).Select(z => AffineLogarithm.Length(logarithm.Of(rest[z].After(rest[z - 1].Inverse())))).ToArray();
        Assert.True(between.Average() < 0.3, $"{between.Average():0.###} pixels between neighbours");
    }

    [Fact]
    public void A_window_of_the_common_frame_follows_its_section_at_every_level()
    {
        // Content of the frame's middle (row 39.5, column 59.5) lies 7 rows further down and 5 columns further left in this section.
        var window = new CommonWindow(AffineMap.Shift(7, -5), 80, 120);
        var weights = window.Weights(80, 120, 1);
        Assert.Equal(1, weights[46 * 120 + 54], 2e-3f);
        Assert.Equal(0, weights[6 * 120 + 54]);
        Assert.Equal(0, weights[46 * 120 + 118]);
        Assert.Equal(0.5f * weights[46 * 120 + 54], weights[26 * 120 + 54], 0.03f); // a quarter of the frame from its border
        var coarse = window.Weights(40, 60, 2);
        for (var y = 0; y < 40; y++)
        {
            for (var x = 0; x < 60; x++)
                Assert.Equal(0.25f * (weights[2 * y * 120 + 2 * x] + weights[2 * y * 120 + 2 * x + 1] + weights[(2 * y + 1) * 120 + 2 * x] + weights[(2 * y + 1) * 120 + 2 * x + 1]), coarse[y * 60 + x], 2e-3f);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Errors_hardly_add_up_although_sections_show_different_parts_of_a_specimen_that_slides_in_itself(int seed)
    {
        const int Count = 60;
        var (put, turned) = Turned(Count, 14, 2, seed);
        var configuration = new AlignmentConfiguration(maxShift: 40, neighbours: 3, keepSlowMotion: false, deadZone: 0);
        AffineMap[] Of(Volume<float> stack) => [.. SectionAlignment.Estimate(new VolumeSections(stack), configuration).Transforms.Sections.Select(AffineMap.Of)];
        var (own, found) = (Of(PreprocessingFixture.Sample(Count, 196).Crop(new Box(0, 24, 24, new Shape3(Count, 148, 148)))), Of(turned));
        var logarithm = new AffineLogarithm(148, 148);
        var rest = put.Select((p, z) => logarithm.Of(AffineMap.Shift(-24, -24).After(p).After(AffineMap.Shift(24, 24)).After(found[z]).After(own[z].Inverse()))).ToArray();
        double[] mean = [.. Enumerable.Range(0, 6).Select(k => rest.Average(r => r[k]))];
        var all = rest.Average(r => AffineLogarithm.Length([.. r.Zip(mean, (a, b) => a - b)]));
        Assert.True(all < 0.3, $"{all:0.###} pixels over all {Count} sections");
    }

    [Fact]
    public void A_turn_beyond_the_search_is_found_by_points()
    {
        var truth = PreprocessingFixture.Sample(2, 196);
        var fault = AffineMap.Rotation(0.7, 97.5, 97.5);
        var turned = new float[196 * 196];
        SectionResampling.Apply(truth.Section(1), turned, 196, 196, new SectionTransform(1, fault.Rows, null, 1, SectionStatus.Kept, ""), null, SectionInterpolation.Cubic);
        var found = FeatureMatching.Find(PreparedSection.Of(truth.Section(0), 196, 196, 1), PreparedSection.Of(turned, 196, 196, 1), AlignmentModel.Rigid);
        Assert.True(found is { } map && fault.After(map).Reach(196, 196) < 3, $"{found}");
        var unrelated = PreprocessingFixture.Noisy(truth.Map(_ => 100f), 10, 1);
        Assert.Null(FeatureMatching.Find(PreparedSection.Of(truth.Section(0), 196, 196, 1), PreparedSection.Of(unrelated.Section(0), 196, 196, 1), AlignmentModel.Rigid));
    }

    [Fact]
    public void Excluded_sections_are_bridged_and_say_so()
    {
        var stack = PreprocessingFixture.Sample(10, 140);
        for (var i = 0; i < stack.Section(4).Length; i++)
            stack.Section(4)[i] = i * 7919 % 255;
        var put = Enumerable.Range(0, 10).Select(z => (Y: z > 4 ? 4.0 : 0, X: 0.0)).ToArray();
        var result = SectionAlignment.Estimate(new VolumeSections(PreprocessingFixture.Jitter(stack, put, 6)), new AlignmentConfiguration(model: AlignmentModel.Translation), new HashSet<int> { 4 });
        Assert.DoesNotContain(result.Matches, m => m.From == 4 || m.To == 4);
        var section = result.Transforms.Sections[4];
        Assert.Equal((SectionStatus.Excluded, 0.0), (section.Status, section.Confidence));
        Assert.Contains("left out", section.Reason, StringComparison.Ordinal);
        Assert.Equal(4, result.Transforms.Sections[5].ShiftY - result.Transforms.Sections[3].ShiftY, 1.0);
        Assert.InRange(section.ShiftY, result.Transforms.Sections[3].ShiftY - 0.5, result.Transforms.Sections[5].ShiftY + 0.5);
    }

    [Fact]
    public void Slow_motion_is_reported_whether_it_is_removed_or_kept()
    {
        var still = PreprocessingFixture.Sample(24, 128);
        for (var z = 1; z < 24; z++)
            still.Section(0).CopyTo(still.Section(z));
        var moved = new VolumeSections(PreprocessingFixture.Jitter(still, [.. Enumerable.Range(0, 24).Select(z => (0.4 * z - 4.6, 0.0))], 8));
        var kept = SectionAlignment.Estimate(moved, new AlignmentConfiguration(driftWindow: 10));
        var removed = SectionAlignment.Estimate(moved, new AlignmentConfiguration(keepSlowMotion: false));
        Assert.False(kept.Drift.Removed);
        Assert.True(removed.Drift.Removed);
        foreach (var result in (AlignmentResult[])[kept, removed])
        {
            Assert.Equal(0.4 * 23, result.Drift.Sections[^1].Y - result.Drift.Sections[0].Y, 0.3);
            Assert.Equal(0.4 * 23, result.Drift.Extent, 0.3);
        }
        Assert.All(kept.Transforms.Sections, s => Assert.True(s.IsIdentity));
        Assert.Equal(0.4 * 23, removed.Transforms.Sections[^1].ShiftY - removed.Transforms.Sections[0].ShiftY, 0.3);
    }

    [Fact]
    public void Sections_are_read_a_bounded_number_of_times_and_progress_ends_at_their_number()
    {
        var counting = new Counting(new VolumeSections(PreprocessingFixture.Sample(9, 96)));
        var last = 0;
        SectionAlignment.Estimate(counting, new AlignmentConfiguration(), null, new VisionCell.Runs.Relay<int>(done => last = done));
        Assert.All(counting.Reads, r => Assert.Equal(1, r)); // hardly moved: no second comparison
        SectionAlignment.Estimate(counting, new AlignmentConfiguration(elastic: new ElasticConfiguration()));
        Assert.All(counting.Reads, r => Assert.Equal(3, r));
        Assert.Equal(9, last);
        var far = new Counting(new VolumeSections(PreprocessingFixture.Jitter(PreprocessingFixture.Sample(9, 112), [.. Enumerable.Range(0, 9).Select(z => (z % 2 * 4.0, 0.0))], 8)));
        SectionAlignment.Estimate(far, new AlignmentConfiguration());
        Assert.All(far.Reads, r => Assert.Equal(2, r));
    }

    [Fact]
    public void Bad_input_is_named()
    {
        var black = new VolumeSections(PreprocessingFixture.Sample(3, 48).Map(_ => 0f));
        Assert.Contains("0 of 3 sections can be compared", Assert.Throws<BadInputException>(() => SectionAlignment.Estimate(black, new AlignmentConfiguration())).Message, StringComparison.Ordinal);
        var broken = PreprocessingFixture.Sample(3, 48);
        broken[2, 30, 7] = float.NaN;
        Assert.Contains("section 2: pixel y 30, x 7 is NaN", Assert.Throws<BadInputException>(() => SectionAlignment.Estimate(new VolumeSections(broken), new AlignmentConfiguration())).Message, StringComparison.Ordinal);
        var small = new VolumeSections(PreprocessingFixture.Sample(3, 12));
        Assert.Contains("at least 16 x 16", Assert.Throws<BadInputException>(() => SectionAlignment.Estimate(small, new AlignmentConfiguration())).Message, StringComparison.Ordinal);
        var good = new VolumeSections(PreprocessingFixture.Sample(3, 48));
        Assert.Contains("section 3", Assert.Throws<BadInputException>(() => SectionAlignment.Estimate(good, new AlignmentConfiguration(), new HashSet<int> { 3 })).Message, StringComparison.Ordinal);
        Assert.ThrowsAny<OperationCanceledException>(() => SectionAlignment.Estimate(good, new AlignmentConfiguration(), null, null, new CancellationToken(true)));
        Assert.Throws<BadInputException>(() => new AlignmentConfiguration(driftWindow: 2));
        Assert.Throws<BadInputException>(() => new ElasticConfiguration(minJacobian: 0));
    }

    private static void AssertNear(AffineMap expected, AffineMap found, double tolerance) =>
        Assert.Equal([.. expected.Rows[0], .. expected.Rows[1]], [.. found.Rows[0], .. found.Rows[1]], (double a, double b) => Math.Abs(a - b) < tolerance);

    private static (AffineMap[] Put, Volume<float> Turned) Turned(int sections, double shift, double degrees, int seed)
    {
        var truth = PreprocessingFixture.Sample(sections, 196);
        var random = new Random(seed);
        double Uniform(double reach) => reach * (2 * random.NextDouble() - 1);
        var put = Enumerable.Range(0, sections).Select(_ => AffineMap.Rotation(Uniform(degrees) * Math.PI / 180, 97.5, 97.5, Uniform(shift), Uniform(shift))).ToArray();
        var moved = SectionResampling.Apply(truth, new SectionTransforms([.. put.Select((p, z) => new SectionTransform(z, p.Rows, null, 1, SectionStatus.Kept, ""))]), SectionInterpolation.Cubic);
        return (put, moved.Crop(new Box(0, 24, 24, new Shape3(sections, 148, 148))));
    }

    private sealed class Counting(ISectionSource source) : ISectionSource
    {
        public int Count => source.Count;

        public int Height => source.Height;

        public int Width => source.Width;

        public int[] Reads { get; } = new int[source.Count];

        public void Read(int z, Span<float> destination)
        {
            Interlocked.Increment(ref Reads[z]);
            source.Read(z, destination);
        }
    }
}
