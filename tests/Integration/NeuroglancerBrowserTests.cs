using System.Globalization;
using System.Text.Json.Nodes;
using VisionCell.Formats;
using VisionCell.Meshing;
using VisionCell.Scenes;
using VisionCell.Volumes;

namespace VisionCell.Integration;

/// <summary>
/// The volume in Neuroglancer in a real browser: Debian's Chromium, headless, WebGL in software, no network. The bundle comes from set-up, so
/// a machine without it fails these tests.
/// </summary>
public sealed class NeuroglancerBrowserTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("visioncell-neuroglancer-").FullName;

    public void Dispose()
    {
        _limit.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    // Half a minute on two busy processors in November 2026.
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromMinutes(5));

    private CancellationToken Cancellation => _limit.Token;

    // Each voxel of a section its own value, and a bright ball in the middle; an origin off zero and anisotropic voxels, so that no
    // confusion of axes, units or half voxels passes.
    private static Volume<ushort> Specimen()
    {
        var volume = new Volume<ushort>(new Shape3(40, 56, 72), new VoxelSize(20, 10, 10), new Position(200, 30, 500), Provenance.Of("specimen"));
        for (var z = 0; z < 40; z++)
        {
            for (var y = 0; y < 56; y++)
            {
                for (var x = 0; x < 72; x++)
                    volume[z, y, x] = (ushort)(z * 1000 + y * 13 + x + (Math.Pow((z - 20) * 2, 2) + Math.Pow(y - 28, 2) + Math.Pow(x - 36, 2) < 225 ? 20_000 : 0));
            }
        }
        return volume;
    }

    private NeuroglancerInput Input()
    {
        var path = Path.Combine(_folder, "specimen.zarr");
        var specimen = Specimen();
        VolumeFormats.Write(specimen, path);
        var labels = new Volume<byte>(specimen.Shape, specimen.VoxelSize, specimen.Origin, Provenance.Of("labels"));
        for (var i = 0; i < labels.Data.Length; i++)
            labels.Data[i] = (byte)(InBall(i) ? 3 : 0);
        var labelPath = Path.Combine(_folder, "labels.zarr");
        VolumeFormats.Write(labels, labelPath);
        var surface = MarchingCubes.Extract(labels.ToFloat32(), 1.5);
        return new NeuroglancerInput(path, null, labelPath, null, surface);

        static bool InBall(int i) => Math.Pow((i / (72 * 56) - 20) * 2, 2) + Math.Pow(i / 72 % 56 - 28, 2) + Math.Pow(i % 72 - 36, 2) < 225;
    }

    /// <summary>What Neuroglancer says a layer's value is at a place (voxels of the scene), as its hover display does.</summary>
    private static string Picked(string layer, double x, double y, double z) => string.Create(CultureInfo.InvariantCulture, $$"""
        (function () {
          var viewer = window.viewer, managed = viewer.layerManager.getLayerByName('{{layer}}');
          var position = Float32Array.from([{{x}}, {{y}}, {{z}}]);
          for (var r of managed.layer.renderLayers) {
            if (!r.getValueAt) continue;
            var value = r.getValueAt(position);
            if (value !== null && value !== undefined) return String(Array.isArray(value) ? value[0] : value);
          }
          return null;
        })()
        """);

    /// <summary>A link that opens with one section.</summary>
    private static string Link(ViewServer server, JsonObject state)
    {
        state["layout"] = "xy";
        return $"{server.Address}#!{Uri.EscapeDataString(state.ToJsonString())}";
    }

    private async Task ReadyAsync(DevTools browser)
    {
        await browser.WaitForAsync("window.viewer && window.viewer.layerManager.managedLayers.length >= 3 && window.viewer.isReady()", Cancellation);
    }

    /// <summary>The picture as Neuroglancer takes it for a screenshot: mean of red, green and blue, and how many pixels are not black.</summary>
    private async Task<(double Mean, int Lit, int Count)> PictureAsync(DevTools browser)
    {
        var result = await browser.EvaluateAsync("""
            new Promise(function (done) {
              var display = window.viewer.display;
              display.draw();
              var source = display.canvas, copy = document.createElement('canvas');
              copy.width = source.width; copy.height = source.height;
              var context = copy.getContext('2d');
              context.drawImage(source, 0, 0);
              var pixels = context.getImageData(0, 0, copy.width, copy.height).data, sum = 0, lit = 0;
              for (var i = 0; i < pixels.length; i += 4) { var v = pixels[i] + pixels[i + 1] + pixels[i + 2]; sum += v / 3; if (v > 30) lit++; }
              done([sum / (pixels.length / 4), lit, pixels.length / 4]);
            })
            """, Cancellation);
        return ((double)result![0]!, (int)result[1]!, (int)result[2]!);
    }

    private async Task AssertPicksAsync(DevTools browser, Volume<ushort> specimen)
    {
        // Picks: voxel (z, y, x) of the file, at its centre and near the edges of the voxel.
        foreach (var (z, y, x) in ((int, int, int)[])[(0, 0, 0), (20, 28, 36), (39, 55, 71), (7, 50, 3)])
        {
            foreach (var off in (double[])[-0.4, 0, 0.4])
            {
                // One unit of the scene is a voxel edge; the origin of the file is (500, 30, 200) nm along x, y, z.
                double sx = 500 / 10.0 + x + off, sy = 30 / 10.0 + y + off, sz = 200 / 20.0 + z + off;
                await browser.EvaluateAsync(string.Create(CultureInfo.InvariantCulture, $"window.viewer.position.value = Float32Array.from([{sx}, {sy}, {sz}])"), Cancellation);
                // Until the finest level is there, a coarser one answers.
                await browser.WaitForAsync(string.Create(CultureInfo.InvariantCulture, $"{Picked("volume", sx, sy, sz)} === '{specimen[z, y, x]}'"), Cancellation);
            }
        }
    }

    [Fact]
    public async Task Shards_with_check_sums_are_read_as_they_lie()
    {
        var specimen = Specimen();
        var path = Path.Combine(_folder, "sharded.zarr");
        OmeZarr.Write(specimen, path, new OmeZarrOptions { Version = OmeZarrVersion.V05, Chunk = 16, Shard = 32 });
        using var scene = NeuroglancerScene.Prepare(new NeuroglancerInput(path, null, null, null, null));
        await using var server = await ViewServer.StartAsync(scene, cancellation: Cancellation);
        await using var browser = await DevTools.OpenAsync(Cancellation, 480, 360);
        await browser.NavigateAsync(Link(server, scene.State()), Cancellation);
        await browser.WaitForAsync("window.viewer && window.viewer.layerManager.managedLayers.length >= 1 && window.viewer.isReady()", Cancellation);
        await AssertPicksAsync(browser, specimen);
    }

    [Fact]
    public async Task Raw_sections_take_the_place_of_the_reconstruction_and_the_view_says_so()
    {
        // Every fourth section, each as thick as the gap, 30,000 brighter so that no voxel is taken for one of the reconstruction.
        var specimen = Specimen();
        var raw = new Volume<ushort>(new Shape3(10, 56, 72), new VoxelSize(80, 10, 10), specimen.Origin, Provenance.Of("raw"));
        for (var i = 0; i < raw.Data.Length; i++)
            raw.Data[i] = (ushort)(30_000 + specimen[i / raw.Shape.SectionCount * 4, i / 72 % 56, i % 72] / 4);
        var (path, rawPath) = (Path.Combine(_folder, "specimen.zarr"), Path.Combine(_folder, "raw.zarr"));
        VolumeFormats.Write(specimen, path);
        VolumeFormats.Write(raw, rawPath);
        using var scene = NeuroglancerScene.Prepare(new NeuroglancerInput(path, Raw: rawPath));
        await using var server = await ViewServer.StartAsync(scene, cancellation: Cancellation);
        await using var browser = await DevTools.OpenAsync(Cancellation, 480, 360);
        await browser.NavigateAsync(Link(server, scene.State()), Cancellation);
        await browser.WaitForAsync("window.viewer && window.viewer.layerManager.managedLayers.length === 2 && window.viewer.isReady()", Cancellation);
        Assert.Equal([true, false], ((JsonArray)(await browser.EvaluateAsync("window.viewer.layerManager.managedLayers.map(l => l.visible)", Cancellation))!).Select(n => (bool)n!));

        await browser.EvaluateAsync("window.viewer.layerManager.getLayerByName('volume').setVisible(false); window.viewer.layerManager.getLayerByName('raw').setVisible(true)", Cancellation);
        // Voxel (z 9, y 20, x 30) of the reconstruction lies in section 2 of the raw ones.
        await browser.EvaluateAsync("window.viewer.position.value = Float32Array.from([80, 23, 19])", Cancellation);
        await browser.WaitForAsync($"{Picked("raw", 80, 23, 19)} === '{raw[2, 20, 30]}'", Cancellation);
        var state = (JsonObject)JsonNode.Parse((string)(await browser.EvaluateAsync("JSON.stringify(window.viewer.state.toJSON(), (k, v) => typeof v === 'bigint' ? String(v) : v)", Cancellation))!)!;
        Assert.Equal([("volume", false), ("raw", true)], NeuroglancerState.ToView(state).Layers.Select(l => (l.Name, l.Visible)));
    }

    [Fact]
    public async Task Objects_are_drawn_from_levels_of_detail()
    {
        // Two balls, 31,000 triangles each before smoothing: three levels.
        var shape = new Shape3(60, 110, 220);
        var labels = new Volume<byte>(shape, new VoxelSize(20, 10, 10), new Position(200, 30, 500), Provenance.Of("labels"));
        for (var i = 0; i < labels.Data.Length; i++)
        {
            var (z, y, x) = (2 * (i / shape.SectionCount - 30), i / 220 % 110 - 55, i % 220);
            labels.Data[i] = (byte)(z * z + y * y + (x - 55) * (x - 55) < 2500 ? 3 : z * z + y * y + (x - 165) * (x - 165) < 2500 ? 200 : 0);
        }
        var path = Path.Combine(_folder, "labels.zarr");
        VolumeFormats.Write(labels, path);
        using var scene = NeuroglancerScene.Prepare(new NeuroglancerInput(path, Labels: path, Objects: new LabelSurfaceOptions()));
        Assert.Equal([3UL, 200UL], scene.Layers[1].Objects!.Shown);
        await using var server = await ViewServer.StartAsync(scene, cancellation: Cancellation);
        await using var browser = await DevTools.OpenAsync(Cancellation, 480, 360);
        var state = scene.State(new ViewState { PositionNm = [1600, 580, 800], HeightNm = 3000, Layers = [new ViewLayer { Name = "volume", Visible = false }] });
        state["layout"] = new JsonObject { ["type"] = "3d", ["orthographicProjection"] = true };
        state["showAxisLines"] = false;
        state["showDefaultAnnotations"] = false; // the box of the volume
        state["showSlices"] = false;
        await browser.NavigateAsync($"{server.Address}#!{Uri.EscapeDataString(state.ToJsonString())}", Cancellation);
        await browser.WaitForAsync("window.viewer && window.viewer.layerManager.managedLayers.length === 2 && window.viewer.isReady()", Cancellation);

        // Borders and scale bar are lit as well.
        var objects = "window.viewer.layerManager.getLayerByName('labels').setVisible";
        await browser.EvaluateAsync($"{objects}(false)", Cancellation);
        await browser.WaitForAsync("window.viewer.isReady()", Cancellation);
        var bare = (await PictureAsync(browser)).Lit;
        await browser.EvaluateAsync($"{objects}(true)", Cancellation);

        // Each ball, of 500 nm radius, covers its disk, at the scale that the panel's height has.
        async Task<(int Lit, double Expected)> CoveredAsync(double heightNm)
        {
            await browser.EvaluateAsync(string.Create(CultureInfo.InvariantCulture, $"window.viewer.perspectiveNavigationState.zoomFactor.value = {heightNm / 10}"), Cancellation);
            await browser.WaitForAsync("window.viewer.isReady()", Cancellation);
            var picture = await PictureAsync(browser);
            var height = (double)(await browser.EvaluateAsync("[...window.viewer.display.panels].find(p => p.renderViewport && p.visible !== false).renderViewport.logicalHeight", Cancellation))!;
            return (picture.Lit - bare, 2 * Math.PI * Math.Pow(500 * height / heightNm, 2));
        }
        foreach (var height in (double[])[3000, 1400])
        {
            var (lit, expected) = await CoveredAsync(height);
            Assert.InRange(lit, 0.93 * expected, 1.07 * expected);
        }
        // Hidden objects go from sections and space alike.
        await browser.EvaluateAsync("window.viewer.layerManager.getLayerByName('labels').layer.displayState.segmentationGroupState.value.visibleSegments.delete(200n)", Cancellation);
        var one = await CoveredAsync(3000);
        Assert.InRange(one.Lit, 0.45 * one.Expected, 0.55 * one.Expected);
    }

    /// <summary>
    /// The page of the guide (docs/guide/export.md): drawn anew, it has to look like the picture there; with VISIONCELL_PICTURES it is written into that folder.
    /// </summary>
    [Fact]
    public async Task The_picture_of_the_guide_is_what_the_page_shows()
    {
        var size = new VoxelSize(10, 10, 10);
        var volume = (Volume<byte>)VolumeFormats.Read(Path.Combine(Tool.Root, "data-manifests", "samples", "medulla-sample.tif"), size);
        // Of the halved volume: a tenth of the triangles, which software draws in seconds.
        var coarse = Pyramid.Halve(volume, new Shape3(2, 2, 2));
        var surface = MarchingCubes.Extract(coarse.ToFloat32(), IsoThreshold.Suggest(coarse), new MarchingCubesOptions(InsideIsBelow: true));
        var path = Path.Combine(_folder, "sample.zarr");
        VolumeFormats.Write(volume, path);
        using var scene = NeuroglancerScene.Prepare(new NeuroglancerInput(path, Surface: surface));
        await using var server = await ViewServer.StartAsync(scene, cancellation: Cancellation);
        await using var browser = await DevTools.OpenAsync(Cancellation, 900, 640);
        var state = scene.State(scene.View.Towards(VolumeScene.DefaultDirection) with { HeightNm = 3000 });
        // Sections as they lie in the file; space from the side, the surface alone.
        state["showSlices"] = false;
        state["crossSectionOrientation"] = new JsonArray(0, 0, 0, 1);
        await browser.NavigateAsync($"{server.Address}#!{Uri.EscapeDataString(state.ToJsonString())}", Cancellation);
        await browser.WaitForAsync("window.viewer && window.viewer.layerManager.managedLayers.length === 2 && window.viewer.isReady()", Cancellation);
        await browser.EvaluateAsync("window.viewer.display.draw(); new Promise(done => setTimeout(() => done(0), 500))", Cancellation);
        var png = await browser.ScreenshotAsync(Cancellation);
        if (Environment.GetEnvironmentVariable("VISIONCELL_PICTURES") is { Length: > 0 } folder)
            await File.WriteAllBytesAsync(Path.Combine(folder, "browser.png"), png, Cancellation);
        using var drawn = OpenCvSharp.Cv2.ImDecode(png, OpenCvSharp.ImreadModes.Color);
        using var shown = OpenCvSharp.Cv2.ImRead(Path.Combine(Tool.Root, "docs", "images", "browser.png"));
        Assert.Equal(shown.Size(), drawn.Size());
        using var apart = new OpenCvSharp.Mat();
        OpenCvSharp.Cv2.Absdiff(drawn, shown, apart);
        // Letters differ by the fonts that are installed.
        Assert.InRange(apart.Mean().Val0, 0, 6);
    }

    [Fact]
    public async Task It_loads_slices_turns_changes_opacity_and_picks_the_values_of_the_file()
    {
        var specimen = Specimen();
        using var scene = NeuroglancerScene.Prepare(Input());
        await using var server = await ViewServer.StartAsync(scene, basePath: "/user/ada/proxy/absolute/1", cancellation: Cancellation);
        // Small: every pixel is computed by the processor.
        await using var browser = await DevTools.OpenAsync(Cancellation, 480, 360);
        await browser.NavigateAsync(Link(server, scene.State()), Cancellation);
        await ReadyAsync(browser);
        Assert.Equal(["volume", "labels", "surface"], ((JsonArray)(await browser.EvaluateAsync("window.viewer.layerManager.managedLayers.map(l => l.name)", Cancellation))!).Select(n => (string)n!));
        Assert.Equal("[]", (await browser.EvaluateAsync("window.viewer.layerManager.managedLayers.flatMap(l => l.layer.messages ? l.layer.messages.messages || [] : []).map(m => m.message || String(m))", Cancellation))!.ToJsonString());

        await AssertPicksAsync(browser, specimen);
        await browser.EvaluateAsync("window.viewer.position.value = Float32Array.from([86, 31, 30])", Cancellation);
        await browser.WaitForAsync($"{Picked("labels", 86, 31, 30)} === '3'", Cancellation);

        // A section moves: another section is another picture, and the link follows.
        await ReadyAsync(browser);
        var middle = await PictureAsync(browser);
        Assert.True(middle.Lit > middle.Count / 20, $"{middle.Lit} of {middle.Count} pixels are lit");
        await browser.EvaluateAsync("window.viewer.position.value = Float32Array.from([86, 31, 11])", Cancellation);
        await ReadyAsync(browser);
        var low = await PictureAsync(browser);
        Assert.True(low.Mean < middle.Mean - 5, $"section 1 is darker than section 20: {low.Mean} against {middle.Mean}");
        await browser.WaitForAsync("decodeURIComponent(location.hash).includes('\"position\":[86,31,11]')", Cancellation);

        // Opacity: objects over the grey, from nothing to all. (Neuroglancer draws the lowest layer of a section as if it were opaque.)
        await browser.EvaluateAsync("window.viewer.position.value = Float32Array.from([86, 31, 30])", Cancellation);
        var means = new List<double>();
        foreach (var opacity in (string[])["0", "0.5", "1"])
        {
            await browser.EvaluateAsync($"window.viewer.layerManager.getLayerByName('labels').layer.displayState.selectedAlpha.value = {opacity}", Cancellation);
            await ReadyAsync(browser);
            means.Add((await PictureAsync(browser)).Mean);
        }
        Assert.True(Math.Abs(means[2] - means[0]) > 0.5, $"means {string.Join(", ", means)}");
        Assert.InRange(means[1], Math.Min(means[0], means[2]) + 0.1, Math.Max(means[0], means[2]) - 0.1);
        await browser.EvaluateAsync("window.viewer.layerManager.getLayerByName('labels').setVisible(false); window.viewer.layerManager.getLayerByName('volume').layer.opacity.value = 0.5", Cancellation);

        // In space: the surface is drawn, and turns.
        await browser.EvaluateAsync("window.viewer.layerManager.getLayerByName('volume').setVisible(false); window.viewer.layout.restoreState({ type: '3d', orthographicProjection: true }); window.viewer.showAxisLines.value = false", Cancellation);
        await ReadyAsync(browser);
        var ahead = await PictureAsync(browser);
        Assert.True(ahead.Lit > ahead.Count / 100, $"the surface covers {ahead.Lit} of {ahead.Count} pixels");
        await browser.EvaluateAsync("window.viewer.perspectiveNavigationState.pose.orientation.orientation.set([0, 0.7071068, 0, 0.7071068]); window.viewer.perspectiveNavigationState.pose.orientation.changed.dispatch()", Cancellation);
        await ReadyAsync(browser);
        await browser.WaitForAsync("decodeURIComponent(location.hash).includes('projectionOrientation')", Cancellation);
        var beside = await PictureAsync(browser);
        Assert.True(Math.Abs(beside.Lit - ahead.Lit) < 0.1 * ahead.Lit, $"a ball covers as much from the side: {beside.Lit} against {ahead.Lit}");

        // The link alone gives the same view, and the view goes to the other viewers.
        var state = (JsonObject)JsonNode.Parse((string)(await browser.EvaluateAsync("JSON.stringify(window.viewer.state.toJSON(), (k, v) => typeof v === 'bigint' ? String(v) : v)", Cancellation))!)!;
        var view = NeuroglancerState.ToView(state);
        Assert.Equal([860, 310, 600], view.PositionNm, (a, b) => Math.Abs(a - b) < 1e-3);
        Assert.Equal(Math.Sqrt(0.5), Math.Abs(view.Orientation[1]), 1e-3);
        Assert.Equal(scene.View.HeightNm, view.HeightNm, 1e-3 * view.HeightNm);
        Assert.Equal((0.5, false), (view.Layers.Single(l => l.Name == "volume").Opacity, view.Layers.Single(l => l.Name == "volume").Visible));
        var link = (string)(await browser.EvaluateAsync("location.href", Cancellation))!;
        await browser.NavigateAsync("about:blank", Cancellation);
        await browser.NavigateAsync(link, Cancellation);
        await ReadyAsync(browser);
        Assert.Equal(0.5, (double)(await browser.EvaluateAsync("window.viewer.layerManager.getLayerByName('volume').layer.opacity.value", Cancellation))!);
    }
}
