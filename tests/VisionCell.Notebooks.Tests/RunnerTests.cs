using System.Text.Json.Nodes;
using VisionCell.Notebooks.Running;
using VisionCell.Volumes;

namespace VisionCell.Notebooks.Tests;

public sealed class RunnerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("visioncell-runner-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Out => Path.Combine(_folder, "out");

    [Fact]
    public async Task Outputs_counts_and_times_are_written_and_unknown_fields_stay()
    {
        string path = Write("one.ipynb", Text("# The title\n\nwords"), Code("int n = 1;", "parameters"), Code("Console.WriteLine(n); Console.Error.WriteLine(\"e\"); n + 1"), Code("display(\"<b>bold</b>\", \"text/html\");"));
        string before = Environment.CurrentDirectory;
        var lines = new List<string>();
        NotebookRun run = await NotebookRunner.RunAsync(path, new Dictionary<string, string> { ["n"] = "7" }, Out, new Sink(lines), TestContext.Current.CancellationToken);
        Assert.Equal(before, Environment.CurrentDirectory);
        Assert.Equal("The title", run.Title);
        Assert.Equal(5, lines.Count);
        Assert.StartsWith("one: cell 1 of 4, ", lines[0], StringComparison.Ordinal);
        JsonObject written = NotebookDocument.Read(run.ExecutedPath).Root;
        Assert.Equal("kept", written["metadata"]!["unknown"]!.GetValue<string>());
        JsonNode cell = written["cells"]![3]!;
        Assert.Equal(3, cell["execution_count"]!.GetValue<int>());
        Assert.Equal("7\n", NotebookDocument.Text(cell["outputs"]![0]!["text"]));
        Assert.Equal("stderr", cell["outputs"]![1]!["name"]!.GetValue<string>());
        Assert.Equal("8", cell["outputs"]![2]!["data"]!["text/plain"]!.GetValue<string>());
        Assert.NotNull(cell["metadata"]!["execution"]!["shell.execute_reply"]);
        string html = await File.ReadAllTextAsync(run.HtmlPath, TestContext.Current.CancellationToken);
        Assert.Contains("<h1 id=\"the-title\">The title</h1>", html, StringComparison.Ordinal);
        Assert.Contains("<b>bold</b>", html, StringComparison.Ordinal);
        Assert.DoesNotContain("http://", html, StringComparison.Ordinal);
        Assert.DoesNotContain("https://", html, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(Out, "*.partial"));
        Assert.Equal(run with { Parameters = run.Parameters, Duration = default }, NotebookRun.Read(run.ExecutedPath) with { Parameters = run.Parameters, Duration = default });
    }

    [Fact]
    public async Task A_failing_cell_ends_the_run_and_is_shown_with_its_error()
    {
        string path = Write("fails.ipynb", Code("var a = 1;"), Code("int.Parse(\"x\")"), Code("Console.WriteLine(\"never\");"));
        NotebookFailedException e = await Assert.ThrowsAsync<NotebookFailedException>(
            () => NotebookRunner.RunAsync(path, new Dictionary<string, string>(), Out, cancellationToken: TestContext.Current.CancellationToken));
        Assert.Contains("cell 2: FormatException", e.Message, StringComparison.Ordinal);
        NotebookDocument written = NotebookDocument.Read(e.Run.ExecutedPath);
        Assert.Equal("error", written.Cells[1]!["outputs"]![0]!["output_type"]!.GetValue<string>());
        Assert.Empty((JsonArray)written.Cells[2]!["outputs"]!);
        Assert.Contains("class=\"error\"", await File.ReadAllTextAsync(e.Run.HtmlPath, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.NotNull(NotebookRun.Read(e.Run.ExecutedPath).Error);
    }

    [Fact]
    public async Task An_interrupted_run_leaves_what_it_had_under_a_name_that_says_so()
    {
        string path = Write("long.ipynb", Code("Console.WriteLine(\"done\");"), Code("while (true) { }"));
        using var cancel = new CancellationTokenSource();
        var progress = new Sink([], p =>
        {
            if (p.Cell == 2)
                cancel.CancelAfter(300);
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => NotebookRunner.RunAsync(path, new Dictionary<string, string>(), Out, progress, cancel.Token));
        Assert.Equal(["long.interrupted.html", "long.interrupted.ipynb"], Directory.GetFiles(Out).Select(Path.GetFileName).Order());
        NotebookDocument written = NotebookDocument.Read(Path.Combine(Out, "long.interrupted.ipynb"));
        Assert.Equal("done\n", NotebookDocument.Text(written.Cells[0]!["outputs"]![0]!["text"]));
    }

    [Fact]
    public async Task Cells_see_the_folder_of_the_notebook()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "beside.txt"), "found", TestContext.Current.CancellationToken);
        string path = Write("here.ipynb", Code("File.ReadAllText(\"beside.txt\")"));
        NotebookRun run = await NotebookRunner.RunAsync(path, new Dictionary<string, string>(), Out, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal("found", NotebookDocument.Read(run.ExecutedPath).Cells[0]!["outputs"]![0]!["data"]!["text/plain"]!.GetValue<string>());
    }

    [Fact]
    public async Task Text_without_end_is_cut_and_says_so()
    {
        string path = Write("flood.ipynb", Code("for (int i = 0; i < 3000; i++) Console.WriteLine(new string('x', 1000));"));
        NotebookRun run = await NotebookRunner.RunAsync(path, new Dictionary<string, string>(), Out, cancellationToken: TestContext.Current.CancellationToken);
        string text = NotebookDocument.Text(NotebookDocument.Read(run.ExecutedPath).Cells[0]!["outputs"]![0]!["text"]);
        Assert.InRange(text.Length, 1_000_000, 1_100_000);
        Assert.EndsWith("passed 1 MiB]\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_updated_display_is_kept_in_its_last_state()
    {
        string path = Write("update.ipynb", Code("var d = display(\"one\");"), Code("d.Update(\"two\");"));
        NotebookRun run = await NotebookRunner.RunAsync(path, new Dictionary<string, string>(), Out, cancellationToken: TestContext.Current.CancellationToken);
        NotebookDocument written = NotebookDocument.Read(run.ExecutedPath);
        Assert.Equal("two", written.Cells[0]!["outputs"]![0]!["data"]!["text/plain"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("not json", "not JSON")]
    [InlineData("{}", "nbformat 4")]
    [InlineData("{\"cells\": [], \"nbformat\": 3}", "nbformat 3")]
    public async Task What_is_no_notebook_is_said_in_one_line(string text, string message)
    {
        string path = Path.Combine(_folder, "bad.ipynb");
        await File.WriteAllTextAsync(path, text, TestContext.Current.CancellationToken);
        BadInputException e = await Assert.ThrowsAsync<BadInputException>(
            () => NotebookRunner.RunAsync(path, new Dictionary<string, string>(), Out, cancellationToken: TestContext.Current.CancellationToken));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
        Assert.Contains("bad.ipynb", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_executed_copy_never_replaces_the_notebook()
    {
        string path = Write("same.ipynb", Code("1"));
        BadInputException e = await Assert.ThrowsAsync<BadInputException>(
            () => NotebookRunner.RunAsync(path, new Dictionary<string, string>(), _folder, cancellationToken: TestContext.Current.CancellationToken));
        Assert.Contains("another folder", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_index_links_every_page_and_shows_its_first_picture()
    {
        string good = Write("good.ipynb", Text("# Good & well"), Code("\"iVBORw0KGgo=\".DisplayAs(\"image/png\");"));
        string bad = Write("bad.ipynb", Code("throw new Exception(\"<why>\");"));
        NotebookRun first = await NotebookRunner.RunAsync(good, new Dictionary<string, string>(), Path.Combine(Out, "notebooks"), cancellationToken: TestContext.Current.CancellationToken);
        NotebookFailedException second = await Assert.ThrowsAsync<NotebookFailedException>(
            () => NotebookRunner.RunAsync(bad, new Dictionary<string, string>(), Path.Combine(Out, "notebooks"), cancellationToken: TestContext.Current.CancellationToken));
        await File.WriteAllTextAsync(Path.Combine(Out, "run.json"), "{}", TestContext.Current.CancellationToken);
        string html = await File.ReadAllTextAsync(NotebookIndex.Write(Out, [first, second.Run]), TestContext.Current.CancellationToken);
        Assert.Contains("href=\"notebooks/good.html\"><img alt=\"\" src=\"data:image/png;base64,iVBORw0KGgo=\">", html, StringComparison.Ordinal);
        Assert.Contains("Good &amp; well", html, StringComparison.Ordinal);
        Assert.Contains("&lt;why&gt;", html, StringComparison.Ordinal);
        Assert.Contains("href=\"run.json\"", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Code_is_coloured_and_nothing_of_it_is_lost()
    {
        const string Source = "#r \"a.dll\"\nvar x = $\"{1 + 2} <b>\"; // note\nif (x is null) return 'c';";
        string html = CodeHighlighter.ToHtml(Source);
        Assert.Equal(Source, System.Net.WebUtility.HtmlDecode(System.Text.RegularExpressions.Regex.Replace(html, "<[^>]+>", string.Empty)));
        Assert.Contains("<span class=\"c\">// note</span>", html, StringComparison.Ordinal);
        Assert.Contains("<span class=\"k\">var</span>", html, StringComparison.Ordinal);
        Assert.Contains("<span class=\"n\">2</span>", html, StringComparison.Ordinal);
    }

    private static JsonObject Text(string source) => new() { ["cell_type"] = "markdown", ["metadata"] = new JsonObject(), ["source"] = source };

    private static JsonObject Code(string source, string? tag = null) => new()
    {
        ["cell_type"] = "code",
        ["execution_count"] = null,
        ["metadata"] = tag is null ? [] : new JsonObject { ["tags"] = new JsonArray(tag) },
        ["outputs"] = new JsonArray(),
        ["source"] = source,
    };

    private string Write(string name, params JsonNode[] cells)
    {
        string path = Path.Combine(_folder, name);
        var root = new JsonObject { ["cells"] = new JsonArray(cells), ["metadata"] = new JsonObject { ["unknown"] = "kept" }, ["nbformat"] = 4, ["nbformat_minor"] = 4 };
        File.WriteAllText(path, root.ToJsonString());
        return path;
    }

    private sealed class Sink(List<string> lines, Action<NotebookProgress>? also = null) : IProgress<NotebookProgress>
    {
        public void Report(NotebookProgress value)
        {
            lines.Add(value.ToString());
            also?.Invoke(value);
        }
    }
}
