using VisionCell.Formats;
using VisionCell.Meshing;
using VisionCell.Scenes;
using VisionCell.Tests.Meshing;
using VisionCell.Volumes;

namespace VisionCell.Tests.Formats;

/// <summary>What is worked out section by section is what the whole volume gives.</summary>
public sealed class SectionedVolumeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vc-sections").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static Volume<float> Noise(Shape3 shape)
    {
        var volume = new Volume<float>(shape, new VoxelSize(30, 12, 8), new Position(60, -24, 16), Provenance.Of("noise"));
        var random = new Random(shape.X);
        for (var i = 0; i < volume.Data.Length; i++)
            volume.Data[i] = i % 97 == 0 ? float.NaN : random.NextSingle() * 200 - 50;
        return volume;
    }

    [Theory]
    [InlineData(9, 20, 33)]
    [InlineData(31, 97, 121)] // more than the sample of limits takes whole
    public void Limits_are_those_of_all_voxels(int z, int y, int x)
    {
        var volume = Noise(new Shape3(z, y, x));
        var (low, high, least, most) = ((SectionedVolume)volume).Limits(0.02, Cancellation);
        Assert.Equal(ContrastLimits.Of(volume.Data, 0.02), (low, high));
        Assert.Equal((volume.Data.Where(float.IsFinite).Min(), volume.Data.Where(float.IsFinite).Max()), (least, most));
    }

    [Theory]
    [InlineData(2, 2, 2)]
    [InlineData(1, 2, 2)]
    [InlineData(2, 1, 2)]
    public void A_level_through_a_file_is_the_level(int z, int y, int x)
    {
        var (factors, whole) = (new Shape3(z, y, x), Noise(new Shape3(9, 20, 33)).Map(v => (ushort)(float.IsNaN(v) ? 0 : v + 60)));
        var expected = Pyramid.Halve(whole, factors, Cancellation);
        using (var halved = ((SectionedVolume)whole).Halved(factors, _folder, Cancellation))
        {
            Assert.Equal((expected.Shape, expected.VoxelSize, expected.Origin), (halved.Shape, halved.VoxelSize, halved.Origin));
            Assert.Equal(expected.Bytes.ToArray(), halved.ReadWhole(Cancellation).Bytes.ToArray());
        }
        Assert.Empty(Directory.GetFiles(_folder));
    }

    /// <summary>Counts how often each section is read.</summary>
    private sealed class Counting(Volume volume, VolumeInfo info) : SectionReader(info, volume.Provenance)
    {
        public int[] Reads { get; } = new int[volume.Shape.Z];

        public override void ReadBytes(int z, Span<byte> destination)
        {
            Reads[z]++;
            var section = volume.Crop(new Box(z, 0, 0, new Shape3(1, volume.Shape.Y, volume.Shape.X)));
            section.Bytes.CopyTo(destination);
        }
    }

    [Fact]
    public void Vertices_take_their_voxels_values_and_each_section_is_read_once()
    {
        var values = Noise(new Shape3(12, 13, 14));
        var random = new Random(2);
        var mesh = new Mesh([.. Enumerable.Range(0, 900).Select(i => (float)(random.NextDouble() * 500 - 60))], []);
        using var sections = new SectionedVolume(new Counting(values, SectionedVolume.FromVolume(values).Reader.Info), values.VoxelSize);
        var sampled = MeshColours.Sample(mesh, sections, Cancellation);
        for (var v = 0; v < mesh.VertexCount; v++)
        {
            int At(float p, double origin, double size, int n) => (int)Math.Clamp(Math.Round((p - origin) / size), 0, n - 1);
            Assert.Equal(values[At(mesh.Positions[3 * v + 2], 60, 30, 12), At(mesh.Positions[3 * v + 1], -24, 12, 13), At(mesh.Positions[3 * v], 16, 8, 14)], sampled[v]);
        }
        Assert.All(((Counting)sections.Reader).Reads, n => Assert.InRange(n, 0, 1));
        // Several objects together read no more than one.
        Array.Clear(((Counting)sections.Reader).Reads);
        var (meshes, low, high) = MeshColours.ByQuantity([mesh, mesh], sections, Cancellation);
        Assert.All(((Counting)sections.Reader).Reads, n => Assert.InRange(n, 1, 2));
        Assert.Equal(MeshColours.Paint(mesh, values, MeshColours.Sequential(low, high), Cancellation).Colours, meshes[1].Colours);
    }

    [Fact]
    public void A_scene_for_Blender_by_sections_is_that_of_the_volume()
    {
        Volume volume = Shapes.Ball(300, new VoxelSize(20, 12, 8), new Position(400, 300, 200), new Position(0, 0, 0), new Shape3(40, 50, 270)).Map(v => (ushort)Math.Clamp(1000 + 3 * v, 0, 2000));
        var options = new VolumeSceneOptions(1000, Fog: true, Triangles: 3000);
        var zarr = Path.Combine(_folder, "v.zarr");
        VolumeFormats.Write(volume, zarr);
        string here = Path.Combine(_folder, "here"), there = Path.Combine(_folder, "there");
        var doubt = volume.ToFloat32();
        VolumeScene.Write(volume, here, options, doubt, cancellation: Cancellation);
        using (SectionedVolume sections = SectionedVolume.Open(zarr))
            VolumeScene.Write(sections, there, options, sections, cancellation: Cancellation);
        string[] Files(string folder) => [.. Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(folder, f)).Order()];
        Assert.Equal(Files(here), Files(there));
        Assert.Contains(Path.Combine("volumes", "volume.npy"), Files(here));
        // The names of the sources differ, and stand in scene and surface.
        foreach (var file in Files(here).Where(f => Path.GetExtension(f) is ".png" or ".npy"))
            Assert.Equal(File.ReadAllBytes(Path.Combine(here, file)), File.ReadAllBytes(Path.Combine(there, file)));
        // A section across x, as the voxels have it: rows along y, columns along z.
        using var card = OpenCvSharp.Cv2.ImRead(Directory.GetFiles(Path.Combine(here, "sections"), "x-*.png").Single(), OpenCvSharp.ImreadModes.Grayscale);
        var (low, high) = ContrastLimits.Of(volume.ToFloat32().Data);
        var x = int.Parse(Path.GetFileNameWithoutExtension(Directory.GetFiles(Path.Combine(here, "sections"), "x-*.png").Single())[2..], System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(Math.Clamp(Math.Round(255 * (volume.ValueAt(7, 11, x) - low) / (high - low)), 0, 255), card.At<byte>(11, 7));
    }
}
