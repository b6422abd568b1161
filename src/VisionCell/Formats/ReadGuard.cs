using VisionCell.Volumes;

namespace VisionCell.Formats;

/// <summary>
/// The border between decoders and users: whatever a damaged file makes a decoder throw leaves as a
/// <see cref="BadInputException"/> of one line that names the file.
/// </summary>
internal static class ReadGuard
{
    public static T Run<T>(string path, string format, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (AggregateException e) when (Inner(e) is { } inner)
        {
            throw inner is BadInputException or OperationCanceledException ? inner : Damaged(path, format, inner);
        }
        catch (OutOfMemoryException e)
        {
            throw new BadInputException($"{path}: does not fit in memory; crop it first", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new BadInputException($"{path}: no permission to read it", e);
        }
        catch (Exception e) when (e is not (BadInputException or OperationCanceledException))
        {
            throw Damaged(path, format, e);
        }
    }

    private static Exception? Inner(AggregateException e)
    {
        var all = e.Flatten().InnerExceptions;
        return all.FirstOrDefault(i => i is OperationCanceledException) ?? all.FirstOrDefault(i => i is BadInputException) ?? all.FirstOrDefault();
    }

    private static BadInputException Damaged(string path, string format, Exception e) =>
        new($"{path}: cannot be read as {format}, corrupt or truncated ({OneLine(e.Message)})", e);

    private static string OneLine(string text) => text.ReplaceLineEndings(" ").TrimEnd('.', ' ');
}
