using System.Diagnostics;
using VisionCell.Volumes;

namespace VisionCell.Notebooks.Running;

/// <summary>Runs a notebook in a process of its own, by the command <c>notebook run</c> of the executable given.</summary>
public static class NotebookProcess
{
    // A notebook that is asked to stop needs its grace period and the time to write what it has.
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(15);

    /// <summary>Runs a notebook.</summary>
    /// <param name="command">Executable and leading arguments of the command line, such as <c>dotnet</c> and <c>VisionCell.Cli.dll</c>.</param>
    /// <param name="path">The .ipynb file.</param>
    /// <param name="parameters">Values by name.</param>
    /// <param name="outDir">Receives <c>name.ipynb</c> and <c>name.html</c>.</param>
    /// <param name="onLine">Receives each line that the process writes to standard error: its progress.</param>
    /// <param name="cancellationToken">Asks the process to stop (SIGINT), and ends it where it does not.</param>
    /// <returns>The exit code: 0, or as the command line documents them.</returns>
    /// <exception cref="BadInputException">The executable cannot be started.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public static async Task<int> RunAsync(
        IReadOnlyList<string> command,
        string path,
        IReadOnlyDictionary<string, string> parameters,
        string outDir,
        Action<string>? onLine = null,
        CancellationToken cancellationToken = default)
    {
        var start = new ProcessStartInfo(command[0]) { RedirectStandardError = true, RedirectStandardOutput = true, UseShellExecute = false };
        foreach (string argument in command.Skip(1))
            start.ArgumentList.Add(argument);
        foreach (string argument in new[] { "notebook", "run", path, "--out", outDir })
            start.ArgumentList.Add(argument);
        foreach ((string name, string value) in parameters)
        {
            start.ArgumentList.Add("-p");
            start.ArgumentList.Add(name);
            start.ArgumentList.Add(value);
        }

        using var process = new Process { StartInfo = start };
        process.ErrorDataReceived += (_, e) =>
        {
            if (e.Data is not null)
                onLine?.Invoke(e.Data);
        };
        try
        {
            process.Start();
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new BadInputException($"{command[0]}: cannot be started: {e.Message}.", e);
        }

        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        try
        {
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            await StopAsync(process);
            throw;
        }

        return process.ExitCode;
    }

    private static async Task StopAsync(Process process)
    {
        using (Process? signal = Process.Start("kill", ["-INT", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]))
            await (signal?.WaitForExitAsync() ?? Task.CompletedTask);
        using var patience = new CancellationTokenSource(StopPatience);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
        }
    }
}
