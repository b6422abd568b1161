using System.Diagnostics;
using System.Runtime.InteropServices;

namespace VisionCell.Cli.Tests;

/// <summary>What a run of the command left behind.</summary>
/// <param name="Code">Exit code.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error.</param>
internal sealed record Outcome(int Code, string Output, string Error)
{
    /// <summary>The one line that a failing command may leave, checked to be one and to begin as it should.</summary>
    public string FailureLine
    {
        get
        {
            var line = Assert.Single(Error.Split('\n', StringSplitOptions.RemoveEmptyEntries), l => l.StartsWith("visioncell: ", StringComparison.Ordinal));
            Assert.DoesNotContain("   at ", Error, StringComparison.Ordinal);
            return line;
        }
    }
}

/// <summary>
/// Runs the command as a user does, as a process: environment/visioncell where VISIONCELL_COMMAND names it (environment/test.sh),
/// else the build beside these tests.
/// </summary>
internal static partial class Command
{
    private const int Interrupt = 2;

    public static string Repository { get; } = FindRepository();

    public static string Sample { get; } = Path.Combine(Repository, "data-manifests", "samples", "medulla-sample.tif");

    public static Outcome Run(params string[] arguments) => RunIn(Environment.CurrentDirectory, arguments);

    public static Outcome RunIn(string folder, params string[] arguments)
    {
        using var process = Start(Info(arguments, folder));
        return Finish(process);
    }

    /// <summary>Runs under a shell prelude, for example a limit.</summary>
    public static Outcome RunAfter(string prelude, params string[] arguments)
    {
        var own = Info(arguments, Environment.CurrentDirectory);
        using var process = Start(Redirected(new ProcessStartInfo("bash", ["-c", $"{prelude}; exec \"$@\"", "bash", own.FileName, .. own.ArgumentList])));
        return Finish(process);
    }

    /// <summary>Runs until standard error holds a text, sends an interrupt (Ctrl-C) and waits.</summary>
    public static Outcome RunAndInterrupt(string whenErrorHolds, params string[] arguments)
    {
        using var process = Start(Info(arguments, Environment.CurrentDirectory));
        var output = process.StandardOutput.ReadToEndAsync();
        var error = new System.Text.StringBuilder();
        var sent = false;
        while (process.StandardError.ReadLine() is { } line)
        {
            error.AppendLine(line);
            if (!sent && line.Contains(whenErrorHolds, StringComparison.Ordinal))
            {
                sent = true;
                Assert.Equal(0, Kill(process.Id, Interrupt));
            }
        }
        process.WaitForExit();
        Assert.True(sent, $"'{whenErrorHolds}' never came: {error}");
        return new Outcome(process.ExitCode, output.Result, error.ToString());
    }

    /// <summary>Runs until a moment and then kills the process as a failing machine would, without a word; whether it was still running.</summary>
    /// <param name="moment">Waits until it is time.</param>
    /// <param name="arguments">The command's.</param>
    public static bool RunAndKill(Action<Process> moment, params string[] arguments)
    {
        using var process = Start(Info(arguments, Environment.CurrentDirectory));
        _ = process.StandardOutput.ReadToEndAsync();
        _ = process.StandardError.ReadToEndAsync();
        moment(process);
        var running = !process.HasExited;
        process.Kill(entireProcessTree: true);
        process.WaitForExit();
        return running;
    }

    private static Outcome Finish(Process process)
    {
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(TimeSpan.FromMinutes(3)))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail("the command took more than three minutes");
        }
        return new Outcome(process.ExitCode, output.Result, error.Result);
    }

    private static Process Start(ProcessStartInfo start) => Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} does not start");

    private static ProcessStartInfo Info(string[] arguments, string folder)
    {
        var script = Environment.GetEnvironmentVariable("VISIONCELL_COMMAND");
        var start = script is { Length: > 0 }
            ? new ProcessStartInfo(script, arguments)
            : new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [Path.Combine(AppContext.BaseDirectory, "VisionCell.Cli.dll"), .. arguments]);
        start.WorkingDirectory = folder;
        return Redirected(start);
    }

    private static ProcessStartInfo Redirected(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        return start;
    }

    private static string FindRepository()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "VisionCell.slnx")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("the tests do not lie in a checkout");
        return folder;
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);
}
