using System.Globalization;
using System.Text.Json;
using VisionCell.Volumes;

namespace VisionCell.Runs;

/// <summary>How a sweep goes through its values.</summary>
public enum SweepSearch
{
    /// <summary>Every combination.</summary>
    Grid,

    /// <summary>Drawn at random.</summary>
    Random,
}

/// <summary>The values that an option takes: a list, or a range to draw from.</summary>
/// <param name="Values">The values, as the command line has them; null for a range.</param>
/// <param name="From">Lower end of a range.</param>
/// <param name="To">Upper end.</param>
/// <param name="Log">Whether every factor is as likely as any other of the same size, rather than every difference.</param>
/// <param name="Whole">Whether whole numbers only.</param>
public sealed record SweepValues(IReadOnlyList<JsonElement>? Values = null, double? From = null, double? To = null, bool Log = false, bool Whole = false)
{
    internal void Check(string option, SweepSearch search)
    {
        if (Values is { Count: 0 } || (Values is null) == (From is null || To is null))
            throw new BadInputException($"values of {option}: give 'values' with at least one, or 'from' and 'to'");
        if (Values?.FirstOrDefault(v => v.ValueKind is JsonValueKind.Object or JsonValueKind.Array or JsonValueKind.Null) is { ValueKind: not JsonValueKind.Undefined } odd)
            throw new BadInputException($"values of {option}: {odd} is no number, text or truth value");
        if (Values is null && search == SweepSearch.Grid)
            throw new BadInputException($"values of {option}: a grid needs 'values'; a range is drawn from by \"search\": \"random\"");
        if (Values is null && (!(From < To) || (Log && From <= 0)))
            throw new BadInputException(FormattableString.Invariant($"values of {option}: {From} to {To}: 'from' must be below 'to'{(Log ? ", and above 0 for 'log'" : "")}"));
    }

    internal string Draw(Random random)
    {
        if (Values is not null)
            return Values[random.Next(Values.Count)].ToString();
        var (from, to, share) = (From!.Value, To!.Value, random.NextDouble());
        var value = Log ? from * Math.Pow(to / from, share) : from + share * (to - from);
        // Four digits: what differs further makes no difference, and the command stays readable.
        return Whole ? Math.Round(value).ToString("0", CultureInfo.InvariantCulture) : double.Parse(value.ToString("G4", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture).ToString("R", CultureInfo.InvariantCulture);
    }
}

/// <summary>One command of a sweep.</summary>
/// <param name="Id">Name of its folder: its number and a hash of what it runs.</param>
/// <param name="Arguments">The command line, <c>{out}</c> left as it is.</param>
/// <param name="Values">What was varied, by option.</param>
public sealed record SweepJob(string Id, IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Values);

/// <summary>
/// One command run many times with different values of its options, from one file. The jobs follow from the file alone, so that each
/// process of a cluster can work them out, or read them from <c>jobs.json</c>.
/// </summary>
/// <param name="Arguments">The command and what all have in common; <c>{out}</c> stands for the job's own folder and must occur.</param>
/// <param name="Vary">Values by option; <c>true</c> gives the option alone, <c>false</c> leaves it out.</param>
/// <param name="Search">Every combination, or some at random.</param>
/// <param name="Count">How many are drawn at random; 0 for a grid.</param>
/// <param name="Seed">Of the drawing.</param>
public sealed record Sweep(IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, SweepValues> Vary, SweepSearch Search = SweepSearch.Grid, int Count = 0, int Seed = 1)
{
    /// <summary>What stands for the job's folder.</summary>
    public const string Folder = "{out}";

    private const int Most = 10_000;

    /// <summary>Reads a sweep.</summary>
    /// <exception cref="BadInputException">The file is missing or is no sweep; the message names what is wrong.</exception>
    public static Sweep Read(string path)
    {
        var sweep = Configuration.Read<Sweep>(path);
        try
        {
            sweep.Check();
        }
        catch (BadInputException e)
        {
            throw new BadInputException($"{path}: {e.Message}", e);
        }
        return sweep;
    }

    /// <summary>Its jobs, in order: the last option varies fastest. The same combination comes only once.</summary>
    public IReadOnlyList<SweepJob> Jobs()
    {
        var combinations = Search == SweepSearch.Grid
            ? Vary.Aggregate<KeyValuePair<string, SweepValues>, IEnumerable<IEnumerable<KeyValuePair<string, string>>>>([[]], (all, option) =>
                all.SelectMany(before => option.Value.Values!.Select(v => before.Append(KeyValuePair.Create(option.Key, v.ToString())))))
            : Drawn();
        return [.. combinations.Select(c => c.ToDictionary()).DistinctBy(c => string.Join('\n', c.Select(v => $"{v.Key}={v.Value}"))).Select((values, i) =>
        {
            string[] arguments = [.. Arguments, .. values.SelectMany(v => v.Value switch { "True" => [v.Key], "False" => [], _ => (string[])[v.Key, v.Value] })];
            return new SweepJob(string.Create(CultureInfo.InvariantCulture, $"{i:D4}-{ContentHash.Combine(arguments)[..8]}"), arguments, values);
        })];
    }

    private IEnumerable<IEnumerable<KeyValuePair<string, string>>> Drawn()
    {
        var random = new Random(Seed);
        for (var i = 0; i < Count; i++)
            yield return [.. Vary.Select(v => KeyValuePair.Create(v.Key, v.Value.Draw(random)))];
    }

    private void Check()
    {
        if (Arguments.Count == 0 || !Arguments.Any(a => a.Contains(Folder, StringComparison.Ordinal)))
            throw new BadInputException($"'arguments' must name the command and where it writes, with {Folder} for the job's folder: [\"reconstruct\", \"stack.tif\", \"--out\", \"{Folder}\"]");
        if (Vary.Count == 0)
            throw new BadInputException("'vary' names no option: a sweep varies at least one");
        foreach (var (option, values) in Vary)
        {
            if (!option.StartsWith("--", StringComparison.Ordinal))
                throw new BadInputException($"vary '{option}': options begin with --");
            values.Check(option, Search);
        }
        var count = Search == SweepSearch.Grid ? Vary.Values.Aggregate(1.0, (product, v) => product * v.Values!.Count) : Count;
        if (Search == SweepSearch.Random && Count < 1)
            throw new BadInputException($"count {Count}: a random search draws at least 1");
        if (Search == SweepSearch.Grid && Count != 0)
            throw new BadInputException($"count {Count}: a grid has as many jobs as there are combinations; leave it out, or \"search\": \"random\"");
        if (count > Most)
            throw new BadInputException(FormattableString.Invariant($"{count} jobs: at most {Most}"));
    }
}
