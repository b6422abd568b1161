using OpenCvSharp;
using VisionCell.Formats;
using VisionCell.Volumes;

namespace VisionCell.Tests.Formats;

/// <summary>Stacks read and written section by section.</summary>
public sealed class SectionStreamTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("visioncell-sections-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(".tif", VoxelType.UInt8)]
    [InlineData(".ome.tif", VoxelType.UInt16)]
    [InlineData(".zarr", VoxelType.Float32)]
    [InlineData(".zarr", VoxelType.UInt16)]
    public void Sections_read_one_by_one_are_those_of_the_volume(string ending, VoxelType type)
    {
        var path = Path.Combine(_folder, "stack" + ending);
        var volume = Random(new Shape3(70, 21, 37), type);
        VolumeFormats.Write(volume, path);
        var (reader, size) = VolumeFormats.OpenSections(path);
        using (reader)
        {
            Assert.Equal(volume.VoxelSize, size);
            Assert.Equal(volume.Shape, reader.Info.Shape);
            var section = new float[21 * 37];
            foreach (var z in new[] { 69, 0, 63, 64, 5 })
            {
                reader.Read(z, section);
                Assert.Equal(volume.ToFloat32().Section(z).ToArray(), section);
            }
        }
    }

    [Fact]
    public void A_folder_of_slices_is_read_section_by_section()
    {
        var volume = (Volume<byte>)Random(new Shape3(4, 20, 30), VoxelType.UInt8);
        for (var z = 0; z < 4; z++)
        {
            using var image = Mat.FromPixelData(20, 30, MatType.CV_8UC1, volume.Section(z).ToArray());
            Cv2.ImWrite(Path.Combine(_folder, $"s{z:00}.png"), image);
        }
        var (reader, _) = VolumeFormats.OpenSections(_folder, new VoxelSize(40, 4, 4));
        using (reader)
        {
            var section = new float[600];
            reader.Read(2, section);
            Assert.Equal(volume.ToFloat32().Section(2).ToArray(), section);
        }
        Assert.Contains("--voxel-size", Assert.Throws<BadInputException>(() => VolumeFormats.OpenSections(_folder)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(VoxelType.UInt8, 150, 70, 90)]
    [InlineData(VoxelType.Float32, 33, 20, 19)]
    public void An_image_written_section_by_section_is_the_one_written_at_once(VoxelType type, int sections, int height, int width)
    {
        var volume = Random(new Shape3(sections, height, width), type);
        var (once, bySections) = (Path.Combine(_folder, "image.zarr"), Path.Combine(_folder, "other", "image.zarr"));
        OmeZarr.Write(volume, once);
        // Interrupted twice, once within a row of chunks and once at its end.
        var written = 0;
        foreach (var until in new[] { 10, Math.Min(128, sections - 1), sections })
        {
            var writer = new OmeZarrWriter(Path.Combine(_folder, "work"), volume.Shape, type, volume.VoxelSize, volume.Origin);
            Assert.Equal(written, writer.Written);
            while (writer.Written < until)
                writer.Append(SectionBytes.Of(volume, writer.Written));
            written = until;
            if (until == sections)
                writer.Complete(bySections, volume.Provenance);
            else
                Assert.Throws<InvalidOperationException>(() => writer.Complete(bySections, volume.Provenance));
        }
        Assert.False(Directory.Exists(Path.Combine(_folder, "work")));
        var files = Directory.GetFiles(once, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(once, f)).Order().ToArray();
        Assert.Equal(files, Directory.GetFiles(bySections, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(bySections, f)).Order());
        foreach (var file in files)
            Assert.True(File.ReadAllBytes(Path.Combine(once, file)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(bySections, file))), file);
    }

    private static Volume Random(Shape3 shape, VoxelType type)
    {
        var random = new Random(shape.Z);
        return new Volume<float>([.. Enumerable.Range(0, (int)shape.Count).Select(_ => (float)random.Next(256))], shape, new VoxelSize(40, 8, 8), new Position(80, 16, 8), Provenance.Of("made")).ConvertTo(type);
    }
}
