using VisionCell.Formats;
using VisionCell.Volumes;

namespace VisionCell.Tests.Formats;

public class RoundTripTests
{
    public static TheoryData<string, VoxelType, int, int, int> Cases
    {
        get
        {
            var data = new TheoryData<string, VoxelType, int, int, int>();
            foreach (var name in new[] { "a.tif", "a.ome.tif", "a.tiff", "a.zarr" })
            {
                foreach (var type in Enum.GetValues<VoxelType>())
                {
                    data.Add(name, type, 1, 1, 1);
                    data.Add(name, type, 3, 7, 5);
                    data.Add(name, type, 9, 65, 131);
                    data.Add(name, type, 70, 1, 3);
                }
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Reading_what_was_written_gives_the_same_volume(string name, VoxelType type, int z, int y, int x)
    {
        using var scratch = new Scratch();
        var volume = Golden.Noise(type, new Shape3(z, y, x), origin: new Position(120, -4.6, 29));
        VolumeFormats.Write(volume, scratch[name]);
        var back = VolumeFormats.Read(scratch[name]);
        Golden.AssertEqual(volume, back);
        Assert.Equal(40, back.VoxelSize.Z);
        Assert.Equal(4.6, back.VoxelSize.Y, 1e-8);
        Assert.Equal(7.25, back.VoxelSize.X, 1e-8);
        Assert.Equal(120, back.Origin.Z, 1e-6);
        Assert.Equal(-4.6, back.Origin.Y, 1e-6);
        Assert.Equal(29, back.Origin.X, 1e-6);
        Assert.Single(Directory.GetFileSystemEntries(scratch.Folder));
    }

    [Theory]
    [InlineData(false, true, true)]
    [InlineData(false, false, true)]
    [InlineData(true, false, false)]
    [InlineData(true, true, true)]
    public void TIFF_round_trips_with_every_option(bool ome, bool predictor, bool big)
    {
        using var scratch = new Scratch();
        foreach (var type in Enum.GetValues<VoxelType>())
        {
            var volume = Golden.Noise(type, new Shape3(4, 11, 13));
            TiffWriter.Write(volume, scratch["a.tif"], new TiffWriteOptions(ome, predictor, big));
            Golden.AssertEqual(volume, VolumeFormats.Read(scratch["a.tif"]));
            Assert.StartsWith(big ? "BigTIFF" : "TIFF", VolumeFormats.Inspect(scratch["a.tif"]).Format, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void TIFF_sections_larger_than_a_strip_round_trip(bool big)
    {
        using var scratch = new Scratch();
        var volume = Golden.Noise(VoxelType.Float32, new Shape3(2, 1300, 1001));
        TiffWriter.Write(volume, scratch["a.tif"], new TiffWriteOptions(Ome: true, Predictor: true, BigTiff: big));
        Golden.AssertEqual(volume, VolumeFormats.Read(scratch["a.tif"]));
    }

    [Theory]
    [InlineData(OmeZarrVersion.V04, true)]
    [InlineData(OmeZarrVersion.V05, true)]
    [InlineData(OmeZarrVersion.V05, false)]
    public void OME_Zarr_round_trips_in_both_versions(OmeZarrVersion version, bool isMultiscale)
    {
        using var scratch = new Scratch();
        foreach (var type in Enum.GetValues<VoxelType>())
        {
            var volume = Golden.Noise(type, new Shape3(17, 90, 129), origin: new Position(10, 20, 30));
            OmeZarr.Write(volume, scratch["a.zarr"], new OmeZarrOptions { Version = version, Chunk = 32, IsMultiscale = isMultiscale });
            var back = OmeZarr.Read(scratch["a.zarr"]);
            Golden.AssertEqual(volume, back);
            Assert.Equal(volume.VoxelSize, back.VoxelSize);
            Assert.Equal(volume.Origin, back.Origin);
            Assert.Equal(volume.Provenance.Source, back.Provenance.Source);
            Assert.Equal(volume.Provenance.Steps, back.Provenance.Steps);
            Assert.Equal(version == OmeZarrVersion.V04 ? "OME-Zarr 0.4" : "OME-Zarr 0.5", VolumeFormats.Inspect(scratch["a.zarr"]).Format);
        }
    }

    [Fact]
    public void A_box_of_an_OME_Zarr_level_is_the_crop_of_that_level()
    {
        using var scratch = new Scratch();
        var volume = (Volume<ushort>)Golden.Noise(VoxelType.UInt16, new Shape3(40, 75, 90));
        OmeZarr.Write(volume, scratch["a.zarr"], new OmeZarrOptions { Chunk = 16 });
        var image = OmeZarr.Open(scratch["a.zarr"]);
        foreach (var box in new[] { new Box(0, 0, 0, new Shape3(1, 1, 1)), new Box(13, 15, 31, new Shape3(20, 34, 2)), new Box(39, 74, 0, new Shape3(1, 1, 90)) })
        {
            var part = image.Read(0, box);
            Golden.AssertEqual(volume.Crop(box), part);
            Assert.Equal(volume.Crop(box).Origin, part.Origin);
        }
        Assert.Throws<BadInputException>(() => image.Read(0, new Box(39, 0, 0, new Shape3(2, 1, 1))));
        Assert.Throws<BadInputException>(() => image.Read(image.LevelCount));
    }

    [Fact]
    public void Special_floats_survive()
    {
        using var scratch = new Scratch();
        float[] values = [float.NaN, float.PositiveInfinity, float.NegativeInfinity, -0f, float.Epsilon, float.MaxValue, 1, 2];
        var volume = new Volume<float>(values, new Shape3(2, 2, 2), new VoxelSize(8, 8, 8), default, Provenance.Of("test"));
        foreach (var name in new[] { "a.tif", "a.ome.tif", "a.zarr" })
        {
            VolumeFormats.Write(volume, scratch[name]);
            Golden.AssertEqual(volume, VolumeFormats.Read(scratch[name]));
        }
    }

    [Fact]
    public void Progress_rises_to_one()
    {
        using var scratch = new Scratch();
        var volume = Golden.Noise(VoxelType.UInt8, new Shape3(20, 70, 80));
        foreach (var name in new[] { "a.tif", "a.zarr" })
        {
            var (writing, reading) = (new Steps(), new Steps());
            VolumeFormats.Write(volume, scratch[name], writing, TestContext.Current.CancellationToken);
            VolumeFormats.Read(scratch[name], progress: reading, cancellationToken: TestContext.Current.CancellationToken);
            foreach (var steps in new[] { writing, reading })
            {
                Assert.Equal(1, steps.Values[^1], 1e-12);
                Assert.Equal(steps.Values.Order(), steps.Values);
            }
        }
    }

    private sealed class Steps : IProgress<double>
    {
        public List<double> Values { get; } = [];

        public void Report(double value) => Values.Add(value);
    }
}
