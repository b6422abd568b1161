using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Meshing;

/// <summary>Files that the user named: written whole or not at all, and a place that can't be written is the user's to mend.</summary>
internal static class OutputFile
{
    /// <summary>Writes a file; what was there stays until the new one is complete.</summary>
    /// <exception cref="BadInputException">The place can't be written (no such disk, no permission, disk full).</exception>
    public static void Write(string path, Action<Stream> write)
    {
        try
        {
            AtomicFile.Write(path, write);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{path}: can't be written: {e.Message}", e);
        }
    }
}
