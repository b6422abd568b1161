using VisionCell.Volumes;

namespace VisionCell.Tests.Volumes;

public sealed class VolumeTests
{
    private static readonly VoxelSize Size = new(80, 10, 10);

    private static Volume<byte> Ramp() => new([.. Enumerable.Range(0, 3 * 4 * 5).Select(i => (byte)i)], new Shape3(3, 4, 5), Size, new Position(1000, 0, 20), Provenance.Of("ramp"));

    [Fact]
    public void X_runs_fastest_and_z_slowest()
    {
        var volume = Ramp();
        Assert.Equal(1, volume[0, 0, 1]);
        Assert.Equal(5, volume[0, 1, 0]);
        Assert.Equal(20, volume[1, 0, 0]);
        Assert.Equal(volume.Section(2).ToArray(), volume.Data[40..]);
    }

    [Fact]
    public void A_crop_keeps_every_voxel_at_its_position_in_nanometres()
    {
        var crop = Ramp().Crop(new Box(1, 2, 3, new Shape3(2, 2, 2)));
        Assert.Equal(33, crop[0, 0, 0]);
        Assert.Equal(new Position(1080, 20, 50), crop.Origin);
    }

    [Fact]
    public void Pasting_a_crop_back_changes_nothing()
    {
        var volume = Ramp();
        var box = new Box(0, 1, 1, new Shape3(2, 3, 4));
        var before = volume.Data.ToArray();
        volume.Paste(volume.Crop(box), box);
        Assert.Equal(before, volume.Data);
    }

    [Theory]
    [InlineData(-3f, 0)]
    [InlineData(2.5f, 2)]
    [InlineData(3.5f, 4)]
    [InlineData(300f, 255)]
    public void Into_bytes_values_are_rounded_half_to_even_and_clamped(float value, byte expected)
    {
        var volume = new Volume<float>([value], new Shape3(1, 1, 1), Size, default, Provenance.Of("one"));
        Assert.Equal(expected, ((Volume<byte>)volume.ConvertTo(VoxelType.UInt8)).Data[0]);
    }

    [Fact]
    public void Every_lane_rounds_as_one_value_does()
    {
        float[] values = [-1e9f, -0.5f, 0, 0.5f, 1.5f, 0.49999997f, 127.5f, 254.5f, 255.5f, 1e9f, 65534.5f, 65535.5f, float.PositiveInfinity, float.NegativeInfinity, float.NaN, -0f];
        var random = new Random(1);
        for (var length = 1; length < 300; length += 13)
        {
            float[] data = [.. Enumerable.Range(0, length).Select(i => random.Next(3) > 0 ? values[random.Next(values.Length)] : random.NextSingle() * 70_000)];
            var volume = new Volume<float>(data, new Shape3(1, 1, length), Size, default, Provenance.Of("values"));
            Assert.Equal([.. data.Select(v => float.IsNaN(v) ? (byte)0 : (byte)Math.Clamp(MathF.Round(v), 0, 255))], ((Volume<byte>)volume.ConvertTo(VoxelType.UInt8)).Data);
            Assert.Equal([.. data.Select(v => float.IsNaN(v) ? (ushort)0 : (ushort)Math.Clamp(MathF.Round(v), 0, 65535))], ((Volume<ushort>)volume.ConvertTo(VoxelType.UInt16)).Data);
        }
    }

    [Fact]
    public void A_box_outside_names_box_and_volume()
    {
        var error = Assert.Throws<BadInputException>(() => Ramp().Crop(new Box(2, 0, 0, new Shape3(2, 4, 5))));
        Assert.Contains("3 x 4 x 5", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Data_that_do_not_fit_the_shape_are_refused() =>
        Assert.Throws<BadInputException>(() => new Volume<byte>(new byte[7], new Shape3(2, 2, 2), Size, default, Provenance.Of("short")));

    [Theory]
    [InlineData("0,10,10")]
    [InlineData("10,10")]
    [InlineData("10,-1,10")]
    [InlineData("10,ten,10")]
    [InlineData("NaN,10,10")]
    public void A_voxel_size_that_is_not_three_positive_numbers_is_refused(string text) =>
        Assert.Throws<BadInputException>(() => VoxelSize.Parse(text));

    [Fact]
    public void A_voxel_size_reads_z_first()
    {
        var size = VoxelSize.Parse("47.5, 4.6, 4.5");
        Assert.Equal((47.5, 4.6, 4.5), (size.Z, size.Y, size.X));
    }
}
