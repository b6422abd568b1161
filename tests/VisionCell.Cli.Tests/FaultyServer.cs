using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace VisionCell.Cli.Tests;

/// <summary>A request as it came.</summary>
/// <param name="Path">What was asked for.</param>
/// <param name="From">First byte asked for; null where all are.</param>
/// <param name="IfRange">What the file must still be for a part of it to do; null where nothing is said.</param>
internal sealed record Request(string Path, long? From, string? IfRange);

/// <summary>A server on this machine that answers byte for byte what a test wants it to, wrong lengths and broken connections too.</summary>
internal sealed class FaultyServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Func<Request, NetworkStream, Task> _answer;
    private readonly ConcurrentQueue<Request> _requests = [];

    public FaultyServer(Func<Request, NetworkStream, Task> answer)
    {
        _answer = answer;
        _listener.Start();
        _ = AcceptAsync();
    }

    public IReadOnlyList<Request> Requests => [.. _requests];

    public string Url(string path) => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}{path}";

    /// <summary>Sends a head and a body.</summary>
    public static async Task SendAsync(NetworkStream stream, string status, ReadOnlyMemory<byte> body, params string[] headers)
    {
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nConnection: close\r\n{string.Concat(headers.Select(h => h + "\r\n"))}\r\n"));
        await stream.WriteAsync(body);
    }

    /// <summary>Answers as a good server does: the part asked for where the file is still the same, else all of it; at most so many bytes before the connection breaks.</summary>
    public static Task ServeAsync(Request request, NetworkStream stream, byte[] file, string etag, int atMost = int.MaxValue)
    {
        var from = request.From is { } start && request.IfRange == etag ? (int)start : 0;
        var body = file.AsMemory(from, Math.Min(atMost, file.Length - from));
        return from == 0
            ? SendAsync(stream, "200 OK", body, $"Content-Length: {file.Length}", $"ETag: {etag}")
            : SendAsync(stream, "206 Partial Content", body, $"Content-Length: {file.Length - from}", $"Content-Range: bytes {from}-{file.Length - 1}/{file.Length}", $"ETag: {etag}");
    }

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        while (true)
        {
            TcpClient client;
            try
            {
                client = await _listener.AcceptTcpClientAsync();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }
            _ = ServeOneAsync(client);
        }
    }

    private async Task ServeOneAsync(TcpClient client)
    {
        using (client)
        {
            var stream = client.GetStream();
            var head = new List<byte>();
            var one = new byte[1];
            while (!EndsHead(head) && await stream.ReadAsync(one) == 1)
                head.Add(one[0]);
            var lines = Encoding.ASCII.GetString([.. head]).Split("\r\n");
            string? Header(string name) => lines.FirstOrDefault(l => l.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))?[(name.Length + 1)..].Trim();
            var range = Header("Range");
            var request = new Request(lines[0].Split(' ')[1], range is null ? null : long.Parse(range["bytes=".Length..^1], CultureInfo.InvariantCulture), Header("If-Range"));
            _requests.Enqueue(request);
            try
            {
                await _answer(request, stream);
            }
            catch (IOException)
            {
                // The client has gone.
            }
        }
    }

    private static bool EndsHead(List<byte> head) => head.Count >= 4 && head[^4] == '\r' && head[^3] == '\n' && head[^2] == '\r' && head[^1] == '\n';
}
