using VisionCell.Formats;
using VisionCell.Volumes;

namespace VisionCell.Tests.Formats;

/// <summary>Reading what was written is the identity, for shapes, types and options drawn at random (the seed is in the name of a failure).</summary>
public class RandomRoundTripTests
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 40)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Write_then_read_is_the_identity(int seed)
    {
        var random = new Random(seed);
        using var scratch = new Scratch();
        var type = (VoxelType)random.Next(3);
        int Edge() => (int)Math.Exp(random.NextDouble() * Math.Log(90)) + random.Next(2);
        var shape = new Shape3(Edge(), Edge(), Edge());
        var size = new VoxelSize(0.5 + 100 * random.NextDouble(), 0.5 + 20 * random.NextDouble(), 0.5 + 20 * random.NextDouble());
        var origin = random.Next(2) == 0 ? default : new Position(random.Next(-5000, 5000), random.Next(-5000, 5000), random.Next(-5000, 5000));
        var volume = Golden.Noise(type, shape, seed, size, origin);

        var tiff = new TiffWriteOptions(random.Next(2) == 0, random.Next(2) == 0, random.Next(2) == 0);
        TiffWriter.Write(volume, scratch["a.tif"], tiff);
        var back = VolumeFormats.Read(scratch["a.tif"]);
        Golden.AssertEqual(volume, back);
        // ImageJ keeps lateral size as a ratio of 32-bit integers, and the origin in pixels.
        Assert.Equal(size.Z, back.VoxelSize.Z, 1e-12 * size.Z);
        Assert.Equal(size.Y, back.VoxelSize.Y, 1e-8 * size.Y);
        Assert.Equal(size.X, back.VoxelSize.X, 1e-8 * size.X);
        Assert.Equal(origin.Y, back.Origin.Y, 1e-4);

        var zarr = new OmeZarrOptions
        {
            Version = (OmeZarrVersion)random.Next(2),
            Chunk = random.Next(16, 70),
            CompressionLevel = random.Next(1, 6),
            IsMultiscale = random.Next(2) == 0,
        };
        OmeZarr.Write(volume, scratch["a.zarr"], zarr);
        back = VolumeFormats.Read(scratch["a.zarr"]);
        Golden.AssertEqual(volume, back);
        Assert.Equal((size, origin), (back.VoxelSize, back.Origin));
        Assert.Equal(VisionCell.Runs.ContentHash.Of(volume), VisionCell.Runs.ContentHash.Of(back));
    }
}
