using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using VisionCell.Volumes;

namespace VisionCell.Cli.Data;

/// <summary>
/// Fetches a file over HTTP into a partial file that a later call goes on with. What was received is gone on with only where the server says that
/// the file is the same (strong ETag or modification time by If-Range, RFC 9110 section 13.1.5) and that the answer begins where it ends
/// (Content-Range); anything else begins anew. A length that is announced and not kept is an error, never a shorter file.
/// </summary>
/// <param name="client">Follows redirects; without a time limit of its own.</param>
/// <param name="patience">How long to wait for the next bytes.</param>
/// <param name="notice">Told in one line when a connection is tried again.</param>
internal sealed class Download(HttpClient client, TimeSpan patience, Action<string> notice)
{
    // Attempts in a row that get no further than any before them; one that does begins the count anew.
    private const int FruitlessAttempts = 5;
    private const int BufferSize = 1 << 18;

    /// <summary>What the partial file is a part of.</summary>
    private sealed record State(string Url, string? ETag, DateTimeOffset? LastModified, long? Length);

    /// <summary>Whether the last file was put together from several answers.</summary>
    public bool WasResumed { get; private set; }

    /// <summary>Completes a partial file.</summary>
    /// <param name="url">Address of the file.</param>
    /// <param name="part">The partial file; what belongs to it lies in the same name with <c>.json</c>.</param>
    /// <param name="bytes">Length that the file must have; null where unknown.</param>
    /// <param name="progress">Bytes received so far, and of how many where that is known.</param>
    /// <param name="cancellation">Stops; what was received stays.</param>
    /// <exception cref="BadInputException">The server refuses, or brings nothing after several attempts.</exception>
    public async Task RunAsync(Uri url, string part, long? bytes, Action<long, long?>? progress, CancellationToken cancellation)
    {
        WasResumed = false;
        var furthest = LengthOf(part);
        for (var fruitless = 0; ;)
        {
            string reason;
            TimeSpan? wish = null;
            try
            {
                await AttemptAsync(url, part, bytes, progress, cancellation);
                return;
            }
            catch (Busy busy)
            {
                (reason, wish) = (busy.Message, busy.Wish);
            }
            catch (Exception e) when (!cancellation.IsCancellationRequested && e is HttpRequestException or HttpIOException or OperationCanceledException || e is IOException { InnerException: System.Net.Sockets.SocketException })
            {
                reason = e is OperationCanceledException ? $"nothing came for {patience.TotalSeconds:0.#} s" : e.Message;
            }
            fruitless = LengthOf(part) > furthest ? 1 : fruitless + 1;
            furthest = Math.Max(furthest, LengthOf(part));
            if (fruitless > FruitlessAttempts)
                throw new BadInputException($"{url}: {reason.TrimEnd('.')}, {FruitlessAttempts + 1} times in a row; {LengthOf(part):N0} bytes are kept, give the same command again to go on");
            notice($"{url}: {reason.TrimEnd('.')}; going on from byte {LengthOf(part):N0}");
            var pause = wish ?? patience / 60 * Math.Pow(2, fruitless - 1);
            await Task.Delay(pause < patience ? pause : patience, cancellation);
        }
    }

    /// <summary>Removes a partial file and what belongs to it.</summary>
    public static void Discard(string part)
    {
        File.Delete(part);
        File.Delete(StatePath(part));
    }

    private async Task AttemptAsync(Uri url, string part, long? bytes, Action<long, long?>? progress, CancellationToken cancellation)
    {
        await using var file = Open(part);
        var state = ReadState(part);
        if (state?.Url != url.AbsoluteUri || (state.ETag is null && state.LastModified is null))
            file.SetLength(0);
        if (state?.Length is { } whole && file.Length == whole && whole > 0)
            return;
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        // A hash is of the bytes as they are stored, so none is to be packed on the way.
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
        if (file.Length > 0)
        {
            request.Headers.Range = new RangeHeaderValue(file.Length, null);
            request.Headers.IfRange = state!.ETag is { } tag ? new RangeConditionHeaderValue(EntityTagHeaderValue.Parse(tag)) : new RangeConditionHeaderValue(state.LastModified!.Value);
        }
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(patience);
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
        var total = Accept(url, response, file, bytes);
        // Weak tags do not promise the same bytes.
        var strong = response.Headers.ETag is { IsWeak: false } given ? given.ToString() : null;
        WriteState(part, new State(url.AbsoluteUri, strong, response.Content.Headers.LastModified, total));
        await using var body = await response.Content.ReadAsStreamAsync(limit.Token);
        var buffer = new byte[BufferSize];
        file.Seek(0, SeekOrigin.End);
        while (true)
        {
            limit.CancelAfter(patience);
            var n = await body.ReadAsync(buffer, limit.Token);
            if (n == 0)
                break;
            if (file.Length + n > (total ?? bytes ?? long.MaxValue))
                throw new BadInputException($"{url}: sends more than the {total ?? bytes:N0} bytes that the file has; it is not what the manifest describes");
            await file.WriteAsync(buffer.AsMemory(0, n), cancellation);
            progress?.Invoke(file.Position, total ?? bytes);
        }
        if (total is { } promised && file.Length < promised)
            throw new HttpRequestException($"the connection ended after {file.Length:N0} of {promised:N0} bytes");
        file.Flush(flushToDisk: true);
    }

    /// <summary>Looks at an answer, and makes the file ready for its body: emptied where the answer begins anew.</summary>
    /// <returns>Length of the whole file; null where the server does not say.</returns>
    private long? Accept(Uri url, HttpResponseMessage response, FileStream file, long? bytes)
    {
        var length = response.Content.Headers.ContentLength;
        var range = response.Content.Headers.ContentRange;
        switch (response.StatusCode)
        {
            case HttpStatusCode.OK:
                file.SetLength(0);
                break;
            case HttpStatusCode.PartialContent when range?.From == file.Length && file.Length > 0:
                WasResumed = true;
                length = range.Length ?? file.Length + length;
                break;
            case HttpStatusCode.PartialContent:
            case HttpStatusCode.RequestedRangeNotSatisfiable when file.Length > 0:
                file.SetLength(0);
                throw new HttpRequestException($"the answer does not go on where it should ({range?.ToString() ?? "no range"}), beginning anew");
            case HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError:
                throw new Busy($"the server answers {(int)response.StatusCode} {response.ReasonPhrase}", response.Headers.RetryAfter?.Delta);
            default:
                throw new BadInputException($"{url}: the server answers {(int)response.StatusCode} {response.ReasonPhrase}; see the data set's own page whether it has moved");
        }
        if (bytes is { } expected && length is { } announced && announced != expected)
            throw new BadInputException($"{url}: {announced:N0} bytes where the manifest says {expected:N0}; it is not the file that the manifest describes");
        return length;
    }

    private static FileStream Open(string part)
    {
        try
        {
            return new FileStream(part, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        // EAGAIN: the advisory lock of another process.
        catch (IOException e) when (e.HResult == 11)
        {
            throw new BadInputException($"{part}: another process is fetching this file; wait for it", e);
        }
    }

    private static long LengthOf(string part) => File.Exists(part) ? new FileInfo(part).Length : 0;

    private static string StatePath(string part) => part + ".json";

    private static State? ReadState(string part)
    {
        try
        {
            return File.Exists(StatePath(part)) ? JsonSerializer.Deserialize<State>(File.ReadAllText(StatePath(part))) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static void WriteState(string part, State state) => AtomicWrite.Text(StatePath(part), JsonSerializer.Serialize(state));

    /// <summary>The server asks to come back later.</summary>
    private sealed class Busy(string message, TimeSpan? wish) : Exception(message)
    {
        public TimeSpan? Wish => wish;
    }
}
