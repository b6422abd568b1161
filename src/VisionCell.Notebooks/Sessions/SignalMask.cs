using System.Runtime.InteropServices;

namespace VisionCell.Notebooks.Sessions;

/// <summary>
/// The signal mask of the current thread. A thread abort on Linux unwinds out of the handler of the signal with which the runtime
/// suspends threads (SIGRTMIN), and leaves that signal blocked: every thread started from the aborted one would inherit the mask, and
/// the first garbage collection during a tight loop on it would never end. Measured on .NET 10.0.12.
/// </summary>
internal static partial class SignalMask
{
    private const int SetMask = 2; // SIG_SETMASK
    private const int SetSize = 128; // sizeof(sigset_t) of glibc and musl

    /// <summary>The mask, or null on a system where threads are not suspended by signals.</summary>
    public static byte[]? Read()
    {
        if (!OperatingSystem.IsLinux())
            return null;
        byte[] mask = new byte[SetSize];
        return SigMask(SetMask, null, mask) == 0 ? mask : null;
    }

    /// <summary>Puts back what <see cref="Read"/> gave.</summary>
    public static void Restore(byte[]? mask)
    {
        if (mask is not null)
            SigMask(SetMask, mask, null);
    }

    [LibraryImport("libc", EntryPoint = "pthread_sigmask")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SigMask(int how, byte[]? set, [Out] byte[]? oldSet);
}
