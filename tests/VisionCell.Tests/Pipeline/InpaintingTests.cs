using System.Numerics.Tensors;
using VisionCell.Acquisition;
using VisionCell.Augmentation;
using VisionCell.Evaluation;
using VisionCell.Pipeline;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Tests.Pipeline;

/// <summary>The real sample with a section and a region of two others missing, tuned for a few steps by networks that do not know it.</summary>
public sealed class InpaintedSample : IDisposable
{
    public const int Section = 13;

    public InpaintedSample()
    {
        var mask = new Volume<float>(Truth.Shape, Truth.VoxelSize, Truth.Origin, Provenance.Of("mask"));
        foreach (var z in new[] { 30, 31 })
        {
            for (var y = 20; y < 60; y++)
            {
                for (var x = 30; x < 80; x++)
                    mask[z, y, x] = 1;
            }
        }
        Missing = MissingVoxels.Of(Truth.Shape, [Section], mask);
        Broken = Truth.Map(v => v);
        for (var z = 0; z < Truth.Shape.Z; z++)
        {
            for (var y = 0; y < Truth.Shape.Y; y++)
            {
                for (var x = 0; x < Truth.Shape.X; x++)
                {
                    // What is missing must not matter.
                    if (Missing[z, y, x])
                        Broken[z, y, x] = 255 * (z + x & 1);
                }
            }
        }
        Inpainting = Train(new InpaintingConfiguration { Samples = 4 });
    }

    internal Volume<float> Truth { get; } = Sample.Medulla(new Box(20, 0, 0, new Shape3(45, 112, 112)));

    internal Volume<float> Broken { get; }

    internal MissingVoxels Missing { get; }

    internal Inpainting Inpainting { get; }

    internal Inpainting Train(InpaintingConfiguration configuration) => Inpainting.Train(Broken, Missing, new TrainingOptions(Steps: 25), configuration);

    public void Dispose() => Inpainting.Dispose();
}

public sealed class InpaintingTests(InpaintedSample sample) : IClassFixture<InpaintedSample>
{
    private readonly (Volume<float> Truth, Volume<float> Broken, MissingVoxels Missing, Inpainting Inpainting) _ = (sample.Truth, sample.Broken, sample.Missing, sample.Inpainting);

    [Fact]
    public void What_is_known_stays_and_what_is_missing_comes_closer_to_the_truth_than_the_mean_of_its_neighbours()
    {
        var filled = _.Inpainting.Expected();
        for (var i = 0; i < filled.Data.Length; i++)
        {
            var (z, y, x) = (i / (112 * 112), i / 112 % 112, i % 112);
            if (!_.Missing[z, y, x])
                Assert.Equal(_.Broken.Data[i], filled.Data[i]);
        }
        Assert.Equal([InpaintedSample.Section, 30, 31], filled.Unobserved.Order());
        Assert.True(Error(filled) < 0.92 * LineError(), $"rms error {Error(filled)}, of the straight line {LineError()}");
        Assert.True(_.Inpainting.CanJudge);
        Assert.Equal([1, 2], _.Inpainting.Shares.Keys.Order());
    }

    [Fact]
    public void The_mean_of_samples_keeps_close_and_tells_its_errors()
    {
        var (mean, error) = _.Inpainting.Mean();
        Assert.True(Error(mean) < 0.92 * LineError(), $"rms error {Error(mean)}, of the straight line {LineError()}");
        long inside = 0, count = 0;
        for (var i = 0; i < mean.Data.Length; i++)
        {
            var (z, y, x) = (i / (112 * 112), i / 112 % 112, i % 112);
            if (!_.Missing[z, y, x])
            {
                Assert.Equal(0, error.Data[i]);
                continue;
            }
            count++;
            inside += Math.Abs(mean.Data[i] - _.Truth.Data[i]) <= error.Data[i] * 2.06 ? 1 : 0;
        }
        Assert.Equal(_.Missing.Count, count);
        Assert.InRange((double)inside / count, 0.82, 0.97);
    }

    [Fact]
    public void A_sample_is_as_sharp_as_sections_and_a_number_gives_the_same_one()
    {
        var (first, again, other) = (_.Inpainting.Sample(0), _.Inpainting.Sample(0), _.Inpainting.Sample(2));
        Assert.Equal(first.Data, again.Data);
        Assert.NotEqual(first.Data, other.Data);
        double Detail(Volume<float> volume) => HighFrequencyRatio.Deviation(volume.Crop(new Box(InpaintedSample.Section, 0, 0, new Shape3(1, 112, 112))), ScoredRegion.All(1), default);
        Assert.InRange(Detail(first) / Detail(_.Truth), 0.85, 1.15);
    }

    [Fact]
    public void Tiles_fit_together()
    {
        using var tiled = sample.Train(new InpaintingConfiguration { Samples = 4, Tile = 64 });
        var (whole, parts) = (_.Inpainting.Sample(0), tiled.Sample(0));
        var difference = Math.Sqrt(whole.Data.Zip(parts.Data).Sum(p => Math.Pow(p.First - p.Second, 2)) / _.Missing.Count);
        // Shares are measured on other parts of the plane.
        Assert.True(difference < 1, $"tiles and whole differ by {difference} grey values");
    }

    [Fact]
    public void A_noisy_section_is_denoised_by_itself_and_its_neighbours()
    {
        const float Noise = 15;
        int[] noisy = [13, 30];
        var seen = _.Truth.Map(v => v);
        foreach (var z in noisy)
        {
            var added = new float[112 * 112];
            new CounterRandom(5).Stream((ulong)z).Normal(added);
            TensorPrimitives.MultiplyAdd(added, Noise, seen.Section(z), seen.Section(z));
        }
        using var denoising = Inpainting.Train(seen, MissingVoxels.Of(seen.Shape, [], null, noisy), new TrainingOptions(Steps: 25), new InpaintingConfiguration { Samples = 4 });
        Assert.All(noisy, z => Assert.InRange(denoising.Noise[z], 0.85 * Noise, 1.15 * Noise));

        var (mean, error) = denoising.Mean();
        double Rms(Volume<float> volume) => Math.Sqrt(noisy.Average(z => Enumerable.Range(z * 112 * 112, 112 * 112).Average(i => Math.Pow(volume.Data[i] - _.Truth.Data[i], 2))));
        Assert.True(Rms(mean) < 0.9 * Math.Min(Rms(denoising.Expected()), Noise), $"rms error {Rms(mean)}, without the sections themselves {Rms(denoising.Expected())}, of the sections {Rms(seen)}");
        var inside = noisy.Average(z => Enumerable.Range(z * 112 * 112, 112 * 112).Average(i => Math.Abs(mean.Data[i] - _.Truth.Data[i]) <= 2.06 * error.Data[i] ? 1.0 : 0));
        Assert.InRange(inside, 0.82, 0.97);
        Assert.Equal(seen.Section(12).ToArray(), mean.Section(12).ToArray());
        // A sample keeps to what was seen, within its noise, and has no more detail than the sections about it.
        var sample = denoising.Sample(0);
        Assert.InRange(Rms(sample), Rms(mean), 1.5 * Rms(mean));
    }

    [Fact]
    public void Noisy_and_missing_sections_side_by_side_are_refused()
    {
        Assert.Contains("sections 4 to 5", Assert.Throws<BadInputException>(() => MissingVoxels.Of(_.Truth.Shape, [4], null, [5])).Message, StringComparison.Ordinal);
        Assert.Contains("section 4 is said to be noisy", Assert.Throws<BadInputException>(() => MissingVoxels.Of(_.Truth.Shape, [4], null, [4])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_shape_and_values_out_of_range_are_refused_by_name()
    {
        var other = MissingVoxels.Of(new Shape3(45, 100, 112), [4]);
        Assert.Contains("45 x 100 x 112", Assert.Throws<BadInputException>(() => Inpainting.Train(_.Broken, other, new TrainingOptions(Steps: 1))).Message, StringComparison.Ordinal);
        Assert.Contains("tile 100", Assert.Throws<BadInputException>(() => new InpaintingConfiguration { Tile = 100 }.Validated()).Message, StringComparison.Ordinal);
    }

    private double Error(Volume<float> volume) => Math.Sqrt(Missing().Average(i => Math.Pow(volume.Data[i] - _.Truth.Data[i], 2)));

    /// <summary>Of a straight line between the nearest whole sections.</summary>
    private double LineError()
    {
        var plane = 112 * 112;
        return Math.Sqrt(Missing().Average(i =>
        {
            var z = i / plane;
            var (before, after) = z == InpaintedSample.Section ? (z - 1, z + 1) : (29, 32);
            var way = (z - before) / (float)(after - before);
            return Math.Pow((1 - way) * _.Truth.Data[before * plane + i % plane] + way * _.Truth.Data[after * plane + i % plane] - _.Truth.Data[i], 2);
        }));
    }

    private IEnumerable<int> Missing() => Enumerable.Range(0, _.Truth.Data.Length).Where(i => _.Missing[i / (112 * 112), i / 112 % 112, i % 112]);
}
