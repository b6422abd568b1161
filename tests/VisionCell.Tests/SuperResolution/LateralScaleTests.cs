using VisionCell.Acquisition;
using VisionCell.SuperResolution;
using VisionCell.Volumes;

namespace VisionCell.Tests.SuperResolution;

public sealed class LateralScaleTests
{
    private const int Length = 96;

    /// <summary>A sum of waves in all directions; along y it runs <paramref name="stretchY"/> times as fast as along z, along x as fast as z.</summary>
    private static Volume<float> Waves(double stretchY, int seed = 1)
    {
        var random = new Random(seed);
        var waves = Enumerable.Range(0, 60).Select(_ =>
        {
            var (z, y, x) = (Normal(random), Normal(random), Normal(random));
            return (z, y, x, phase: random.NextDouble() * 2 * Math.PI);
        }).ToArray();
        var volume = new Volume<float>(new Shape3(Length, Length, Length), new VoxelSize(10, 10, 10), default, Provenance.Of("waves"));
        Parallel.For(0, Length, z =>
        {
            for (var y = 0; y < Length; y++)
            {
                for (var x = 0; x < Length; x++)
                    volume[z, y, x] = (float)waves.Sum(w => Math.Cos(0.15 * (w.z * z + w.y * stretchY * y + w.x * x) + w.phase));
            }
        });
        return volume;
    }

    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    [Theory]
    [InlineData(1.0)]
    [InlineData(1.5)]
    [InlineData(0.7)]
    public void Rows_are_taken_as_far_apart_as_they_change(double stretch)
    {
        var sparse = AxialSampling.Decimate(4).Acquire(Waves(stretch));
        var scale = LateralScale.Match(sparse.Observed, sparse);
        Assert.InRange(scale.X, 0.8, 1.25);
        Assert.InRange(scale.Y * stretch, 0.8, 1.25);
    }

    [Fact]
    public void Sections_that_were_not_observed_do_not_count()
    {
        var sparse = AxialSampling.Decimate(4).Acquire(Waves(1));
        var expected = LateralScale.Match(sparse.Observed, sparse);
        var damaged = sparse.Observed.Map(v => v);
        damaged.Section(7).Fill(1000);
        var layout = new SectionLayout(sparse.Sections, unobserved: [7]);
        var marked = sparse with { Observed = (Volume<float>)damaged.WithProvenance(damaged.Provenance with { Sections = layout }) };
        var scale = LateralScale.Match(marked.Observed, marked);
        Assert.InRange(scale.Y / expected.Y, 0.9, 1.1);
        Assert.InRange(scale.X / expected.X, 0.9, 1.1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Rows_between_pixels_follow_a_quadratic(bool alongX)
    {
        var section = new float[24 * 30];
        for (var y = 0; y < 24; y++)
        {
            for (var x = 0; x < 30; x++)
                section[y * 30 + x] = Value(alongX ? x : y, alongX ? y : x);
        }
        var rows = new float[9 * 5];
        ScaledRows.Copy(section, 30, alongX, 2.3, 1.7, 4, 0.5, 9, 5, rows);
        for (var row = 0; row < 9; row++)
        {
            for (var column = 0; column < 5; column++)
                Assert.Equal(Value(2.3 + 1.7 * row, 4 + (int)Math.Round(0.5 * row) + column), rows[row * 5 + column], 1e-3);
        }

        static float Value(double along, double across) => (float)(0.3 * along * along - 2 * along + 5 * across);
    }

    [Fact]
    public void Rows_a_pixel_apart_are_the_pixels()
    {
        var section = Enumerable.Range(0, 12 * 10).Select(i => (float)Math.Sin(i * i)).ToArray();
        var rows = new float[12 * 10];
        ScaledRows.Copy(section, 10, false, 0, 1, 0, 0, 12, 10, rows);
        Assert.Equal(section, rows);
    }
}
