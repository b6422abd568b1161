using System.Diagnostics;
using System.Globalization;

namespace VisionCell.Runs;

/// <summary>
/// A lock between processes: an exclusive hold on a file, which the operating system lets go of when its process ends in whatever
/// way. The file itself stays, since deleting it would let a third process lock a new file of the same name.
/// </summary>
internal sealed class FileLock : IDisposable
{
    private readonly FileStream _stream;

    private FileLock(FileStream stream) => _stream = stream;

    /// <summary>Takes the lock; null where another holds it for as long as <paramref name="wait"/>.</summary>
    /// <exception cref="IOException">The lock file cannot be made.</exception>
    public static FileLock? Acquire(string path, TimeSpan wait)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var clock = Stopwatch.StartNew();
        while (true)
        {
            FileStream? stream = null;
            try
            {
                stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
                File.WriteAllText(HolderPath(path), string.Create(CultureInfo.InvariantCulture, $"process {Environment.ProcessId} on {Environment.MachineName} since {DateTime.Now:yyyy-MM-dd HH:mm:ss}"));
                return new FileLock(stream);
            }
            catch (IOException e) when (IsHeld(e))
            {
                if (clock.Elapsed >= wait)
                    return null;
                Thread.Sleep(20);
            }
            catch
            {
                stream?.Dispose();
                throw;
            }
        }
    }

    /// <summary>Who holds a lock, in words.</summary>
    public static string Holder(string path)
    {
        try
        {
            return File.ReadAllText(HolderPath(path)) is { Length: > 0 } text ? text : "another process";
        }
        catch (IOException)
        {
            return "another process";
        }
    }

    /// <summary>Beside the lock, since .NET opens no file that is held, not even to read it.</summary>
    private static string HolderPath(string path) => path + ".holder";

    public void Dispose() => _stream.Dispose();

    /// <summary>Whether a file could not be opened because another holds it: EAGAIN of Linux and of macOS, sharing violation of Windows.</summary>
    private static bool IsHeld(IOException e) => e.HResult is 11 or 35 or unchecked((int)0x80070020);
}
