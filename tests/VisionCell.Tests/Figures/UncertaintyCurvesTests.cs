using VisionCell.Figures.Publication;
using VisionCell.Volumes;

namespace VisionCell.Tests.Figures;

/// <summary>What must hold of the curves of an uncertainty, on errors that are made to be as it says, or not.</summary>
public sealed class UncertaintyCurvesTests
{
    private static readonly Shape3 s_shape = new(9, 61, 67);
    private static readonly int[] s_rows = [1, 2, 4, 7, 8];

    /// <summary>Normal errors whose mean deviation varies from voxel to voxel and is known exactly.</summary>
    private static (Volume<float> Reconstruction, Volume<float> Reference, Volume<float> Expected) Honest()
    {
        var random = new Random(3);
        Volume<float> New() => new(s_shape, new VoxelSize(10, 10, 10), default, Provenance.Of("test"));
        var (reconstruction, reference, expected) = (New(), New(), New());
        for (var i = 0; i < reference.Data.Length; i++)
        {
            var deviation = 1 + 9 * random.NextSingle();
            var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
            expected.Data[i] = deviation;
            reference.Data[i] = 100 * random.NextSingle();
            reconstruction.Data[i] = reference.Data[i] + (float)(normal * deviation * Math.Sqrt(Math.PI / 2));
        }
        return (reconstruction, reference, expected);
    }

    [Fact]
    public void An_honest_uncertainty_covers_as_much_as_it_says_and_is_calibrated()
    {
        var (reconstruction, reference, expected) = Honest();
        var curves = UncertaintyCurves.Of(reconstruction, reference, expected, s_rows, 10);
        Assert.All(curves.Nominal.Zip(curves.Covered), c => Assert.Equal(c.First, c.Second, 0.012));
        Assert.All(curves.Expected.Zip(curves.Actual), c => Assert.Equal(c.First, c.Second, 0.06 * c.First));
        Assert.Equal((0, 1, 1), (curves.Nominal[0], curves.Nominal[^1], curves.Covered[^1]));
    }

    [Fact]
    public void Leaving_out_the_least_certain_lowers_the_error_and_nothing_beats_the_true_order()
    {
        var (reconstruction, reference, expected) = Honest();
        var curves = UncertaintyCurves.Of(reconstruction, reference, expected, s_rows, 10);
        Assert.Equal(curves.MeanError, curves.ByTrue[0], 6);
        Assert.True(curves.ByExpected[50] < 0.75 * curves.MeanError, $"{curves.ByExpected[50]} of {curves.MeanError}");
        Assert.All(curves.ByExpected.Zip(curves.ByTrue), c => Assert.True(c.Second <= c.First + 1e-6));
    }

    [Fact]
    public void Twice_the_error_to_expect_covers_more_and_the_error_itself_is_the_true_order()
    {
        var (reconstruction, reference, expected) = Honest();
        var wide = UncertaintyCurves.Of(reconstruction, reference, expected.Map(u => 2 * u), s_rows, 10);
        // A 50 % interval of twice the width holds what lies within 1.349 sigma: 82.3 %.
        Assert.Equal(0.823, wide.Covered[50], 0.012);
        var oracle = expected.Map(u => u);
        for (var i = 0; i < oracle.Data.Length; i++)
            oracle.Data[i] = Math.Abs(reconstruction.Data[i] - reference.Data[i]);
        var perfect = UncertaintyCurves.Of(reconstruction, reference, oracle, s_rows, 10);
        Assert.Equal(perfect.ByTrue, perfect.ByExpected);
        Assert.All(perfect.Expected.Zip(perfect.Actual), c => Assert.Equal(c.First, c.Second, 1e-4));
    }

    [Fact]
    public void Rows_that_do_not_count_do_not_matter()
    {
        var (reconstruction, reference, expected) = Honest();
        var before = UncertaintyCurves.Of(reconstruction, reference, expected, s_rows, 10);
        reconstruction.Section(0).Fill(1e6f);
        expected.Section(3).Clear();
        Assert.Equivalent(before, UncertaintyCurves.Of(reconstruction, reference, expected, s_rows, 10));
    }
}
