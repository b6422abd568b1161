using System.CommandLine;
using VisionCell.Cli.CommandLine;
using VisionCell.Cli.Doctor;

namespace VisionCell.Cli.Commands;

/// <summary><c>visioncell doctor</c>: what is installed, what is missing, how to get it.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var json = CommonOptions.Json();
        var command = new Command("doctor", "What is installed, what is missing, how to get it. Exit code 3 where something required is missing.") { json };
        command.SetAction(parsed => Run(parsed.GetValue(json)));
        return command;
    }

    private static int Run(bool json)
    {
        // Programs take their time to say their version: all at once.
        var checks = Machine.Checks.Concat(Libraries.Checks).Concat(Tools.Checks).Select(Task.Run).ToList().ConvertAll(task => task.GetAwaiter().GetResult());
        var missing = checks.Count(c => c.Status == CheckStatus.Missing);
        if (json)
        {
            Results.PrintJson(new { ok = missing == 0, checks });
        }
        else
        {
            Results.PrintTable([.. checks.Select(c => new[] { Word(c.Status), c.Name, c.Found, c.Fix is null ? "" : $"-> {c.Fix}" })]);
            Console.Out.WriteLine(missing == 0 ? "Nothing required is missing." : $"{missing} required thing(s) missing.");
        }
        return missing == 0 ? ExitCode.Done : ExitCode.BadInput;
    }

    private static string Word(CheckStatus status) => status switch
    {
        CheckStatus.Ok => "ok",
        CheckStatus.Optional => "optional",
        _ => "MISSING",
    };
}
