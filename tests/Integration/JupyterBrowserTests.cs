using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace VisionCell.Integration;

/// <summary>A notebook in Jupyter Notebook, in a browser, as a user meets it: opened, all cells run, the figures drawn.</summary>
public sealed class JupyterBrowserTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("visioncell-notebook-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task All_cells_run_in_jupyter_notebook_and_the_figures_are_drawn()
    {
        var jupyter = await JupyterFolder.CreateAsync(_folder);
        string notebooks = Directory.CreateDirectory(Path.Combine(_folder, "notebooks")).FullName;
        await File.WriteAllTextAsync(Path.Combine(notebooks, "sample.ipynb"), SampleNotebook.Text, TestContext.Current.CancellationToken);
        int port = FreePort();
        using Process server = Tool.Start(
            ["/usr/bin/jupyter-notebook", "--no-browser", "--allow-root", "--ip=127.0.0.1", $"--port={port}", "--port-retries=0",
             "--NotebookApp.token=", "--NotebookApp.password=", $"--notebook-dir={notebooks}"],
            jupyter.Environment,
            notebooks);
        _ = Tool.Collect(server.StandardOutput);
        StringBuilder log = Tool.Collect(server.StandardError);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(4));
        string last = "starting the server";
        try
        {
            await WaitForServerAsync(port, server, limit.Token);
            last = "opening the notebook";
            await using DevTools browser = await DevTools.OpenAsync(limit.Token);
            await browser.NavigateAsync($"http://127.0.0.1:{port}/notebooks/sample.ipynb", limit.Token);
            await browser.WaitForAsync("Jupyter.notebook && Jupyter.notebook._fully_loaded && Jupyter.notebook.kernel && Jupyter.notebook.kernel.is_connected()", limit.Token);
            last = "running the cells";
            await browser.EvaluateAsync("Jupyter.notebook.execute_all_cells()", limit.Token);
            string cells = "Jupyter.notebook.get_cells().filter(c => c.cell_type == 'code')";
            await browser.WaitForAsync($"{cells}.every(c => typeof c.input_prompt_number == 'number')", limit.Token);
            Assert.Equal(0, (await browser.EvaluateAsync("document.querySelectorAll('.output_error').length", limit.Token))!.GetValue<int>());
            last = "drawing the figures";
            await browser.WaitForAsync($"document.querySelectorAll('.visioncell-figure[data-drawn=true] .js-plotly-plot').length == {SampleNotebook.Figures}", limit.Token);
            Assert.True((await browser.EvaluateAsync("document.querySelectorAll('.visioncell-figure canvas').length", limit.Token))!.GetValue<int>() >= 1);

            // What a user does next: save, and open again, where the figures come from the file.
            last = "saving";
            await browser.EvaluateAsync("Jupyter.notebook.save_notebook()", limit.Token);
            Assert.Contains("visioncell-figure", await File.ReadAllTextAsync(Path.Combine(notebooks, "sample.ipynb"), limit.Token), StringComparison.Ordinal);
        }
        catch (OperationCanceledException)
        {
            lock (log)
                Assert.Fail($"no end of {last} within four minutes; the server says:\n{log}");
        }
        finally
        {
            if (!server.HasExited)
            {
                server.Kill(entireProcessTree: true);
                await server.WaitForExitAsync(CancellationToken.None);
            }
        }
    }

    private static async Task WaitForServerAsync(int port, Process server, CancellationToken cancellationToken)
    {
        using var http = new HttpClient();
        while (true)
        {
            Assert.False(server.HasExited, "the server ended");
            try
            {
                await http.GetStringAsync($"http://127.0.0.1:{port}/api", cancellationToken);
                return;
            }
            catch (HttpRequestException)
            {
                await Task.Delay(200, cancellationToken);
            }
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
