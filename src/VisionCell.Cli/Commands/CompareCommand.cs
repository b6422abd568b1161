using System.CommandLine;
using VisionCell.Cli.CommandLine;
using VisionCell.Evaluation;
using VisionCell.Volumes;

namespace VisionCell.Cli.Commands;

/// <summary><c>visioncell evaluate compare REPORT…</c>: one table of reports of one protocol.</summary>
internal static class CompareCommand
{
    public static Command Create()
    {
        var reports = new Argument<string[]>("REPORT") { Arity = ArgumentArity.OneOrMore, Description = "Reports of 'visioncell benchmark --json', all of one protocol." };
        var baseline = new Option<string?>("--baseline") { HelpName = "METHOD", Description = "Compare each method with this one, block by block and seed by seed; linear where every volume has it." };
        var format = new Option<string>("--format") { HelpName = "markdown|latex|csv|json|parquet", Description = "markdown and latex: a table to print; csv, json and parquet: every number in a row of its own.", DefaultValueFactory = _ => "markdown" };
        format.AcceptOnlyFromAmong("markdown", "latex", "csv", "json", "parquet");
        var output = new Option<string?>("--out") { HelpName = "FILE", Description = "Write to this file instead of standard output." };
        var command = new Command("compare", "Put reports side by side; refuses those whose numbers do not compare.") { reports, baseline, format, output };
        command.SetAction((parsed, _) =>
        {
            var read = parsed.GetRequiredValue(reports).Select(path => (path, BenchmarkReport.Read(path))).ToArray();
            if (parsed.GetRequiredValue(format) == "parquet")
            {
                ResultRow.WriteParquet(ResultRow.Of(read), parsed.GetValue(output) ?? throw new BadInputException("a Parquet file is not for a terminal: name it with --out FILE"));
                return Task.FromResult(ExitCode.Done);
            }
            var text = parsed.GetRequiredValue(format) switch
            {
                "csv" => ResultRow.ToCsv(ResultRow.Of(read)),
                "json" => Results.ToJson(ResultRow.Of(read)) + "\n",
                "latex" => Table().ToLatex(),
                _ => Table().ToMarkdown(),
            };
            if (parsed.GetValue(output) is { } path)
                AtomicWrite.Text(path, text);
            else
                Console.Out.Write(text);
            return Task.FromResult(ExitCode.Done);

            ReportTable Table() => ReportTable.Of(read, parsed.GetValue(baseline) ?? (IsEverywhere("linear") ? "linear" : null));

            bool IsEverywhere(string method) => read.GroupBy(r => r.Item2.Volume).All(g => g.Any(r => r.Item2.Methods.Any(m => m.Name == method)));
        });
        return command;
    }
}
