using System.Text.Json;
using System.Text.Json.Nodes;
using VisionCell.Formats;
using VisionCell.Volumes;

namespace VisionCell.Cli.Tests;

/// <summary>The notebooks of the repository, one after the other on a small real crop, as the demo runs them.</summary>
public sealed class PipelineNotebookTests
{
    // Smaller is not possible: the held-out lines of a section want several sections' length, and phase correlation some texture.
    private static readonly Box s_crop = new(30, 60, 60, new Shape3(33, 64, 64));

    private static readonly (string Name, string[] Parameters, string[] Traces, string[] Files)[] s_notebooks =
    [
        ("01-preprocess", ["input", "INPUT"], ["volume", "mesh3d", "heatmap", "scatter"], ["volumes/preprocessed.zarr", "transforms.json", "preprocessing.json", "figures/01-sections.png"]),
        ("02-augment", ["degrade", "decimate:4", "frames", "20", "patch", "32"], ["volume", "mesh3d", "heatmap"],
            ["volumes/linear.zarr", "volumes/flow.zarr", "figures/02-geometry.png", "figures/02-flow.png", "figures/02-flight.mp4"]),
        ("03-super-resolution", ["degrade", "decimate:4", "minutes", "0.05"], ["volume", "mesh3d", "heatmap", "scatter"],
            ["volumes/sparse.zarr", "volumes/nearest.zarr", "volumes/linear.zarr", "volumes/cubic.zarr", "volumes/superresolution.zarr", "checkpoints/superresolution.training.json", "figures/03-before-after.png"]),
        ("04-diffusion", ["degrade", "decimate:4", "minutes", "0.05", "gaps", "2", "device", "cpu"], ["volume", "mesh3d", "heatmap", "table"],
            ["volumes/diffusion.zarr", "figures/04-samples.png"]),
        ("05-nerf", ["degrade", "decimate:4", "minutes", "0.05", "projections", "9", "edge", "24", "steps", "60", "frames", "4", "device", "cpu"], ["volume", "mesh3d", "heatmap", "scatter"],
            ["volumes/field.zarr", "checkpoints/field.safetensors", "checkpoints/tilt-series.safetensors", "figures/05-field.png", "figures/05-turntable.mp4"]),
        ("06-evaluate", [], ["volume", "mesh3d", "heatmap", "scatter", "bar", "table"], ["evaluation.json", "evaluation.csv", "figures/06-error-maps.png"]),
        ("07-export", ["triangles", "5000", "width", "160", "samples", "4"], ["volume", "mesh3d", "heatmap"],
            ["meshes/superresolution.glb", "meshes/superresolution.ply", "volumes/superresolution.ome.tif", "scenes/blender/scene.json", "scenes/blender/scene.blend", "scenes/unity/scene.json", "scenes/neuroglancer/index.html", "scenes/view.json", "figures/blender.png", "figures/overview.png", "figures/surface.png"]),
    ];

    [Fact]
    public void The_notebooks_run_in_order_and_a_second_time_reuse_what_is_unchanged()
    {
        using var folder = new TemporaryFolder();
        var input = folder.File("crop.tif");
        VolumeFormats.Write(((Volume<byte>)VolumeFormats.Read(Command.Sample, new VoxelSize(10, 10, 10))).Crop(s_crop), input);
        var run = folder.File("run");

        foreach (var (name, parameters, traces, files) in s_notebooks)
        {
            var executed = Execute(name, run, [.. parameters.Select(p => p == "INPUT" ? input : p)]);
            var html = string.Concat(Data(executed, "text/html"));
            Assert.All(traces, trace => Assert.Contains($"\"type\":\"{trace}\"", html, StringComparison.Ordinal));
            Assert.Equal(2, html.Split("plotly.js v2.28.0").Length); // once
            Assert.NotEmpty(Data(executed, "image/png"));
            Assert.All(files, file => Assert.True(Path.Exists(Path.Combine(run, file)), $"{name} did not write {file}"));
            Assert.True(new FileInfo(Path.Combine(run, "notebooks", name + ".html")).Length < 12_000_000, $"{name}: the page is too large");
            using var record = JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "run.json")));
            Assert.True(record.RootElement.GetProperty("configuration").TryGetProperty(name, out _), $"{name} is not in run.json");
        }

        using (var evaluation = JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "evaluation.json"))))
        {
            Assert.Equal("decimate:4", evaluation.RootElement.GetProperty("degradation").GetString());
            // 33 rows, every fourth of them observed.
            Assert.StartsWith("24 held-out of 33 z rows", evaluation.RootElement.GetProperty("scored").GetString(), StringComparison.Ordinal);
            var psnr = evaluation.RootElement.GetProperty("methods").EnumerateArray().ToDictionary(m => m.GetProperty("name").GetString()!, m => m.GetProperty("psnr").GetDouble());
            Assert.Equal(["nearest", "linear", "cubic", "superresolution"], psnr.Keys);
            Assert.True(psnr["linear"] > psnr["nearest"] + 1, $"linear {psnr["linear"]:0.00} dB, nearest {psnr["nearest"]:0.00} dB");
            // Three seconds teach nothing yet, but must not harm: the network begins as linear interpolation.
            Assert.True(psnr["superresolution"] > psnr["linear"] - 0.3, $"network {psnr["superresolution"]:0.00} dB, linear {psnr["linear"]:0.00} dB");
        }
        var super = VolumeFormats.Inspect(Path.Combine(run, "volumes", "superresolution.zarr"));
        Assert.Equal((new Shape3(33, 64, 64), new VoxelSize(10, 10, 10)), (super.Shape, super.VoxelSize!.Value));

        foreach (var (name, parameters, _, _) in s_notebooks)
        {
            var text = string.Concat(Streams(Execute(name, run, [.. parameters.Select(p => p == "INPUT" ? input : p)])));
            Assert.Contains(": unchanged, reused (made ", text, StringComparison.Ordinal);
            Assert.DoesNotContain("run again", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_notebooks_are_kept_without_outputs_and_read_before_they_compute()
    {
        foreach (var path in Directory.EnumerateFiles(Path.Combine(Command.Repository, "notebooks"), "*.ipynb"))
        {
            var notebook = JsonNode.Parse(File.ReadAllText(path))!;
            Assert.Equal((4, 5), (notebook["nbformat"]!.GetValue<int>(), notebook["nbformat_minor"]!.GetValue<int>()));
            Assert.Equal(".net-csharp", notebook["metadata"]!["kernelspec"]!["name"]!.GetValue<string>());
            var cells = notebook["cells"]!.AsArray();
            Assert.Equal(cells.Count, cells.Select(c => c!["id"]!.GetValue<string>()).Distinct().Count());
            Assert.Equal("markdown", cells[0]!["cell_type"]!.GetValue<string>());
            Assert.Single(cells, c => c!["metadata"]!["tags"]?.AsArray().Any(t => t!.GetValue<string>() == "parameters") == true);
            foreach (var cell in cells.Where(c => c!["cell_type"]!.GetValue<string>() == "code"))
            {
                Assert.Empty(cell!["outputs"]!.AsArray());
                Assert.Null(cell["execution_count"]);
                Assert.True(cell["source"]!.AsArray().Count <= 16, $"{path}, cell {cell["id"]}: more than 16 lines; logic belongs in the library");
            }
        }
    }

    private static JsonNode Execute(string name, string run, string[] parameters)
    {
        var outcome = Command.Run(["notebook", "run", Path.Combine(Command.Repository, "notebooks", name + ".ipynb"), "-p", "output", run, .. parameters, "--out", Path.Combine(run, "notebooks")]);
        Assert.True(outcome.Code == 0, outcome.Error);
        return JsonNode.Parse(File.ReadAllText(Path.Combine(run, "notebooks", name + ".ipynb")))!;
    }

    private static IEnumerable<JsonNode> Outputs(JsonNode notebook) => notebook["cells"]!.AsArray().SelectMany(c => c!["outputs"]?.AsArray() ?? []).Select(o => o!);

    private static IEnumerable<string> Data(JsonNode notebook, string type) => Outputs(notebook).Select(o => Text(o["data"]?[type])).Where(t => t.Length > 0);

    private static IEnumerable<string> Streams(JsonNode notebook) => Outputs(notebook).Select(o => Text(o["text"]));

    private static string Text(JsonNode? node) => node is JsonArray lines ? string.Concat(lines.Select(l => l!.GetValue<string>())) : node?.GetValue<string>() ?? "";
}
