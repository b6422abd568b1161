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
    public void A_linear_ramp_is_sampled_at_the_centres_of_the_sections(string degradation)
    {
        var sampling = AxialSampling.Parse(degradation);
        var sparse = sampling.Acquire(Isotropic(23, (z, _) => 2 * z + 1));
        for (var i = 0; i < sparse.Sections; i++)
            Assert.Equal(2 * sampling.Centre(i) + 1, sparse.Observed[i, 0, 0], 4);
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
    [InlineData(55, 10, 10)]
    [InlineData(80, 10, 12)]
    [InlineData(4, 10, 10)]
    public void A_stack_of_broken_anisotropy_is_refused(double z, double y, double x) =>
        Assert.Throws<BadInputException>(() => SparseVolume.FromStack(new Volume<byte>(new Shape3(3, 4, 4), new VoxelSize(z, y, x), default, Provenance.Of("stack"))));
}
