using System.Diagnostics;
using System.Text;

namespace VisionCell.Integration;

/// <summary>A real process with a time limit, ended with all that it started.</summary>
internal static class Tool
{
    /// <summary>The repository's root, found from the test's own folder.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The published command, as executable and leading arguments.</summary>
    public static string[] Command { get; } = FindCommand();

    public static async Task<(int Code, string Output, string Errors)> RunAsync(
        IReadOnlyList<string> command, TimeSpan limit, IReadOnlyDictionary<string, string>? environment = null, string? folder = null)
    {
        using Process process = Start(command, environment, folder);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        using var clock = new CancellationTokenSource(limit);
        try
        {
            await process.WaitForExitAsync(clock.Token);
            await Task.WhenAll(output, errors).WaitAsync(clock.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{string.Join(' ', command)} did not end within {limit}.");
        }

        return (process.ExitCode, await output, await errors);
    }

    public static Process Start(IReadOnlyList<string> command, IReadOnlyDictionary<string, string>? environment = null, string? folder = null)
    {
        var start = new ProcessStartInfo(command[0]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder ?? string.Empty };
        foreach (string argument in command.Skip(1))
            start.ArgumentList.Add(argument);
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    /// <summary>Collects a stream as it comes, for messages of a test that fails.</summary>
    public static StringBuilder Collect(StreamReader reader)
    {
        var text = new StringBuilder();
        _ = Task.Run(async () =>
        {
            while (await reader.ReadLineAsync() is { } line)
            {
                lock (text)
                    text.AppendLine(line);
            }
        });
        return text;
    }

    /// <summary>Sets the rights of a file or folder, given in octal as in chmod.</summary>
    public static void SetRights(string path, string octal)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, (UnixFileMode)Convert.ToInt32(octal, 8));
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "VisionCell.slnx")))
                return folder.FullName;
        }

        throw new DirectoryNotFoundException("The tests run from a build inside the repository.");
    }

    private static string[] FindCommand()
    {
        if (Environment.GetEnvironmentVariable("VISIONCELL_COMMAND") is { Length: > 0 } command)
            return [command];
        string published = Path.Combine(Root, "artifacts", "visioncell", "VisionCell.Cli.dll");
        return File.Exists(published) ? ["dotnet", published] : [Path.Combine(Root, "environment", "visioncell")];
    }
}
