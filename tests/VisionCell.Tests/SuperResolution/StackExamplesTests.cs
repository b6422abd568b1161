using VisionCell.Acquisition;
using VisionCell.Learning;
using VisionCell.Reconstruction;
using VisionCell.Runs;
using VisionCell.SuperResolution;
using VisionCell.Volumes;
using static TorchSharp.torch;

namespace VisionCell.Tests.SuperResolution;

public sealed class StackExamplesTests
{
    /// <summary>A specimen whose grey value is its fine row, a pixel apart.</summary>
    private static SparseVolume Ramp(string degradation, int rows, params int[] unobserved)
    {
        var volume = new Volume<float>(new Shape3(rows, 96, 96), new VoxelSize(10, 10, 10), default, Provenance.Of("ramp"));
        for (var z = 0; z < rows; z++)
            volume.Section(z).Fill(z);
        var sparse = AxialSampling.Parse(degradation).Acquire(volume);
        return sparse with { Observed = (Volume<float>)sparse.Observed.WithProvenance(sparse.Observed.Provenance with { Sections = new SectionLayout(sparse.Sections, null, unobserved) }) };
    }

    [Theory]
    [InlineData("decimate:4", 161)]
    [InlineData("decimate:7", 281)]
    [InlineData("pool:4", 160)]
    public void What_lies_between_on_a_straight_line_is_the_truth(string degradation, int rows)
    {
        var sparse = Ramp(degradation, rows, 9);
        var examples = StackExamples.Of(sparse.Observed, sparse, 0, CPU);
        Assert.NotNull(examples);
        var thick = !sparse.Sampling.IsDecimation;
        var kept = Enumerable.Range(0, sparse.Sections).Where(z => HalfScale.IsKept(z, thick)).Select(z => sparse.Observed.Section(z)[0]).ToHashSet();
        var distances = new HashSet<double>();
        for (var seed = 0; seed < 40; seed++)
        {
            var batch = examples.Draw(new Random(seed));
            using var sections = batch.Sections;
            using var wanted = batch.Wanted;
            distances.Add(batch.Gap.Distance);
            for (var n = 0; n < sections.shape[0]; n++)
            {
                var (before, after) = (sections[n, GapNetwork.Sections / 2 - 1, 3, 4].item<float>(), sections[n, GapNetwork.Sections / 2, 3, 4].item<float>());
                for (var t = 0; t < wanted.shape[1]; t++)
                {
                    var position = batch.Gap.Positions.Skip(t * batch.Thickness).Take(batch.Thickness).Average();
                    var value = wanted[n, t, 5, 6].item<float>();
                    Assert.Equal(before + (after - before) * position, value, 1e-3);
                    Assert.DoesNotContain(value, kept);
                    // Nor is a section that was not observed the truth, or beside it.
                    Assert.NotEqual(sparse.Observed.Section(9)[0], value);
                }
                Assert.Equal(Math.Abs(after - before), batch.Gap.Distance * (batch.Gap.Distance == Math.Round(Math.Abs(after - before)) ? 1 : 2), 1e-3);
            }
        }
        // At the scale of the stack and at half of it.
        Assert.Contains(2.0 * sparse.Sampling.Pitch, distances);
        Assert.Contains((double)sparse.Sampling.Pitch, distances);
    }

    [Fact]
    public void Wide_gaps_are_learnt_at_half_the_scale_only_and_a_short_stack_has_none()
    {
        var wide = Ramp("decimate:20", 401);
        var examples = StackExamples.Of(wide.Observed, wide, 0, CPU)!;
        for (var seed = 0; seed < 10; seed++)
        {
            var batch = examples.Draw(new Random(seed));
            using var sections = batch.Sections;
            using var wanted = batch.Wanted;
            Assert.Equal(20, batch.Gap.Distance);
        }
        var brief = Ramp("decimate:4", 9);
        Assert.Null(StackExamples.Of(brief.Observed, brief, 0, CPU));
    }

    [Fact]
    public void Time_and_progress_are_those_of_the_whole()
    {
        var reports = new List<TrainingProgress>();
        var phases = new TrainingPhases(new TrainingOptions(Budget: TimeSpan.FromSeconds(100), Progress: new Relay<TrainingProgress>(reports.Add)), TimeSpan.FromSeconds(1), 0.25, 2);
        Assert.Equal(75, phases.First.Budget!.Value.TotalSeconds, 1e-9);
        phases.First.Progress!.Report(new TrainingProgress(10, TimeSpan.FromSeconds(75), 1, 0.5, 0.1, 1.5));
        var further = phases.Further(1, "second");
        Assert.Equal(12.5, further.Budget!.Value.TotalSeconds, 1e-9);
        further.Progress!.Report(new TrainingProgress(4, TimeSpan.FromSeconds(6), 0.5, 0.9, 0.1, null));
        Assert.Equal([0.75, 0.9375], reports.Select(r => r.Fraction));
        Assert.Equal([10, 14], reports.Select(r => r.Step));
        Assert.Equal(["", "second"], reports.Select(r => r.Stage));
        Assert.Equal(TimeSpan.FromSeconds(81), reports[1].Elapsed);
        // A third of the steps' time for both, at a seventh of their speed.
        Assert.Equal(10, new TrainingPhases(new TrainingOptions(Steps: 420), TimeSpan.FromSeconds(1), 0.25, 2).Further(0, "first").Steps);
    }
}
