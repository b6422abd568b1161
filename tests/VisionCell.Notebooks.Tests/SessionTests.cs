using System.Diagnostics;
using VisionCell.Notebooks.Sessions;

namespace VisionCell.Notebooks.Tests;

public sealed class SessionTests : IDisposable
{
    private readonly SessionProbe _session = new();

    public void Dispose() => _session.Dispose();

    [Fact]
    public async Task Variables_types_methods_and_usings_live_on_in_later_cells()
    {
        await _session.Must("using System.Globalization; int x = 40; record P(int A); int Twice(int v) => 2 * v;");
        await _session.Must("x += 1;");
        Assert.Equal("86", await _session.Value("var p = new P(x + 2); Twice(p.A)"));
        Assert.Equal("Invariant Language (Invariant Country)", await _session.Value("CultureInfo.InvariantCulture.EnglishName"));
    }

    [Fact]
    public async Task A_variable_can_be_declared_anew_with_another_type()
    {
        await _session.Must("var x = 1;");
        await _session.Must("var x = \"one\";");
        Assert.Equal("3", await _session.Value("x.Length"));
    }

    [Theory]
    [InlineData("1 + 1", "2")]
    [InlineData("Math.Abs(-1);", null)]
    [InlineData("var a = 3;", null)]
    [InlineData("Console.Write(\"\")", null)]
    [InlineData("await Task.FromResult(7)", "7")]
    [InlineData("\"text\"", "text")]
    [InlineData("// only a comment", null)]
    [InlineData("using System.Numerics;", null)]
    [InlineData("", null)]
    public async Task The_trailing_expression_is_the_value(string code, string? value)
    {
        Assert.Equal(value, await _session.Value(code));
    }

    [Fact]
    public async Task A_null_value_is_shown_as_null() => Assert.Equal("<null>", await _session.Value("(string)null"));

    [Fact]
    public async Task Cells_without_code_do_not_disturb_the_numbering_of_the_others()
    {
        await _session.Must("var a = 1;");
        await _session.Must("using System.Numerics;");
        await _session.Must("// nothing");
        await _session.Must("var b = a + 1;");
        await _session.Must("#r \"System.Xml\"");
        Assert.Equal("3", await _session.Value("a + b"));
    }

    [Fact]
    public async Task Await_goes_on_after_real_suspension_and_keeps_its_variables()
    {
        await _session.Must("int n = 0; for (int i = 0; i < 5; i++) { await Task.Delay(1); n++; } await Task.Yield();");
        Assert.Equal("5", await _session.Value("n"));
    }

    [Fact]
    public async Task Blocking_on_an_async_method_does_not_deadlock()
    {
        var watch = Stopwatch.StartNew();
        await _session.Must("async Task<int> F() { int s = 0; for (int i = 0; i < 100; i++) { await Task.Delay(1); s++; } return s; }");
        Assert.Equal("200", await _session.Value("F().Result + F().GetAwaiter().GetResult()"));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), $"took {watch.Elapsed}");
    }

    [Fact]
    public async Task Console_output_arrives_in_order_and_while_the_cell_runs()
    {
        var early = new TaskCompletionSource();
        var text = new List<string>();
        Task<CellResult> run = _session.Session.ExecuteAsync(
            "Console.WriteLine(\"first\"); Console.Error.Write(\"second\"); while (!go) { await Task.Delay(1); } Console.Write(3);".Replace("!go", "!File.Exists(flag)", StringComparison.Ordinal)
                .Insert(0, $"var flag = @\"{_session.Folder}/flag\"; "),
            o =>
            {
                lock (text)
                {
                    var stream = (StreamOutput)o;
                    text.Add((stream.IsError ? "!" : string.Empty) + stream.Text);
                    if (text.Count == 2)
                        early.TrySetResult();
                }
            },
            interrupt: TestContext.Current.CancellationToken);
        await early.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.False(run.IsCompleted);
        await File.WriteAllTextAsync(Path.Combine(_session.Folder, "flag"), "go", TestContext.Current.CancellationToken);
        Assert.True((await run).Succeeded);
        Assert.Equal(["first\n", "!second", "3"], text);
    }

    [Fact]
    public async Task Output_of_tasks_and_threads_goes_to_the_cell_that_started_them()
    {
        await _session.Must("await Task.Run(() => Console.Write(\"task \")); var t = new System.Threading.Thread(() => Console.Write(\"thread\")); t.Start(); t.Join();");
        Assert.Equal("task thread", _session.Text);
    }

    [Fact]
    public async Task Reading_the_console_is_refused_with_the_way_out()
    {
        CellResult result = await _session.Run("Console.ReadLine()");
        Assert.Contains("parameters cell", result.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_compile_error_names_the_line_and_leaves_the_session_as_it_was()
    {
        await _session.Must("var a = 1;");
        CellResult result = await _session.Run("var b = 2;\nvar c = a + nothere;");
        Assert.Equal(CellStatus.Failed, result.Status);
        Assert.Equal("CompilationError", result.Error!.Name);
        Assert.Contains("(2,13): error CS0103", result.Error.Message, StringComparison.Ordinal);
        Assert.Equal(["    var c = a + nothere;", "                ^^^^^^^"], result.Error.Traceback.Skip(1));
        Assert.Equal("CompilationError", (await _session.Run("b")).Error!.Name);
        Assert.Equal("1", await _session.Value("a"));
    }

    [Fact]
    public async Task An_exception_shows_the_frames_of_the_user_alone_and_keeps_what_was_set()
    {
        await _session.Must("int Parse(string s) => int.Parse(s);");
        CellResult result = await _session.Run("var before = 5;\nParse(\"x\");");
        Assert.Equal("FormatException", result.Error!.Name);
        string trace = string.Join('\n', result.Error.Traceback);
        Assert.StartsWith("System.FormatException: The input string 'x'", trace, StringComparison.Ordinal);
        Assert.Contains("at Parse(String s) in cell 1:line 1", trace, StringComparison.Ordinal);
        Assert.Contains("at the cell in cell 2:line 2", trace, StringComparison.Ordinal);
        Assert.DoesNotContain("VisionCell.Notebooks", trace, StringComparison.Ordinal);
        Assert.DoesNotContain("ControlledExecution", trace, StringComparison.Ordinal);
        Assert.Equal("5", await _session.Value("before"));
    }

    [Fact]
    public async Task Inner_exceptions_are_told_and_an_aggregate_of_one_is_its_cause()
    {
        CellResult result = await _session.Run("Task.Run(() => throw new InvalidOperationException(\"outer\", new IOException(\"inner\"))).Wait();");
        Assert.Equal("InvalidOperationException", result.Error!.Name);
        Assert.Contains("caused by System.IO.IOException: inner", result.Error.Traceback);
    }

    [Fact]
    public async Task An_evaluation_that_is_not_kept_sees_the_session_and_leaves_no_trace()
    {
        await _session.Must("var a = 20;");
        CellResult result = await _session.Session.ExecuteAsync("var b = a + 1; b", _ => { }, keep: false, interrupt: TestContext.Current.CancellationToken);
        Assert.Equal("21", result.Value!["text/plain"]);
        Assert.Equal("CompilationError", (await _session.Run("b")).Error!.Name);
        Assert.Equal("20", await _session.Value("a"));
    }

    [Theory]
    [InlineData("Func<int, int> f = x => x + 1; f(1)", "2")]
    [InlineData("var n = 0; Action<int> a = x => n += x; a(3); n", "3")]
    [InlineData("Func<Task> f = async () => await Task.Yield(); await f(); 1", "1")]
    [InlineData("Func<Task<int>> f = async () => await Task.FromResult(4); await f()", "4")]
    [InlineData("Func<Task<int>> f = () => Task.FromResult(4); await f()", "4")]
    [InlineData("System.Linq.Expressions.Expression<Func<int, int>> e = x => x + 1; e.ToString()", "x => (x + 1)")]
    [InlineData("Func<int> f = () => throw new Exception(); Func<int, Func<int, int>> g = a => b => a * b; g(3)(4)", "12")]
    [InlineData("int s = 0; foreach (var (a, b) in new[] { (1, 2), (3, 4) }) s += a * b; for (int i = 0; i < 3; i++) s++; do s++; while (s < 20); s", "20")]
    [InlineData("int F(int n) { if (n == 0) return 1; return n * F(n - 1); } F(5)", "120")]
    [InlineData("var t = await Task.Run(() => 5); Task.Run(() => { }).Wait(); t", "5")]
    [InlineData("new[] { 1, 2, 3 }.Where(x => x > 1).Select((x, i) => x * i).Sum()", "3")]
    [InlineData("int[] q = { 3, 1 }; Array.Sort(q, static (a, b) => a.CompareTo(b)); q[0]", "1")]
    public async Task Checks_for_interrupts_do_not_change_what_code_means(string code, string value) =>
        Assert.Equal(value, await _session.Value(code));

    [Fact]
    public async Task Recursion_without_end_is_an_error_that_the_session_survives()
    {
        await _session.Must("int kept = 3;");
        CellResult result = await _session.Run("int F(int n) { return 1 + F(n + 1); } F(0)");
        Assert.Equal("InsufficientExecutionStackException", result.Error!.Name);
        Assert.True(result.Error.Traceback.Count < 50, $"{result.Error.Traceback.Count} lines");
        Assert.Equal("3", await _session.Value("kept"));
    }

    [Theory]
    [InlineData("foreach (var i in new[] { 1 })\n{\n    Console.Write(i);\n    int.Parse(\"x\");\n}", "at the cell in cell 1:line 4")]
    [InlineData("Func<int> f = () =>\n    int.Parse(\"x\");\nint n = 0;\nn++;\nf();", "at a lambda() in cell 1:line 2\n   at the cell in cell 1:line 5")]
    [InlineData("void F()\n{\n    while (true)\n    {\n        Console.Write(1);\n        int.Parse(\"x\");\n    }\n}\nF();", "at F() in cell 1:line 6\n   at the cell in cell 1:line 9")]
    public async Task Lines_of_a_trace_are_the_users_own_in_loops_and_lambdas(string code, string frames)
    {
        CellResult result = await _session.Run(code);
        Assert.Contains(frames, string.Join('\n', result.Error!.Traceback), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("#r \"nuget: Deedle\"", "does not download packages")]
    [InlineData("#i \"nuget:somewhere\"", "no #i directive")]
    [InlineData("#!time\n1", "no magic commands; remove the line \"#!time\"")]
    [InlineData("1\n#!markdown", "no magic commands")]
    public async Task What_this_kernel_does_not_do_is_said(string code, string message)
    {
        CellResult result = await _session.Run(code);
        Assert.Equal("NotSupported", result.Error!.Name);
        Assert.Contains(message, result.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_exception_in_async_void_code_after_the_cell_is_reported_and_survived()
    {
        await _session.Must("async void Late() { await Task.Delay(50); throw new Exception(\"too late\"); } Late();");
        for (int i = 0; i < 200 && !_session.ErrorText.Contains("too late", StringComparison.Ordinal); i++)
            await Task.Delay(20, TestContext.Current.CancellationToken);
        Assert.Contains("too late", _session.ErrorText, StringComparison.Ordinal);
        Assert.Equal("1", await _session.Value("1"));
    }
}
