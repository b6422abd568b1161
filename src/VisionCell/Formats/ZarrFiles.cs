using System.Net;
using System.Net.Http.Headers;
using Microsoft.Win32.SafeHandles;
using VisionCell.Volumes;

namespace VisionCell.Formats;

/// <summary>
/// The files of a Zarr image, on disk or behind http(s): whole ones, and parts of those that hold many chunks (range requests, RFC 9110 section
/// 14). Over the network what does not come is asked for again; that a file is not there is only believed from a 404 or 410.
/// </summary>
internal static class ZarrFiles
{
    private const int Attempts = 5;

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);
    private static readonly HttpClient _client = NewClient();

    /// <summary>Whether a path is an address.</summary>
    public static bool IsRemote(string path) =>
        path.StartsWith("https://", StringComparison.OrdinalIgnoreCase) || path.StartsWith("http://", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether there is such a file.</summary>
    public static bool Exists(string path) => IsRemote(path) ? Ask(path, null) is not null : File.Exists(path);

    /// <summary>A file's content; null where there is none.</summary>
    /// <exception cref="BadInputException">The server refuses or does not answer.</exception>
    public static PooledBytes? Read(string path)
    {
        if (IsRemote(path))
            return Ask(path, null) is { } answer ? PooledBytes.Of(answer) : null;
        using var file = Open(path);
        return file is null ? null : Read(file, 0, checked((int)RandomAccess.GetLength(file)));
    }

    /// <summary>Part of a file; null where there is no such file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="offset">First byte; negative counts from the end, and the part then goes to the end.</param>
    /// <param name="length">Number of bytes.</param>
    /// <exception cref="InvalidDataException">The file is shorter.</exception>
    /// <exception cref="BadInputException">The server refuses, does not answer, or knows no parts.</exception>
    public static PooledBytes? Read(string path, long offset, int length)
    {
        if (IsRemote(path))
        {
            var answer = Ask(path, offset < 0 ? new RangeHeaderValue(null, -offset) : new RangeHeaderValue(offset, offset + length - 1));
            return answer is null ? null : answer.Length == length ? PooledBytes.Of(answer) : throw new InvalidDataException($"{answer.Length:N0} bytes where {length:N0} were asked for");
        }
        using var file = Open(path);
        if (file is null)
            return null;
        var size = RandomAccess.GetLength(file);
        var from = offset < 0 ? size + offset : offset;
        return from >= 0 && from <= size - length ? Read(file, from, length)
            : throw new InvalidDataException($"{size:N0} bytes, where {length:N0} are looked for from {from:N0} on");
    }

    private static SafeFileHandle? Open(string path)
    {
        try
        {
            return File.OpenHandle(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private static PooledBytes Read(SafeFileHandle file, long offset, int length)
    {
        var bytes = PooledBytes.Rent(length);
        for (var done = 0; done < length;)
        {
            var n = RandomAccess.Read(file, bytes.Span[done..], offset + done);
            done += n > 0 ? n : throw new InvalidDataException("the file became shorter while it was read");
        }
        return bytes;
    }

    private static byte[]? Ask(string url, RangeHeaderValue? range)
    {
        for (var attempt = 1; ; attempt++)
        {
            string reason;
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, url);
                request.Headers.Range = range;
                using var limit = new CancellationTokenSource(_patience);
                using var response = _client.Send(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
                switch (response.StatusCode)
                {
                    case HttpStatusCode.OK when range is not null:
                        throw new BadInputException($"{url}: the server sends whole files where a part is asked for; copy the image to this machine");
                    case HttpStatusCode.OK or HttpStatusCode.PartialContent:
                        return response.Content.ReadAsByteArrayAsync(limit.Token).GetAwaiter().GetResult();
                    case HttpStatusCode.NotFound or HttpStatusCode.Gone:
                        return null;
                    case HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError:
                        reason = $"the server answers {(int)response.StatusCode}";
                        break;
                    default:
                        throw new BadInputException($"{url}: the server answers {(int)response.StatusCode} {response.ReasonPhrase}");
                }
            }
            catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
            {
                reason = e is OperationCanceledException ? $"no answer within {_patience.TotalSeconds:0} s" : e.Message;
            }
            if (attempt == Attempts)
                throw new BadInputException($"{url}: {reason.TrimEnd('.')}, {Attempts} times in a row");
            Thread.Sleep(TimeSpan.FromMilliseconds(100 << attempt));
        }
    }

    private static HttpClient NewClient()
    {
        var client = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        client.DefaultRequestHeaders.UserAgent.ParseAdd("visioncell");
        return client;
    }
}
