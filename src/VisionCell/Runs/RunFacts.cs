using System.Globalization;
using System.Text.Json;
using VisionCell.Volumes;

namespace VisionCell.Runs;

/// <summary>What is known of a run, flat: one text by name in each group, names joined by dots, in ordinal order.</summary>
/// <param name="Folder">The run's folder.</param>
/// <param name="Record">Its record.</param>
/// <param name="Configuration">Parameters of notebooks and commands, of stages (<c>stage.key</c>), and seeds (<c>seed.what</c>).</param>
/// <param name="Data">Hash of what was read, by name.</param>
/// <param name="Code">Commit and versions.</param>
/// <param name="Machine">What it was computed on.</param>
/// <param name="Results">Numbers that stages reported (<c>stage.number</c>), and the scores of <c>evaluation.json</c> (<c>method.score</c>).</param>
public sealed record RunFacts(
    string Folder,
    RunRecord Record,
    IReadOnlyDictionary<string, string> Configuration,
    IReadOnlyDictionary<string, string> Data,
    IReadOnlyDictionary<string, string> Code,
    IReadOnlyDictionary<string, string> Machine,
    IReadOnlyDictionary<string, double> Results)
{
    /// <summary>The runs in a folder: it itself, or those below it down to three levels, the newest first.</summary>
    /// <exception cref="BadInputException">There is no such folder, or a record in it cannot be read.</exception>
    public static IReadOnlyList<RunFacts> Find(string root)
    {
        if (!Directory.Exists(root))
            throw new BadInputException($"{root}: no such folder; give the folder that holds the runs with --root");
        var options = new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 3 };
        return [.. Directory.EnumerateFiles(root, "run.json", options).Select(file => Read(Path.GetDirectoryName(file)!)).OrderByDescending(r => r.Record.Updated)];
    }

    /// <summary>What is known of one run.</summary>
    /// <exception cref="BadInputException">The folder holds no run record, or one that cannot be read.</exception>
    public static RunFacts Read(string folder)
    {
        var path = Path.Combine(folder, "run.json");
        if (!File.Exists(path))
            throw new BadInputException($"{folder}: holds no run.json; give the folder of a run");
        var record = RunRecord.Read(path);
        var configuration = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, element) in record.Configuration.Concat(record.Stages.Select(s => KeyValuePair.Create(s.Key, s.Value.Configuration))))
            Flatten(element, name, configuration);
        foreach (var (name, seed) in record.Seeds)
            configuration[$"seed.{name}"] = seed.ToString(CultureInfo.InvariantCulture);
        var code = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["commit"] = record.Commit ?? "unknown" };
        Flatten(JsonSerializer.SerializeToElement(record.Versions, Runs.Configuration.Json), "", code);
        foreach (var (name, stage) in record.Stages)
            code[$"stage.{name}"] = stage.Code;
        var machine = new SortedDictionary<string, string>(StringComparer.Ordinal);
        Flatten(JsonSerializer.SerializeToElement(record.Machine, Runs.Configuration.Json), "", machine);
        var results = new SortedDictionary<string, double>(StringComparer.Ordinal);
        foreach (var (name, stage) in record.Stages)
        {
            if (stage.Seconds is { } seconds)
                results[$"{name}.seconds"] = seconds;
            foreach (var (figure, value) in stage.Figures.Where(f => f.Value is not null))
                results[$"{name}.{figure}"] = value!.Value;
        }
        foreach (var (name, value) in Scores(Path.Combine(folder, "evaluation.json")))
            results[name] = value;
        return new RunFacts(folder, record, configuration, new SortedDictionary<string, string>(record.Data.ToDictionary(d => d.Key, d => d.Value.Sha256), StringComparer.Ordinal), code, machine, results);
    }

    /// <summary>The numbers of a benchmark report, <c>method.score</c>; none where there is no such file.</summary>
    /// <exception cref="BadInputException">The file is not JSON.</exception>
    public static IReadOnlyDictionary<string, double> Scores(string path)
    {
        var scores = new SortedDictionary<string, double>(StringComparer.Ordinal);
        if (!File.Exists(path))
            return scores;
        try
        {
            using var report = JsonDocument.Parse(File.ReadAllText(path));
            if (report.RootElement.ValueKind != JsonValueKind.Object || !report.RootElement.TryGetProperty("methods", out var methods) || methods.ValueKind != JsonValueKind.Array)
                return scores;
            foreach (var method in methods.EnumerateArray().Where(m => m.ValueKind == JsonValueKind.Object && m.TryGetProperty("name", out _)))
            {
                var texts = new SortedDictionary<string, string>(StringComparer.Ordinal);
                Flatten(method, method.GetProperty("name").ToString(), texts);
                foreach (var (name, text) in texts)
                {
                    if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
                        scores[name] = value;
                }
            }
        }
        catch (JsonException e)
        {
            throw new BadInputException($"{path}: not a report: {e.Message}", e);
        }
        return scores;
    }

    /// <summary>All of configuration and results as text, as one row of a table.</summary>
    public IReadOnlyDictionary<string, string> Row()
    {
        var row = new SortedDictionary<string, string>(Configuration.ToDictionary(), StringComparer.Ordinal);
        foreach (var (name, value) in Results)
            row[name] = value.ToString("R", CultureInfo.InvariantCulture);
        return row;
    }

    private static void Flatten(JsonElement element, string name, IDictionary<string, string> into)
    {
        if (element.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in element.EnumerateObject())
                Flatten(property.Value, name.Length == 0 ? property.Name : $"{name}.{property.Name}", into);
        }
        else if (element.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined))
        {
            into[name] = element.ToString();
        }
    }
}

/// <summary>One thing that two runs differ in.</summary>
/// <param name="Group"><c>configuration</c>, <c>data</c>, <c>code</c>, <c>machine</c> or <c>result</c>.</param>
/// <param name="Name">Its name within the group.</param>
/// <param name="First">In the first run; null where it has none.</param>
/// <param name="Second">In the second run; null where it has none.</param>
/// <param name="Change">Second minus first, where both are numbers.</param>
public sealed record RunDifference(string Group, string Name, string? First, string? Second, double? Change)
{
    /// <summary>What differs between two runs; nothing where they agree in all.</summary>
    public static IReadOnlyList<RunDifference> Between(RunFacts first, RunFacts second)
    {
        static IReadOnlyDictionary<string, string> Texts(RunFacts run) => run.Results.ToDictionary(r => r.Key, r => r.Value.ToString("R", CultureInfo.InvariantCulture));
        return
        [
            .. Of("configuration", first.Configuration, second.Configuration),
            .. Of("data", first.Data, second.Data),
            .. Of("code", first.Code, second.Code),
            .. Of("machine", first.Machine, second.Machine),
            .. Of("result", Texts(first), Texts(second)),
        ];
    }

    private static IEnumerable<RunDifference> Of(string group, IReadOnlyDictionary<string, string> first, IReadOnlyDictionary<string, string> second)
    {
        foreach (var name in first.Keys.Union(second.Keys).Order(StringComparer.Ordinal))
        {
            var (a, b) = (first.GetValueOrDefault(name), second.GetValueOrDefault(name));
            if (a == b)
                continue;
            var change = double.TryParse(a, NumberStyles.Float, CultureInfo.InvariantCulture, out var from) && double.TryParse(b, NumberStyles.Float, CultureInfo.InvariantCulture, out var to) ? to - from : (double?)null;
            yield return new RunDifference(group, name, a, b, change);
        }
    }
}
