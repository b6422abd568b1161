using VisionCell.Acquisition;
using VisionCell.Preprocessing;
using VisionCell.Volumes;

namespace VisionCell.Tests.Preprocessing;

public class DestripingTests
{
    [Theory]
    [InlineData(1, 96, 61)]
    [InlineData(2, 33, 40)]
    public void The_wavelet_transform_keeps_energy_and_is_undone(int seed, int rows, int width)
    {
        var random = new Random(seed);
        rows = rows / 2 * 2;
        var data = Enumerable.Range(0, rows * width).Select(_ => (float)random.NextDouble() - 0.5f).ToArray();
        var (low, high) = DaubechiesTransform.Analyse(data, width);
        Assert.Equal(data.Sum(v => (double)v * v), low.Sum(v => (double)v * v) + high.Sum(v => (double)v * v), 1e-3);
        var back = DaubechiesTransform.Synthesise(low, high, width);
        Assert.All(back.Zip(data), p => Assert.Equal(p.Second, p.First, 1e-5f));
        // Eight vanishing moments: a cubic has no detail, but where the border wraps around.
        var cubic = Enumerable.Range(0, 64).Select(i => (float)Math.Pow(i / 32.0 - 1, 3)).ToArray();
        Assert.All(DaubechiesTransform.Analyse(cubic, 1).High.Take(24), v => Assert.Equal(0, v, 1e-5f));
    }

    [Theory]
    [InlineData(90)]
    [InlineData(0)]
    [InlineData(35)]
    public void Stripes_put_in_go_and_the_section_stays(double angle)
    {
        const int height = 150, width = 131;
        var clean = PreprocessingFixture.Sample(1, 160).Crop(new Box(0, 0, 0, new Shape3(1, height, width))).Data;
        var stripes = Stripes(height, width, angle, 15, 3);
        var striped = clean.Zip(stripes, (a, b) => a + b).ToArray();
        var filter = new Destriping(height, width, new DestripingConfiguration(angle), angle);
        var found = new float[clean.Length];
        var strength = filter.Estimate(striped, found);
        Assert.InRange(strength, 11, 22);
        var ofClean = new float[clean.Length];
        filter.Estimate(clean, ofClean);
        // What is left is what the stripes changed in the result.
        var left = Math.Sqrt(stripes.Zip(found, (s, f) => s - f).Zip(ofClean, (d, c) => Math.Pow(d + c, 2)).Average());
        // Pixel-sharp oblique stripes lose contrast where the section is turned.
        Assert.True(left < (angle % 90 == 0 ? 0.2 : 0.4) * 15, $"{left:0.00} of 15 grey values left");
        // Structure that lies along the stripes goes with them (a small section of a contrast of 40 grey values, the filter forced on it); a larger margin leaves more of it.
        var lost = Math.Sqrt(ofClean.Average(v => (double)v * v));
        Assert.True(lost < 14, $"{lost:0.00} grey values taken from a clean section");
        new Destriping(height, width, new DestripingConfiguration(angle, margin: 20), angle).Estimate(clean, ofClean);
        var careful = Math.Sqrt(ofClean.Average(v => (double)v * v));
        Assert.True(careful < 0.5 * lost, $"{careful:0.00} grey values taken with a larger margin, {lost:0.00} with the usual one");
    }

    [Fact]
    public void A_constant_section_has_no_stripes_and_the_step_can_be_undone()
    {
        var filter = new Destriping(64, 64, new DestripingConfiguration(), 90);
        var stripes = new float[64 * 64];
        Assert.Equal(0, filter.Estimate(Enumerable.Repeat(90f, 64 * 64).ToArray(), stripes), 1e-3);
        Assert.Throws<BadInputException>(() => new Destriping(20, 64, new DestripingConfiguration(), 0));
        Assert.Throws<BadInputException>(() => new DestripingConfiguration(angle: 180));
        Assert.Throws<BadInputException>(() => new DestripingConfiguration(width: 0));
    }

    [Theory]
    [InlineData(90)]
    [InlineData(0)]
    [InlineData(35)]
    public void The_direction_of_stripes_is_found(double angle)
    {
        var stack = PreprocessingFixture.Sample(4, 160);
        for (var z = 0; z < 4; z++)
        {
            var stripes = Stripes(160, 160, angle, 8, z);
            for (var i = 0; i < stripes.Length; i++)
                stack.Section(z)[i] += stripes[i];
        }
        Assert.Equal(angle, StripeDirection.Detect(new VolumeSections(stack)).Angle!.Value, 1.0);
    }

    [Fact]
    public void A_stack_without_stripes_has_no_direction()
    {
        var found = StripeDirection.Detect(new VolumeSections(PreprocessingFixture.Sample(8, 160)));
        Assert.True(found.Angle is null, $"{found}");
    }

    private static float[] Stripes(int height, int width, double angle, double strength, int seed)
    {
        var random = new Random(seed);
        // Differences: stripes a few pixels wide, without the slow part that is shading.
        var steps = Enumerable.Range(0, 2 * (height + width) + 3).Select(_ => random.NextDouble() - 0.5).ToArray();
        var profile = Enumerable.Range(0, 2 * (height + width)).Select(i => steps[i] + steps[i + 1] - steps[i + 2] - steps[i + 3]).ToArray();
        var (c, s) = (Math.Cos(angle * Math.PI / 180), Math.Sin(angle * Math.PI / 180));
        var result = new float[height * width];
        for (var i = 0; i < result.Length; i++)
        {
            var across = -s * (i % width) + c * (i / width) + height + width;
            result[i] = (float)(profile[(int)across] + (across - (int)across) * (profile[(int)across + 1] - profile[(int)across]));
        }
        var scale = (float)(strength / Math.Sqrt(result.Average(v => (double)v * v)));
        return [.. result.Select(v => v * scale)];
    }

    [Fact]
    public void Neighbours_tell_structure_from_stripes()
    {
        var filter = new Destriping(96, 96, new DestripingConfiguration(), 90);
        var clean = PreprocessingFixture.Sample(9, 96);
        var (random, striped) = (new Random(1), clean.Map(v => v));
        for (var z = 0; z < 9; z++)
        {
            for (var x = 0; x < 96; x++)
            {
                var stripe = 40 * (random.NextSingle() - 0.5f);
                for (var y = 0; y < 96; y++)
                    striped[z, y, x] += stripe;
            }
        }
        var found = new float[96 * 96];
        double Error() => Enumerable.Range(0, found.Length).Average(i => Math.Pow(striped.Section(4)[i] - found[i] - clean.Section(4)[i], 2));
        double Change() => found.Average(v => (double)v * v);

        filter.Estimate(striped.Section(4), found);
        var alone = Error();
        filter.Estimate(Sections(striped), 4, found);
        Assert.InRange(Error(), 0, 0.8 * alone);

        // Structure that lies along the stripes, in all sections.
        for (var i = 0; i < clean.Data.Length; i++)
            clean.Data[i] += 30 * MathF.Sin(i % 96 / 2f);
        filter.Estimate(clean.Section(4), found);
        var change = Change();
        Assert.InRange(change, 200, 600);
        filter.Estimate(Sections(clean), 4, found);
        Assert.InRange(Change(), 0, 0.3 * change);
    }

    [Theory]
    [InlineData(90)]
    [InlineData(0)]
    public void Of_stripes_put_in_a_tenth_is_left_and_a_filter_forced_on_sections_without_any_changes_next_to_nothing(double angle)
    {
        var filter = new Destriping(160, 160, new DestripingConfiguration(), angle);
        var clean = PreprocessingFixture.Sample(17, 160);
        var (striped, put) = (clean.Map(v => v), clean.Map(_ => 0f));
        for (var z = 0; z < 17; z++)
        {
            Stripes(160, 160, angle, 12, z + 1).CopyTo(put.Section(z));
            for (var i = 0; i < 160 * 160; i++)
                striped.Section(z)[i] += put.Section(z)[i];
        }
        var (found, ofClean) = (new float[160 * 160], new float[160 * 160]);
        filter.Estimate(Sections(striped), 8, found);
        filter.Estimate(Sections(clean), 8, ofClean);
        var stripes = put.Section(8).ToArray();
        var left = stripes.Select((s, i) => (double)s * (s - found[i])).Sum() / stripes.Sum(s => (double)s * s);
        Assert.InRange(left, -0.1, 0.1);
        var noise = NoiseLevel.OfSection(clean.Section(8), 160, 160);
        var loss = 10 * Math.Log10(1 + ofClean.Average(v => (double)v * v) / (noise * noise));
        Assert.InRange(loss, 0, 0.3);
    }

    [Fact]
    public void Stripes_that_go_on_from_section_to_section_are_taken_out_too()
    {
        PreprocessingResult Run(bool same, out double error)
        {
            var clean = PreprocessingFixture.Sample(12, 96);
            var striped = clean.Map(v => v);
            for (var z = 0; z < 12; z++)
            {
                var random = new Random(same ? 1 : z);
                for (var x = 0; x < 96; x++)
                {
                    var stripe = 60 * (random.NextSingle() - 0.5f);
                    for (var y = 0; y < 96; y++)
                        striped[z, y, x] += stripe;
                }
            }
            var result = PreprocessingPipeline.Run(striped, new PreprocessingConfiguration { Damage = null, Normalisation = null, Alignment = null, Denoising = null, Destriping = new DestripingConfiguration() });
            error = Math.Sqrt(PreprocessingFixture.MeanSquaredError((Volume<float>)result.Volume, clean));
            return result;
        }
        // Of a root mean square of 17 grey values.
        Assert.True(Run(same: true, out var goingOn).Report.Plan.StripesGoOn);
        Assert.InRange(goingOn, 0, 10);
        Assert.False(Run(same: false, out var anew).Report.Plan.StripesGoOn);
        Assert.InRange(anew, 0, 7);
    }

    private static ReadOnlyMemory<float>[] Sections(Volume<float> volume) => [.. Enumerable.Range(0, volume.Shape.Z).Select(z => (ReadOnlyMemory<float>)volume.Section(z).ToArray())];
}
