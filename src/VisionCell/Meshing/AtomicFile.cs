using VisionCell.Volumes;

namespace VisionCell.Meshing;

/// <summary>Files that appear complete or not at all: written beside their place and renamed into it.</summary>
internal static class AtomicFile
{
    /// <summary>Writes a file; what was there stays until the new one is complete.</summary>
    /// <exception cref="BadInputException">The place can't be written (no such disk, no permission, disk full).</exception>
    public static void Write(string path, Action<Stream> write)
    {
        var full = Path.GetFullPath(path);
        var beside = $"{full}.{Environment.ProcessId}.tmp";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            using (var stream = new FileStream(beside, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16))
                write(stream);
            File.Move(beside, full, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{path}: can't be written: {e.Message}", e);
        }
        finally
        {
            if (File.Exists(beside))
                File.Delete(beside);
        }
    }
}
