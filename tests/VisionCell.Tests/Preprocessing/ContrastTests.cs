using VisionCell.Acquisition;
using VisionCell.Preprocessing;
using VisionCell.Volumes;

namespace VisionCell.Tests.Preprocessing;

/// <summary>Shading, clipping and local contrast.</summary>
public class ContrastTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_bowl_put_over_the_stack_is_taken_out_and_can_be_put_back(bool isFactor)
    {
        var truth = PreprocessingFixture.Sample(12, 120, step: 8);
        var shading = new Shading(2, isFactor, isFactor ? [0.1, -0.12, -0.05, 0.03, -0.08] : [12, -14, -6, 4, -9]);
        var shaded = truth.Map(v => v);
        for (var z = 0; z < 12; z++)
            shading.Restore(shaded.Section(z), 120, 120);

        var notices = new List<string>();
        var found = ShadingCorrection.Estimate(Features(shaded), new HashSet<int>(), new ShadingConfiguration(isFactor: isFactor), notices);
        Assert.Empty(notices);
        var own = ShadingCorrection.Estimate(Features(truth), new HashSet<int>(), new ShadingConfiguration(isFactor: isFactor, deadZone: 0), notices)[0]!;
        foreach (var (v, u) in new[] { (-0.9, -0.9), (0.0, 0.8), (0.7, -0.2) })
            Assert.Equal(shading.At(v, u) - shading.At(0, 0) + own.At(v, u) - own.At(0, 0), found[3]!.At(v, u) - found[3]!.At(0, 0), isFactor ? 0.03 : 3.0);

        var section = shaded.Section(5).ToArray();
        found[5]!.Remove(section, 120, 120);
        found[5]!.Restore(section, 120, 120);
        Assert.All(section.Zip(shaded.Section(5).ToArray()), p => Assert.Equal(p.Second, p.First, 1e-3f));
    }

    [Fact]
    public void Shading_within_the_dead_zone_or_of_few_sections_is_left_alone()
    {
        var notices = new List<string>();
        Assert.All(ShadingCorrection.Estimate(Features(PreprocessingFixture.Sample(12, 120, step: 8)), new HashSet<int>(), new ShadingConfiguration(deadZone: 1), notices), Assert.Null);
        Assert.Empty(notices);
        Assert.All(ShadingCorrection.Estimate(Features(PreprocessingFixture.Sample(4, 64)), new HashSet<int>(), new ShadingConfiguration(deadZone: 0), notices), Assert.Null);
        Assert.Contains("4 good sections", Assert.Single(notices), StringComparison.Ordinal);
        Assert.Throws<BadInputException>(() => new ShadingConfiguration(order: 0));
    }

    [Fact]
    public void Clipping_follows_the_stack_and_not_a_wild_section()
    {
        var stack = PreprocessingFixture.Sample(9, 64);
        stack.Section(4).Fill(60000);
        stack[4, 0, 0] = 0;
        var bounds = PercentileClipping.Estimate(Features(stack), null, new HashSet<int>(), new ClippingConfiguration(1, 99));
        Assert.InRange(bounds.High, 150, 255);
        Assert.InRange(bounds.Low, 1, 120);
        var section = stack.Section(2).ToArray();
        PercentileClipping.Apply(section, bounds);
        Assert.Equal((float)bounds.High, section.Max());
        // A hundredth on either side, give or take what differs between sections.
        Assert.InRange(section.Zip(stack.Section(2).ToArray()).Count(p => p.First != p.Second), 1, 64 * 64 / 10);
        Assert.Throws<BadInputException>(() => new ClippingConfiguration(low: 60));
    }

    [Fact]
    public void Local_contrast_is_evened_out_within_bounds_and_can_be_undone()
    {
        var section = PreprocessingFixture.Sample(1, 128).Section(0).ToArray();
        for (var i = 0; i < section.Length; i++)
            section[i] = i % 128 < 64 ? 60 + 0.25f * section[i] : section[i];
        var filter = new LocalEqualisation(128, 128, new GreyBounds(0, 255), new EqualisationConfiguration(tile: 32, clipLimit: 4));
        Assert.Equal((4, 4), (filter.TilesY, filter.TilesX));
        var mappings = filter.Mappings([(0, filter.Histograms(section))]);
        var result = (float[])section.Clone();
        filter.Apply(result, mappings);
        Assert.InRange(result.Min(), 0, 255);
        Assert.InRange(result.Max(), 0, 255);
        double Deviation(float[] values) => SectionStatistics.Of([.. values.Where((_, i) => i % 128 < 48)]).Deviation;
        Assert.True(Deviation(result) > 1.8 * Deviation(section), $"{Deviation(section):0.0} before, {Deviation(result):0.0} after");
        filter.Invert(result, mappings);
        Assert.All(result.Zip(section), p => Assert.Equal(p.Second, p.First, 0.05f));
    }

    [Fact]
    public void A_clip_limit_of_one_or_no_strength_changes_nothing_and_the_neighbours_steady_it()
    {
        var stack = PreprocessingFixture.Sample(5, 96);
        var bounds = new GreyBounds(0, 255);
        foreach (var configuration in new[] { new EqualisationConfiguration(48, 1), new EqualisationConfiguration(48, 4, strength: 0) })
        {
            var none = new LocalEqualisation(96, 96, bounds, configuration);
            var same = stack.Section(2).ToArray();
            none.Apply(same, none.Mappings([(0, none.Histograms(same))]));
            // What is over the limit is handed round until a millionth is left.
            Assert.All(same.Zip(stack.Section(2).ToArray()), p => Assert.Equal(p.Second, p.First, 0.3f));
        }

        // One tile of the middle section turns dark: alone its mapping jumps, with its neighbours it jumps less.
        for (var i = 0; i < 48 * 96; i++)
            stack.Section(2)[i] *= 0.5f;
        var filter = new LocalEqualisation(96, 96, bounds, new EqualisationConfiguration(48, 4, reach: 2));
        var histograms = Enumerable.Range(0, 5).Select(z => filter.Histograms(stack.Section(z))).ToArray();
        double Jump(float[] a, float[] b) => a.Zip(b, (x, y) => Math.Abs(x - y)).Average();
        var alone = Jump(filter.Mappings([(0, histograms[2])]), filter.Mappings([(0, histograms[1])]));
        var together = Jump(filter.Mappings([.. Enumerable.Range(0, 5).Select(z => (z - 2, histograms[z]))]), filter.Mappings([.. Enumerable.Range(0, 4).Select(z => (z - 1, histograms[z]))]));
        Assert.True(together < 0.7 * alone, $"{together:0.00} with neighbours, {alone:0.00} alone");
        Assert.Throws<BadInputException>(() => new LocalEqualisation(96, 96, new GreyBounds(5, 5), new EqualisationConfiguration()));
        Assert.Throws<BadInputException>(() => new EqualisationConfiguration(clipLimit: 0.5));
    }

    private static SectionFeatures[] Features(Volume<float> stack)
    {
        var scanner = new SectionScanner(new VolumeSections(stack));
        return [.. Enumerable.Range(0, stack.Shape.Z).Select(_ => scanner.Next())];
    }
}
