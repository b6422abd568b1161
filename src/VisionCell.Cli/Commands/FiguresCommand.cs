using System.CommandLine;
using VisionCell.Cli.CommandLine;
using VisionCell.Figures;
using VisionCell.Figures.Publication;
using VisionCell.Notebooks.Running;

namespace VisionCell.Cli.Commands;

/// <summary><c>visioncell figures build|list</c>: figures for print, made again where what they show has changed.</summary>
internal static class FiguresCommand
{
    public static Command Create() => new("figures", "Figures for print from what a run recorded.") { Build(), List() };

    private static Command Build()
    {
        var manifest = new Argument<string?>("MANIFEST") { Arity = ArgumentArity.ZeroOrOne, Description = "JSON file that lists the figures; the paper set of the bundled sample where left out." };
        var run = new Option<string>("--run") { HelpName = "DIR", Required = true, Description = "Folder of the run that the figures show." };
        var output = new Option<string?>("--out") { HelpName = "DIR", Description = "Where the files go; figures/ in the run's folder where left out." };
        var only = new Option<string?>("--only") { HelpName = "ID,ID", Description = "Make these alone." };
        var force = new Option<bool>("--force") { Description = "Make unchanged ones as well." };
        var json = CommonOptions.Json();
        var command = new Command("build", "Make the figures of a manifest as SVG, PDF, PNG and HTML. What is unchanged is left as it is; of the rest it is said why.") { manifest, run, output, only, force, json };
        command.SetAction(async (parsed, cancellation) =>
        {
            var messages = Messages.Of(parsed);
            Show.Notice = messages.Notice;
            var figures = parsed.GetValue(manifest) is { } path ? FigureManifest.Read(path) : FigureManifest.Paper;
            var folder = parsed.GetRequiredValue(run);
            var ids = parsed.GetValue(only)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            var builder = new FigureBuilder(folder, parsed.GetValue(output) ?? Path.Combine(folder, "figures"), messages.Notices);
            foreach (var notebook in builder.NotebooksToRun(figures, ids))
            {
                var source = Path.GetFullPath(notebook.Path, Path.GetDirectoryName(Path.GetFullPath(parsed.GetValue(manifest) ?? "."))!);
                messages.Notice($"{source}: run, as inputs of its figures are not there");
                var parameters = new Dictionary<string, string>(notebook.Parameters ?? new Dictionary<string, string>()) { ["output"] = Path.GetFullPath(folder) };
                await NotebookRunner.RunAsync(source, parameters, Path.Combine(folder, "notebooks"), new NotebookMessages(messages), cancellation);
            }
            var built = builder.Build(figures, ids, parsed.GetValue(force), cancellation);
            if (parsed.GetValue(json))
                Results.PrintJson(built);
            else
                Results.PrintTable([.. built.SelectMany(b => b.Files, (_, file) => new[] { file })]);
            messages.Notice(FormattableString.Invariant($"{built.Count(b => b.Reason is not null)} of {built.Count} figures made in {built.Sum(b => b.Seconds):0} s"));
            return ExitCode.Done;
        });
        return command;
    }

    private static Command List()
    {
        var json = CommonOptions.Json();
        var command = new Command("list", "The functions and presets that a manifest may name.") { json };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(json))
            {
                Results.PrintJson(new { functions = FigureFunctions.All, presets = FigureStyle.Presets });
                return ExitCode.Done;
            }
            Results.PrintTable([["function", "inputs", "shows"], .. FigureFunctions.All.Select(f => new[]
            {
                f.Name, string.Join(", ", f.Required.Concat(f.Optional.Select(o => $"[{o}]")).Concat(f.Series is { } series ? [$"{series} by name..."] : [])), f.Title,
            })]);
            Console.Out.WriteLine();
            Results.PrintTable([["preset", "width mm", "text pt"], .. FigureStyle.Presets.Select(p => new[] { p.Key, FormattableString.Invariant($"{p.Value.WidthMm}"), FormattableString.Invariant($"{p.Value.TextPt}") })]);
            return ExitCode.Done;
        });
        return command;
    }
}
