using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace VisionCell.Integration;

/// <summary>
/// JupyterHub with the configuration of environment/jupyterhub, as a lab's users meet it: two of them, users of this machine with a password each,
/// log in through the browser and work in notebooks with our kernel, and neither gets at what is the other's.
/// </summary>
public sealed class HubTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);
    private static readonly string[] Users = ["visioncell-test-a", "visioncell-test-b"];

    private readonly string _folder = Directory.CreateTempSubdirectory("visioncell-hub-").FullName;
    private readonly string _password = Convert.ToHexString(RandomNumberGenerator.GetBytes(12));
    private readonly int[] _ports = FreePorts(3);
    private Process? _hub;
    private StringBuilder _log = new();
    private string _at = "";

    private static bool CanRun => Environment.IsPrivilegedProcess && File.Exists("/usr/bin/jupyterhub");

    private string Address => $"http://127.0.0.1:{_ports[0]}";

    public async ValueTask InitializeAsync()
    {
        if (!CanRun)
            return;
        Tool.SetRights(_folder, "755");
        foreach (string user in Users)
        {
            string home = Path.Combine(_folder, "home", user);
            Directory.CreateDirectory(Path.GetDirectoryName(home)!);
            await Tool.RunAsync(["userdel", user], Limit);
            await RootAsync("useradd", "--create-home", "--home-dir", home, "--shell", "/bin/bash", user);
            await RootAsync("bash", "-c", $"echo {user}:{_password} | chpasswd && chmod 700 {home}");
            string notebook = Path.Combine(home, "sample.ipynb");
            await File.WriteAllTextAsync(notebook, SampleNotebook.Text);
            await RootAsync("chown", $"{user}:", notebook);
        }

        string data = Directory.CreateDirectory(Path.Combine(_folder, "data")).FullName;
        await File.WriteAllTextAsync(Path.Combine(data, "readme"), "for all");
        await JupyterFolder.CreateAsync(_folder);
        string files = Path.Combine(Tool.Root, "environment", "jupyterhub");
        await RootAsync("nft", "-f", Path.Combine(files, "isolation.nft"));
        var environment = new Dictionary<string, string>
        {
            ["VISIONCELL_HUB_FILES"] = files,
            ["VISIONCELL_HUB_STATE"] = Path.Combine(_folder, "state"),
            ["VISIONCELL_HUB_BIND"] = Address,
            ["VISIONCELL_HUB_INTERNAL"] = $"http://127.0.0.1:{_ports[1]}",
            ["VISIONCELL_HUB_PROXY_API"] = $"http://127.0.0.1:{_ports[2]}",
            ["VISIONCELL_HUB_DATA"] = data,
            ["VISIONCELL_HUB_MEMORY"] = "8G",
            ["VISIONCELL_GPUS"] = "0,1",
            ["JUPYTER_PATH"] = Path.Combine(_folder, "share", "jupyter"),
        };
        _hub = Tool.Start(["/usr/bin/jupyterhub", "-f", Path.Combine(files, "jupyterhub_config.py")], environment, _folder);
        _ = Tool.Collect(_hub.StandardOutput);
        _log = Tool.Collect(_hub.StandardError);
    }

    public async ValueTask DisposeAsync()
    {
        if (_hub is { HasExited: false })
        {
            await Tool.RunAsync(["kill", _hub.Id.ToString(CultureInfo.InvariantCulture)], Limit);
            if (!_hub.WaitForExit(TimeSpan.FromSeconds(20)))
                _hub.Kill(entireProcessTree: true);
        }

        if (CanRun)
        {
            await Tool.RunAsync(["nft", "delete", "table", "inet", "visioncell"], Limit);
            foreach (string user in Users)
            {
                await Tool.RunAsync(["ip", "address", "delete", $"{await LoopbackAsync(user)}/32", "dev", "lo"], Limit);
                foreach ((int id, _) in Processes(user))
                    await Tool.RunAsync(["kill", "-KILL", id.ToString(CultureInfo.InvariantCulture)], Limit);
                await Tool.RunAsync(["userdel", user], Limit);
            }
        }

        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Two_users_work_side_by_side_and_apart()
    {
        Assert.SkipUnless(CanRun, Environment.IsPrivilegedProcess ? "this distribution has no jupyterhub" : "a hub that starts servers as other users needs root");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(12));
        CancellationToken token = limit.Token;
        try
        {
            _at = "starting the hub";
            await HubIsUpAsync(token);
            await using DevTools a = await DevTools.OpenAsync(token);
            await using DevTools b = await DevTools.OpenAsync(token);
            await LogInAsync(a, Users[0], token);
            await LogInAsync(b, Users[1], token);
            await RunNotebookAsync(a, Users[0], token);
            await RunNotebookAsync(b, Users[1], token);
            await AssertSharedAsync(token);
            await AssertApartAsync(b, token);
            await AssertAKilledKernelIsToldAndReplacedAsync(a, token);
            await AssertAWarmKernelStartsWithinThreeSecondsAsync(a, token);

            _at = "logging out";
            await a.NavigateAsync($"{Address}/hub/logout", token);
            while (Processes(Users[0]).Count > 0)
                await Task.Delay(200, token);
            Assert.NotEmpty(Processes(Users[1]));
            Assert.DoesNotContain(Users[0], await File.ReadAllTextAsync(Path.Combine(_folder, "state", "devices.json"), token), StringComparison.Ordinal);
        }
        catch (OperationCanceledException)
        {
            lock (_log)
                Assert.Fail($"no end of {_at}; the hub says:\n{_log}");
        }
    }

    private async Task HubIsUpAsync(CancellationToken token)
    {
        using var http = new HttpClient();
        while (true)
        {
            Assert.False(_hub!.HasExited, $"the hub ended:\n{_log}");
            try
            {
                if ((await http.GetAsync($"{Address}/hub/login", token)).IsSuccessStatusCode)
                    return;
            }
            catch (HttpRequestException)
            {
                // Not yet.
            }

            await Task.Delay(200, token);
        }
    }

    private async Task LogInAsync(DevTools browser, string user, CancellationToken token)
    {
        _at = $"logging in {user}";
        await browser.NavigateAsync($"{Address}/hub/login?next=%2Fhub%2Fspawn", token);
        await browser.WaitForAsync("document.querySelector('#username_input') && document.readyState == 'complete'", token);
        await browser.EvaluateAsync($"document.querySelector('#username_input').value = '{user}'; document.querySelector('#password_input').value = '{_password}'; document.querySelector('#login_submit').click();", token);
        await browser.WaitForAsync($"location.pathname.startsWith('/user/{user}/tree')", token);
    }

    private async Task RunNotebookAsync(DevTools browser, string user, CancellationToken token)
    {
        _at = $"running the notebook of {user}";
        await browser.NavigateAsync($"{Address}/user/{user}/notebooks/sample.ipynb", token);
        await browser.WaitForAsync("Jupyter.notebook && Jupyter.notebook._fully_loaded && Jupyter.notebook.kernel && Jupyter.notebook.kernel.is_connected()", token);
        await browser.EvaluateAsync("Jupyter.notebook.execute_all_cells()", token);
        await browser.WaitForAsync("Jupyter.notebook.get_cells().filter(c => c.cell_type == 'code').every(c => typeof c.input_prompt_number == 'number')", token);
        Assert.Equal(0, (await browser.EvaluateAsync("document.querySelectorAll('.output_error').length", token))!.GetValue<int>());
        await browser.WaitForAsync($"document.querySelectorAll('.visioncell-figure[data-drawn=true] .js-plotly-plot').length == {SampleNotebook.Figures}", token);
    }

    /// <summary>The data of all can be read and not written, and each has a GPU of its own while there are enough.</summary>
    private async Task AssertSharedAsync(CancellationToken token)
    {
        _at = "looking at what is shared";
        string file = Path.Combine(_folder, "data", "readme");
        Assert.Equal("for all", (await AsAsync(Users[0], "cat", file)).Output);
        Assert.NotEqual(0, (await AsAsync(Users[0], "touch", file)).Code);
        string[] devices = [.. Users.Select(user => Variable(Processes(user).First(p => p.Words.Contains("--connection-file")).Id, "CUDA_VISIBLE_DEVICES"))];
        Assert.Equal(["0", "1"], devices.Order(StringComparer.Ordinal));
        Assert.Equal(Path.Combine(_folder, "data"), Variable(Processes(Users[0])[0].Id, "VISIONCELL_DATA"));
        token.ThrowIfCancellationRequested();
    }

    private async Task AssertApartAsync(DevTools other, CancellationToken token)
    {
        _at = "trying to get at the other's files and kernel";
        Assert.NotEqual(0, (await AsAsync(Users[1], "cat", Path.Combine(_folder, "home", Users[0], "sample.ipynb"))).Code);
        JsonNode? status = await other.EvaluateAsync($"fetch('/user/{Users[0]}/api/contents/sample.ipynb', {{redirect: 'manual'}}).then(r => r.status)", token);
        Assert.NotEqual(200, status!.GetValue<int>());

        string connection = Processes(Users[0]).SelectMany(p => p.Words).First(w => w.EndsWith(".json", StringComparison.Ordinal) && w.Contains("kernel-", StringComparison.Ordinal));
        JsonNode described = JsonNode.Parse(await File.ReadAllTextAsync(connection, token))!;
        Assert.NotEqual(0, (await AsAsync(Users[1], "cat", connection)).Code);
        string ip = described["ip"]!.GetValue<string>();
        Assert.Equal(await LoopbackAsync(Users[0]), ip);
        foreach (string port in new[] { "shell_port", "iopub_port", "stdin_port", "control_port", "hb_port" })
        {
            string[] knock = ["bash", "-c", $"exec 3<>/dev/tcp/{ip}/{described[port]!.GetValue<int>()}"];
            Assert.Equal(0, (await AsAsync(Users[0], knock)).Code);
            (int code, _, string errors) = await AsAsync(Users[1], knock);
            Assert.True(code != 0 && errors.Contains("refused", StringComparison.Ordinal), $"{port}: {code} {errors}");
        }
    }

    private async Task AssertAKilledKernelIsToldAndReplacedAsync(DevTools browser, CancellationToken token)
    {
        _at = "waiting for a killed kernel to come back";
        int kernel = Processes(Users[0]).First(p => p.Words.Contains("--connection-file")).Id;
        Process.GetProcessById(kernel).Kill();
        await browser.WaitForAsync("document.body.innerText.includes('appears to have died') || document.body.innerText.includes('Kernel Restarting')", token);
        string said = (await browser.EvaluateAsync("document.querySelector('.modal-dialog').innerText", token))!.GetValue<string>();
        Assert.Contains("restart automatically", said, StringComparison.Ordinal);
        await browser.EvaluateAsync("document.querySelectorAll('.modal-footer button').forEach(b => b.click())", token);
        await browser.WaitForAsync("Jupyter.notebook.kernel.is_connected() && Jupyter.notebook.kernel_selector !== undefined", token);
        await browser.WaitForAsync("document.querySelectorAll('.modal-dialog').length == 0", token);
        await browser.EvaluateAsync("Jupyter.notebook.clear_all_output(); Jupyter.notebook.execute_all_cells()", token);
        await browser.WaitForAsync($"document.querySelectorAll('.visioncell-figure[data-drawn=true] .js-plotly-plot').length == {SampleNotebook.Figures}", token);
        Assert.NotEqual(kernel, Processes(Users[0]).First(p => p.Words.Contains("--connection-file")).Id);
    }

    /// <summary>
    /// From asking for a new kernel to the first output of a cell, with files in the cache of the disk: the best of three, since what else the machine does, the page itself
    /// included, only ever adds to it. A machine that is busy may take longer: its share of processor time is reported.
    /// </summary>
    private async Task AssertAWarmKernelStartsWithinThreeSecondsAsync(DevTools browser, CancellationToken token)
    {
        _at = "timing the start of a kernel";
        var best = double.PositiveInfinity;
        double limit = 0;
        for (var attempt = 0; attempt < 3 && best > limit; attempt++)
        {
            best = Math.Min(best, (await browser.EvaluateAsync("""
                new Promise((done, fail) => {
                  var begin = performance.now();
                  Jupyter.notebook.kernel.restart(function () {
                    Jupyter.notebook.kernel.execute('1 + 1', { iopub: { output: m => done((performance.now() - begin) / 1000) } }, { silent: false });
                  }, fail);
                })
                """, token))!.GetValue<double>());
            double load = double.Parse((await File.ReadAllTextAsync("/proc/loadavg", token)).Split(' ')[0], CultureInfo.InvariantCulture);
            limit = 3 * Math.Max(1, load / Environment.ProcessorCount);
        }

        string said = string.Create(CultureInfo.InvariantCulture, $"kernel start to first output: {best:0.00} s, at most {limit:0.00} s at this load");
        TestContext.Current.SendDiagnosticMessage(said);
        TestContext.Current.TestOutputHelper?.WriteLine(said);
        Assert.True(best <= limit, said);
    }

    private static Task<(int Code, string Output, string Errors)> AsAsync(string user, params string[] command) => Tool.RunAsync(["runuser", "-u", user, "--", .. command], Limit);

    private static async Task RootAsync(params string[] command)
    {
        (int code, _, string errors) = await Tool.RunAsync(command, Limit);
        Assert.True(code == 0, $"{string.Join(' ', command)}: {errors}");
    }

    private static async Task<string> LoopbackAsync(string user)
    {
        int uid = int.Parse((await Tool.RunAsync(["id", "-u", user], Limit)).Output, CultureInfo.InvariantCulture);
        return $"127.{64 + (uid >> 16)}.{uid >> 8 & 255}.{uid & 255}";
    }

    private static string Variable(int process, string name) =>
        File.ReadAllText($"/proc/{process}/environ").Split('\0').FirstOrDefault(v => v.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..] ?? "";

    private static List<(int Id, string[] Words)> Processes(string user)
    {
        using Process listing = Tool.Start(["ps", "-u", user, "-o", "pid="]);
        string ids = listing.StandardOutput.ReadToEnd();
        listing.WaitForExit();
        List<(int, string[])> found = [];
        foreach (string id in ids.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            try
            {
                found.Add((int.Parse(id, CultureInfo.InvariantCulture), File.ReadAllText($"/proc/{id}/cmdline").Split('\0')));
            }
            catch (IOException)
            {
                // It has ended.
            }
        }

        return found;
    }

    private static int[] FreePorts(int count)
    {
        TcpListener[] listeners = [.. Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0))];
        foreach (TcpListener listener in listeners)
            listener.Start();
        int[] ports = [.. listeners.Select(l => ((IPEndPoint)l.LocalEndpoint).Port)];
        foreach (TcpListener listener in listeners)
            listener.Dispose();
        return ports;
    }
}
