using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Tests.Runs;

public sealed class ContentHashTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("visioncell-hash-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Known_texts_have_their_published_hash()
    {
        // FIPS 180-2, appendix B.1.
        Assert.Equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", ContentHash.OfString("abc"));
        var file = Path.Combine(_folder, "abc");
        File.WriteAllText(file, "abc");
        Assert.Equal(ContentHash.OfString("abc"), ContentHash.OfFile(file));
    }

    [Fact]
    public void A_folder_is_known_by_names_and_contents_and_not_by_where_it_lies()
    {
        string Make(string name, string file, string content)
        {
            var path = Path.Combine(_folder, name, "0", file);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, content);
            File.WriteAllText(Path.Combine(_folder, name, "z.json"), "{}");
            return ContentHash.OfFolder(Path.Combine(_folder, name));
        }

        var first = Make("a", "x", "1");
        Assert.Equal(first, Make("b", "x", "1"));
        Assert.NotEqual(first, Make("c", "y", "1"));
        Assert.NotEqual(first, Make("d", "x", "2"));
        Assert.Equal(first, ContentHash.OfPath(Path.Combine(_folder, "a")));
    }

    [Fact]
    public void Parts_do_not_run_into_one_another()
    {
        Assert.NotEqual(ContentHash.Combine("ab", "c"), ContentHash.Combine("a", "bc"));
        Assert.NotEqual(ContentHash.Combine("a", "b"), ContentHash.Combine("b", "a"));
        Assert.NotEqual(ContentHash.Combine("a", ""), ContentHash.Combine("a"));
    }

    [Fact]
    public void A_volume_is_known_by_voxels_type_and_size()
    {
        var volume = new Volume<byte>([1, 2, 3, 4, 5, 6, 7, 8], new Shape3(2, 2, 2), new VoxelSize(8, 4, 4), default, Provenance.Of("a"));
        var hash = ContentHash.Of(volume);
        Assert.Equal(hash, ContentHash.Of(new Volume<byte>([1, 2, 3, 4, 5, 6, 7, 8], volume.Shape, volume.VoxelSize, default, Provenance.Of("b"))));
        Assert.NotEqual(hash, ContentHash.Of(new Volume<byte>([1, 2, 3, 4, 5, 6, 7, 9], volume.Shape, volume.VoxelSize, default, Provenance.Of("a"))));
        Assert.NotEqual(hash, ContentHash.Of(new Volume<byte>([1, 2, 3, 4, 5, 6, 7, 8], volume.Shape, new VoxelSize(8, 4, 5), default, Provenance.Of("a"))));
        Assert.NotEqual(hash, ContentHash.Of(new Volume<byte>([1, 2, 3, 4, 5, 6, 7, 8], new Shape3(1, 4, 2), volume.VoxelSize, default, Provenance.Of("a"))));
        Assert.NotEqual(hash, ContentHash.Of(volume.ToFloat32()));
    }

    [Fact]
    public void What_is_missing_is_named()
    {
        Assert.Contains("gone", Assert.Throws<BadInputException>(() => ContentHash.OfPath(Path.Combine(_folder, "gone"))).Message, StringComparison.Ordinal);
    }
}
