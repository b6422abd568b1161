using System.CommandLine;
using VisionCell.Cli.CommandLine;
using VisionCell.Notebooks.Running;
using VisionCell.Volumes;

namespace VisionCell.Cli.Commands;

/// <summary><c>visioncell notebook run N.ipynb</c>: a notebook without Jupyter.</summary>
internal static class NotebookCommand
{
    public static Command Create() => new("notebook", "Run notebooks without Jupyter.") { CreateRun() };

    private static Command CreateRun()
    {
        var notebook = new Argument<string>("NOTEBOOK") { HelpName = "N.ipynb", Description = "The notebook; it is not changed." };
        var parameters = new Option<string[]>("-p") { HelpName = "name value", Description = "A value for a name that the cell tagged 'parameters' declares; may be given more than once.", Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = true };
        var output = CommonOptions.OutputDirectory("Receives the executed notebook and a page of it that needs no network.");
        var command = new Command("run", "Run all cells in order; exit code 1 where one fails.") { notebook, parameters, output };
        command.SetAction(async (parsed, cancellation) =>
        {
            var messages = Messages.Of(parsed);
            var run = await NotebookRunner.RunAsync(parsed.GetRequiredValue(notebook), Pairs(parsed.GetValue(parameters) ?? []), parsed.GetRequiredValue(output), new NotebookMessages(messages), cancellation);
            Console.Out.WriteLine(run.HtmlPath);
            return ExitCode.Done;
        });
        return command;
    }

    private static Dictionary<string, string> Pairs(string[] words)
    {
        if (words.Length % 2 != 0)
            throw new BadInputException($"-p wants a name and a value each time; '{words[^1]}' stands alone");
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < words.Length; i += 2)
            pairs[words[i]] = words[i + 1];
        return pairs;
    }
}

/// <summary>What a notebook does, as lines.</summary>
internal sealed class NotebookMessages(Messages messages) : IProgress<NotebookProgress>
{
    public void Report(NotebookProgress value) => messages.Notice(value.ToString());
}
