using System.Text.Json.Nodes;

namespace VisionCell.Integration;

/// <summary>
/// The kernel under Debian's Jupyter: jupyter_client and nbconvert drive the published command, which set-up has built. A machine without
/// them fails these tests.
/// </summary>
public sealed class JupyterTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    private readonly string _folder = Directory.CreateTempSubdirectory("visioncell-jupyter-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("execution")]
    [InlineData("errors")]
    [InlineData("interruption")]
    [InlineData("language")]
    [InlineData("shutdown")]
    [InlineData("signatures")]
    [InlineData("start_up")]
    public async Task The_kernel_serves_a_real_client(string check)
    {
        var jupyter = await JupyterFolder.CreateAsync(_folder);
        string script = Path.Combine(Tool.Root, "tests", "Integration", "jupyter", "kernel_client.py");
        (int code, string output, string errors) = await Tool.RunAsync(["/usr/bin/python3", script, check, JupyterFolder.KernelName], Limit, jupyter.Environment, _folder);
        Assert.True(code == 0 && output.EndsWith("ok\n", StringComparison.Ordinal), $"{check}: exit code {code}\n{output}\n{errors}");
        TestContext.Current.SendDiagnosticMessage($"{check}: {output.Trim()}");
    }

    [Fact]
    public async Task Nbconvert_executes_a_notebook_through_the_kernel()
    {
        var jupyter = await JupyterFolder.CreateAsync(_folder);
        string path = Path.Combine(_folder, "sample.ipynb");
        await File.WriteAllTextAsync(path, SampleNotebook.Text, TestContext.Current.CancellationToken);
        (int code, _, string errors) = await Tool.RunAsync(
            ["/usr/bin/jupyter-nbconvert", "--to", "notebook", "--execute", "--output", "executed.ipynb", "sample.ipynb"], Limit, jupyter.Environment, _folder);
        Assert.True(code == 0, errors);
        JsonNode notebook = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(_folder, "executed.ipynb"), TestContext.Current.CancellationToken))!;
        SampleNotebook.Check(notebook);

        (code, _, errors) = await Tool.RunAsync(["/usr/bin/jupyter-nbconvert", "--to", "html", "executed.ipynb"], Limit, jupyter.Environment, _folder);
        Assert.True(code == 0, errors);
        SampleNotebook.CheckPage(await File.ReadAllTextAsync(Path.Combine(_folder, "executed.html"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Nbconvert_reports_the_cell_that_fails()
    {
        var jupyter = await JupyterFolder.CreateAsync(_folder);
        await File.WriteAllTextAsync(Path.Combine(_folder, "bad.ipynb"), SampleNotebook.WithCells("var a = 1;", "throw new Exception(\"the reason\");"), TestContext.Current.CancellationToken);
        (int code, _, string errors) = await Tool.RunAsync(
            ["/usr/bin/jupyter-nbconvert", "--to", "notebook", "--execute", "bad.ipynb"], Limit, jupyter.Environment, _folder);
        Assert.NotEqual(0, code);
        Assert.Contains("the reason", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_headless_runner_of_the_command_does_the_same_without_jupyter()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "sample.ipynb"), SampleNotebook.Text, TestContext.Current.CancellationToken);
        (int code, string output, string errors) = await Tool.RunAsync([.. Tool.Command, "notebook", "run", "sample.ipynb", "-p", "size", "6", "--out", "out"], Limit, folder: _folder);
        Assert.True(code == 0, errors);
        Assert.Contains("sample: cell 1 of", errors, StringComparison.Ordinal);
        JsonNode notebook = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(_folder, "out", "sample.ipynb"), TestContext.Current.CancellationToken))!;
        SampleNotebook.Check(notebook, size: 6);
        Assert.Contains("sample.html", output, StringComparison.Ordinal);
        SampleNotebook.CheckPage(await File.ReadAllTextAsync(Path.Combine(_folder, "out", "sample.html"), TestContext.Current.CancellationToken));

        (code, _, errors) = await Tool.RunAsync([.. Tool.Command, "notebook", "run", "sample.ipynb", "-p", "sise", "6", "--out", "out"], Limit, folder: _folder);
        Assert.Equal(3, code);
        Assert.Contains("known are size", errors, StringComparison.Ordinal);

        await File.WriteAllTextAsync(Path.Combine(_folder, "bad.ipynb"), SampleNotebook.WithCells("throw new Exception(\"the reason\");"), TestContext.Current.CancellationToken);
        (code, _, errors) = await Tool.RunAsync([.. Tool.Command, "notebook", "run", "bad.ipynb", "--out", "out"], Limit, folder: _folder);
        Assert.Equal(1, code);
        Assert.Contains("the reason", errors, StringComparison.Ordinal);
        Assert.Contains("the reason", await File.ReadAllTextAsync(Path.Combine(_folder, "out", "bad.html"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }
}
