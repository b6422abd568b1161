using VisionCell.Acquisition;
using VisionCell.Reconstruction;
using VisionCell.Volumes;

namespace VisionCell.Tests.Reconstruction;

public sealed class HalfScaleTests
{
    /// <summary>A specimen whose grey value is its z, fine rows of the given distance.</summary>
    private static Volume<float> Ramp(int rows, int side, double distance)
    {
        var volume = new Volume<float>(new Shape3(rows, side, side), new VoxelSize(10, 10, 10), default, Provenance.Of("ramp"));
        for (var z = 0; z < rows; z++)
            volume.Section(z).Fill((float)(z * distance));
        return volume;
    }

    [Theory]
    [InlineData("decimate:4", 1e-3f)]
    [InlineData("decimate:5", 1e-3f)]
    [InlineData("pool:4", 1e-3f)]
    // Half a fine row belongs to either section and is taken for constant: a quarter of its height is lost.
    [InlineData("pool:3", 0.17f)]
    public void The_true_rows_give_the_sections_held_out(string degradation, float tolerance)
    {
        var sparse = AxialSampling.Parse(degradation).Acquire(Ramp(81, 96, 1));
        var half = HalfScale.Of(sparse);
        Assert.NotNull(half);
        Assert.Equal(48, half.Held.Shape.X);
        // Rows of twice the distance; those of thick sections lie half a fine row farther.
        var rows = half.Sparse.IsotropicShape.Z;
        var truth = Ramp(rows, 48, 2);
        if (!sparse.Sampling.IsDecimation)
            truth = truth.Map(v => v + 0.5f);
        var sampled = half.Sample(truth);
        for (var k = 0; k < half.Held.Shape.Z; k++)
            Assert.Equal(half.Held.Section(k)[7], sampled[k * 48 * 48 + 7], tolerance);
        // What is kept is what the same sampling makes of the rows.
        var kept = sparse.Sampling.Acquire(truth).Observed;
        for (var i = 0; i < half.Sparse.Sections; i++)
            Assert.Equal(kept.Section(i)[3], half.Sparse.Observed.Section(i)[3], 1e-3f);
    }

    [Fact]
    public void Sections_that_were_not_observed_are_neither_kept_nor_held_out()
    {
        var sparse = AxialSampling.Decimate(4).Acquire(Ramp(61, 96, 1));
        var observed = (Volume<float>)sparse.Observed.WithProvenance(sparse.Observed.Provenance with { Sections = new SectionLayout(sparse.Sections, null, [4, 9]) });
        var half = HalfScale.Of(sparse with { Observed = observed });
        Assert.NotNull(half);
        Assert.Equal([2], half.Sparse.Observed.Unobserved);
        Assert.Equal(HalfScale.Of(sparse)!.Held.Shape.Z - 1, half.Held.Shape.Z);
        Assert.DoesNotContain(36f, Enumerable.Range(0, half.Held.Shape.Z).Select(k => half.Held.Section(k)[0]));
    }

    [Fact]
    public void Noise_is_halved_and_a_smooth_wave_bends_four_times_as_much()
    {
        var random = new Random(5);
        double Ratio(Func<int, int, int, double> grey)
        {
            var volume = Ramp(61, 96, 0);
            for (var z = 0; z < 61; z++)
            {
                for (var i = 0; i < 96 * 96; i++)
                    volume.Section(z)[i] = (float)grey(z, i / 96, i % 96);
            }
            return HalfScale.Of(AxialSampling.Decimate(4).Acquire(volume))!.ErrorRatio;
        }
        Assert.Equal(2, Ratio((_, _, _) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())), 0.05);
        Assert.Equal(0.25, Ratio((_, y, x) => Math.Sin(y * 2 * Math.PI / 96) + Math.Sin(x * 2 * Math.PI / 96)), 0.02);
    }

    [Fact]
    public void Few_or_small_sections_have_no_half_scale()
    {
        Assert.Null(HalfScale.Of(AxialSampling.Decimate(4).Acquire(Ramp(25, 96, 1))));
        Assert.Null(HalfScale.Of(AxialSampling.Decimate(4).Acquire(Ramp(81, 40, 1))));
    }
}
