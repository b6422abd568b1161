using VisionCell.Figures;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Tests.Runs;

/// <summary>Two runs that were really made: what is known of them, and what differs.</summary>
[Collection("Figures")]
public sealed class RunFactsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vc-runs").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Make(string name, double minutes, double psnr, string data)
    {
        var run = RunWorkspace.Open(Path.Combine(_folder, "deep", name));
        var input = Path.Combine(_folder, name + ".dat");
        File.WriteAllText(input, data);
        run.RecordData("stack", input);
        run.RecordSeed("method", 3);
        run.RecordConfiguration("03-super-resolution", new { degrade = "decimate:8", minutes });
        run.Stage("reconstruct-linear", "i", new { method = "linear", prior = (string?)null }, "c", stage => stage.Figure("trainSeconds", 60 * minutes));
        File.WriteAllText(Path.Combine(run.Root, "evaluation.json"), FormattableString.Invariant($$"""{ "methods": [{ "name": "linear", "psnr": {{psnr}}, "device": "cpu", "uncertainty": { "coverage90": 0.9 } }] }"""));
        return run.Root;
    }

    [Fact]
    public void A_run_is_known_by_its_configuration_data_code_and_results()
    {
        var run = RunFacts.Read(Make("a", 0.5, 25.25, "x"));
        Assert.Equal(["03-super-resolution.degrade", "03-super-resolution.minutes", "reconstruct-linear.method", "seed.method"], run.Configuration.Keys);
        Assert.Equal("0.5", run.Configuration["03-super-resolution.minutes"]);
        Assert.Equal(["linear.psnr", "linear.uncertainty.coverage90", "reconstruct-linear.seconds", "reconstruct-linear.trainSeconds"], run.Results.Keys);
        Assert.Equal((25.25, 30), (run.Results["linear.psnr"], run.Results["reconstruct-linear.trainSeconds"]));
        Assert.Equal(ContentHash.OfString("x"), run.Data["stack"]);
        Assert.Contains("dotNet", run.Code.Keys);
    }

    [Fact]
    public void What_differs_is_told_in_its_group_and_nothing_else()
    {
        var (a, b) = (RunFacts.Read(Make("a", 0.5, 25.25, "x")), RunFacts.Read(Make("b", 1.5, 26, "y")));
        Assert.Empty(RunDifference.Between(a, a));
        var differences = RunDifference.Between(a, b).Where(d => d.Name != "reconstruct-linear.seconds").ToList();
        Assert.Equal(["configuration 03-super-resolution.minutes", "data stack", "result linear.psnr", "result reconstruct-linear.trainSeconds"], differences.Select(d => $"{d.Group} {d.Name}"));
        Assert.Equal(new RunDifference("configuration", "03-super-resolution.minutes", "0.5", "1.5", 1), differences[0]);
        Assert.Null(differences[1].Change);
        Assert.Equal(0.75, differences[2].Change!.Value, 12);
    }

    [Fact]
    public void Runs_are_found_below_a_folder_and_a_folder_without_one_is_named()
    {
        Make("a", 1, 25, "x");
        Make("b", 1, 25, "x");
        Assert.Equal(["b", "a"], RunFacts.Find(_folder).Select(r => r.Record.Run));
        Assert.Contains("holds no run.json", Assert.Throws<BadInputException>(() => RunFacts.Read(_folder)).Message, StringComparison.Ordinal);
        Assert.Contains("--root", Assert.Throws<BadInputException>(() => RunFacts.Find(Path.Combine(_folder, "none"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parallel_coordinates_have_an_axis_for_what_varies_and_a_picture()
    {
        IReadOnlyDictionary<string, string> Row(string method, double psnr) => new Dictionary<string, string> { ["method"] = method, ["seed"] = "1", ["m.psnr"] = FormattableString.Invariant($"{psnr}") };
        var figure = Show.ParallelCoordinates([("a", Row("linear", 25)), ("b", Row("cubic", 24.5)), ("c", Row("linear", 26))]);
        var trace = System.Text.Json.Nodes.JsonNode.Parse(figure.Json)!["data"]![0]!;
        // The seed is the same in all: no axis.
        Assert.Equal(["method", "m<br>psnr"], trace["dimensions"]!.AsArray().Select(d => d!["label"]!.GetValue<string>()));
        Assert.Equal(["cubic", "linear"], trace["dimensions"]![0]!["ticktext"]!.AsArray().Select(t => t!.GetValue<string>()));
        Assert.Equal(0x89, figure.Picture[0]);
        Assert.Contains("at least two", Assert.Throws<BadInputException>(() => Show.ParallelCoordinates([("a", Row("linear", 25))])).Message, StringComparison.Ordinal);
        Assert.Contains("differ in nothing", Assert.Throws<BadInputException>(() => Show.ParallelCoordinates([("a", Row("linear", 25)), ("b", Row("linear", 25))])).Message, StringComparison.Ordinal);
        Assert.Contains("the runs differ in method, m.psnr", Assert.Throws<BadInputException>(() => Show.ParallelCoordinates([("a", Row("linear", 25)), ("b", Row("cubic", 24))], colourBy: "seed")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_table_of_values_quotes_what_needs_it()
    {
        var path = Path.Combine(_folder, "t.csv");
        CsvTable.Write(path, [new Dictionary<string, string> { ["a"] = "1", ["b"] = "x,\"y\"" }, new Dictionary<string, string> { ["c"] = "3" }]);
        Assert.Equal("a,b,c\r\n1,\"x,\"\"y\"\"\",\r\n,,3\r\n", File.ReadAllText(path));
    }
}
