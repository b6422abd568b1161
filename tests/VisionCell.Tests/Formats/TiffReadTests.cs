using VisionCell.Formats;
using VisionCell.Volumes;

namespace VisionCell.Tests.Formats;

public class TiffReadTests
{
    public static TheoryData<string> Files => [.. Directory.GetFiles(Golden.Folder, "*.tif")
        .Select(f => Path.GetFileNameWithoutExtension(f))
        .Where(n => n.EndsWith("-u1", StringComparison.Ordinal) || n.EndsWith("-u2", StringComparison.Ordinal) || n.EndsWith("-f4", StringComparison.Ordinal))
        .Where(n => n is not ("white-zero-u1" or "jpeg-u1"))];

    private static VoxelType TypeOf(string name) => name[^1] switch { '1' => VoxelType.UInt8, '2' => VoxelType.UInt16, _ => VoxelType.Float32 };

    [Theory]
    [MemberData(nameof(Files))]
    public void Reads_what_tifffile_and_libtiff_write(string name)
    {
        var path = Golden.Path(name + ".tif");
        Golden.AssertVoxels(VolumeFormats.Read(path, Golden.Any), TypeOf(name));
        Assert.Equal(Golden.Shape, VolumeFormats.Inspect(path).Shape);
    }

    [Fact]
    public void There_are_goldens_for_every_way_of_storing() => Assert.True(Files.Count >= 35, $"only {Files.Count} goldens");

    [Fact]
    public void White_zero_is_inverted_with_a_notice()
    {
        var notices = new List<string>();
        var volume = VolumeFormats.Read(Golden.Path("white-zero-u1.tif"), Golden.Any, notices.Add);
        Golden.AssertVoxels(volume, VoxelType.UInt8, v => 255 - v);
        Assert.Contains(notices, n => n.Contains("inverted", StringComparison.Ordinal));
    }

    [Fact]
    public void Voxel_size_comes_from_ImageJ_metadata()
    {
        var info = VolumeFormats.Inspect(Golden.Path("imagej-u2.tif"));
        var size = Assert.NotNull(info.VoxelSize);
        Assert.Equal((50, 5, 4), (Math.Round(size.Z, 6), Math.Round(size.Y, 6), Math.Round(size.X, 6)));
        Assert.Equal("zyx", info.Axes);
        Assert.Equal(size, VolumeFormats.Read(Golden.Path("imagej-u2.tif")).VoxelSize);
    }

    [Fact]
    public void An_ImageJ_stack_with_one_directory_is_read_in_one_run()
    {
        var volume = VolumeFormats.Read(Golden.Path("imagej-contiguous-u2.tif"));
        Golden.AssertVoxels(volume, VoxelType.UInt16);
        Assert.Equal(new VoxelSize(50, 8, 8), volume.VoxelSize);
    }

    [Fact]
    public void Voxel_size_comes_from_OME_metadata_with_its_units()
    {
        var volume = VolumeFormats.Read(Golden.Path("ome-u1.ome.tif"));
        Golden.AssertVoxels(volume, VoxelType.UInt8);
        Assert.Equal((50, 5, 4), (volume.VoxelSize.Z, Math.Round(volume.VoxelSize.Y, 9), Math.Round(volume.VoxelSize.X, 9)));
    }

    [Theory]
    [InlineData("ome-pyramid-u1.ome.tif")]
    [InlineData("thumbnail-u1.tif")]
    public void Reduced_resolutions_are_left_out(string name) =>
        Golden.AssertVoxels(VolumeFormats.Read(Golden.Path(name), Golden.Any), VoxelType.UInt8);

    [Theory]
    [InlineData("imagej-frames-u1.tif")]
    [InlineData("ome-time-u1.ome.tif")]
    public void Time_points_of_one_section_are_sections_with_a_notice(string name)
    {
        var notices = new List<string>();
        Golden.AssertVoxels(VolumeFormats.Read(Golden.Path(name), Golden.Any, notices.Add), VoxelType.UInt8);
        Assert.Contains(notices, n => n.Contains("5 time points", StringComparison.Ordinal));
        Assert.Equal("tyx", VolumeFormats.Inspect(Golden.Path(name)).Axes);
    }

    [Theory]
    [InlineData("ome-channels-u1.ome.tif", "5 channels")]
    [InlineData("signed.tif", "16-bit signed integer")]
    [InlineData("double.tif", "64-bit float")]
    [InlineData("colour.tif", "colour")]
    [InlineData("bilevel.tif", "1-bit")]
    [InlineData("sizes.tif", "page 2: 18 x 33")]
    [InlineData("jpeg-u1.tif", "compression JPEG")]
    public void What_is_not_supported_is_named(string name, string what)
    {
        var e = Assert.Throws<BadInputException>(() => VolumeFormats.Read(Golden.Path(name), Golden.Any));
        Assert.Contains(name, e.Message, StringComparison.Ordinal);
        Assert.Contains(what, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Fact]
    public void An_unknown_voxel_size_is_asked_for()
    {
        Assert.Null(VolumeFormats.Inspect(Golden.Path("strips-u1.tif")).VoxelSize);
        var e = Assert.Throws<BadInputException>(() => VolumeFormats.Read(Golden.Path("strips-u1.tif")));
        Assert.Contains("strips-u1.tif", e.Message, StringComparison.Ordinal);
        Assert.Contains("--voxel-size Z,Y,X", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_given_voxel_size_overrides_the_file_with_a_notice_where_they_differ()
    {
        var notices = new List<string>();
        var path = Golden.Path("imagej-contiguous-u2.tif");
        Assert.Equal(new VoxelSize(50, 8, 8), VolumeFormats.Read(path, new VoxelSize(50, 8, 8), notices.Add).VoxelSize);
        Assert.Empty(notices);
        Assert.Equal(new VoxelSize(40, 8, 8), VolumeFormats.Read(path, new VoxelSize(40, 8, 8), notices.Add).VoxelSize);
        Assert.Contains("50 x 8 x 8 nm", Assert.Single(notices), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("unit=pixel\nspacing=2.0\n")]
    [InlineData("unit=inch\nspacing=2.0\n")]
    [InlineData("unit=nm\n")]
    [InlineData("unit=nm\nspacing=0.0\n")]
    public void ImageJ_metadata_that_do_not_calibrate_all_axes_leave_the_voxel_size_unknown(string lines) =>
        Assert.Null(Described("ImageJ=1.53t\nimages=5\nslices=5\n" + lines).VoxelSize);

    [Theory]
    [InlineData("micron", 1e3)]
    [InlineData("\\u00B5m", 1e3)]
    [InlineData("um", 1e3)]
    [InlineData("µm", 1e3)]
    [InlineData("nm", 1)]
    [InlineData("mm", 1e6)]
    public void ImageJ_units_are_converted(string unit, double nanometres)
    {
        var size = Assert.NotNull(Described($"ImageJ=1.53t\nimages=5\nslices=5\nunit={unit}\nspacing=2.5\n").VoxelSize);
        Assert.Equal(2.5 * nanometres, size.Z, 1e-9 * nanometres);
        // The golden's resolution is 1/8 pixel a unit.
        Assert.Equal(8 * nanometres, size.X, 1e-6 * nanometres);
    }

    // A little-endian golden with its description replaced by one at the end of the file.
    private static VolumeInfo Described(string description)
    {
        using var scratch = new Scratch();
        var data = File.ReadAllBytes(Golden.Path("imagej-contiguous-u2.tif"));
        Assert.Equal((byte)'I', data[0]);
        var text = System.Text.Encoding.UTF8.GetBytes(description + "\0");
        var directory = BitConverter.ToInt32(data, 4);
        for (var i = 0; i < BitConverter.ToUInt16(data, directory); i++)
        {
            var entry = directory + 2 + 12 * i;
            if (BitConverter.ToUInt16(data, entry) != 270)
                continue;
            BitConverter.TryWriteBytes(data.AsSpan(entry + 4), text.Length);
            BitConverter.TryWriteBytes(data.AsSpan(entry + 8), data.Length);
        }
        File.WriteAllBytes(scratch["a.tif"], [.. data, .. text]);
        return VolumeFormats.Inspect(scratch["a.tif"]);
    }
}
