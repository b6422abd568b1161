using System.CommandLine;
using System.Globalization;
using VisionCell.Cli.CommandLine;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Cli.Commands;

/// <summary><c>visioncell runs list|show|compare|export</c>: what was run, and what differs.</summary>
internal static class RunsCommand
{
    public static Command Create() => new("runs", "What was run, with what, and what came of it.") { List(), Show(), Compare(), Export() };

    private static Option<string> Root() => new("--root") { HelpName = "DIR", DefaultValueFactory = _ => "out", Description = "Folder that holds the runs." };

    private static Command List()
    {
        var (root, json) = (Root(), CommonOptions.Json());
        var columns = new Option<string?>("--columns") { HelpName = "A,B", Description = "Parameters and results to show beside, as 'runs show' names them; superresolution.psnr for example." };
        var command = new Command("list", "The runs in a folder, the newest first.") { root, columns, json };
        command.SetAction(parsed =>
        {
            var runs = RunFacts.Find(parsed.GetRequiredValue(root));
            if (parsed.GetValue(json))
            {
                Results.PrintJson(runs.Select(r => new { r.Folder, r.Record.Run, r.Record.Updated, r.Record.Commit, r.Configuration, r.Data, r.Results }));
                return ExitCode.Done;
            }
            var more = parsed.GetValue(columns)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
            Results.PrintTable(
            [
                ["run", "updated", "commit", "stages", "seconds", .. more],
                .. runs.Select(r =>
                {
                    var row = r.Row();
                    return (string[])[r.Folder, r.Record.Updated.ToLocalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture), r.Record.Commit is { Length: >= 7 } c ? c[..7] : "-", Stages(r.Record), r.Record.Stages.Values.Sum(s => s.Seconds ?? 0).ToString("0", CultureInfo.InvariantCulture), .. more.Select(m => Short(row.GetValueOrDefault(m)))];
                }),
            ]);
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Show()
    {
        var (run, json) = (new Argument<string>("RUN") { Description = "Folder of a run." }, CommonOptions.Json());
        var command = new Command("show", "Everything that is known of a run: configuration, data, code, machine, results.") { run, json };
        command.SetAction(parsed =>
        {
            var facts = RunFacts.Read(parsed.GetRequiredValue(run));
            if (parsed.GetValue(json))
            {
                Results.PrintJson(facts.Record);
                return ExitCode.Done;
            }
            (string Group, IEnumerable<KeyValuePair<string, string>> Entries)[] groups =
            [
                ("stage", facts.Record.Stages.Select(s => KeyValuePair.Create(s.Key, $"{s.Value.Status.ToString().ToLowerInvariant()}{(s.Value.Error is { } error ? $": {error}" : "")}"))),
                ("configuration", facts.Configuration), ("data", facts.Data), ("code", facts.Code), ("machine", facts.Machine),
                ("result", facts.Results.Select(r => KeyValuePair.Create(r.Key, Short(r.Value.ToString("R", CultureInfo.InvariantCulture))))),
            ];
            Results.PrintTable([.. groups.SelectMany(g => g.Entries, (g, e) => new[] { g.Group, e.Key, e.Value })]);
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Compare()
    {
        var first = new Argument<string>("FIRST") { Description = "Folder of a run." };
        var second = new Argument<string>("SECOND") { Description = "Folder of another." };
        var json = CommonOptions.Json();
        var command = new Command("compare", "What differs between two runs in configuration, data, code, machine and result.") { first, second, json };
        command.SetAction(parsed =>
        {
            var differences = RunDifference.Between(RunFacts.Read(parsed.GetRequiredValue(first)), RunFacts.Read(parsed.GetRequiredValue(second)));
            if (parsed.GetValue(json))
                Results.PrintJson(differences);
            else if (differences.Count == 0)
                Messages.Of(parsed).Notice("the two runs differ in nothing that is recorded");
            else
                Results.PrintTable([["what", "name", parsed.GetRequiredValue(first), parsed.GetRequiredValue(second), "change"], .. differences.Select(d => new[] { d.Group, d.Name, Short(d.First), Short(d.Second), d.Change?.ToString("+0.####;-0.####;0", CultureInfo.InvariantCulture) ?? "" })]);
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Export()
    {
        var root = Root();
        var csv = new Option<string?>("--csv") { HelpName = "FILE", Description = "Table, one row a run, every parameter and result a column." };
        var html = new Option<string?>("--html") { HelpName = "FILE", Description = "Parallel coordinates, one line a run." };
        var colour = new Option<string?>("--colour") { HelpName = "NAME", Description = "What colours the lines; the last number where left out." };
        var columns = new Option<string?>("--columns") { HelpName = "A,B", Description = "Keep these parameters and results alone." };
        var command = new Command("export", "All runs of a folder as a table or as parallel coordinates.") { root, csv, html, colour, columns };
        command.SetAction(parsed =>
        {
            var (table, page) = (parsed.GetValue(csv), parsed.GetValue(html));
            if (table is null && page is null)
                throw new BadInputException("nothing to export to: give --csv FILE, --html FILE or both");
            var keep = parsed.GetValue(columns)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            var runs = RunFacts.Find(parsed.GetRequiredValue(root));
            var rows = runs.Select(r => (Name: r.Folder, Values: (IReadOnlyDictionary<string, string>)r.Row().Where(v => keep is null || keep.Contains(v.Key)).ToDictionary())).ToList();
            if (table is not null)
                CsvTable.Write(table, [.. rows.Select(r => r.Values.Prepend(KeyValuePair.Create("run", r.Name)).ToDictionary())]);
            if (page is not null)
                Figures.Show.ParallelCoordinates(rows, $"Runs in {parsed.GetRequiredValue(root)}", parsed.GetValue(colour)).SaveHtml(page);
            foreach (var file in new[] { table, page }.OfType<string>())
                Console.Out.WriteLine(file);
            return ExitCode.Done;
        });
        return command;
    }

    private static string Stages(RunRecord record)
    {
        var done = record.Stages.Values.Count(s => s.Status == StageStatus.Done);
        var failed = record.Stages.Values.Count(s => s.Status == StageStatus.Failed);
        return $"{done}/{record.Stages.Count}{(failed > 0 ? $", {failed} failed" : "")}";
    }

    /// <summary>Hashes and long numbers as far as a table has room for them.</summary>
    private static string Short(string? text)
    {
        if (text is null)
            return "-";
        if (text.Length > 12 && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
            return number.ToString("0.#####", CultureInfo.InvariantCulture);
        return text.Length == 64 && text.All(char.IsAsciiHexDigitLower) ? text[..12] : text.ReplaceLineEndings(" ");
    }
}
