using VisionCell.Formats;
using VisionCell.Volumes;

namespace VisionCell.Tests.Formats;

public class ZarrReadTests
{
    [Theory]
    [InlineData("default-u1", VoxelType.UInt8)]
    [InlineData("default-u2", VoxelType.UInt16)]
    [InlineData("default-f4", VoxelType.Float32)]
    [InlineData("uncompressed", VoxelType.UInt16)]
    [InlineData("zlib", VoxelType.UInt16)]
    [InlineData("gzip", VoxelType.UInt16)]
    [InlineData("zstd", VoxelType.UInt16)]
    [InlineData("lz4", VoxelType.UInt16)]
    [InlineData("blosc-zstd-bits", VoxelType.UInt16)]
    [InlineData("blosc-zlib", VoxelType.UInt16)]
    [InlineData("blosc-blosclz", VoxelType.UInt16)]
    [InlineData("blosc-blosclz-shuffle", VoxelType.UInt16)]
    [InlineData("blosc-lz4-blocks", VoxelType.UInt16)]
    [InlineData("big-endian", VoxelType.Float32)]
    [InlineData("fortran", VoxelType.UInt16)]
    [InlineData("five-axes", VoxelType.UInt16)]
    [InlineData("v3-zstd-u2", VoxelType.UInt16)]
    [InlineData("v3-gzip-crc32c-f4", VoxelType.Float32)]
    [InlineData("v3-blosc-u2", VoxelType.UInt16)]
    [InlineData("v3-plain-u1", VoxelType.UInt8)]
    [InlineData("v3-transpose-u2", VoxelType.UInt16)]
    [InlineData("v3-sharded-u2", VoxelType.UInt16)]
    [InlineData("v3-sharded-start-f4", VoxelType.Float32)]
    public void Reads_the_goldens_of_Zarr_v2_and_v3(string name, VoxelType type)
    {
        var volume = VolumeFormats.Read(Golden.Path(name + ".zarr"));
        Golden.AssertVoxels(volume, type);
        Assert.Equal((40, 8, 8), (Math.Round(volume.VoxelSize.Z, 9), Math.Round(volume.VoxelSize.Y, 9), Math.Round(volume.VoxelSize.X, 9)));
        if (name != "five-axes" && !name.StartsWith("v3-", StringComparison.Ordinal))
            Assert.Equal((100, 200, 300), (Math.Round(volume.Origin.Z, 6), Math.Round(volume.Origin.Y, 6), Math.Round(volume.Origin.X, 6)));
    }

    [Fact]
    public void Missing_chunks_are_fill_value()
    {
        var volume = VolumeFormats.Read(Golden.Path("missing-chunks.zarr"));
        for (var z = 0; z < 5; z++)
        {
            for (var y = 0; y < 19; y++)
            {
                for (var x = 0; x < 33; x++)
                    Assert.Equal(z < 4 && y < 16 && x is >= 16 and < 32 ? Golden.Expected(VoxelType.UInt16, z, y, x) : 77, volume.ValueAt(z, y, x));
            }
        }
    }

    [Fact]
    public void Chunks_missing_from_a_shard_are_fill_value()
    {
        var volume = VolumeFormats.Read(Golden.Path("v3-sharded-missing-u2.zarr"));
        for (var z = 0; z < 5; z++)
        {
            for (var y = 0; y < 19; y++)
            {
                for (var x = 0; x < 33; x++)
                    Assert.Equal(z is 2 or 3 && y is >= 8 and < 16 && x is >= 16 and < 24 ? 77 : Golden.Expected(VoxelType.UInt16, z, y, x), volume.ValueAt(z, y, x));
            }
        }
    }

    [Theory]
    [InlineData("no-unit.zarr")]
    [InlineData("bare.zarr")]
    public void Without_a_unit_the_voxel_size_is_unknown(string name)
    {
        Assert.Null(VolumeFormats.Inspect(Golden.Path(name)).VoxelSize);
        Assert.Contains("--voxel-size", Assert.Throws<BadInputException>(() => VolumeFormats.Read(Golden.Path(name))).Message, StringComparison.Ordinal);
        Golden.AssertVoxels(VolumeFormats.Read(Golden.Path(name), Golden.Any), VoxelType.UInt8);
    }

    [Theory]
    [InlineData("channels.zarr", "2 channels")]
    [InlineData("signed.zarr", "<i2")]
    public void What_is_not_supported_is_named(string name, string what)
    {
        var e = Assert.Throws<BadInputException>(() => VolumeFormats.Read(Golden.Path(name), Golden.Any));
        Assert.Contains(name, e.Message, StringComparison.Ordinal);
        Assert.Contains(what, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_chunk_missing_from_an_image_written_here_is_a_loss()
    {
        using var scratch = new Scratch();
        OmeZarr.Write(Golden.Noise(VoxelType.UInt8, new Shape3(20, 20, 40)), scratch["a.zarr"], new OmeZarrOptions { Chunk = 16 });
        File.Delete(scratch["a.zarr/0/1/0/2"]);
        Assert.Contains("missing", Assert.Throws<BadInputException>(() => VolumeFormats.Read(scratch["a.zarr"])).Message, StringComparison.Ordinal);
    }
}
