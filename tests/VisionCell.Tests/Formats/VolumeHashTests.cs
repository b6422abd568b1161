using VisionCell.Formats;
using VisionCell.Volumes;

namespace VisionCell.Tests.Formats;

public class VolumeHashTests
{
    [Fact]
    public void The_hash_is_that_of_the_stated_bytes()
    {
        var volume = new Volume<ushort>([1, 2, 3, 0x0405, 5, 6], new Shape3(1, 2, 3), new VoxelSize(40, 4.6, 8), default, Provenance.Of("test"));
        byte[] bytes = [.. "volume 1,2,3 UInt16 40,4.6,8\n"u8, 1, 0, 2, 0, 3, 0, 5, 4, 5, 0, 6, 0];
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes)), VolumeHash.Sha256(volume));
    }

    [Fact]
    public void Data_shape_type_and_voxel_size_count_and_provenance_does_not()
    {
        var size = new VoxelSize(8, 8, 8);
        string Hash(byte[] data, Shape3 shape, VoxelSize s, string source) => VolumeHash.Sha256(new Volume<byte>(data, shape, s, default, Provenance.Of(source)));
        var hash = Hash([1, 2, 3, 4], new Shape3(1, 2, 2), size, "a");
        Assert.Equal(hash, Hash([1, 2, 3, 4], new Shape3(1, 2, 2), size, "b"));
        Assert.NotEqual(hash, Hash([1, 2, 3, 5], new Shape3(1, 2, 2), size, "a"));
        Assert.NotEqual(hash, Hash([1, 2, 3, 4], new Shape3(2, 2, 1), size, "a"));
        Assert.NotEqual(hash, Hash([1, 2, 3, 4], new Shape3(1, 2, 2), new VoxelSize(8, 8, 9), "a"));
    }
}
