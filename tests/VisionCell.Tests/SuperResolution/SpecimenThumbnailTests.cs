using VisionCell.Acquisition;
using VisionCell.Formats;
using VisionCell.Learning;
using VisionCell.SuperResolution;
using VisionCell.Volumes;

namespace VisionCell.Tests.SuperResolution;

public sealed class SpecimenThumbnailTests
{
    private static readonly SpecimenThumbnail Thumbnail = SpecimenThumbnail.Of(Sample.Medulla(new Box(0, 0, 0, new Shape3(97, 200, 140))));

    [Theory]
    [InlineData("decimate:8")]
    [InlineData("decimate:3")]
    [InlineData("pool:8")]
    public void A_stack_of_the_same_specimen_is_recognised(string degradation)
    {
        var crop = Sample.Medulla(new Box(3, 22, 13, new Shape3(90, 130, 119)));
        Assert.True(Thumbnail.Shows(AxialSampling.Parse(degradation).Acquire(crop).Observed));
        // Other grey levels.
        Assert.True(Thumbnail.Shows(AxialSampling.Parse(degradation).Acquire(crop.Map(v => 60 + 0.5f * v)).Observed));
    }

    [Fact]
    public void It_is_recognised_along_another_axis_and_turned()
    {
        var crop = Sample.Medulla(new Box(1, 30, 10, new Shape3(96, 96, 96)));
        var turned = new Volume<float>(crop.Shape, crop.VoxelSize, default, crop.Provenance);
        for (var z = 0; z < 96; z++)
        {
            for (var y = 0; y < 96; y++)
            {
                for (var x = 0; x < 96; x++)
                    turned[x, 95 - z, y] = crop[z, y, x];
            }
        }
        Assert.True(Thumbnail.Shows(AxialSampling.Decimate(4).Acquire(turned).Observed));
    }

    [Fact]
    public void Another_part_of_the_same_block_and_another_specimen_are_not()
    {
        var beside = Sample.Medulla(new Box(0, 0, 140, new Shape3(97, 200, 60)));
        Assert.InRange(SpecimenThumbnail.Of(Sample.Medulla(new Box(0, 0, 0, new Shape3(97, 200, 130)))).Likeness(beside), -1, 0.5);
        var bone = VolumeFormats.Read(Path.Combine(Sample.Repository, "data-manifests", "samples", "bone-sample.tif"), new VoxelSize(10, 10, 10)).ToFloat32();
        Assert.InRange(Thumbnail.Likeness(bone), -1, 0.5);
    }
}
