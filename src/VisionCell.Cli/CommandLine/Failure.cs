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
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is IOException io && DiskLine(io) is { } line)
                return new(line, ExitCode.Failed);
        }
        return exception switch
        {
            OperationCanceledException when interrupted => new("interrupted; give the same command again to go on from what is done", ExitCode.Interrupted),
            BadInputException => new(exception.Message, ExitCode.BadInput),
            FileNotFoundException { FileName: { } file } when !file.Contains(", Version=", StringComparison.Ordinal) => new($"'{file}' does not exist", ExitCode.BadInput),
            DirectoryNotFoundException => new(exception.Message, ExitCode.BadInput),
            UnauthorizedAccessException => new(exception.Message, ExitCode.BadInput),
            OutOfMemoryException => new($"out of memory ({GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 20:N0} MB are available to this process): crop the volume or use a machine with more", ExitCode.Failed),
            _ when NativeLibraryError(exception) is { } native => new($"a native library does not load: {native}; 'visioncell doctor' says what is missing", ExitCode.BadInput),
            _ => new($"{exception.Message} ({exception.GetType().Name}; --verbose shows where)", ExitCode.Failed),
        };
    }

    private static string? DiskLine(IOException exception)
    {
        // The runtime's message ends in " : 'path'".
        var path = QuotedPath().Match(exception.Message) is { Success: true } match ? match.Groups[1].Value : null;
        return exception.HResult switch
        {
            NoSpace when path is not null => $"no space left on the disk of '{path}' ({FreeBytes(path)} free there): make room or write to another disk",
            NoSpace => "no space left on the disk that is written to: make room or write to another disk",
            QuotaExceeded => $"disk quota exceeded{(path is null ? "" : $" writing '{path}'")}: make room or write to another disk",
            FileTooLarge => $"the file would grow past the largest size allowed here{(path is null ? "" : $": '{path}'")} (file system or ulimit -f): write to another disk or raise the limit",
            _ => null,
        };
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

    [GeneratedRegex("'([^']+)'[^']*$")]
    private static partial Regex QuotedPath();
}
