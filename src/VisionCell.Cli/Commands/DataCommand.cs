using System.CommandLine;
using System.Globalization;
using VisionCell.Cli.CommandLine;
using VisionCell.Cli.Data;
using VisionCell.Volumes;

namespace VisionCell.Cli.Commands;

/// <summary><c>visioncell data list|fetch|verify</c>: what data there is, how to get it, and whether it is unchanged.</summary>
internal static class DataCommand
{
    private static readonly Option<string?> Manifests = new("--manifests") { HelpName = "DIR", Description = "Folder of data manifests of your own, in place of data-manifests/.", Recursive = true };

    public static Command Create() => new("data", "What data there is, how to get it, and whether it is unchanged.") { Manifests, CreateList(), CreateFetch(), CreateVerify() };

    private static Argument<string[]> Names(string description) => new("NAME") { Arity = ArgumentArity.ZeroOrMore, Description = description };

    private static Command CreateList()
    {
        var json = CommonOptions.Json();
        var command = new Command("list", $"The data sets of data-manifests/ and where they lie; more are looked for in ${DataSet.Variable}.") { json };
        command.SetAction(parsed =>
        {
            var sets = DataSet.All(parsed.GetValue(Manifests));
            if (parsed.GetValue(json))
                Results.PrintJson(sets);
            else
                Results.PrintTable([.. sets.Select(d => new[] { d.Name, VoxelSize(d), d.Modality ?? "", d.Split ?? "", string.Join(", ", d.Files.Select(f => f.Path ?? $"{f.Name} ({Whereabouts(f)})")) })]);
            return ExitCode.Done;
        });
        return command;
    }

    private static Command CreateFetch()
    {
        var names = new Argument<string[]>("NAME") { Arity = ArgumentArity.OneOrMore, Description = "Data sets to fetch." };
        var to = new Option<string?>("--to") { HelpName = "DIR", Description = $"Where files go; the first folder of ${DataSet.Variable} where left out." };
        var sha256 = new Option<string?>("--sha256") { HelpName = "HEX", Description = "SHA-256 of the file, where its publisher gives none and you have it from elsewhere." };
        var record = new Option<bool>("--record") { Description = "Trust a file of which nobody has noted the SHA-256, take it down (recorded-hashes.json), and hold the file to it from then on." };
        var patience = new Option<double>("--patience") { HelpName = "SECONDS", DefaultValueFactory = _ => 60, Description = "How long to wait for the next bytes before the connection is made anew." };
        var command = new Command("fetch", "Download data sets and verify them; interrupted, it goes on where it was. What lies here already is verified and kept.") { names, to, sha256, record, patience };
        command.SetAction((parsed, cancellation) =>
        {
            var messages = Messages.Of(parsed);
            var folder = parsed.GetValue(to) ?? (DataSet.Folders is [var first, ..] ? first : null)
                ?? throw new BadInputException($"say where files go: --to DIR, or a folder in ${DataSet.Variable}");
            var wait = parsed.GetValue(patience) is > 0 and <= 3600 and var seconds ? TimeSpan.FromSeconds(seconds)
                : throw new BadInputException(FormattableString.Invariant($"--patience {parsed.GetValue(patience)}: must be more than 0 and at most 3600 s"));
            var files = DataSet.Named(parsed.GetValue(Manifests), parsed.GetRequiredValue(names)).SelectMany(set => set.Files.Select(file => (set, file))).ToArray();
            var hash = parsed.GetValue(sha256);
            if (hash is not null && (files.Length != 1 || hash.Length != 64 || !hash.All(char.IsAsciiHexDigit)))
                throw new BadInputException($"--sha256 {hash}: must be 64 hexadecimal digits, of the one file of one data set");
            var fetch = new DataFetch(folder, hash, parsed.GetValue(record), wait, messages);
            List<string> failed = [];
            foreach (var (set, file) in files)
            {
                try
                {
                    Console.Out.WriteLine(fetch.Run(set, file, cancellation));
                }
                // The others are fetched all the same.
                catch (BadInputException e)
                {
                    failed.Add(e.Message);
                }
            }
            foreach (var line in failed.Skip(1))
                messages.Notice(line);
            return failed.Count == 0 ? Task.FromResult(ExitCode.Done) : throw new BadInputException(failed[0] + (failed.Count > 1 ? $" (and {failed.Count - 1} more, above)" : ""));
        });
        return command;
    }

    private static Command CreateVerify()
    {
        var names = Names("Data sets to verify; all that are on this machine where none is named.");
        var command = new Command("verify", "Compare files with the SHA-256 of their manifests; exit code 3 where one differs or a named one is missing.") { names };
        command.SetAction(parsed => Verify(parsed.GetValue(Manifests), parsed.GetValue(names) ?? []));
        return command;
    }

    private static int Verify(string? manifests, string[] names)
    {
        var wrong = new List<string>();
        foreach (var (set, file) in DataSet.Named(manifests, names).SelectMany(d => d.Files.Select(f => (d, f))))
        {
            // Without names, what is elsewhere is nobody's fault.
            if (file.Path is null && (names.Length == 0 || file.IsReadInPlace))
                continue;
            var known = file.Path is null ? null : file.Sha256 ?? RecordedHashes.Of(file.Path);
            var verdict = file.Path is null ? "missing" : known is null && file.VoxelSha256 is null ? "unknown" : file.Matches(file.Path, known) ? "intact" : "DIFFERS";
            Console.Out.WriteLine($"{verdict,-8} {set.Name}  {file.Path ?? file.Name}");
            if (verdict != "intact")
                wrong.Add($"{file.Name} of {set.Name} ({(verdict == "unknown" ? "no hash noted: fetch it with --record" : verdict.ToLowerInvariant())})");
        }
        return wrong.Count == 0 ? ExitCode.Done
            : throw new BadInputException($"not as their manifests say: {string.Join(", ", wrong)}; 'visioncell data fetch NAME' brings them into ${DataSet.Variable}");
    }

    private static string Whereabouts(DataFile file) => file.IsReadInPlace ? "read in place" : file.Url is null && file.Parts is null ? "not here, not published on its own" : "not here";

    private static string VoxelSize(DataSet set) =>
        set.VoxelSizeNm is { } size ? string.Join(" x ", size.Select(e => e.ToString("0.###", CultureInfo.InvariantCulture))) + " nm" : "unknown voxel size";
}
