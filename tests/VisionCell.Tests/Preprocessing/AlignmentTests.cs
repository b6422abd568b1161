using VisionCell.Preprocessing;
using VisionCell.Volumes;

namespace VisionCell.Tests.Preprocessing;

public class AlignmentTests
{
    private static readonly AlignmentConfiguration _everything = new(keepSlowMotion: false, deadZone: 0, model: AlignmentModel.Translation);
    private static readonly AlignmentConfiguration _shifts = new(model: AlignmentModel.Translation);

    [Theory]
    [InlineData(3, -2)]
    [InlineData(0.5, 0.25)]
    [InlineData(-7.3, 11.6)]
    public void A_shift_put_into_one_image_is_found(double y, double x)
    {
        var one = PreprocessingFixture.Sample(2, 128);
        one.Section(0).CopyTo(one.Section(1));
        var pair = PreprocessingFixture.Jitter(one, [(0, 0), (y, x)], 16);
        var found = PhaseCorrelation.Estimate(pair.Section(0), pair.Section(1), pair.Shape.Y, pair.Shape.X, 16);
        Assert.True(found.IsReliable);
        Assert.True(found.Confidence > 0.7, $"confidence {found.Confidence}");
        Assert.Equal(y, found.Y, 0.1);
        Assert.Equal(x, found.X, 0.1);
    }

    [Fact]
    public void Images_without_relation_give_no_reliable_shift()
    {
        var flat = PreprocessingFixture.Sample(2, 96).Map(_ => 100f);
        var reliable = 0;
        for (var seed = 0; seed < 20; seed++)
        {
            var noise = PreprocessingFixture.Noisy(flat, 10, seed);
            if (PhaseCorrelation.Estimate(noise.Section(0), noise.Section(1), 96, 96, 16).IsReliable)
                reliable++;
        }
        Assert.Equal(0, reliable);
        Assert.False(PhaseCorrelation.Estimate(flat.Section(0), flat.Section(1), 96, 96, 16).IsReliable);
    }

    [Fact]
    public void Jitter_put_into_real_sections_is_found_to_three_tenths_of_a_pixel()
    {
        var (truth, put, jittered) = Jittered(32, 3, 4);

        // The sections' own motion is in both estimates and cancels.
        var own = Align(Cropped(truth), _everything);
        var found = Align(jittered, _everything);
        var (meanY, meanX) = (put.Average(p => p.Y), put.Average(p => p.X));
        Assert.All(found.Sections, s =>
        {
            Assert.Equal(put[s.Z].Y - meanY, s.ShiftY - own.Sections[s.Z].ShiftY, 0.3);
            Assert.Equal(put[s.Z].X - meanX, s.ShiftX - own.Sections[s.Z].ShiftX, 0.3);
            Assert.InRange(s.Confidence, 0.1, 1);
        });
    }

    [Fact]
    public void Jitter_is_told_from_the_motion_of_the_specimen()
    {
        // Alignment that keeps motion cannot know a smooth part of the jitter, but from one section to the next little of it is left.
        var (_, put, jittered) = Jittered(60, 2, 8);
        var found = Align(jittered, _shifts);
        double Steps(Func<int, double> at) => Math.Sqrt(Enumerable.Range(1, 59).Average(z => Math.Pow(at(z) - at(z - 1), 2)));
        Assert.True(Steps(z => found.Sections[z].ShiftY - put[z].Y) < 0.25 * Steps(z => put[z].Y), $"y: {Steps(z => found.Sections[z].ShiftY - put[z].Y):0.###} of {Steps(z => put[z].Y):0.###}");
        Assert.True(Steps(z => found.Sections[z].ShiftX - put[z].X) < 0.25 * Steps(z => put[z].X), $"x: {Steps(z => found.Sections[z].ShiftX - put[z].X):0.###} of {Steps(z => put[z].X):0.###}");
    }

    [Fact]
    public void A_jump_is_corrected_whether_the_next_section_goes_back_or_not()
    {
        var truth = PreprocessingFixture.Sample(30, 140);
        var put = Enumerable.Range(0, 30).Select(z => (Y: z == 9 ? 5.0 : 0, X: z >= 20 ? -4.0 : 0)).ToArray();
        var found = Align(PreprocessingFixture.Jitter(truth, put, 6), _shifts);
        Assert.Equal(5, found.Sections[9].ShiftY - 0.5 * (found.Sections[8].ShiftY + found.Sections[10].ShiftY), 0.8);
        Assert.Equal(-4, found.Sections[20].ShiftX - found.Sections[19].ShiftX, 0.8);
        Assert.Equal(-4, found.Sections[29].ShiftX - found.Sections[0].ShiftX, 0.8);
    }

    [Fact]
    public void Steady_drift_is_corrected_where_asked_and_left_where_not()
    {
        // The same section again and again, so that nothing but the drift moves.
        var still = PreprocessingFixture.Sample(24, 128);
        for (var z = 1; z < 24; z++)
            still.Section(0).CopyTo(still.Section(z));
        var drift = Enumerable.Range(0, 24).Select(z => (Y: 0.4 * z - 4.6, X: 0.0)).ToArray();
        var moved = PreprocessingFixture.Jitter(still, drift, 8);

        var all = Align(moved, _everything);
        Assert.All(all.Sections, s => Assert.Equal(drift[s.Z].Y, s.ShiftY, 0.1));

        var left = Align(moved, _shifts);
        Assert.All(left.Sections, s => Assert.True(s.IsIdentity, $"section {s.Z} moved by {s.ShiftY:0.###}"));
    }

    [Fact]
    public void An_aligned_stack_is_hardly_moved()
    {
        var aligned = PreprocessingFixture.Sample(40, 128);
        var found = Align(aligned, _shifts);
        var moved = found.Sections.Where(s => !s.IsIdentity).ToArray();
        Assert.True(moved.Length <= 8, $"{moved.Length} of 40 sections moved, up to {moved.Select(s => Math.Max(Math.Abs(s.ShiftX), Math.Abs(s.ShiftY))).DefaultIfEmpty().Max():0.###} pixels");
        Assert.All(moved, s => Assert.InRange(Math.Max(Math.Abs(s.ShiftX), Math.Abs(s.ShiftY)), 0, 0.6));
    }

    [Fact]
    public void Aligning_jittered_sections_brings_them_back_to_where_they_were()
    {
        var (_, _, jittered) = Jittered(24, 2, 9);
        var aligned = SectionResampling.Apply(jittered, Align(jittered, _shifts), SectionInterpolation.Cubic);
        Assert.True(Roughness(aligned) < 0.5 * Roughness(jittered), $"{Roughness(aligned):0.#} after, {Roughness(jittered):0.#} before");
    }

    [Fact]
    public void A_black_section_is_kept_bridged_and_named()
    {
        var stack = PreprocessingFixture.Sample(12, 128);
        stack.Section(5).Clear();
        var shifts = Enumerable.Range(0, 12).Select(z => (Y: z > 5 ? 3.0 : 0, X: 0.0)).ToArray();
        var own = Align(Cropped(stack), _everything).Sections;
        var found = Align(PreprocessingFixture.Jitter(stack, shifts, 6), _everything).Sections;
        Assert.Equal(0, found[5].Confidence);
        Assert.Equal(SectionStatus.Kept, found[5].Status);
        Assert.Contains("constant", found[5].Reason, StringComparison.Ordinal);
        Assert.Equal(3, found[6].ShiftY - found[4].ShiftY - (own[6].ShiftY - own[4].ShiftY), 0.3);
    }

    [Fact]
    public void Positions_that_fit_all_links_are_found_and_contradictions_are_shared()
    {
        // A triangle whose sides do not add up: 1 + 1 against 2.3, equal weights; each takes a third of the gap.
        var positions = ChainSolver.Solve(3, [(0, 1, 1, 1), (1, 2, 1, 1), (0, 2, 1, 2.3)]);
        Assert.Equal([0, 1.1, 2.2], positions.Select(p => Math.Round(p, 12)));

        var random = new Random(2);
        var truth = Enumerable.Range(0, 50).Select(i => i == 0 ? 0 : random.NextDouble()).ToArray();
        var links = (from i in Enumerable.Range(0, 50) from k in Enumerable.Range(1, 3) where i >= k select (i - k, i, 0.1 + random.NextDouble(), truth[i] - truth[i - k])).ToArray();
        Assert.All(ChainSolver.Solve(50, links).Zip(truth), p => Assert.Equal(p.Second, p.First, 1e-9));
    }

    [Fact]
    public void Resampling_by_whole_pixels_moves_them_and_there_and_back_is_the_identity()
    {
        var stack = PreprocessingFixture.Sample(2, 64);
        var there = SectionResampling.Apply(stack, new SectionTransforms([SectionTransform.Shift(0, 2, -3, 1, ""), SectionTransform.Shift(1, 0, 0, 1, "")]), SectionInterpolation.Linear);
        Assert.Equal(stack[0, 12, 17], there[0, 10, 20]);
        Assert.Equal(stack.Section(1), there.Section(1));
        var back = SectionResampling.Apply(there, new SectionTransforms([SectionTransform.Shift(0, -2, 3, 1, ""), SectionTransform.Shift(1, 0, 0, 1, "")]), SectionInterpolation.Cubic);
        for (var y = 4; y < 60; y++)
        {
            for (var x = 4; x < 60; x++)
                Assert.Equal(stack[0, y, x], back[0, y, x], 1e-3f);
        }
    }

    [Fact]
    public void One_section_or_wrong_numbers_of_transforms_are_refused()
    {
        var one = PreprocessingFixture.Sample(1, 64);
        Assert.Contains("1 section", Assert.Throws<BadInputException>(() => Align(one, _shifts)).Message, StringComparison.Ordinal);
        Assert.Throws<BadInputException>(() => SectionResampling.Apply(one, new SectionTransforms([]), SectionInterpolation.Linear));
        Assert.Throws<BadInputException>(() => new AlignmentConfiguration(maxShift: double.NaN));
        Assert.Throws<BadInputException>(() => new AlignmentConfiguration(neighbours: 0));
    }

    private static SectionTransforms Align(Volume<float> stack, AlignmentConfiguration configuration) =>
        SectionAlignment.Estimate(new VolumeSections(stack), configuration).Transforms;

    private static Volume<float> Cropped(Volume<float> stack) => PreprocessingFixture.Jitter(stack, [.. Enumerable.Repeat((0.0, 0.0), stack.Shape.Z)], 6);

    private static (Volume<float> Truth, (double Y, double X)[] Put, Volume<float> Jittered) Jittered(int sections, double amplitude, int seed)
    {
        var truth = PreprocessingFixture.Sample(sections, 140);
        var random = new Random(seed);
        var put = Enumerable.Range(0, sections).Select(_ => (Y: amplitude * (2 * random.NextDouble() - 1), X: amplitude * (2 * random.NextDouble() - 1))).ToArray();
        return (truth, put, PreprocessingFixture.Jitter(truth, put, 6));
    }

    private static double Roughness(Volume<float> stack)
    {
        var sum = 0.0;
        for (var z = 1; z < stack.Shape.Z; z++)
        {
            for (var y = 8; y < stack.Shape.Y - 8; y++)
            {
                for (var x = 8; x < stack.Shape.X - 8; x++)
                    sum += Math.Pow(stack[z, y, x] - stack[z - 1, y, x], 2);
            }
        }
        return sum / (stack.Shape.Z - 1) / (stack.Shape.Y - 16) / (stack.Shape.X - 16);
    }
}
