using VisionCell.Figures.Publication;
using VisionCell.Volumes;

namespace VisionCell.Tests.Figures;

/// <summary>A bad manifest is refused in one line, before anything is read or drawn.</summary>
public sealed class FigureManifestTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vc-manifest").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private FigureManifest Read(string json)
    {
        var path = Path.Combine(_folder, "m.json");
        File.WriteAllText(path, json);
        return FigureManifest.Read(path);
    }

    [Theory]
    [InlineData("""{"figures": []}""", "lists no figure")]
    [InlineData("""{"figures": [{"id": "a", "function": "methods", "inputs": {"report": "e.json"}}], "dip": 300}""", "unknown key 'dip'; did you mean 'dpi'?")]
    [InlineData("""{"figures": [{"id": "a", "function": "methods", "input": {"report": "e.json"}}]}""", "unknown key 'figures.input'; did you mean 'inputs'?")]
    [InlineData("""{"figures": [{"id": "a", "function": "method", "inputs": {"report": "e.json"}}]}""", "figure 'a': function 'method' is not known: sections, training,")]
    [InlineData("""{"figures": [{"id": "a", "function": "methods", "inputs": {}}]}""", "figure 'a': function 'methods' needs the input 'report'")]
    [InlineData("""{"figures": [{"id": "a", "function": "methods", "inputs": {"report": "e.json", "log": "l.json"}}]}""", "figure 'a': function 'methods' takes no input 'log'")]
    [InlineData("""{"figures": [{"id": "a", "function": "sections", "inputs": {"reference": "t.zarr"}}]}""", "figure 'a': function 'sections' needs at least one reconstruction")]
    [InlineData("""{"figures": [{"id": "a", "function": "rendering", "inputs": {"volume": "t.zarr"}, "parameters": {"voxel": 9}}]}""", "figure 'a': parameters: unknown key 'voxel'; did you mean 'voxels'?")]
    [InlineData("""{"figures": [{"id": "a", "function": "methods", "inputs": {"report": "e.json"}, "preset": "natur"}]}""", "figure 'a': preset 'natur' is not known: single-column,")]
    [InlineData("""{"figures": [{"id": "a b", "function": "methods", "inputs": {"report": "e.json"}}]}""", "figure 'a b': an id has letters, digits and dashes only")]
    [InlineData("""{"figures": [{"id": "a", "function": "methods", "inputs": {"report": "e.json"}, "dpi": 9}]}""", "figure 'a': 9 dpi: must be 72 to 1200")]
    [InlineData("""{"figures": [{"id": "a", "function": "methods", "inputs": {"report": "e.json"}, "widthMm": 5}]}""", "a width is 20 to 1000 mm")]
    [InlineData("""{"figures": [{"id": "a", "function": "methods", "inputs": {"report": "e.json"}}, {"id": "A", "function": "methods", "inputs": {"report": "e.json"}}]}""", "two figures have the id 'a'")]
    [InlineData("""{"figures": [{"id": "a", "function": "methods", "inputs": {"report": "e.json"}, "formats": ["gif"]}]}""", "m.json at figures[0].formats[0]")]
    public void What_is_wrong_is_named(string json, string expected)
    {
        var message = Assert.Throws<BadInputException>(() => Read(json)).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.Contains("m.json", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void The_paper_set_uses_every_function_and_cites_the_sample()
    {
        Assert.Equal(FigureFunctions.All.Select(f => f.Name), FigureManifest.Paper.Figures.Select(f => f.Function));
        Assert.Contains(FigureManifest.Paper.Citations!, c => c.Contains("10.1371/journal.pone.0125825", StringComparison.Ordinal));
    }

    [Fact]
    public void An_input_that_is_not_there_is_named_before_a_browser_starts()
    {
        var manifest = Read("""{"figures": [{"id": "a", "function": "methods", "inputs": {"report": "e.json"}}]}""");
        var message = Assert.Throws<BadInputException>(() => new FigureBuilder(_folder, Path.Combine(_folder, "out")).Build(manifest)).Message;
        Assert.Equal($"figure 'a': its input 'report' is not there: {Path.Combine(_folder, "e.json")}; make it, or leave the figure out with --only", message);
        Assert.False(Directory.Exists(Path.Combine(_folder, "out")));
        Assert.Contains("no figure 'b' in the manifest: a", Assert.Throws<BadInputException>(() => new FigureBuilder(_folder, _folder).Build(manifest, ["b"])).Message, StringComparison.Ordinal);
        Assert.Contains("no such folder", Assert.Throws<BadInputException>(() => new FigureBuilder(Path.Combine(_folder, "none"), _folder).Build(manifest)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_reason_for_making_a_figure_again_is_told()
    {
        var file = Path.Combine(_folder, "f.svg");
        File.WriteAllText(file, "drawn");
        var state = new FigureState("sections", new Dictionary<string, string> { ["reference"] = "r", ["linear"] = "l" }, "p", "s", "d", "c", "b", new Dictionary<string, string>());
        var made = state with { Files = new Dictionary<string, string> { ["f.svg"] = VisionCell.Runs.ContentHash.OfFile(file) } };
        string? Why(FigureState now) => now.WhyAgain(made, _folder, ["f.svg"]);

        Assert.Equal("new", state.WhyAgain(null, _folder, ["f.svg"]));
        Assert.Null(Why(state));
        Assert.Equal("function changed", Why(state with { Function = "training" }));
        Assert.Equal("input 'linear' changed", Why(state with { Inputs = new Dictionary<string, string> { ["reference"] = "r", ["linear"] = "m" } }));
        Assert.Equal("input 'cubic' added", Why(state with { Inputs = new Dictionary<string, string> { ["reference"] = "r", ["cubic"] = "l" } }));
        Assert.Equal("input 'linear' removed", Why(state with { Inputs = new Dictionary<string, string> { ["reference"] = "r" } }));
        Assert.Equal("order of inputs changed", Why(state with { Inputs = new Dictionary<string, string> { ["linear"] = "l", ["reference"] = "r" } }));
        Assert.Equal("parameters changed", Why(state with { Parameters = "q" }));
        Assert.Equal("style changed", Why(state with { Style = "t" }));
        Assert.Equal("description changed", Why(state with { Description = "e" }));
        Assert.Equal("code changed", Why(state with { Code = "x" }));
        Assert.Equal("browser changed", Why(state with { Browser = "x" }));
        Assert.Equal("f.png is missing", state.WhyAgain(made, _folder, ["f.svg", "f.png"]));
        File.WriteAllText(file, "retouched");
        Assert.Equal("f.svg was altered", Why(state));
        File.Delete(file);
        Assert.Equal("f.svg is missing", Why(state));
    }
}
