using System.Diagnostics;
using VisionCell.Notebooks.Sessions;

namespace VisionCell.Notebooks.Tests;

public sealed class InterruptTests : IDisposable
{
    private readonly SessionProbe _session = new();

    public void Dispose() => _session.Dispose();

    [Theory]
    [InlineData("while (true) { kept++; }")]
    [InlineData("await Task.Delay(1); while (true) { kept++; }")]
    [InlineData("await Task.Delay(1); await Task.Yield(); for (;;) { await Task.Yield(); kept++; }")]
    [InlineData("kept++; await Task.Delay(-1);")]
    [InlineData("kept++; System.Threading.Thread.Sleep(-1);")]
    [InlineData("kept++; new TaskCompletionSource().Task.Wait();")]
    [InlineData("while (true) { try { kept++; throw new Exception(); } catch { } }")]
    [InlineData("IEnumerable<int> Endless() { while (true) { kept++; yield return 1; } } Endless().Sum(x => 0)")]
    [InlineData("while (true) { Console.WriteLine(kept++); }")]
    [InlineData("Enumerable.Repeat(1, int.MaxValue).SelectMany(i => Enumerable.Repeat(1, int.MaxValue)).Count(x => kept++ < 0)")]
    [InlineData("void F(int i) { kept++; if (i > 0) { F(i - 1); F(i - 1); } } F(60);")]
    [InlineData("Parallel.For(0, 4, i => { while (true) System.Threading.Interlocked.Increment(ref kept); });")]
    public async Task A_running_cell_stops_and_the_variables_stay(string code)
    {
        await _session.Must("long kept = 0; var untouched = \"here\"; bool running = true;");
        CellResult result = await InterruptedAfterStart("long inside = 7; Console.Write(\"started\"); " + code);
        Assert.Equal(CellStatus.Interrupted, result.Status);
        Assert.Equal("Interrupted", result.Error!.Name);
        Assert.Equal("here", await _session.Value("untouched"));
        Assert.Equal("7", await _session.Value("inside"));
        long kept = long.Parse((await _session.Value("kept"))!, System.Globalization.CultureInfo.InvariantCulture);
        Assert.True(kept >= 1);
        await Task.Delay(100, TestContext.Current.CancellationToken);
        Assert.Equal(kept.ToString(System.Globalization.CultureInfo.InvariantCulture), await _session.Value("kept"));
    }

    [Fact]
    public async Task Code_that_observes_the_token_ends_by_itself()
    {
        await _session.Must("bool clean = false;");
        CellResult result = await InterruptedAfterStart(
            "var token = KernelInvocationContext.Current.CancellationToken; Console.Write(\"started\"); try { await Task.Delay(-1, token); } finally { clean = true; }");
        Assert.Equal(CellStatus.Interrupted, result.Status);
        Assert.Equal("True", await _session.Value("clean"));
    }

    [Fact]
    public async Task Code_that_stops_early_and_returns_a_result_has_succeeded()
    {
        CellResult result = await InterruptedAfterStart(
            "int steps = 0; Console.Write(\"started\"); while (!KernelInvocationContext.Current.CancellationToken.IsCancellationRequested) { steps++; await Task.Delay(1); } steps > 0");
        Assert.Equal(CellStatus.Succeeded, result.Status);
        Assert.Equal("True", result.Value!["text/plain"]);
    }

    [Fact]
    public async Task An_operation_that_the_user_did_not_interrupt_is_a_failure()
    {
        CellResult result = await _session.Run("throw new OperationCanceledException(\"own\");");
        Assert.Equal(CellStatus.Failed, result.Status);
        Assert.Equal("OperationCanceledException", result.Error!.Name);
    }

    [Fact]
    public async Task Interrupt_after_interrupt_works()
    {
        for (int i = 0; i < 5; i++)
            Assert.Equal(CellStatus.Interrupted, (await InterruptedAfterStart("Console.Write(\"started\"); while (true) { }")).Status);
        Assert.Equal("1", await _session.Value("1"));
    }

    private async Task<CellResult> InterruptedAfterStart(string code)
    {
        using var interrupt = new CancellationTokenSource();
        int before = _session.Outputs.Count;
        Task<CellResult> run = _session.Run(code, interrupt.Token);
        var watch = Stopwatch.StartNew();
        while (_session.Outputs.Count == before && watch.Elapsed < TimeSpan.FromSeconds(30) && !run.IsCompleted)
            await Task.Delay(5, TestContext.Current.CancellationToken);
        await Task.Delay(20, TestContext.Current.CancellationToken);
        Assert.False(run.IsCompleted, "the cell ended before it was interrupted");
        watch.Restart();
        await interrupt.CancelAsync();
        CellResult result = await run;
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5), $"the interrupt took {watch.Elapsed}");
        return result;
    }
}
