using System.Globalization;
using System.Text.RegularExpressions;
using VisionCell.Volumes;

namespace VisionCell.Cli.CommandLine;

/// <summary>The line and the exit code that an exception ends in.</summary>
/// <param name="Line">Without the leading <c>visioncell: </c>.</param>
/// <param name="Code">An <see cref="ExitCode"/>.</param>
internal sealed partial record Failure(string Line, int Code)
{
    // errno values of Linux, which .NET passes on as the HResult of an IOException.
    private const int NoSpace = 28;
    private const int QuotaExceeded = 122;
    private const int FileTooLarge = 27;

    public static Failure Of(Exception exception, bool interrupted)
    {
        // Parallel loops and reflection wrap what happened; the innermost of a single chain says it.
        while (exception is AggregateException or System.Reflection.TargetInvocationException && exception.InnerException is { } inner)
            exception = inner;
        if (DiskLine(exception) is { } disk)
            return new(disk, ExitCode.Failed);
        return exception switch
        {
            OperationCanceledException when interrupted => new("interrupted; give the same command again to go on from what is done", ExitCode.Interrupted),
            ChildFailedException child => new(child.Message, child.Code),
            Notebooks.Running.NotebookFailedException failed => new($"{failed.Message} (see {failed.Run.HtmlPath})", ExitCode.Failed),
            BadInputException => new(exception.Message, ExitCode.BadInput),
            FileNotFoundException { FileName: { } file } when !file.Contains(", Version=", StringComparison.Ordinal) => new($"'{file}' does not exist", ExitCode.BadInput),
            DirectoryNotFoundException => new(exception.Message, ExitCode.BadInput),
            UnauthorizedAccessException => new(exception.Message, ExitCode.BadInput),
            OutOfMemoryException => new($"out of memory ({GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 20:N0} MB are available to this process): crop the volume or use a machine with more", ExitCode.Failed),
            _ when NativeLibraryError(exception) is { } native => new($"a native library does not load: {native}; 'visioncell doctor' says what is missing", ExitCode.BadInput),
            _ => new($"{exception.Message} ({exception.GetType().Name}; --verbose shows where)", ExitCode.Failed),
        };
    }

    /// <summary>The line for a disk that took no more, wherever in the chain of causes it stands; null for anything else.</summary>
    private static string? DiskLine(Exception exception)
    {
        string? path = null, what = null, advice = null;
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            path ??= PathIn(cause.Message);
            if (cause is not IOException || what is not null)
                continue;
            (what, advice) = cause.HResult switch
            {
                NoSpace => ("no space left on the disk", "make room or write to another disk"),
                QuotaExceeded => ("the disk quota is used up", "make room or write to another disk"),
                FileTooLarge => ("the file would grow past the size that the file system or 'ulimit -f' allows", "write to another disk or raise the limit"),
                _ => (null, null),
            };
        }
        if (what is null)
            return null;
        return path is null ? $"{what}: {advice}" : $"{what} writing '{path}' ({FreeBytes(path)} free there): {advice}";
    }

    /// <summary>The path that a message names: the library's own name it first, the runtime's end in <c>: 'path'</c>.</summary>
    private static string? PathIn(string message)
    {
        if (message.IndexOf(": could not be written", StringComparison.Ordinal) is > 0 and var end)
            return message[..end];
        return QuotedPath().Match(message) is { Success: true } match ? TemporaryEnding().Replace(match.Groups[1].Value, "") : null;
    }

    private static string FreeBytes(string path)
    {
        try
        {
            return string.Create(CultureInfo.InvariantCulture, $"{new DriveInfo(Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/").AvailableFreeSpace:N0} bytes");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return "an unknown amount";
        }
    }

    private static string? NativeLibraryError(Exception exception)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is DllNotFoundException)
                return cause.Message.Split('\n')[0];
        }
        return null;
    }

    [GeneratedRegex("'([^']*/[^']+)'[^']*$")]
    private static partial Regex QuotedPath();

    // Files are written beside their place under such a name; the user knows only the place.
    [GeneratedRegex(@"(\.[0-9a-zA-Z-]+)?\.(tmp|partial|part)$")]
    private static partial Regex TemporaryEnding();
}
