using System.CommandLine;

namespace VisionCell.Cli.CommandLine;

/// <summary>Runs one command: parsing, signals, and the one line and exit code that every way of failing ends in.</summary>
internal static class CommandHost
{
    private static readonly ParserConfiguration Parser = new() { ResponseFileTokenReplacer = null };

    /// <summary>Parses and runs.</summary>
    /// <param name="root">All commands.</param>
    /// <param name="arguments">As the shell gave them.</param>
    /// <returns>An <see cref="ExitCode"/>.</returns>
    public static async Task<int> RunAsync(RootCommand root, IReadOnlyList<string> arguments)
    {
        var parsed = root.Parse(arguments, Parser);
        if (UsageError.Of(parsed) is { } usage)
            return Fail(usage, ExitCode.WrongUse);
        using var interruption = new Interruption(answers: parsed.CommandResult.Command is not SelfSignalledCommand);
        try
        {
            // Signals and exceptions are answered here; the library would print a stack trace and exit 1.
            var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
            return await parsed.InvokeAsync(configuration, interruption.Token);
        }
        catch (Exception exception)
        {
            if (parsed.GetValue(CommonOptions.Verbose))
                await Console.Error.WriteLineAsync(exception.ToString());
            var failure = Failure.Of(exception, interruption.Token.IsCancellationRequested);
            return Fail(failure.Line, failure.Code);
        }
    }

    private static int Fail(string line, int code)
    {
        Console.Error.WriteLine($"visioncell: {OneLine(line)}");
        return code;
    }

    private static string OneLine(string text) =>
        string.Join(' ', text.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
}
