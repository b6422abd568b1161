using System.Text;

namespace VisionCell.Volumes;

/// <summary>
/// Writes beside the destination under a temporary name and renames into place: a reader sees the old content or the new,
/// and a failure or cancellation leaves nothing behind.
/// </summary>
public static class AtomicWrite
{
    /// <summary>Makes or replaces a file.</summary>
    /// <param name="path">Destination; folders above it are made.</param>
    /// <param name="write">Writes the content to an empty, seekable stream.</param>
    /// <exception cref="BadInputException">A folder is in the way, or the place is not writable.</exception>
    /// <exception cref="IOException">Writing failed, for example because the disk is full; one line that names the path.</exception>
    public static void File(string path, Action<Stream> write)
    {
        if (Directory.Exists(path))
            throw new BadInputException($"{path}: is a folder; give the name of a file");
        Run(path, temporary =>
        {
            using var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16);
            write(stream);
            stream.Flush(flushToDisk: true);
        }, temporary => System.IO.File.Move(temporary, path, overwrite: true));
    }

    /// <summary>Makes or replaces a text file, UTF-8 without a byte-order mark.</summary>
    /// <inheritdoc cref="File"/>
    public static void Text(string path, string text) => File(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));

    /// <summary>Makes a folder, or replaces one that <paramref name="mayReplace"/> accepts.</summary>
    /// <param name="path">Destination; folders above it are made.</param>
    /// <param name="mayReplace">Whether a folder already there is of the kind being written and so may be replaced.</param>
    /// <param name="write">Writes the content into the empty folder whose path it is given.</param>
    /// <exception cref="BadInputException">Something else is in the way, or the place is not writable.</exception>
    /// <exception cref="IOException">Writing failed, for example because the disk is full; one line that names the path.</exception>
    public static void Folder(string path, Func<string, bool> mayReplace, Action<string> write)
    {
        path = Path.TrimEndingDirectorySeparator(path);
        if (System.IO.File.Exists(path))
            throw new BadInputException($"{path}: is a file; remove it or give another name");
        if (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any() && !mayReplace(path))
            throw new BadInputException($"{path}: is a folder with other content; remove it or give another name");
        Run(path, temporary =>
        {
            Directory.CreateDirectory(temporary);
            write(temporary);
        }, temporary =>
        {
            if (!Directory.Exists(path))
            {
                Directory.Move(temporary, path);
                return;
            }
            var old = TemporaryName(path);
            Directory.Move(path, old);
            Directory.Move(temporary, path);
            Directory.Delete(old, recursive: true);
        });
    }

    private static void Run(string path, Action<string> write, Action<string> place)
    {
        var temporary = "";
        try
        {
            if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder)
                Directory.CreateDirectory(folder);
            temporary = TemporaryName(path);
            write(temporary);
            place(temporary);
        }
        catch (Exception e)
        {
            Discard(temporary);
            var cause = e is AggregateException a ? a.Flatten().InnerExceptions[0] : e;
            throw cause switch
            {
                UnauthorizedAccessException => new BadInputException($"{path}: no permission to write there", cause),
                IOException => Named(path, cause),
                _ when ReferenceEquals(cause, e) => Rethrow(e),
                _ => cause,
            };
        }
    }

    private static IOException Named(string path, Exception cause)
    {
        // The message of the runtime names the temporary file, which is gone by now; its first part says what happened.
        var reason = cause.Message.ReplaceLineEndings(" ");
        var end = reason.IndexOf(" : '", StringComparison.Ordinal);
        return new IOException($"{path}: could not be written: {(end > 0 ? reason[..end] : reason)}", cause) { HResult = cause.HResult };
    }

    private static Exception Rethrow(Exception e)
    {
        System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(e);
        return e;
    }

    private static void Discard(string temporary)
    {
        if (temporary.Length == 0)
            return;
        if (System.IO.File.Exists(temporary))
            System.IO.File.Delete(temporary);
        else if (Directory.Exists(temporary))
            Directory.Delete(temporary, recursive: true);
    }

    private static string TemporaryName(string path) =>
        Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path)) ?? "", $".{Path.GetFileName(path)}.{Guid.NewGuid():N}.tmp");
}
