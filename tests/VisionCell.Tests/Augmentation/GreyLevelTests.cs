using VisionCell.Augmentation;
using VisionCell.Volumes;
using static VisionCell.Tests.Augmentation.AugmentationFixture;

namespace VisionCell.Tests.Augmentation;

/// <summary>Laws of the changes of grey levels, and of the random numbers behind them.</summary>
public sealed class GreyLevelTests
{
    private static readonly GreyRange Grey = new(0, 255);

    private static Volume<float> Flat(float value, Shape3? shape = null) =>
        new Volume<float>(shape ?? new Shape3(16, 32, 32), Isotropic, default, Provenance.Of("flat")).Map(_ => value);

    [Fact]
    public void Uniform_numbers_fill_the_interval_evenly_and_do_not_depend_on_how_many_are_asked_for_at_once()
    {
        float[] all = new float[100_003], parts = new float[all.Length];
        new CounterRandom(7).Uniform(all);
        var random = new CounterRandom(7);
        for (var i = 0; i < parts.Length; i += 1001)
            random.Uniform(parts.AsSpan(i, Math.Min(1001, parts.Length - i)));
        Assert.Equal(all, parts);
        Assert.All(all, v => Assert.InRange(v, 0, 0.99999995f));
        // Ten bins of 10,000 +- 95 each; six standard deviations.
        Assert.All(all.GroupBy(v => (int)(v * 10)), bin => Assert.InRange(bin.Count(), 9_400, 10_600));
        var neighbours = all.Zip(all.Skip(1), (a, b) => (a - 0.5) * (b - 0.5)).Average() * 12;
        Assert.InRange(neighbours, -0.02, 0.02);
    }

    [Fact]
    public void Normal_numbers_have_the_moments_of_a_normal_distribution()
    {
        var all = new float[200_001];
        new CounterRandom(3).Normal(all);
        Assert.InRange(all.Average(v => (double)v), -0.015, 0.015);
        Assert.InRange(all.Average(v => (double)v * v), 0.98, 1.02);
        Assert.InRange(all.Average(v => Math.Pow(v, 3)), -0.05, 0.05);
        Assert.InRange(all.Average(v => Math.Pow(v, 4)), 2.9, 3.1);
    }

    [Fact]
    public void Streams_and_seeds_are_unrelated()
    {
        static float[] Draw(CounterRandom random)
        {
            var values = new float[4096];
            random.Uniform(values);
            return values;
        }
        var seeds = new[] { new CounterRandom(1), new CounterRandom(2), new CounterRandom(1).Stream(0), new CounterRandom(1).Stream(1), new CounterRandom(1).Stream("a") }.Select(Draw).ToList();
        for (var i = 0; i < seeds.Count; i++)
        {
            for (var k = 0; k < i; k++)
                Assert.InRange(seeds[i].Zip(seeds[k], (a, b) => (a - 0.5) * (b - 0.5)).Average() * 12, -0.1, 0.1);
        }
    }

    [Theory]
    [InlineData(4)]
    [InlineData(26)]
    [InlineData(200)]
    public void Shot_noise_has_the_mean_and_the_variance_of_counts(float expected)
    {
        // White (255) is 255 electrons at a relative noise of 1/sqrt(255), so that a grey level is one electron.
        var found = new List<(double Mean, double Ratio)>();
        for (var seed = 0UL; seed < 40; seed++)
        {
            var image = Flat(expected);
            new PoissonNoise(1 / Math.Sqrt(255)).Apply(image, Grey, new CounterRandom(seed));
            var mean = image.Data.Average(v => (double)v);
            // The dose is drawn: the quantum is the smallest step between counts.
            var quantum = image.Data.Distinct().Order().Zip(image.Data.Distinct().Order().Skip(1), (a, b) => b - a).Where(d => d > 1e-4).Min();
            found.Add((mean, image.Data.Average(v => (v - mean) * (v - mean)) / (mean * quantum)));
        }
        Assert.All(found, f => Assert.Equal(expected, f.Mean, 0.03 * expected));
        Assert.InRange(found.Average(f => f.Ratio), 0.97, 1.03);
    }

    [Fact]
    public void Normal_noise_has_the_deviation_that_was_drawn_up_to_its_limit()
    {
        var deviations = new List<double>();
        for (var seed = 0UL; seed < 60; seed++)
        {
            var image = Flat(100);
            new GaussianNoise(0.1).Apply(image, Grey, new CounterRandom(seed));
            deviations.Add(Math.Sqrt(image.Data.Average(v => (v - 100.0) * (v - 100.0))) / 255);
            Assert.Equal(100, image.Data.Average(v => (double)v), 1.0);
        }
        Assert.InRange(deviations.Max(), 0.08, 0.102);
        Assert.InRange(deviations.Average(), 0.035, 0.065);
    }

    [Fact]
    public void Intensity_keeps_the_order_of_grey_levels()
    {
        var image = Ramp(2, new Shape3(1, 1, 200), Isotropic).Image;
        new Intensity(0.2, 0.5, 0.5).Apply(image, Grey, new CounterRandom(5));
        Assert.All(image.Data.Zip(image.Data.Skip(1)), p => Assert.True(p.First < p.Second));
    }

    [Fact]
    public void Stripes_are_constant_along_one_lateral_axis_and_alike_in_neighbouring_sections()
    {
        var seen = new HashSet<bool>();
        for (var seed = 0UL; seed < 8; seed++)
        {
            var image = Flat(100);
            new Stripes(0.2, 1.5, 0.95).Apply(image, Grey, new CounterRandom(seed));
            var alongY = image[0, 0, 5] == image[0, 20, 5] && image[3, 0, 9] == image[3, 31, 9];
            var alongX = image[0, 5, 0] == image[0, 5, 20] && image[3, 9, 0] == image[3, 9, 31];
            Assert.True(alongX ^ alongY);
            seen.Add(alongX);
            var (a, b) = (image.Section(4).ToArray(), image.Section(5).ToArray());
            var (ma, mb) = (a.Average(), b.Average());
            var correlation = a.Zip(b, (u, v) => (u - ma) * (v - mb)).Sum() / Math.Sqrt(a.Sum(u => (u - ma) * (u - ma)) * b.Sum(v => (v - mb) * (v - mb)));
            Assert.InRange(correlation, 0.7, 1);
        }
        Assert.Equal(2, seen.Count);
    }

    [Fact]
    public void Streaks_begin_abruptly_and_fade_along_x()
    {
        var image = Flat(100, new Shape3(1, 64, 64));
        new Charging(0.5, 1, 10, 0).Apply(image, Grey, new CounterRandom(6));
        var strongest = Enumerable.Range(0, image.Data.Length).MaxBy(i => Math.Abs(image.Data[i] - 100));
        var (y, x) = (strongest / 64, strongest % 64);
        Assert.InRange(x, 1, 50);
        var amplitude = image[0, y, x] - 100;
        Assert.True(Math.Abs(image[0, y, x - 1] - 100) < 0.1 * Math.Abs(amplitude));
        Assert.InRange((image[0, y, x + 5] - 100) / amplitude, 0.1, 0.9);
    }

    [Fact]
    public void Defocus_keeps_the_mean_and_lowers_the_contrast_in_the_plane_alone()
    {
        var image = Real().Image.Crop(Box.Of(Real().Image.Shape));
        var before = Enumerable.Range(0, image.Shape.Z).Select(z => image.Section(z).ToArray()).ToList();
        new Defocus(30, 0.5).Apply(image, Grey, new CounterRandom(2));
        var changed = Enumerable.Range(0, image.Shape.Z).Where(z => !image.Section(z).SequenceEqual(before[z])).ToList();
        Assert.InRange(changed.Count, 2, 9);
        foreach (var z in changed)
        {
            Assert.Equal(before[z].Average(), image.Section(z).ToArray().Average(), 3.0);
            Assert.True(Spread(image.Section(z).ToArray()) < Spread(before[z]));
        }
        static double Spread(float[] v) => v.Sum(a => Math.Pow(a - v.Average(), 2));
    }

    [Fact]
    public void Missing_sections_are_black_named_and_never_all()
    {
        var total = 0;
        for (var seed = 0UL; seed < 20; seed++)
        {
            var result = new AugmentationPipeline(new MissingSections(0.4)).Apply(Real(), seed);
            Assert.All(result.Missing, z => Assert.All(result.Image.Section(z).ToArray(), v => Assert.Equal(0, v)));
            Assert.Equal(Real().Labels!.Data, result.Labels!.Data);
            for (var z = 0; z < 11; z++)
                Assert.Equal(!result.Missing.Contains(z), result.Image.Section(z).SequenceEqual(Real().Image.Section(z)));
            total += result.Missing.Count;
        }
        Assert.InRange(total, 50, 110); // 20 x 10 x 0.4 = 80
        Assert.Equal(10, new AugmentationPipeline(new MissingSections(1)).Apply(Real(), 1).Missing.Count);
    }

    [Fact]
    public void What_was_not_observed_is_named_wherever_it_goes()
    {
        var flat = new Volume<float>(new Shape3(9, 12, 14), new VoxelSize(10, 10, 10), default, Provenance.Of("flat")).Map(_ => 100f);
        flat.Section(2).Fill(200);
        var sample = TrainingSample.Of(flat.WithProvenance(flat.Provenance with { Sections = new SectionLayout(9, null, [2]) }), null, new GreyRange(0, 255));
        var box = new Box(1, 2, 2, new Shape3(7, 7, 7));
        foreach (var by in new VisionCell.Augmentation.Augmentation[] { new CubeSymmetries(), new Rotation(180, 40), new Translation(30, 30), new ElasticDeformation(40, 10, 10) })
        {
            for (var seed = 0UL; seed < 10; seed++)
            {
                var patch = new AugmentationPipeline(by).Draw(sample, box, seed);
                var shows = Enumerable.Range(0, 7).Where(z => patch.Image.Section(z).ToArray().Any(v => v > 100.01)).ToArray();
                Assert.Equal(shows, patch.Missing.Where(z => patch.Image.Section(z).ToArray().Any(v => v > 100.0001)));
                Assert.Equal(patch.Missing, patch.Image.Unobserved.Order());
            }
        }
        Assert.Equal([1], new AugmentationPipeline().Draw(sample, box, 0).Missing);
        Assert.Empty(new AugmentationPipeline().Draw(sample, new Box(4, 0, 0, new Shape3(4, 7, 7)), 0).Missing);
    }

    [Fact]
    public void Patches_come_in_order_the_same_from_any_number_of_workers()
    {
        var sample = Real();
        var pipeline = AugmentationPipeline.Standard(Isotropic);
        List<byte[]> Take(int workers, long first)
        {
            using var supply = new PatchSupply(sample, pipeline, new Shape3(7, 8, 9), 11, workers, 3, first);
            return [.. Enumerable.Range(0, 6).Select(_ => supply.Next().Image.Bytes.ToArray())];
        }
        var (one, three, later) = (Take(1, 0), Take(3, 0), Take(2, 2));
        Assert.Equal(one, three);
        Assert.Equal(one[2..], later[..4]);
        Assert.Equal(6, one.Select(Convert.ToHexString).Distinct().Count());
        using var closed = new PatchSupply(sample, pipeline, new Shape3(7, 8, 9), 11);
        closed.Dispose();
        Assert.Throws<ObjectDisposedException>(closed.Next);
        Assert.Contains("must fit", Assert.Throws<BadInputException>(() => new PatchSupply(sample, pipeline, new Shape3(12, 8, 9), 1)).Message, StringComparison.Ordinal);
    }
}
