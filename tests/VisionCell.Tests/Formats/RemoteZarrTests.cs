using System.Net;

using VisionCell.Formats;
using VisionCell.Volumes;

namespace VisionCell.Tests.Formats;

/// <summary>An image behind http is read as it is on disk, a block at a time; what the server does not have or refuses is told apart.</summary>
public sealed class RemoteZarrTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("visioncell-remote-").FullName;
    private readonly HttpListener _listener = new();
    private readonly List<string> _asked = [];
    private readonly string _url;
    private HttpStatusCode? _refusal;

    public RemoteZarrTests()
    {
        for (var port = 42_000 + Environment.ProcessId % 1000; ; port++)
        {
            _url = $"http://127.0.0.1:{port}/";
            try
            {
                _listener.Prefixes.Clear();
                _listener.Prefixes.Add(_url);
                _listener.Start();
                break;
            }
            catch (HttpListenerException) when (port < 60_000)
            {
                // Taken.
            }
        }
        _ = ServeAsync();
    }

    public void Dispose()
    {
        _listener.Close();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData(OmeZarrVersion.V04)]
    [InlineData(OmeZarrVersion.V05)]
    public void A_block_is_read_with_no_more_than_its_chunks(OmeZarrVersion version)
    {
        var volume = Write(version);
        var image = OmeZarr.Open($"{_url}image.zarr");
        Assert.Equal(volume.Shape, image.Info.Shape);
        Assert.Equal(volume.VoxelSize, image.Info.VoxelSize);
        lock (_asked)
            _asked.Clear();
        var box = new Box(3, 5, 70, new Shape3(20, 30, 40));
        Assert.Equal(volume.Crop(box).Data, ((Volume<byte>)image.Read(0, box)).Data);
        Assert.Single(_asked);
        Assert.Equal(volume.Data, ((Volume<byte>)VolumeFormats.Read($"{_url}image.zarr/")).Data);
    }

    [Fact]
    public void A_chunk_that_is_gone_and_a_server_that_refuses_are_errors_and_never_zeros()
    {
        var volume = Write(OmeZarrVersion.V04);
        var image = OmeZarr.Open($"{_url}image.zarr");
        File.Delete(Path.Combine(_folder, "image.zarr", "0", "0", "1", "1"));
        Assert.Contains("missing", Assert.Throws<BadInputException>(() => image.Read()).Message, StringComparison.Ordinal);
        _refusal = HttpStatusCode.Forbidden;
        Assert.Contains("403", Assert.Throws<BadInputException>(() => image.Read(0, new Box(0, 0, 0, volume.Shape with { Y = 10 }))).Message, StringComparison.Ordinal);
        Assert.Contains("403", Assert.Throws<BadInputException>(() => VolumeFormats.Inspect($"{_url}image.zarr")).Message, StringComparison.Ordinal);
    }

    private Volume<byte> Write(OmeZarrVersion version)
    {
        var volume = new Volume<byte>(new Shape3(30, 80, 150), new VoxelSize(40, 8, 8), default, Provenance.Of("noise"));
        new Random(7).NextBytes(volume.Data);
        OmeZarr.Write(volume, Path.Combine(_folder, "image.zarr"), new OmeZarrOptions { Version = version });
        return volume;
    }

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
            var path = context.Request.Url!.AbsolutePath.Trim('/');
            lock (_asked)
                _asked.Add(path);
            var file = Path.Combine(_folder, path);
            context.Response.StatusCode = (int)(_refusal ?? (File.Exists(file) ? HttpStatusCode.OK : HttpStatusCode.NotFound));
            if (context.Response.StatusCode == 200)
                await context.Response.OutputStream.WriteAsync(File.ReadAllBytes(file));
            context.Response.Close();
        }
    }
}
