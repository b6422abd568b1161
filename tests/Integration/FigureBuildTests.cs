using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using VisionCell.Acquisition;
using VisionCell.Figures;
using VisionCell.Figures.Publication;
using VisionCell.Formats;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Integration;

/// <summary>Figures for print through a real Chromium: the whole paper set of a small run, twice, and what makes it be drawn again.</summary>
public sealed class FigureBuildTests : IDisposable
{
    private const int Edge = 24;

    private readonly string _folder = Directory.CreateTempSubdirectory("vc-figures").FullName;
    private readonly string _run;

    /// <summary>A run as the notebooks leave it: a ball, every fourth of its sections, and two reconstructions of it.</summary>
    public FigureBuildTests()
    {
        Show.Notice = _ => { };
        _run = RunWorkspace.Open(Path.Combine(_folder, "run")).Root;
        var truth = New(new Shape3(Edge + 1, Edge, Edge), (z, y, x) => Math.Clamp(200 - 12 * Math.Sqrt(z * z + y * y + x * x), 0, 255));
        var sampling = AxialSampling.Parse("decimate:4");
        var sparse = sampling.Acquire(truth);
        Write("preprocessed", truth);
        Write("sparse", sparse.Observed);
        foreach (var (name, error) in new[] { ("linear", 20), ("cubic", 15), ("superresolution", 5) })
            Write(name, truth.Map(v => v).With((z, v, i) => sampling.IsObserved(z) ? v : Math.Clamp(v + error * MathF.Sin(i), 0, 255)));
        Write("superresolution-uncertainty", truth.With((z, _, _) => sampling.IsObserved(z) ? 0 : 3));
        JsonNode Score(string name, double psnr) => new JsonObject { ["name"] = name, ["psnr"] = psnr, ["ssimXz"] = 0.6, ["fscResolutionNm"] = 50, ["trainSeconds"] = 1, ["inferSeconds"] = 2, ["device"] = "cpu" };
        File.WriteAllText(Path.Combine(_run, "evaluation.json"), new JsonObject
        {
            ["volume"] = "ball", ["voxelSizeNm"] = new JsonArray(10, 10, 10), ["degradation"] = "decimate:4", ["seed"] = 1, ["scored"] = "18 held-out rows",
            ["methods"] = new JsonArray(Score("linear", 25), Score("superresolution", 27.5)),
        }.ToJsonString());
        var log = new TrainingLog();
        for (var step = 10; step <= 50; step += 10)
            log.Report(new TrainingProgress(step, TimeSpan.FromSeconds(step), step / 50.0, 1.0 / step, 1e-3, 0.1 * step));
        log.Write(Path.Combine(_run, "checkpoints", "superresolution.training.json"));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static Volume<float> New(Shape3 shape, Func<double, double, double, double> value)
    {
        var volume = new Volume<float>(shape, new VoxelSize(10, 10, 10), default, Provenance.Of("ball"));
        return volume.With((z, _, i) => (float)value(z - shape.Z / 2.0, i / shape.X % shape.Y - shape.Y / 2.0, i % shape.X - shape.X / 2.0));
    }

    private void Write(string name, Volume<float> volume) => VolumeFormats.Write(volume, Path.Combine(_run, "volumes", name + ".zarr"));

    /// <summary>The paper set in the resolution of a screen, its volume coarse: what is tested is the same, and fast.</summary>
    private FigureManifest Manifest(string preset = "double-column") => Read(new JsonObject
    {
        ["preset"] = preset, ["dpi"] = 96,
        ["figures"] = new JsonArray([.. FigureManifest.Paper.Figures.Select(f => (JsonNode)new JsonObject
        {
            ["id"] = f.Id, ["function"] = f.Function, ["protocol"] = f.Protocol, ["inputs"] = new JsonObject(f.Inputs.Select(i => KeyValuePair.Create(i.Key, (JsonNode?)i.Value))),
            ["parameters"] = f.Function == "rendering" ? new JsonObject { ["screenVoxels"] = 8, ["triangles"] = 500 } : null,
        })]),
    });

    private FigureManifest Read(JsonObject manifest)
    {
        var path = Path.Combine(_folder, "manifest.json");
        File.WriteAllText(path, manifest.ToJsonString());
        return FigureManifest.Read(path);
    }

    private IReadOnlyList<BuiltFigure> Build(FigureManifest manifest, string folder) =>
        new FigureBuilder(_run, Path.Combine(_folder, folder)).Build(manifest, cancellation: TestContext.Current.CancellationToken);

    private static string[] Reasons(IEnumerable<BuiltFigure> built) => [.. built.Where(b => b.Reason is not null).Select(b => $"{b.Id}: {b.Reason}")];

    [Fact]
    public async Task The_paper_set_is_the_same_bytes_each_time_and_is_made_again_only_where_something_changed()
    {
        var manifest = Manifest();
        var first = Build(manifest, "a");
        Assert.All(first, f => Assert.Equal("new", f.Reason));
        Assert.Equal(6 * 4, first.Sum(f => f.Files.Count));
        Build(manifest, "b");
        foreach (var file in first.SelectMany(f => f.Files))
            Assert.True(File.ReadAllBytes(file).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(_folder, "b", Path.GetFileName(file)))), $"{file} differs when it is made again");

        Assert.Empty(Reasons(Build(manifest, "a")));
        var svg = Path.Combine(_folder, "a", "methods.svg");
        File.AppendAllText(svg, "<!-- retouched -->");
        File.Delete(Path.Combine(_folder, "a", "training.pdf"));
        Write("cubic", (Volume<float>)VolumeFormats.Read(Path.Combine(_run, "volumes", "linear.zarr")));
        Assert.Equal(["training: training.pdf is missing", "fourier-shell-correlation: input 'cubic' changed", "methods: methods.svg was altered"], Reasons(Build(manifest, "a")));
        Assert.DoesNotContain("retouched", await File.ReadAllTextAsync(svg, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_notebook_makes_what_a_figure_shows_and_is_not_run_again()
    {
        var (run, manifest) = (Path.Combine(_folder, "from-notebook"), Path.Combine(_folder, "notebook-manifest.json"));
        File.WriteAllText(Path.Combine(_folder, "score.ipynb"), SampleNotebook.WithCells(
            "string output = \"\";\nstring report = \"\";",
            "System.IO.Directory.CreateDirectory(output); System.IO.File.Copy(report, System.IO.Path.Combine(output, \"evaluation.json\"));"));
        File.WriteAllText(manifest, new JsonObject
        {
            ["dpi"] = 96,
            ["figures"] = new JsonArray(new JsonObject
            {
                ["id"] = "scores", ["function"] = "methods", ["inputs"] = new JsonObject { ["report"] = "evaluation.json" }, ["formats"] = new JsonArray("svg"),
                ["notebook"] = new JsonObject { ["path"] = "score.ipynb", ["parameters"] = new JsonObject { ["report"] = Path.Combine(_run, "evaluation.json") } },
            }),
        }.ToJsonString());
        async Task<string> BuildAsync()
        {
            var (code, _, errors) = await Tool.RunAsync([.. Tool.Command, "figures", "build", manifest, "--run", run], TimeSpan.FromMinutes(3));
            Assert.True(code == 0, errors);
            return errors;
        }

        Assert.Contains("score.ipynb: run", await BuildAsync(), StringComparison.Ordinal);
        Assert.Contains("superresolution", File.ReadAllText(Path.Combine(run, "figures", "scores.svg")), StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(run, "notebooks", "score.ipynb")));
        var again = await BuildAsync();
        Assert.Contains("scores: unchanged", again, StringComparison.Ordinal);
        Assert.DoesNotContain("score.ipynb: run", again, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_file_has_its_size_on_paper_text_as_text_and_where_it_comes_from()
    {
        var built = Build(Manifest("nature-single") with { Figures = [.. Manifest("nature-single").Figures.Where(f => f.Id is "training" or "methods")] }, "single");
        Assert.Equal(["training", "methods"], built.Select(b => b.Id));
        var root = XDocument.Load(Path.Combine(_folder, "single", "training.svg")).Root!;
        XNamespace ns = "http://www.w3.org/2000/svg";
        // Two charts below each other in a column of 89 mm.
        Assert.Equal(("89mm", "110mm"), ((string?)root.Attribute("width"), (string?)root.Attribute("height")));
        var texts = root.Descendants(ns + "text").Select(t => t.Value).ToList();
        Assert.Contains("gain over linear (dB)", texts);
        Assert.Contains(root.Descendants(ns + "text"), t => t.Value == "b");
        var provenance = JsonNode.Parse(root.Element(ns + "metadata")!.Value)!;
        Assert.Equal(ContentHash.OfFile(Path.Combine(_run, "checkpoints", "superresolution.training.json")), provenance["inputs"]!["superresolution"]!["sha256"]!.GetValue<string>());
        Assert.Equal("run", provenance["run"]!.GetValue<string>());
        Assert.Contains("Chromium", provenance["software"]!.GetValue<string>(), StringComparison.Ordinal);

        // An independent reader of PDF: one page of that size, the title, fonts inside.
        var pdf = Path.Combine(_folder, "single", "training.pdf");
        var (code, info, _) = await Tool.RunAsync(["/usr/bin/pdfinfo", pdf], TimeSpan.FromMinutes(1));
        Assert.Equal(0, code);
        Assert.Matches(@"Title:\s+Gain against training time", info);
        Assert.Matches(@"Pages:\s+1\n", info);
        Assert.Matches(@"Page size:\s+252(\.\d+)? x 31[12](\.\d+)? pts", info);
        var (_, fonts, _) = await Tool.RunAsync(["/usr/bin/pdffonts", pdf], TimeSpan.FromMinutes(1));
        Assert.Contains(" yes yes yes ", Regex.Replace(fonts, " +", " "), StringComparison.Ordinal);

        var html = await File.ReadAllTextAsync(Path.Combine(_folder, "single", "training.html"), TestContext.Current.CancellationToken);
        Assert.Contains("<meta name=\"visioncell:provenance\"", html, StringComparison.Ordinal);
        Assert.Contains("src=\"data:image/png;base64,", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_interactive_views_turn_and_say_what_is_under_the_pointer()
    {
        Build(Manifest() with { Figures = [.. Manifest().Figures.Where(f => f.Id is "rendering" or "sections")] }, "html");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(4));
        await using var browser = await DevTools.OpenAsync(limit.Token);

        await browser.NavigateAsync(new Uri(Path.Combine(_folder, "html", "rendering.html")).AbsoluteUri, limit.Token);
        await browser.WaitForAsync("document.querySelector('[data-drawn=\"true\"] .js-plotly-plot')", limit.Token);
        const string Eye = "(function () { var e = document.querySelector('.js-plotly-plot')._fullLayout.scene2._scene.getCamera().eye; return [e.x, e.y, e.z].join(' '); })()";
        var before = (await browser.EvaluateAsync(Eye, limit.Token))!.GetValue<string>();
        // The surface stands in the right half; turning it leaves the volume on the left alone.
        await browser.DragAsync(520, 200, 600, 240, limit.Token);
        await browser.WaitForAsync($"{Eye} !== '{before}'", limit.Token);
        Assert.Equal(before, (await browser.EvaluateAsync(Eye.Replace("scene2", "scene", StringComparison.Ordinal), limit.Token))!.GetValue<string>());

        await browser.NavigateAsync(new Uri(Path.Combine(_folder, "html", "sections.html")).AbsoluteUri, limit.Token);
        await browser.WaitForAsync("document.querySelector('[data-drawn=\"true\"] .js-plotly-plot .hoverlayer')", limit.Token);
        // Over the middle of the truth's xy section: its name, the place in nm and the grey level.
        var at = (await browser.EvaluateAsync("""
            (function () { var p = document.querySelector('.js-plotly-plot'), t = p._fullData.findIndex(function (d) { return d.name === 'truth, xy'; }), x = p._fullLayout[p._fullData[t].xaxis.replace('x', 'xaxis')],
              y = p._fullLayout[p._fullData[t].yaxis.replace('y', 'yaxis')], r = p.getBoundingClientRect(); return [r.left + x._offset + x._length / 2 + 2, r.top + y._offset + y._length / 2 + 2].join(' '); })()
            """, limit.Token))!.GetValue<string>().Split(' ').Select(v => double.Parse(v, System.Globalization.CultureInfo.InvariantCulture)).ToArray();
        await browser.MoveAsync(at[0], at[1], limit.Token);
        await browser.WaitForAsync("document.querySelector('.hoverlayer .hovertext')", limit.Token);
        var hover = (await browser.EvaluateAsync("document.querySelector('.hoverlayer').textContent", limit.Token))!.GetValue<string>();
        Assert.Matches(@"truth, xy.*x 120\.0 nm.*y 120\.0 nm", hover);
        // Row 14, in the middle of the middle gap, is 1.5 rows from the centre of the ball: brighter than what is shown white, and still read as it is.
        Assert.EndsWith("nm182.0", hover, StringComparison.Ordinal);
    }
}

/// <summary>Volumes made voxel by voxel.</summary>
internal static class VolumeMaking
{
    /// <summary>A volume of the same place whose voxels are a function of row, value and number.</summary>
    public static Volume<float> With(this Volume<float> volume, Func<int, float, int, float> value)
    {
        var result = new float[volume.Data.Length];
        for (var i = 0; i < result.Length; i++)
            result[i] = value(i / volume.Shape.SectionCount, volume.Data[i], i);
        return new Volume<float>(result, volume.Shape, volume.VoxelSize, volume.Origin, volume.Provenance);
    }
}
