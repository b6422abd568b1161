using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Tests.Runs;

/// <summary>The jobs of a sweep follow from its file; what is done is not done again, and what failed waits to be asked for.</summary>
public sealed class SweepTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vc-sweep").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private Sweep Read(string json)
    {
        var path = Path.Combine(_folder, "sweep.json");
        File.WriteAllText(path, json);
        return Sweep.Read(path);
    }

    private const string Grid = """
        { "arguments": ["reconstruct", "a.tif", "--out", "{out}"],
          "vary": { "--method": { "values": ["linear", "cubic"] }, "--seed": { "values": [1, 2, 3] }, "--thick": { "values": [true, false] } } }
        """;

    [Fact]
    public void A_grid_is_every_combination_once_and_a_truth_value_is_an_option_or_none()
    {
        var jobs = Read(Grid).Jobs();
        Assert.Equal(12, jobs.Count);
        Assert.Equal(12, jobs.Select(j => j.Id).Distinct().Count());
        Assert.Equal(["reconstruct", "a.tif", "--out", "{out}", "--method", "linear", "--seed", "1", "--thick"], jobs[0].Arguments);
        Assert.Equal(["reconstruct", "a.tif", "--out", "{out}", "--method", "cubic", "--seed", "3"], jobs[^1].Arguments);
        Assert.Equal(jobs.Select(j => j.Id), Read(Grid).Jobs().Select(j => j.Id));
    }

    [Fact]
    public void Random_values_follow_from_the_seed_and_stay_in_their_range()
    {
        Sweep Of(int seed) => Read($$"""
            { "arguments": ["x", "{out}"], "search": "random", "count": 200, "seed": {{seed}},
              "vary": { "--rate": { "from": 0.0001, "to": 0.1, "log": true }, "--steps": { "from": 1, "to": 9, "whole": true }, "--m": { "values": ["a", "b"] } } }
            """);
        var jobs = Of(5).Jobs();
        Assert.Equal(jobs.Select(j => j.Id), Of(5).Jobs().Select(j => j.Id));
        Assert.NotEqual(jobs.Select(j => j.Id), Of(6).Jobs().Select(j => j.Id));
        double[] Of2(string option) => [.. jobs.Select(j => double.Parse(j.Values[option], System.Globalization.CultureInfo.InvariantCulture))];
        Assert.All(Of2("--rate"), v => Assert.InRange(v, 1e-4, 1e-1));
        // As many in each decade, not in each tenth.
        Assert.InRange(Of2("--rate").Count(v => v < 1e-3), 45, 90);
        Assert.All(Of2("--steps"), v => Assert.True(double.IsInteger(v) && v is >= 1 and <= 9));
    }

    [Theory]
    [InlineData("""{ "arguments": ["x"], "vary": { "--a": { "values": [1] } } }""", "with {out} for the job's folder")]
    [InlineData("""{ "arguments": ["x", "{out}"], "vary": {} }""", "'vary' names no option")]
    [InlineData("""{ "arguments": ["x", "{out}"], "vary": { "a": { "values": [1] } } }""", "vary 'a': options begin with --")]
    [InlineData("""{ "arguments": ["x", "{out}"], "vary": { "--a": { "value": [1] } } }""", "unknown key 'vary.--a.value'")]
    [InlineData("""{ "arguments": ["x", "{out}"], "vary": { "--a": { "from": 1, "to": 2 } } }""", "a grid needs 'values'")]
    [InlineData("""{ "arguments": ["x", "{out}"], "search": "random", "count": 3, "vary": { "--a": { "from": 2, "to": 2 } } }""", "2 to 2: 'from' must be below 'to'")]
    [InlineData("""{ "arguments": ["x", "{out}"], "search": "random", "count": 3, "vary": { "--a": { "from": 0, "to": 2, "log": true } } }""", "above 0 for 'log'")]
    [InlineData("""{ "arguments": ["x", "{out}"], "search": "random", "vary": { "--a": { "values": [1] } } }""", "count 0: a random search draws at least 1")]
    [InlineData("""{ "arguments": ["x", "{out}"], "vary": { "--a": { "values": [[1]] } } }""", "[1] is no number, text or truth value")]
    public void What_is_wrong_is_named(string json, string expected) =>
        Assert.Contains(expected, Assert.Throws<BadInputException>(() => Read(json)).Message, StringComparison.Ordinal);

    [Fact]
    public void Done_jobs_are_reused_interrupted_ones_go_on_and_failed_ones_wait_to_be_asked_for()
    {
        var ran = new List<string>();
        var stop = new CancellationTokenSource();
        var codes = new Queue<int>([0, 3, 4]);
        var messages = new List<string>();
        SweepRunner Runner() => new(Read("""{ "arguments": ["x", "{out}"], "vary": { "--a": { "values": [1, 2, 3, 4] } } }"""), Path.Combine(_folder, "out"), (arguments, _, _) =>
        {
            ran.Add($"{arguments[^1]} {Path.GetFileName(arguments[1])}");
            if (codes.Count == 0)
                stop.Cancel();
            stop.Token.ThrowIfCancellationRequested();
            File.WriteAllText(Path.Combine(arguments[1], "report.json"), $$"""{ "methods": [{ "name": "m", "psnr": {{arguments[^1]}}.5 }] }""");
            return (codes.Dequeue(), "out of luck");
        }, new Relay<string>(messages.Add));

        Assert.Throws<OperationCanceledException>(() => Runner().Run());
        Assert.Equal(4, ran.Count);
        var jobs = Runner().Jobs;
        Assert.Equal([StageStatus.Done, StageStatus.Failed, StageStatus.Interrupted, StageStatus.Interrupted], jobs.Select(j => Runner().StateOf(j)!.Status));

        (stop, codes) = (new CancellationTokenSource(), new Queue<int>([0, 0]));
        ran.Clear();
        Assert.Equal([jobs[1].Id], Runner().Run().Select(j => j.Id));
        Assert.Equal([$"3 {jobs[2].Id}", $"4 {jobs[3].Id}"], ran);
        Assert.Contains($"{jobs[1].Id}: failed before (out of luck), left; --retry-failed runs it again", messages);

        codes = new Queue<int>([0]);
        ran.Clear();
        Assert.Empty(Runner().Run(only: [1], retryFailed: true));
        Assert.Equal([$"2 {jobs[1].Id}"], ran);
        var mark = Path.Combine(_folder, "out", SweepRunner.DoneMark(jobs[0]));
        File.Delete(mark);
        Assert.Empty(Runner().Run());
        Assert.True(File.Exists(mark), "a job that is reused is marked as done");
        var rows = File.ReadAllLines(Path.Combine(_folder, "out", "results.csv"));
        Assert.Equal("job,--a,seconds,m.psnr", rows[0]);
        Assert.EndsWith(",2.5", rows[2], StringComparison.Ordinal);
        Assert.Contains("job 4: the sweep has 0 to 3", Assert.Throws<BadInputException>(() => Runner().Run(only: [4])).Message, StringComparison.Ordinal);
        using var list = System.Text.Json.JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder, "out", "jobs.json")));
        Assert.Equal(["x", "{out}", "--a", "1"], list.RootElement[0].GetProperty("arguments").EnumerateArray().Select(a => a.GetString()));
    }
}
