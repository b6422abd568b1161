using System.Diagnostics;
using System.Globalization;

namespace VisionCell.Pipeline;

/// <summary>The largest resident size of this process since <see cref="Start"/>, from the kernel's own high-water mark.</summary>
internal static class PeakMemory
{
    private const string Status = "/proc/self/status";
    private const string ClearReferences = "/proc/self/clear_refs";

    /// <summary>Resets the mark to the current size; without the right to, later readings are of the whole process.</summary>
    public static void Start()
    {
        GC.Collect();
        try
        {
            // "5" resets the peak resident set size: proc(5).
            File.WriteAllText(ClearReferences, "5");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A container may forbid it; the reading is then an upper bound.
        }
    }

    /// <summary>The mark, MB (10^6 bytes).</summary>
    public static double ReadMb()
    {
        var line = File.Exists(Status) ? File.ReadLines(Status).FirstOrDefault(l => l.StartsWith("VmHWM:", StringComparison.Ordinal)) : null;
        return line is null
            ? Process.GetCurrentProcess().PeakWorkingSet64 / 1e6
            : double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024 / 1e6;
    }
}
