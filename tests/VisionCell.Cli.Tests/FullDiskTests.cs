using System.Diagnostics;

namespace VisionCell.Cli.Tests;

/// <summary>A disk that takes no more ends in exit code 1, one line naming the file, and nothing half-written.</summary>
public sealed class FullDiskTests
{
    [Theory]
    [InlineData("convert", "out.tif")]
    [InlineData("convert", "out.zarr")]
    [InlineData("mesh", "out.ply")]
    public void A_disk_of_one_megabyte_is_full(string command, string name)
    {
        using var folder = new TemporaryFolder();
        var mounted = Mount(folder.Path);
        try
        {
            var target = folder.File(name);
            string[] arguments = command == "mesh" ? ["mesh", Command.Sample, "--iso", "128", "--out", target] : ["convert", Command.Sample, target];
            // Where nothing may be mounted, a limit on the size of files ends the writing in the same place; the shell ignores
            // the signal that goes with it, and its child inherits that. Chunks of a Zarr array are smaller than any useful limit.
            Assert.SkipUnless(mounted || name != "out.zarr", "mounting a small file system needs root");
            var outcome = mounted ? Command.Run(arguments) : Command.RunAfter("trap '' XFSZ; ulimit -f 512", arguments);
            Assert.Equal(1, outcome.Code);
            Assert.Contains(name, outcome.FailureLine, StringComparison.Ordinal);
            Assert.Contains(mounted ? "no space left on the disk" : "ulimit -f", outcome.FailureLine, StringComparison.Ordinal);
            Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
        }
        finally
        {
            if (mounted)
                Shell("umount", folder.Path);
        }
    }

    private static bool Mount(string folder) =>
        Environment.IsPrivilegedProcess && Shell("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder) == 0;

    private static int Shell(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode;
    }
}
