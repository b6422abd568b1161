using VisionCell.Acquisition;
using VisionCell.Volumes;

namespace VisionCell.Tests.Acquisition;

public sealed class AxialSamplingTests
{
    private static Volume<float> Isotropic(int z, Func<int, int, float> value)
    {
        var volume = new Volume<float>(new Shape3(z, 2, 3), new VoxelSize(10, 10, 10), default, Provenance.Of("test"));
        for (var i = 0; i < z; i++)
        {
            for (var k = 0; k < 6; k++)
                volume.Section(i)[k] = value(i, k);
        }
        return volume;
    }

    [Theory]
    [InlineData("decimate:8", 250, 32)]
    [InlineData("decimate:4", 9, 3)]
    [InlineData("pool:8", 250, 31)]
    [InlineData("pool:4", 7, 1)]
    [InlineData("decimate:2.5", 11, 5)]
    [InlineData("pool:2.5", 10, 4)]
    [InlineData("pool:2.5", 9, 3)]
    public void Only_whole_sections_count(string degradation, int rows, int sections) =>
        Assert.Equal(sections, AxialSampling.Parse(degradation).SectionsIn(rows));

    [Fact]
    public void Decimation_keeps_rows_as_they_are()
    {
        var sparse = AxialSampling.Decimate(3).Acquire(Isotropic(8, (z, k) => 10 * z + k));
        Assert.Equal(3, sparse.Sections);
        Assert.Equal([30, 31, 32, 33, 34, 35], sparse.Observed.Section(1).ToArray());
        Assert.Equal(30, sparse.Observed.VoxelSize.Z);
    }

    [Fact]
    public void Pooling_averages_rows_and_moves_the_origin_to_the_centre_of_the_first_section()
    {
        var sparse = AxialSampling.Pool(4).Acquire(Isotropic(9, (z, k) => z));
        Assert.Equal([1.5f, 5.5f], [sparse.Observed[0, 0, 0], sparse.Observed[1, 1, 2]]);
        Assert.Equal(15, sparse.Observed.Origin.Z);
        Assert.Equal(0, sparse.IsotropicOrigin.Z, 9);
        Assert.Equal(8, sparse.IsotropicShape.Z);
    }

    [Theory]
    [InlineData("decimate:5")]
    [InlineData("pool:5")]
    [InlineData("decimate:2.5")]
    [InlineData("pool:2.5")]
    [InlineData("pool:3.3")]
    // A row that is covered in part counts as constant, which moves the centre of a thick section by up to a twentieth of a row.
    public void A_linear_ramp_is_sampled_at_the_centres_of_the_sections(string degradation)
    {
        var sampling = AxialSampling.Parse(degradation);
        var sparse = sampling.Acquire(Isotropic(23, (z, _) => 2 * z + 1));
        for (var i = 0; i < sparse.Sections; i++)
            Assert.Equal(2 * sampling.Centre(i) + 1, sparse.Observed[i, 0, 0], sampling.IsDecimation || sampling.IsWhole ? 1e-4 : 0.11);
    }

    [Fact]
    public void Rows_count_by_the_share_that_a_section_covers()
    {
        var rows = AxialSampling.Pool(2.5).Rows(1);
        Assert.Equal(2, rows.First);
        Assert.Equal([0.2f, 0.4f, 0.4f], rows.Weights, (a, b) => Math.Abs(a - b) < 1e-6f);
        Assert.Equal([0.5f, 0.5f], AxialSampling.Decimate(2.5).Rows(3).Weights);
        Assert.Equal([1f], AxialSampling.Decimate(2.5).Rows(4).Weights);
        Assert.Equal("pool:2.5", AxialSampling.Pool(2.5).ToString());
        Assert.Throws<InvalidOperationException>(() => AxialSampling.Pool(2.5).Pitch);
    }

    [Fact]
    public void A_part_of_a_stack_lies_on_the_grid_of_the_whole()
    {
        var whole = AxialSampling.Decimate(2.5).Acquire(Isotropic(31, (z, _) => z));
        var (part, row) = whole.Part(whole.Observed.Crop(new Box(3, 0, 0, new Shape3(5, 2, 3))), 3);
        Assert.Equal(7, row);
        for (var i = 0; i < 5; i++)
            Assert.Equal(whole.Centre(3 + i), row + part.Centre(i), 9);
        Assert.Equal(whole.IsotropicOrigin.Z + row * whole.IsotropicVoxelSize.Z, part.IsotropicOrigin.Z, 9);
    }

    [Theory]
    [InlineData("decimate:1")]
    [InlineData("decimate")]
    [InlineData("pool:x")]
    [InlineData("average:4")]
    [InlineData("pool:-4")]
    public void A_degradation_that_is_not_known_says_what_is(string text)
    {
        var error = Assert.Throws<BadInputException>(() => AxialSampling.Parse(text));
        Assert.Contains("decimate:N", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Too_few_sections_are_refused() =>
        Assert.Throws<BadInputException>(() => AxialSampling.Decimate(8).Acquire(Isotropic(8, (_, _) => 0)));

    [Theory]
    [InlineData(80, 10, 8)]
    [InlineData(50, 10, 5)]
    [InlineData(10, 10, 1)]
    public void A_stack_of_whole_anisotropy_is_taken_as_it_is(double z, double x, int factor)
    {
        var stack = new Volume<byte>(new Shape3(3, 4, 4), new VoxelSize(z, x, x), default, Provenance.Of("stack"));
        var sparse = SparseVolume.FromStack(stack);
        Assert.Equal(factor, sparse.Sampling.Pitch);
        Assert.True(sparse.IsotropicVoxelSize.IsIsotropic());
    }

    [Theory]
    [InlineData(80, 10, 12)]
    [InlineData(4, 10, 10)]
    public void A_stack_of_oblong_pixels_or_sections_closer_than_pixels_is_refused(double z, double y, double x) =>
        Assert.Throws<BadInputException>(() => SparseVolume.FromStack(new Volume<byte>(new Shape3(3, 4, 4), new VoxelSize(z, y, x), default, Provenance.Of("stack"))));
}
