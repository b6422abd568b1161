using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;

namespace VisionCell.Integration;

/// <summary>
/// A headless Chromium with one page, driven over its own debugging protocol (https://chromedevtools.github.io/devtools-protocol): what
/// these tests ask of a browser is too little for a driver from a package registry.
/// </summary>
internal sealed class DevTools : IAsyncDisposable
{
    private readonly Process _browser;
    private readonly StringBuilder _log;
    private readonly string _profile;
    private readonly ClientWebSocket _socket = new();
    private int _id;

    private DevTools(Process browser, StringBuilder log, string profile)
    {
        _browser = browser;
        _log = log;
        _profile = profile;
    }

    public static async Task<DevTools> OpenAsync(CancellationToken cancellationToken, int width = 1280, int height = 1600)
    {
        string profile = Directory.CreateTempSubdirectory("visioncell-browser-").FullName;
        string executable = File.Exists("/usr/bin/chromium-headless-shell") ? "/usr/bin/chromium-headless-shell" : "/usr/bin/chromium";
        Process browser = Tool.Start(
            [executable, "--headless", "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-dev-shm-usage",
             "--remote-debugging-port=0", $"--window-size={width},{height}", $"--user-data-dir={profile}", "about:blank"]);
        _ = Tool.Collect(browser.StandardOutput);
        var tools = new DevTools(browser, Tool.Collect(browser.StandardError), profile);
        try
        {
            int port = await tools.PortAsync(cancellationToken);
            using var http = new HttpClient();
            JsonNode? page = null;
            while (page is null)
            {
                JsonArray targets = JsonNode.Parse(await http.GetStringAsync($"http://127.0.0.1:{port}/json", cancellationToken))!.AsArray();
                page = targets.FirstOrDefault(t => t!["type"]!.GetValue<string>() == "page");
            }

            await tools._socket.ConnectAsync(new Uri(page["webSocketDebuggerUrl"]!.GetValue<string>()), cancellationToken);
            return tools;
        }
        catch
        {
            await tools.DisposeAsync();
            throw;
        }
    }

    public Task NavigateAsync(string address, CancellationToken cancellationToken) =>
        CallAsync("Page.navigate", new JsonObject { ["url"] = address }, cancellationToken);

    /// <summary>The value of a JavaScript expression; a promise is awaited.</summary>
    public async Task<JsonNode?> EvaluateAsync(string expression, CancellationToken cancellationToken)
    {
        JsonNode result = await CallAsync(
            "Runtime.evaluate", new JsonObject { ["expression"] = expression, ["returnByValue"] = true, ["awaitPromise"] = true }, cancellationToken);
        return result["exceptionDetails"] is { } error
            ? throw new InvalidOperationException($"{expression}: {error["exception"]?["description"] ?? error["text"]}")
            : result["result"]?["value"]?.DeepClone();
    }

    /// <summary>Waits until an expression is true; one that throws is not, yet.</summary>
    public async Task WaitForAsync(string condition, CancellationToken cancellationToken)
    {
        while (true)
        {
            JsonNode? value = await EvaluateAsync($"(function(){{ try {{ return !!({condition}); }} catch (e) {{ return false; }} }})()", cancellationToken);
            if (value?.GetValue<bool>() == true)
                return;
            await Task.Delay(200, cancellationToken);
        }
    }

    /// <summary>The page as it is seen, a PNG file.</summary>
    public async Task<byte[]> ScreenshotAsync(CancellationToken cancellationToken) =>
        Convert.FromBase64String((await CallAsync("Page.captureScreenshot", new JsonObject { ["format"] = "png" }, cancellationToken))["data"]!.GetValue<string>());

    /// <summary>Moves the pointer to a place, CSS pixels.</summary>
    public Task MoveAsync(double x, double y, CancellationToken cancellationToken) => MouseAsync("mouseMoved", x, y, 0, cancellationToken);

    /// <summary>Drags with the left button, in steps as a hand does.</summary>
    public async Task DragAsync(double fromX, double fromY, double toX, double toY, CancellationToken cancellationToken)
    {
        await MoveAsync(fromX, fromY, cancellationToken);
        await MouseAsync("mousePressed", fromX, fromY, 1, cancellationToken);
        for (int step = 1; step <= 5; step++)
        {
            await MouseAsync("mouseMoved", fromX + step * (toX - fromX) / 5, fromY + step * (toY - fromY) / 5, 1, cancellationToken);
            await Task.Delay(50, cancellationToken);
        }

        await MouseAsync("mouseReleased", toX, toY, 0, cancellationToken);
    }

    private async Task MouseAsync(string type, double x, double y, int buttons, CancellationToken cancellationToken) => await CallAsync(
        "Input.dispatchMouseEvent",
        new JsonObject { ["type"] = type, ["x"] = x, ["y"] = y, ["button"] = type == "mouseMoved" && buttons == 0 ? "none" : "left", ["buttons"] = buttons, ["clickCount"] = type == "mouseMoved" ? 0 : 1 },
        cancellationToken);

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        if (!_browser.HasExited)
        {
            _browser.Kill(entireProcessTree: true);
            await _browser.WaitForExitAsync();
        }

        _browser.Dispose();
        try
        {
            Directory.Delete(_profile, recursive: true);
        }
        catch (IOException)
        {
            // A helper process of the browser may still be writing; the folder is temporary.
        }
    }

    private async Task<int> PortAsync(CancellationToken cancellationToken)
    {
        string file = Path.Combine(_profile, "DevToolsActivePort");
        while (!File.Exists(file) || (await File.ReadAllLinesAsync(file, cancellationToken)).Length == 0)
        {
            if (_browser.HasExited)
                throw new InvalidOperationException($"The browser ended: {_log}");
            await Task.Delay(100, cancellationToken);
        }

        return int.Parse((await File.ReadAllLinesAsync(file, cancellationToken))[0], System.Globalization.CultureInfo.InvariantCulture);
    }

    private async Task<JsonNode> CallAsync(string method, JsonObject parameters, CancellationToken cancellationToken)
    {
        int id = ++_id;
        var call = new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters };
        await _socket.SendAsync(Encoding.UTF8.GetBytes(call.ToJsonString()), WebSocketMessageType.Text, true, cancellationToken);
        while (true)
        {
            JsonNode message = JsonNode.Parse(await ReceiveAsync(cancellationToken))!;
            if (message["id"]?.GetValue<int>() != id)
                continue;
            return message["result"] ?? throw new InvalidOperationException($"{method}: {message["error"]}");
        }
    }

    private async Task<byte[]> ReceiveAsync(CancellationToken cancellationToken)
    {
        using var message = new MemoryStream();
        byte[] buffer = new byte[1 << 16];
        while (true)
        {
            WebSocketReceiveResult part = await _socket.ReceiveAsync(buffer, cancellationToken);
            message.Write(buffer, 0, part.Count);
            if (part.EndOfMessage)
                return message.ToArray();
        }
    }
}
