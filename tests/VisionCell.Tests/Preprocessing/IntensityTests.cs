using VisionCell.Acquisition;
using VisionCell.Preprocessing;
using VisionCell.Volumes;

namespace VisionCell.Tests.Preprocessing;

public class IntensityTests
{
    [Fact]
    public void Flicker_put_in_is_taken_out()
    {
        var truth = PreprocessingFixture.Sample(40, 96);
        var random = new Random(3);
        var flicker = Enumerable.Range(0, 40).Select(z => new SectionIntensity(z, 0.8 + 0.4 * random.NextDouble(), 30 * random.NextDouble() - 15)).ToArray();
        var flickering = IntensityNormalisation.Apply(truth, flicker);

        var steady = IntensityNormalisation.Apply(flickering, IntensityNormalisation.Estimate(flickering, new NormalisationConfiguration()));

        Assert.True(Unsteadiness(flickering) > 6, $"{Unsteadiness(flickering)} put in");
        Assert.True(Unsteadiness(steady) < Unsteadiness(truth) + 0.3, $"{Unsteadiness(steady):0.###} after, {Unsteadiness(truth):0.###} in the truth");
    }

    [Fact]
    public void A_single_bright_section_is_corrected_and_its_neighbours_are_not()
    {
        var stack = PreprocessingFixture.Sample(30, 96);
        var section = stack.Section(12);
        foreach (ref var value in section)
            value = value * 1.2f + 25;
        var found = IntensityNormalisation.Estimate(stack, new NormalisationConfiguration());
        Assert.Equal(1 / 1.2, found[12].Gain, 0.03);
        Assert.All(found.Where(i => i.Z != 12), i => Assert.InRange(i.Gain, 0.95, 1.05));
    }

    [Fact]
    public void A_slow_change_of_the_specimen_stays()
    {
        var still = PreprocessingFixture.Sample(40, 64);
        for (var z = 0; z < 40; z++)
        {
            still.Section(39).CopyTo(still.Section(z));
            foreach (ref var value in still.Section(z))
                value += z;
        }
        Assert.All(IntensityNormalisation.Estimate(still, new NormalisationConfiguration()), i => Assert.Equal((1, 0), (Math.Round(i.Gain, 4), Math.Round(i.Offset, 2))));
    }

    [Fact]
    public void It_can_be_undone()
    {
        var truth = PreprocessingFixture.Sample(10, 64);
        IReadOnlyList<SectionIntensity> intensities = [.. Enumerable.Range(0, 10).Select(z => new SectionIntensity(z, 1 + 0.05 * z, -3 * z))];
        var back = IntensityNormalisation.Invert(IntensityNormalisation.Apply(truth, intensities), intensities);
        Assert.All(back.Data.Zip(truth.Data), p => Assert.Equal(p.Second, p.First, 1e-3f));
    }

    [Fact]
    public void Empty_sections_are_left_alone_and_gains_are_bounded()
    {
        var stack = PreprocessingFixture.Sample(20, 64);
        stack.Section(7).Clear();
        foreach (ref var value in stack.Section(9))
            value = 128 + (value - 128) * 0.05f;
        var found = IntensityNormalisation.Estimate(stack, new NormalisationConfiguration(maxGain: 1.5));
        Assert.Equal(new SectionIntensity(7, 1, 0), found[7]);
        Assert.Equal(1.5, found[9].Gain);
        Assert.Throws<BadInputException>(() => new NormalisationConfiguration(maxGain: 0.5));
    }

    [Fact]
    public void Statistics_ignore_a_few_wild_pixels()
    {
        var section = PreprocessingFixture.Sample(1, 100).Section(0).ToArray();
        var before = SectionStatistics.Of(section);
        for (var i = 0; i < 50; i++)
            section[i * 190] = 60000;
        Assert.Equal(before.Mean, SectionStatistics.Of(section).Mean, 1.5);
        Assert.Equal(before.Deviation, SectionStatistics.Of(section).Deviation, 1.5);
    }

    /// <summary>Root mean square second difference of the sections' means, grey values.</summary>
    private static double Unsteadiness(Volume<float> stack)
    {
        var means = Enumerable.Range(0, stack.Shape.Z).Select(z => stack.Section(z).ToArray().Average(v => (double)v)).ToArray();
        return Math.Sqrt(Enumerable.Range(1, means.Length - 2).Average(z => Math.Pow(means[z - 1] - 2 * means[z] + means[z + 1], 2)));
    }
}
