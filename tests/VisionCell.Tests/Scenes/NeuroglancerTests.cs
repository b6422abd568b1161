using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using VisionCell.Formats;
using VisionCell.Meshing;
using VisionCell.Scenes;
using VisionCell.Volumes;

namespace VisionCell.Tests.Scenes;

/// <summary>What Neuroglancer is given, by files and by HTTP; that it shows it is tested in a browser (tests/Integration).</summary>
public sealed class NeuroglancerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vc-neuroglancer").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static Volume<byte> Ramp(int z = 20, int y = 70, int x = 90)
    {
        var volume = new Volume<byte>(new Shape3(z, y, x), new VoxelSize(30, 10, 10), new Position(15, 0, 100), Provenance.Of("ramp"));
        for (var i = 0; i < volume.Data.Length; i++)
            volume.Data[i] = (byte)(i * 7919 >> 5);
        return volume;
    }

    private string Written(Volume volume, string name)
    {
        var path = Path.Combine(_folder, name);
        VolumeFormats.Write(volume, path);
        return path;
    }

    private static Mesh Tetrahedron() => new([0, 0, 0, 100, 0, 0, 0, 100, 0, 0, 0, 100], [0, 2, 1, 0, 1, 3, 0, 3, 2, 1, 2, 3]);

    [Fact]
    public void A_mesh_is_laid_out_as_Neuroglancer_reads_it()
    {
        var folder = Path.Combine(_folder, "mesh");
        NeuroglancerMesh.Write(new Dictionary<ulong, Mesh> { [1] = Tetrahedron() }, folder);
        Assert.Equal("neuroglancer_legacy_mesh", (string)JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "info")))!["@type"]!);
        var fragment = (string)JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "1:0")))!["fragments"]![0]!;
        var bytes = File.ReadAllBytes(Path.Combine(folder, fragment));
        Assert.Equal(4 + 4 * 12 + 4 * 12, bytes.Length);
        Assert.Equal(4u, BinaryPrimitives.ReadUInt32LittleEndian(bytes));
        Assert.Equal(100f, BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(4 + 12)));
        Assert.Equal([0u, 2u, 1u], Enumerable.Range(0, 3).Select(i => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(4 + 48 + 4 * i))));
        Assert.Throws<BadInputException>(() => NeuroglancerMesh.Write(new Dictionary<ulong, Mesh> { [0] = Tetrahedron() }, Path.Combine(_folder, "zero")));
        Assert.Throws<BadInputException>(() => NeuroglancerMesh.Write(new Dictionary<ulong, Mesh> { [1] = new([], []) }, Path.Combine(_folder, "empty")));
    }

    [Fact]
    public void A_glb_comes_back_in_nanometres()
    {
        var path = Path.Combine(_folder, "m.glb");
        MeshFile.Write(Tetrahedron(), path, new MeshMetadata(new VoxelSize(1, 1, 1)));
        var mesh = GlbMesh.Read(path);
        Assert.Equal(Tetrahedron().Positions, mesh.Positions, (a, b) => Math.Abs(a - b) < 1e-4);
        Assert.Equal(Tetrahedron().Triangles, mesh.Triangles);
        File.WriteAllText(path, "no glTF");
        Assert.Contains("not a glTF file", Assert.Throws<BadInputException>(() => GlbMesh.Read(path)).Message, StringComparison.Ordinal);
        Assert.Contains("no such file", Assert.Throws<BadInputException>(() => GlbMesh.Read(path + "x")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_ome_zarr_is_shown_from_where_it_lies_and_anything_else_from_a_copy_that_goes()
    {
        var zarr = Written(Ramp(), "v.zarr");
        string temporary;
        using (var scene = NeuroglancerScene.Prepare(new NeuroglancerInput(zarr, Labels: Written(Ramp(), "labels.tif"))))
        {
            Assert.Equal(zarr, scene.Layers[0].Folder);
            temporary = scene.Layers[1].Folder;
            Assert.Equal(Ramp().Bytes.ToArray(), OmeZarr.Read(temporary).Bytes.ToArray());
            // Labels have no means: one level.
            Assert.Equal(1, OmeZarr.Open(temporary).LevelCount);
            // The middle, on a voxel's centre.
            Assert.Equal([100 + 45 * 10, 35 * 10, 15 + 10 * 30], scene.View.PositionNm);
        }
        Assert.False(Directory.Exists(temporary));
        Assert.True(Directory.Exists(zarr));
    }

    [Fact]
    public void Means_of_labels_are_never_shown()
    {
        var path = Written(Ramp(), "labels.zarr");
        Assert.True(OmeZarr.Open(path).LevelCount > 1);
        using var scene = NeuroglancerScene.Prepare(new NeuroglancerInput(path, Labels: path));
        Assert.Equal(path, scene.Layers[0].Folder);
        Assert.NotEqual(path, scene.Layers[1].Folder);
        Assert.Equal(1, OmeZarr.Open(scene.Layers[1].Folder).LevelCount);
    }

    [Fact]
    public async Task Objects_of_labels_are_served_beside_them()
    {
        var labels = new Volume<byte>(new Shape3(20, 30, 40), new VoxelSize(30, 10, 10), default, Provenance.Of("labels"));
        for (var i = 0; i < labels.Data.Length; i++)
            labels.Data[i] = (byte)(i % 40 is > 3 and < 15 && i / 40 % 30 is > 5 and < 20 ? 7 : i % 40 > 25 ? 2 : 0);
        var (grey, path) = (Written(Ramp(), "v.zarr"), Written(labels, "l.zarr"));
        using var scene = NeuroglancerScene.Prepare(new NeuroglancerInput(grey, Labels: path, Objects: new LabelSurfaceOptions()));
        var layer = scene.State()["layers"]![1]!;
        Assert.Equal(["zarr://./labels.zarr", "precomputed://./labels.mesh"], layer["source"]!.AsArray().Select(s => (string)s!));
        Assert.Equal(["2", "7"], layer["segments"]!.AsArray().Select(s => (string)s!));
        Assert.Equal(0.4, NeuroglancerState.ToView(scene.State()).Layers[1].Opacity);
        await using var server = await ViewServer.StartAsync(scene, cancellation: Cancellation);
        using var http = new HttpClient { BaseAddress = new Uri(server.Address) };
        Assert.Contains("neuroglancer_multilod_draco", await http.GetStringAsync("labels.mesh/info", Cancellation), StringComparison.Ordinal);
        var pieces = await http.GetByteArrayAsync("labels.mesh/7", Cancellation);
        Assert.Equal("DRACO"u8.ToArray(), pieces[..5]);
        Assert.Throws<BadInputException>(() => NeuroglancerScene.Prepare(new NeuroglancerInput(grey, Objects: new LabelSurfaceOptions())));
    }

    [Fact]
    public void Labels_of_floats_are_refused()
    {
        var error = Assert.Throws<BadInputException>(() => NeuroglancerScene.Prepare(new NeuroglancerInput(Written(Ramp(), "v.zarr"), Labels: Written(Ramp().ToFloat32(), "l.zarr"))));
        Assert.Contains("whole numbers", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_the_link_opens_and_only_onto_the_scene()
    {
        using var scene = NeuroglancerScene.Prepare(new NeuroglancerInput(Written(Ramp(), "v.zarr"), Surface: Tetrahedron()));
        await File.WriteAllTextAsync(Path.Combine(_folder, "secret.txt"), "secret", Cancellation);
        await using var server = await ViewServer.StartAsync(scene, cancellation: Cancellation);
        using var http = new HttpClient { BaseAddress = new Uri(server.Address) };
        var root = $"http://127.0.0.1:{server.Port}/";

        var page = await http.GetAsync("", Cancellation);
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.Contains("main.js", await page.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        Assert.Contains("default-src 'self'", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal("text/javascript", (await http.GetAsync("main.js", Cancellation)).Content.Headers.ContentType!.MediaType);
        var state = JsonNode.Parse(await http.GetStringAsync("state.json", Cancellation))!;
        Assert.Equal("zarr://./volume.zarr", (string)state["layers"]![0]!["source"]!);
        Assert.Contains("multiscales", await http.GetStringAsync("volume.zarr/.zattrs", Cancellation), StringComparison.Ordinal);
        Assert.Contains("fragments", await http.GetStringAsync("surface.mesh/1:0", Cancellation), StringComparison.Ordinal);

        foreach (var (address, status) in ((string, HttpStatusCode)[])
        [
            (root, HttpStatusCode.Forbidden), ($"{root}{server.Token[..^1]}x/state.json", HttpStatusCode.Forbidden), ($"{root}state.json", HttpStatusCode.Forbidden),
            ($"{server.Address}volume.zarr/9/0/0/0", HttpStatusCode.NotFound), ($"{server.Address}volume.zarr/..%2fsecret.txt", HttpStatusCode.NotFound),
            ($"{server.Address}volume.zarr/%2e%2e/secret.txt", HttpStatusCode.NotFound), ($"{server.Address}..%2f..%2fVisionCell.slnx", HttpStatusCode.NotFound),
        ])
            Assert.Equal(status, (await http.GetAsync(address, Cancellation)).StatusCode);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await http.PostAsync("state.json", null, Cancellation)).StatusCode);

        // Parts of a file, as readers of sharded arrays ask for them.
        var whole = await http.GetByteArrayAsync("volume.zarr/0/0/0/0", Cancellation);
        foreach (var (range, from, count) in ((RangeHeaderValue, int, int)[])[(new(5, 8), 5, 4), (new(null, 3), whole.Length - 3, 3), (new(whole.Length - 2, null), whole.Length - 2, 2)])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "volume.zarr/0/0/0/0");
            request.Headers.Range = range;
            var part = await http.SendAsync(request, Cancellation);
            Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
            Assert.Equal(whole.AsSpan(from, count).ToArray(), await part.Content.ReadAsByteArrayAsync(Cancellation));
        }
    }

    [Fact]
    public async Task A_proxy_may_keep_its_prefix_or_take_it_off()
    {
        using var scene = NeuroglancerScene.Prepare(new NeuroglancerInput(Written(Ramp(), "v.zarr")));
        await using var server = await ViewServer.StartAsync(scene, basePath: "/user/ada/proxy/absolute/8000/", cancellation: Cancellation);
        Assert.Contains("/user/ada/proxy/absolute/8000/", server.Address, StringComparison.Ordinal);
        using var http = new HttpClient();
        // As jupyter-server-proxy passes it on, the name of the machine is the hub's.
        foreach (var address in (string[])[server.Address, $"http://127.0.0.1:{server.Port}/{server.Token}/"])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            request.Headers.Host = "hub.example.org";
            Assert.Equal(HttpStatusCode.OK, (await http.SendAsync(request, Cancellation)).StatusCode);
        }
    }

    [Fact]
    public async Task A_busy_port_is_said_to_be_busy()
    {
        using var scene = NeuroglancerScene.Prepare(new NeuroglancerInput(Written(Ramp(), "v.zarr")));
        await using var first = await ViewServer.StartAsync(scene, cancellation: Cancellation);
        var error = await Assert.ThrowsAsync<BadInputException>(() => ViewServer.StartAsync(scene, first.Port, cancellation: Cancellation));
        Assert.Contains($"port {first.Port} of 127.0.0.1 is in use", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_export_is_whole_and_replaces_only_its_like()
    {
        var (folder, input) = (Path.Combine(_folder, "page"), new NeuroglancerInput(Written(Ramp(), "v.tif"), Surface: Tetrahedron()));
        NeuroglancerExport.Write(input, folder);
        NeuroglancerExport.Write(input, folder, new ViewState { HeightNm = 77 });
        foreach (var file in (string[])["index.html", "main.js", "chunk_worker.bundle.js", "LICENSES.txt", "surface.mesh/info", "volume.zarr/.zattrs"])
            Assert.True(File.Exists(Path.Combine(folder, file)), file);
        Assert.Equal(77, ViewState.Read(Path.Combine(folder, "view.json")).HeightNm);
        Assert.Equal(Ramp().Bytes.ToArray(), OmeZarr.Read(Path.Combine(folder, "volume.zarr")).Bytes.ToArray());
        var other = Directory.CreateDirectory(Path.Combine(_folder, "other")).FullName;
        File.WriteAllText(Path.Combine(other, "mine.txt"), "");
        Assert.Throws<BadInputException>(() => NeuroglancerExport.Write(input, other));
    }

    [Fact]
    public void A_notebook_gets_a_frame_that_finds_the_server()
    {
        using var view = BrowserView.Open(new NeuroglancerInput(Written(Ramp(), "v.zarr")), height: 321);
        var html = view.ToHtml();
        Assert.Contains("<iframe", html, StringComparison.Ordinal);
        Assert.Contains("height:321px", html, StringComparison.Ordinal);
        Assert.Contains(view.Address, html, StringComparison.Ordinal);
        Assert.Contains($"proxy/{new Uri(view.Address).Port}/", html, StringComparison.Ordinal);
    }
}
