using VisionCell.Acquisition;
using VisionCell.Volumes;

namespace VisionCell.Tests.Acquisition;

public sealed class SparseVolumeTests
{
    private static Volume<byte> Of(VoxelSize size) => new(new Shape3(9, 2, 2), size, default, Provenance.Of("zero"));

    [Fact]
    public void A_degradation_simulates_and_none_takes_the_stack_itself()
    {
        var simulated = SparseVolume.Of(Of(new VoxelSize(10, 10, 10)), "decimate:4");
        Assert.Equal((3, 40.0, AxialSampling.Decimate(4)), (simulated.Sections, simulated.Observed.VoxelSize.Z, simulated.Sampling));
        var taken = SparseVolume.Of(Of(new VoxelSize(40, 10, 10)), "");
        Assert.Equal((9, new Shape3(33, 2, 2)), (taken.Sections, taken.IsotropicShape));
    }

    [Theory]
    [InlineData(10, "", "isotropic already")]
    [InlineData(40, "decimate:4", "leave the degradation empty")]
    public void Volume_and_degradation_must_go_together(double z, string degradation, string expected) =>
        Assert.Contains(expected, Assert.Throws<BadInputException>(() => SparseVolume.Of(Of(new VoxelSize(z, 10, 10)), degradation)).Message, StringComparison.Ordinal);
}
