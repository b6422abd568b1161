using System.CommandLine;
using System.Globalization;
using VisionCell.Cli.CommandLine;
using VisionCell.Cli.Data;
using VisionCell.Volumes;

namespace VisionCell.Cli.Commands;

/// <summary><c>visioncell data list|verify</c>: what data there is, and whether it is unchanged.</summary>
internal static class DataCommand
{
    public static Command Create() => new("data", "What data there is, and whether it is unchanged.") { CreateList(), CreateVerify() };

    private static Command CreateList()
    {
        var json = CommonOptions.Json();
        var command = new Command("list", $"The data sets of data-manifests/ and where they lie; more are looked for in ${DataSet.Variable}.") { json };
        command.SetAction(parsed =>
        {
            var sets = DataSet.All();
            if (parsed.GetValue(json))
                Results.PrintJson(sets);
            else
                Results.PrintTable([.. sets.Select(d => new[] { d.Name, VoxelSize(d), d.Modality ?? "", d.Split ?? "", string.Join(", ", d.Files.Select(f => f.Path ?? $"{f.Name} (not here)")) })]);
            return ExitCode.Done;
        });
        return command;
    }

    private static Command CreateVerify()
    {
        var names = new Argument<string[]>("NAME") { Arity = ArgumentArity.ZeroOrMore, Description = "Data sets to verify; all that are on this machine where none is named." };
        var command = new Command("verify", "Compare files with the SHA-256 of their manifests; exit code 3 where one differs or a named one is missing.") { names };
        command.SetAction(parsed => Verify(parsed.GetValue(names) ?? []));
        return command;
    }

    private static int Verify(string[] names)
    {
        var all = DataSet.All();
        if (names.FirstOrDefault(n => all.All(d => d.Name != n)) is { } unknown)
            throw new BadInputException($"no data set '{unknown}'; known: {string.Join(", ", all.Select(d => d.Name))}");
        var wrong = new List<string>();
        foreach (var (set, file) in all.Where(d => names.Length == 0 || names.Contains(d.Name)).SelectMany(d => d.Files.Select(f => (d, f))))
        {
            // Without names, what is elsewhere is nobody's fault.
            if (file.Path is null && names.Length == 0)
                continue;
            var verdict = file.Path is null ? "missing" : file.IsIntact() ? "intact" : "DIFFERS";
            Console.Out.WriteLine($"{verdict,-8} {set.Name}  {file.Path ?? file.Name}");
            if (verdict != "intact")
                wrong.Add($"{file.Name} of {set.Name} ({verdict.ToLowerInvariant()})");
        }
        return wrong.Count == 0 ? ExitCode.Done
            : throw new BadInputException($"not as their manifests say: {string.Join(", ", wrong)}; fetch them again from the source that the manifest names, into ${DataSet.Variable}");
    }

    private static string VoxelSize(DataSet set) =>
        set.VoxelSizeNm is { } size ? string.Join(" x ", size.Select(e => e.ToString("0.###", CultureInfo.InvariantCulture))) + " nm" : "unknown voxel size";
}
