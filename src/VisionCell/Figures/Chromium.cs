using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using VisionCell.Volumes;

namespace VisionCell.Figures;

/// <summary>
/// A headless Chromium with one page, WebGL in software, driven over its debugging protocol
/// (https://chromedevtools.github.io/devtools-protocol) on a port that it picks on this machine. Unlike <c>--dump-dom</c>, whose
/// virtual time can run out on a busy machine before an image is decoded, it is waited for as long as the drawing takes.
/// </summary>
internal sealed class Chromium : IDisposable
{
    // WebGL in software takes seconds for a mesh; a volume of many layers has been seen to take a minute on two busy cores.
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(4);

    private readonly DirectoryInfo _profile = Directory.CreateTempSubdirectory("visioncell-browser");
    private readonly Process _process;
    private readonly Task<string> _errors;
    private readonly ClientWebSocket _socket = new();
    private int _call;

    private Chromium(CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(Find(), ["--headless", "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-dev-shm-usage", "--force-color-profile=srgb",
            "--remote-debugging-port=0", $"--user-data-dir={_profile.FullName}", "about:blank"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        _errors = _process.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            Wait(ConnectAsync, cancellation);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Starts the browser.</summary>
    /// <exception cref="BadInputException">No Chromium is installed, or it does not start.</exception>
    public static Chromium Start(CancellationToken cancellation) => new(cancellation);

    /// <summary>Name and version of the browser, without starting a page.</summary>
    /// <exception cref="BadInputException">No Chromium is installed.</exception>
    public static string Version()
    {
        using var process = Process.Start(new ProcessStartInfo(Find(), ["--version"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var version = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return version;
    }

    /// <summary>Opens a document and waits for the promise that it leaves in <c>window.done</c>.</summary>
    public void Open(string html, CancellationToken cancellation) => Wait(async stop =>
    {
        var file = Path.Combine(_profile.FullName, "page.html");
        await File.WriteAllTextAsync(file, html, stop);
        var query = $"?{_call}";
        await CallAsync("Page.navigate", new JsonObject { ["url"] = new Uri(file).AbsoluteUri + query }, stop);
        // Until the new document is there, expressions see the old one.
        while ((await EvaluateAsync($"location.search === '{query}' && document.readyState === 'complete' && 'done' in window", stop))!.GetValue<bool>() == false)
            await Task.Delay(20, stop);
        await EvaluateAsync("window.done.then(function () { return true; })", stop);
    }, cancellation);

    /// <summary>The value of an expression.</summary>
    public string Evaluate(string expression, CancellationToken cancellation)
    {
        var value = "";
        Wait(async stop => value = (await EvaluateAsync(expression, stop))!.GetValue<string>(), cancellation);
        return value;
    }

    /// <summary>The open document as PDF, one page of the size that its style sheet says.</summary>
    public byte[] Print(CancellationToken cancellation)
    {
        var pdf = Array.Empty<byte>();
        Wait(async stop => pdf = Convert.FromBase64String((await CallAsync("Page.printToPDF", new JsonObject { ["preferCSSPageSize"] = true, ["printBackground"] = true }, stop))["data"]!.GetValue<string>()), cancellation);
        return pdf;
    }

    public void Dispose()
    {
        _socket.Dispose();
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
        }
        _process.Dispose();
        try
        {
            _profile.Delete(recursive: true);
        }
        catch (IOException)
        {
            // A helper process of the browser may still be writing; the folder is temporary.
        }
    }

    private static void Wait(Func<CancellationToken, Task> work, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(s_patience);
        try
        {
            work(patience.Token).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new BadInputException($"{Find()} drew nothing within {s_patience.TotalMinutes:0} minutes: the figure is too large for WebGL in software; save it with SaveHtml, or its static picture with SavePicture", e);
        }
        catch (WebSocketException e)
        {
            throw new BadInputException($"{Find()} ended while it drew ({e.Message}); is there enough memory?", e);
        }
    }

    private async Task ConnectAsync(CancellationToken stop)
    {
        var file = Path.Combine(_profile.FullName, "DevToolsActivePort");
        string[] lines;
        while (!File.Exists(file) || (lines = await File.ReadAllLinesAsync(file, stop)).Length < 2)
        {
            if (_process.HasExited)
                throw new BadInputException($"{Find()} ended with code {_process.ExitCode}: {(await _errors).Trim().ReplaceLineEndings(" ")}");
            await Task.Delay(20, stop);
        }
        using var http = new HttpClient();
        JsonNode? page;
        while ((page = JsonNode.Parse(await http.GetStringAsync(new Uri($"http://127.0.0.1:{lines[0]}/json"), stop))!.AsArray().FirstOrDefault(t => t!["type"]!.GetValue<string>() == "page")) is null)
            await Task.Delay(20, stop);
        await _socket.ConnectAsync(new Uri(page["webSocketDebuggerUrl"]!.GetValue<string>()), stop);
    }

    private async Task<JsonNode?> EvaluateAsync(string expression, CancellationToken stop)
    {
        var answer = await CallAsync("Runtime.evaluate", new JsonObject { ["expression"] = expression, ["returnByValue"] = true, ["awaitPromise"] = true }, stop);
        return answer["exceptionDetails"] is { } error
            ? throw new BadInputException($"the browser could not draw the figure: {error["exception"]?["description"] ?? error["exception"]?["value"] ?? error["text"]}")
            : answer["result"]?["value"];
    }

    private async Task<JsonNode> CallAsync(string method, JsonObject parameters, CancellationToken stop)
    {
        var id = ++_call;
        await _socket.SendAsync(Encoding.UTF8.GetBytes(new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters }.ToJsonString()), WebSocketMessageType.Text, true, stop);
        var buffer = new byte[1 << 16];
        while (true)
        {
            using var message = new MemoryStream();
            WebSocketReceiveResult part;
            do
            {
                part = await _socket.ReceiveAsync(buffer, stop);
                if (part.MessageType == WebSocketMessageType.Close)
                    throw new BadInputException($"{Find()} closed the connection while it drew; is there enough memory?");
                message.Write(buffer, 0, part.Count);
            }
            while (!part.EndOfMessage);
            var answer = JsonNode.Parse(message.ToArray())!;
            if (answer["id"]?.GetValue<int>() == id)
                return answer["result"] ?? throw new BadInputException($"the browser refused {method}: {answer["error"]?["message"]}");
        }
    }

    private static string Find()
    {
        if (Environment.GetEnvironmentVariable("VISIONCELL_CHROMIUM") is { Length: > 0 } given)
            return File.Exists(given) ? given : throw new BadInputException($"VISIONCELL_CHROMIUM names {given}, which does not exist");
        var names = (string[])["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"];
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return names.SelectMany(n => folders.Select(f => Path.Combine(f, n))).FirstOrDefault(File.Exists)
            ?? throw new BadInputException("exact pictures need Chromium, which is not on the PATH: apt-get install chromium-headless-shell (or name it in VISIONCELL_CHROMIUM); SavePicture draws without it");
    }
}
