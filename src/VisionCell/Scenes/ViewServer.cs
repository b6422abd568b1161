using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using VisionCell.Volumes;

namespace VisionCell.Scenes;

/// <summary>
/// Serves a scene and Neuroglancer on this machine only (127.0.0.1), under a path that begins with a random token: who does not have the
/// link sees nothing. Everything is relative to that path, so that a proxy may put its own prefix before it. The page is forbidden to ask any
/// other server for anything.
/// </summary>
public sealed class ViewServer : IAsyncDisposable
{
    // Decoders compiled by Emscripten make their bindings with new Function, hence unsafe-eval: of the page's own scripts only.
    private const string Policy =
        "default-src 'self'; script-src 'self' 'unsafe-eval'; worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self' data: blob:; form-action 'none'; base-uri 'none'";

    private readonly WebApplication _host;
    private readonly string _bundle;
    private readonly string _prefix;
    private readonly byte[] _token;
    private readonly Dictionary<string, string> _folders;
    private readonly byte[] _state;

    private ViewServer(NeuroglancerScene scene, JsonObject state, int port, string basePath)
    {
        _bundle = NeuroglancerBundle.Get();
        _prefix = basePath;
        Token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        _token = Encoding.ASCII.GetBytes(Token);
        _folders = scene.Layers.ToDictionary(l => l.Mount, l => Path.GetFullPath(l.Folder), StringComparer.Ordinal);
        foreach (var layer in scene.Layers.Where(l => l.Objects is not null))
            _folders.Add(layer.ObjectsMount, Path.GetFullPath(layer.Objects!.Folder));
        _state = Encoding.UTF8.GetBytes(state.ToJsonString());
        // Only the server itself: no configuration files, no logging, no answer to signals, which are the command's.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, port);
        });
        _host = builder.Build();
        _host.Run(AnswerAsync);
    }

    /// <summary>The secret part of the link.</summary>
    public string Token { get; }

    /// <summary>Port on 127.0.0.1.</summary>
    public int Port { get; private set; }

    /// <summary>The link on this machine.</summary>
    public string Address => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Port}{_prefix}/{Token}/");

    /// <summary>Starts to serve.</summary>
    /// <param name="scene">What is shown; kept by the caller until the server is disposed of.</param>
    /// <param name="port">0 for any free one.</param>
    /// <param name="basePath">Path that a proxy puts before every request and leaves there, for example <c>/user/ada/proxy/absolute/8000</c>; empty for none.</param>
    /// <param name="view">Where one looks from at first; null for the whole volume.</param>
    /// <param name="cancellation">Stops starting.</param>
    /// <exception cref="BadInputException">Neuroglancer is not bundled, or the port is not free or out of range.</exception>
    public static async Task<ViewServer> StartAsync(NeuroglancerScene scene, int port = 0, string basePath = "", ViewState? view = null, CancellationToken cancellation = default)
    {
        if (port is < 0 or > 65535)
            throw new BadInputException($"port {port}: must be 1 to 65535, or 0 for any free one");
        var prefix = basePath.Trim('/') is { Length: > 0 } trimmed ? $"/{trimmed}" : "";
        var server = new ViewServer(scene, scene.State(view), port, prefix);
        try
        {
            await server._host.StartAsync(cancellation);
        }
        catch (IOException e)
        {
            await server.DisposeAsync();
            throw new BadInputException($"port {port} of 127.0.0.1 is in use; give another one, or none for any that is free", e);
        }
        catch (System.Net.Sockets.SocketException e)
        {
            await server.DisposeAsync();
            throw new BadInputException($"port {port} of 127.0.0.1 can't be opened: {e.Message}; give another one, or none for any that is free", e);
        }
        server.Port = new Uri(server._host.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;
        return server;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // A browser keeps connections open; nobody waits for them.
        using var now = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        try
        {
            await _host.StopAsync(now.Token);
        }
        catch (OperationCanceledException)
        {
            // Connections that were cut off.
        }
        await _host.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        var headers = response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers.ContentSecurityPolicy = Policy;
        // Another Neuroglancer may show the data too, if it has the link.
        headers.AccessControlAllowOrigin = "*";
        headers.CacheControl = "no-cache";
        if (HttpMethods.IsOptions(request.Method))
        {
            headers.AccessControlAllowMethods = "GET, HEAD, OPTIONS";
            headers.AccessControlAllowHeaders = "Range";
            response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }
        if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method))
        {
            headers.Allow = "GET, HEAD, OPTIONS";
            response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return;
        }
        if (Inside(request.Path.Value ?? "/") is not { } path)
        {
            response.StatusCode = StatusCodes.Status403Forbidden;
            await Say(response, "Vision Cell: open the whole link that was printed, with its token.\n", context.RequestAborted);
            return;
        }
        if (path == "state.json")
        {
            response.ContentType = "application/json";
            response.ContentLength = _state.Length;
            if (HttpMethods.IsGet(request.Method))
                await response.Body.WriteAsync(_state, context.RequestAborted);
            return;
        }
        if (FileOf(path) is not { } file)
        {
            response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        await SendAsync(context, file);
    }

    /// <summary>The path behind the token, or null where the token is not right. With or without the proxy's prefix.</summary>
    private string? Inside(string path)
    {
        if (_prefix.Length > 0 && path.StartsWith(_prefix + "/", StringComparison.Ordinal))
            path = path[_prefix.Length..];
        var end = path.IndexOf('/', 1);
        if (end < 0)
            return null;
        return CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(path[1..end]), _token) ? path[(end + 1)..] : null;
    }

    private string? FileOf(string path)
    {
        if (path.Length == 0)
            path = "index.html";
        var parts = path.Split('/');
        if (Array.Exists(parts, p => p is "" or "." or ".." || p.Contains('\\') || p.Contains('\0')))
            return null;
        var file = _folders.TryGetValue(parts[0], out var folder) ? Path.Combine([folder, .. parts[1..]])
            : parts.Length == 1 ? Path.Combine(_bundle, parts[0]) : null;
        return file is not null && File.Exists(file) ? file : null;
    }

    private static async Task SendAsync(HttpContext context, string file)
    {
        var length = new FileInfo(file).Length;
        var (response, from, count) = (context.Response, 0L, length);
        response.Headers.AcceptRanges = "bytes";
        response.ContentType = Path.GetExtension(file) switch
        {
            ".html" => "text/html; charset=utf-8",
            ".js" => "text/javascript; charset=utf-8",
            ".css" => "text/css; charset=utf-8",
            ".wasm" => "application/wasm",
            ".json" or ".zattrs" or ".zgroup" or ".zarray" => "application/json",
            ".txt" => "text/plain; charset=utf-8",
            _ => "application/octet-stream",
        };
        // Sharded arrays are read by ranges.
        if (context.Request.GetTypedHeaders().Range is { Unit.Value: "bytes", Ranges: { Count: 1 } ranges })
        {
            var range = ranges.Single();
            from = range.From ?? Math.Max(0, length - (range.To ?? 0));
            count = Math.Min(length - 1, range.From is null ? length - 1 : range.To ?? length - 1) - from + 1;
            if (count <= 0)
            {
                response.Headers.ContentRange = $"bytes */{length}";
                response.StatusCode = StatusCodes.Status416RangeNotSatisfiable;
                return;
            }
            response.Headers.ContentRange = $"bytes {from}-{from + count - 1}/{length}";
            response.StatusCode = StatusCodes.Status206PartialContent;
        }
        response.ContentLength = count;
        if (HttpMethods.IsGet(context.Request.Method) && count > 0)
            await response.SendFileAsync(file, from, count, context.RequestAborted);
    }

    private static Task Say(HttpResponse response, string text, CancellationToken cancellation)
    {
        response.ContentType = "text/plain; charset=utf-8";
        return response.WriteAsync(text, cancellation);
    }
}
