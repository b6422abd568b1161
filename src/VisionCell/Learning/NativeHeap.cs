using System.Runtime.InteropServices;

namespace VisionCell.Learning;

/// <summary>
/// The C library gives memory of the size of a small network's activations back to the system and asks for it again at every operation, which made a
/// step of super-resolution's planes a seventh to a fifth longer (AMD Zen 5, November 2026). Here blocks of up to 32 MiB and 256 MiB of free memory
/// are kept. <c>mallopt(3)</c> of glibc; elsewhere nothing is done.
/// </summary>
internal static partial class NativeHeap
{
    private const int TrimThreshold = -1;
    private const int MapThreshold = -3;
    private const int MebiByte = 1 << 20;

    private static readonly bool _isKept = Set();

    /// <summary>Keeps freed memory from now on; false where the C library doesn't know how.</summary>
    public static bool Keep() => _isKept;

    private static bool Set()
    {
        try
        {
            return mallopt(MapThreshold, 32 * MebiByte) == 1 && mallopt(TrimThreshold, 256 * MebiByte) == 1;
        }
        catch (Exception e) when (e is EntryPointNotFoundException or DllNotFoundException)
        {
            return false;
        }
    }

    [LibraryImport("libc.so.6")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int mallopt(int parameter, int value);
}
