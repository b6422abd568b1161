using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using VisionCell.Formats;
using VisionCell.Volumes;

namespace VisionCell.Cli.Tests;

/// <summary><c>data fetch</c> against servers that break off, redirect, answer slowly, lie about lengths and send other bytes: a file is there whole and right, or not at all.</summary>
public sealed class FetchTests : IDisposable
{
    private const string Tag = "\"one\"";

    private readonly TemporaryFolder _folder = new();
    private readonly byte[] _file = new byte[300_000];

    public FetchTests() => new Random(4).NextBytes(_file);

    private string Target => _folder.File("data/set.bin");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_file_is_fetched_once_and_then_verified_where_it_lies()
    {
        using var server = new FaultyServer((request, stream) => FaultyServer.ServeAsync(request, stream, _file, Tag));
        Manifest(server.Url("/set.bin"), Hash(_file));
        var first = Fetch();
        Assert.True(first.Code == 0, first.Error);
        Assert.Equal(Target, first.Output.Trim());
        Assert.Equal(_file, File.ReadAllBytes(Target));
        Assert.Equal(0, Fetch().Code);
        Assert.Single(server.Requests);
        Assert.Equal(0, Data("verify", "set").Code);
        AssertNothingElse();
    }

    [Fact]
    public void A_connection_that_breaks_off_is_gone_on_with_where_it_broke()
    {
        using var server = new FaultyServer((request, stream) => FaultyServer.ServeAsync(request, stream, _file, Tag, atMost: 90_000));
        Manifest(server.Url("/set.bin"), Hash(_file));
        var outcome = Fetch();
        Assert.True(outcome.Code == 0, outcome.Error);
        Assert.Equal(_file, File.ReadAllBytes(Target));
        Assert.Equal([null, 90_000, 180_000, 270_000], server.Requests.Select(r => r.From));
        Assert.All(server.Requests.Skip(1), r => Assert.Equal(Tag, r.IfRange));
    }

    [Fact]
    public void A_redirect_is_followed_and_a_busy_server_waited_for()
    {
        var asked = 0;
        using var server = new FaultyServer((request, stream) => request.Path == "/set.bin"
            ? FaultyServer.SendAsync(stream, "302 Found", default, "Location: /elsewhere.bin", "Content-Length: 0")
            : ++asked == 1
                ? FaultyServer.SendAsync(stream, "503 Service Unavailable", default, "Retry-After: 0", "Content-Length: 0")
                : FaultyServer.ServeAsync(request, stream, _file, Tag));
        Manifest(server.Url("/set.bin"), Hash(_file));
        Assert.Equal(0, Fetch().Code);
        Assert.Equal(_file, File.ReadAllBytes(Target));
        Assert.Equal(["/set.bin", "/elsewhere.bin", "/set.bin", "/elsewhere.bin"], server.Requests.Select(r => r.Path));
    }

    [Fact]
    public void A_server_that_falls_silent_is_asked_again()
    {
        var asked = 0;
        using var server = new FaultyServer(async (request, stream) =>
        {
            var silent = Interlocked.Increment(ref asked) == 1;
            await FaultyServer.ServeAsync(request, stream, _file, Tag, silent ? 100_000 : int.MaxValue);
            if (silent)
                await Task.Delay(TimeSpan.FromSeconds(20));
        });
        Manifest(server.Url("/set.bin"), Hash(_file));
        var outcome = Fetch();
        Assert.True(outcome.Code == 0, outcome.Error);
        Assert.Contains("nothing came for", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(_file, File.ReadAllBytes(Target));
        Assert.Equal([null, 100_000], server.Requests.Select(r => r.From));
    }

    [Fact]
    public void A_length_that_is_never_reached_is_an_error_and_an_honest_server_is_gone_on_with()
    {
        var honest = false;
        using var server = new FaultyServer((request, stream) => honest
            ? FaultyServer.ServeAsync(request, stream, _file, Tag)
            : FaultyServer.ServeAsync(request, stream, _file, Tag, atMost: request.From is null ? 200_000 : 0));
        Manifest(server.Url("/set.bin"), Hash(_file));
        var outcome = Fetch();
        Assert.Equal(3, outcome.Code);
        Assert.Contains("200,000 bytes are kept", outcome.FailureLine, StringComparison.Ordinal);
        Assert.False(File.Exists(Target));
        honest = true;
        Assert.Equal(0, Fetch().Code);
        Assert.Equal(200_000, server.Requests[^1].From);
        Assert.Equal(_file, File.ReadAllBytes(Target));
    }

    [Theory]
    [InlineData("short")]
    [InlineData("long")]
    [InlineData("other")]
    [InlineData("noted length")]
    [InlineData("missing")]
    public void What_is_not_the_file_is_not_kept(string fault)
    {
        var other = (byte[])_file.Clone();
        other[200_000] ^= 1;
        byte[] longer = [.. _file, 7];
        using var server = new FaultyServer((request, stream) => fault switch
        {
            "short" => FaultyServer.SendAsync(stream, "200 OK", _file.AsMemory(0, 1000), "Content-Length: 1000"),
            "long" => FaultyServer.SendAsync(stream, "200 OK", longer),
            "missing" => FaultyServer.SendAsync(stream, "404 Not Found", default, "Content-Length: 0"),
            _ => FaultyServer.ServeAsync(request, stream, fault == "other" ? other : longer, Tag),
        });
        Manifest(server.Url("/set.bin"), Hash(_file), fault == "noted length" ? _file.Length : null);
        var outcome = Fetch();
        Assert.Equal(3, outcome.Code);
        Assert.Contains(fault switch { "missing" => "404", "noted length" => "300,001 bytes where the manifest says 300,000", _ => "is expected for set" }, outcome.FailureLine, StringComparison.Ordinal);
        Assert.False(File.Exists(Target));
        Assert.Single(server.Requests);
    }

    [Fact]
    public void A_file_that_changes_in_between_is_fetched_anew_and_halves_are_not_joined()
    {
        var old = new byte[300_000];
        var asked = 0;
        using var server = new FaultyServer((request, stream) => ++asked == 1
            ? FaultyServer.ServeAsync(request, stream, old, "\"old\"", atMost: 150_000)
            : FaultyServer.ServeAsync(request, stream, _file, Tag));
        Manifest(server.Url("/set.bin"), Hash(_file));
        Assert.Equal(0, Fetch().Code);
        Assert.Equal(_file, File.ReadAllBytes(Target));
        Assert.Equal("\"old\"", server.Requests[1].IfRange);

        // One that joins them nevertheless, under the same tag: the hash finds it, and it is fetched in one piece.
        File.Delete(Target);
        asked = 0;
        using var liar = new FaultyServer((request, stream) => ++asked == 1
            ? FaultyServer.ServeAsync(request, stream, old, Tag, atMost: 150_000)
            : FaultyServer.ServeAsync(request, stream, _file, Tag));
        Manifest(liar.Url("/set.bin"), Hash(_file));
        var outcome = Fetch();
        Assert.True(outcome.Code == 0, outcome.Error);
        Assert.Contains("put together from two answers", outcome.Error, StringComparison.Ordinal);
        Assert.Equal([null, 150_000, null], liar.Requests.Select(r => r.From));
        Assert.Equal(_file, File.ReadAllBytes(Target));
    }

    [Fact]
    public void An_answer_that_begins_elsewhere_is_not_appended()
    {
        using var server = new FaultyServer((request, stream) => request.From is { } from
            ? FaultyServer.SendAsync(stream, "206 Partial Content", _file.AsMemory(0, 100), "Content-Length: 100", $"Content-Range: bytes 0-99/{_file.Length}")
            : FaultyServer.ServeAsync(request, stream, _file, Tag, atMost: 250_000));
        Manifest(server.Url("/set.bin"), Hash(_file));
        var outcome = Fetch();
        Assert.Equal(3, outcome.Code);
        Assert.Contains("does not go on where it should", outcome.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(Target));
    }

    [Fact]
    public void A_file_without_a_noted_hash_is_trusted_only_when_asked_to_and_held_to_it_then()
    {
        using var server = new FaultyServer((request, stream) => FaultyServer.ServeAsync(request, stream, _file, Tag));
        Manifest(server.Url("/set.bin"), null);
        var refused = Fetch();
        Assert.Equal(3, refused.Code);
        Assert.Contains("--record", refused.FailureLine, StringComparison.Ordinal);
        Assert.Equal(3, Fetch("--sha256", new string('0', 64)).Code);
        Assert.False(File.Exists(Target));

        Assert.Equal(0, Fetch("--record").Code);
        Assert.Equal(0, Data("verify", "set").Code);
        Assert.Contains(Hash(_file), File.ReadAllText(_folder.File("data/recorded-hashes.json")), StringComparison.Ordinal);
        File.WriteAllBytes(Target, new byte[10]);
        Assert.Contains("DIFFERS", Data("verify", "set").Output, StringComparison.Ordinal);
        Assert.Contains("is not what the manifest", Fetch("--record").FailureLine, StringComparison.Ordinal);
    }

    [Fact]
    public void A_mirror_on_this_machine_comes_first_and_is_verified()
    {
        Directory.CreateDirectory(_folder.File("mirror"));
        File.WriteAllBytes(_folder.File("mirror/set.bin"), _file);
        using var server = new FaultyServer((request, stream) => FaultyServer.ServeAsync(request, stream, _file, Tag));
        Manifest(server.Url("/set.bin"), Hash(_file));
        var outcome = Data("fetch", "set");
        Assert.Equal(_folder.File("mirror/set.bin"), outcome.Output.Trim());
        File.WriteAllBytes(_folder.File("mirror/set.bin"), [1, 2]);
        Assert.Equal(3, Data("fetch", "set").Code);
        Assert.Empty(server.Requests);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Slices_are_put_together_cropped_and_held_to_the_hash_of_the_voxels(bool calibrated)
    {
        var whole = new Volume<byte>(new Shape3(3, 20, 24), new VoxelSize(50, 4, 4), default, Provenance.Of("x"));
        new Random(1).NextBytes(whole.Data);
        var box = new Box(0, 2, 3, new Shape3(3, 16, 17));
        var expected = whole.Crop(box);
        var slices = Enumerable.Range(0, 3).ToDictionary(z => $"/s{z + 8:00}.tif", z =>
        {
            var path = _folder.File($"slice{z}.tif");
            TiffWriter.Write(whole.Crop(new Box(z, 0, 0, new Shape3(1, 20, 24))), path, new TiffWriteOptions());
            return File.ReadAllBytes(path);
        });
        var asked = 0;
        using var server = new FaultyServer((request, stream) => FaultyServer.ServeAsync(request, stream, slices[request.Path], Tag, ++asked == 2 ? 100 : int.MaxValue));
        Manifest(null, null, null, m =>
        {
            m["voxelSizeNm"] = calibrated ? new JsonArray(50, 4, 4) : null;
            m["crop"] = new JsonArray(new JsonArray(0, 3), new JsonArray(2, 18), new JsonArray(3, 20));
            var file = m["files"]![0]!.AsObject();
            file["path"] = "set.tif";
            file["parts"] = new JsonObject { ["url"] = server.Url("/s{00}.tif"), ["first"] = 8, ["count"] = 3 };
            file["voxelSha256"] = Hash(expected.Data);
        });
        var outcome = Fetch();
        Assert.True(outcome.Code == 0, outcome.Error);
        var info = VolumeFormats.Inspect(_folder.File("data/set.tif"));
        Assert.Equal(calibrated ? new VoxelSize(50, 4, 4) : null, info.VoxelSize);
        Assert.Equal(expected.Data, ((Volume<byte>)VolumeFormats.Read(_folder.File("data/set.tif"), new VoxelSize(50, 4, 4))).Data);
        Assert.Equal(0, Data("verify", "set").Code);
        AssertNothingElse();
    }

    private void AssertNothingElse() => Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.File("data"), ".*"));

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private void Manifest(string? url, string? sha256, int? bytes = null, Action<JsonObject>? change = null)
    {
        var manifest = new JsonObject
        {
            ["name"] = "set",
            ["voxelSizeNm"] = null,
            ["citation"] = "nobody",
            ["files"] = new JsonArray(new JsonObject { ["role"] = "volume", ["path"] = "set.bin", ["url"] = url, ["bytes"] = bytes, ["sha256"] = sha256, ["voxelSha256"] = null }),
        };
        change?.Invoke(manifest);
        Directory.CreateDirectory(_folder.File("manifests"));
        File.WriteAllText(_folder.File("manifests/set.json"), manifest.ToJsonString(new JsonSerializerOptions()));
    }

    private Outcome Fetch(params string[] options) => Data(["fetch", "set", "--patience", "1.5", "--to", _folder.File("data"), .. options]);

    private Outcome Data(params string[] arguments) =>
        Command.RunAfter($"export VISIONCELL_DATA={_folder.File("mirror")}:{_folder.File("data")}", ["data", "--manifests", _folder.File("manifests"), .. arguments]);
}
