using OpenCvSharp;

using VisionCell.Formats;
using VisionCell.Volumes;

namespace VisionCell.Tests.Formats;

public class SliceFolderTests
{
    [Theory]
    [InlineData("tif", VoxelType.UInt8)]
    [InlineData("tif", VoxelType.Float32)]
    [InlineData("png", VoxelType.UInt8)]
    [InlineData("png", VoxelType.UInt16)]
    public void Slices_follow_in_the_order_of_their_numbers(string ending, VoxelType type)
    {
        using var scratch = new Scratch();
        var volume = Golden.Noise(type, new Shape3(12, 9, 13));
        for (var z = 0; z < 12; z++)
            Save(volume, z, scratch[$"2024-05-01_slice{z + 3}.{ending}"]);
        File.WriteAllText(scratch["notes.txt"], "left aside");
        Assert.Null(VolumeFormats.Inspect(scratch.Folder).VoxelSize);
        var back = VolumeFormats.Read(scratch.Folder, Golden.Any);
        Golden.AssertEqual(volume, back);
        Assert.Equal(Golden.Any, back.VoxelSize);
    }

    [Fact]
    public void Grey_JPEG_slices_are_read_with_a_notice()
    {
        using var scratch = new Scratch();
        for (var z = 0; z < 3; z++)
        {
            using var image = new Mat(16, 24, MatType.CV_8UC1, new Scalar(40 * z + 20));
            Cv2.ImWrite(scratch[$"{z}.jpg"], image);
        }
        var notices = new List<string>();
        var volume = VolumeFormats.Read(scratch.Folder, Golden.Any, notices.Add);
        Assert.Equal(new Shape3(3, 16, 24), volume.Shape);
        Assert.Equal([20, 60, 100], Enumerable.Range(0, 3).Select(z => volume.ValueAt(z, 5, 5)));
        Assert.Contains("JPEG", Assert.Single(notices), StringComparison.Ordinal);
    }

    [Fact]
    public void Colour_with_equal_channels_is_grey_and_other_colour_is_refused()
    {
        using var scratch = new Scratch();
        using var image = new Mat(8, 9, MatType.CV_8UC3, new Scalar(7, 7, 7));
        Cv2.ImWrite(scratch["s1.png"], image);
        Assert.Equal(7, VolumeFormats.Read(scratch.Folder, Golden.Any).ValueAt(0, 3, 3));
        image.Set(4, 5, new Vec3b(7, 8, 7));
        Cv2.ImWrite(scratch["s2.png"], image);
        Refused(scratch, "s2.png", "colour");
    }

    [Fact]
    public void A_missing_number_is_named()
    {
        using var scratch = new Scratch();
        foreach (var z in new[] { 8, 9, 10, 13, 14 })
            Save(Golden.Noise(VoxelType.UInt8, new Shape3(1, 4, 4)), 0, scratch[$"s{z:0000}.tif"]);
        Refused(scratch, "s0010.tif", "s0013.tif", "2 slice(s) missing");
    }

    [Fact]
    public void A_number_that_is_there_twice_is_named()
    {
        using var scratch = new Scratch();
        foreach (var name in new[] { "s1.tif", "s2.tif", "s02.tif" })
            Save(Golden.Noise(VoxelType.UInt8, new Shape3(1, 4, 4)), 0, scratch[name]);
        Refused(scratch, "s02.tif", "s2.tif", "same number");
    }

    [Fact]
    public void Names_that_do_not_match_are_named()
    {
        using var scratch = new Scratch();
        foreach (var name in new[] { "s1.tif", "s2.tif", "overview.tif" })
            Save(Golden.Noise(VoxelType.UInt8, new Shape3(1, 4, 4)), 0, scratch[name]);
        Refused(scratch, "overview.tif", "not numbered alike");
    }

    [Fact]
    public void Mixed_formats_sizes_and_types_are_named()
    {
        using var scratch = new Scratch();
        Save(Golden.Noise(VoxelType.UInt8, new Shape3(1, 4, 4)), 0, scratch["s1.tif"]);
        Save(Golden.Noise(VoxelType.UInt8, new Shape3(1, 4, 5)), 0, scratch["s2.tif"]);
        Refused(scratch, "s2.tif", "4 x 5");
        Save(Golden.Noise(VoxelType.UInt16, new Shape3(1, 4, 4)), 0, scratch["s2.tif"]);
        Refused(scratch, "s2.tif", "UInt16");
        File.Delete(scratch["s2.tif"]);
        Save(Golden.Noise(VoxelType.UInt8, new Shape3(1, 4, 4)), 0, scratch["s2.png"]);
        Refused(scratch, "s2.png", "mixes TIFF and PNG");
    }

    [Theory]
    [InlineData("png")]
    [InlineData("jpg")]
    public void Truncated_empty_and_mislabelled_images_are_named(string ending)
    {
        using var scratch = new Scratch();
        using var image = new Mat(64, 64, MatType.CV_8UC1);
        Cv2.Randu(image, new Scalar(0), new Scalar(255));
        Cv2.ImWrite(scratch[$"s1.{ending}"], image);
        var data = File.ReadAllBytes(scratch[$"s1.{ending}"]);
        foreach (var length in new[] { 0, 3, 20, data.Length / 2, data.Length - 3 })
        {
            File.WriteAllBytes(scratch[$"s1.{ending}"], data[..length]);
            Refused(scratch, $"s1.{ending}");
        }
        File.WriteAllText(scratch[$"s1.{ending}"], "This is a text file that somebody gave the wrong name.");
        Refused(scratch, $"s1.{ending}", "not a");
    }

    [Fact]
    public void A_stack_among_slices_is_refused()
    {
        using var scratch = new Scratch();
        VolumeFormats.Write(Golden.Noise(VoxelType.UInt8, new Shape3(2, 4, 4)), scratch["s1.tif"]);
        Refused(scratch, "s1.tif", "2 pages");
    }

    private static void Refused(Scratch scratch, params string[] parts)
    {
        var e = Assert.Throws<BadInputException>(() => VolumeFormats.Read(scratch.Folder, Golden.Any));
        foreach (var part in parts)
            Assert.Contains(part, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    private static void Save(Volume volume, int z, string path)
    {
        var shape = volume.Shape with { Z = 1 };
        var box = new Box(z, 0, 0, shape);
        Volume section = volume switch { Volume<byte> v => v.Crop(box), Volume<ushort> v => v.Crop(box), _ => ((Volume<float>)volume).Crop(box) };
        if (path.EndsWith(".tif", StringComparison.Ordinal))
        {
            VolumeFormats.Write(section, path);
            return;
        }
        using var image = section is Volume<byte> b
            ? Mat.FromPixelData(shape.Y, shape.X, MatType.CV_8UC1, b.Data)
            : Mat.FromPixelData(shape.Y, shape.X, MatType.CV_16UC1, ((Volume<ushort>)section).Data);
        Cv2.ImWrite(path, image);
    }
}
