using System.Text.Json;
using VisionCell.Volumes;

namespace VisionCell.Runs;

/// <summary>How far a stage came.</summary>
public enum StageStatus
{
    /// <summary>It runs, or the process that ran it was killed.</summary>
    Running,

    /// <summary>It finished, and its outputs are whole.</summary>
    Done,

    /// <summary>It ended with an error.</summary>
    Failed,

    /// <summary>It was cancelled; it goes on from its last checkpoint where it writes any.</summary>
    Interrupted,
}

/// <summary>A file or folder that a stage made.</summary>
/// <param name="Path">Relative to the run's folder, with forward slashes.</param>
/// <param name="Files">Number of files: 1, or those below the folder.</param>
/// <param name="Bytes">Their bytes in all.</param>
public sealed record StageOutput(string Path, int Files, long Bytes);

/// <summary>What one stage did.</summary>
/// <param name="Status">How far it came.</param>
/// <param name="Key">Hash of inputs, configuration and code version: the stage is reused while it stays the same.</param>
/// <param name="Inputs">Hash of what it reads.</param>
/// <param name="Configuration">Its configuration, every default written out.</param>
/// <param name="Code">Version of the code that ran it.</param>
/// <param name="Started">When it started.</param>
/// <param name="Seconds">Wall-clock time, s; null while it runs.</param>
/// <param name="Outputs">What it made.</param>
/// <param name="Figures">Numbers that it reported; null for one that is not finite.</param>
/// <param name="Error">Why it failed.</param>
public sealed record StageRecord(
    StageStatus Status,
    string Key,
    string Inputs,
    JsonElement Configuration,
    string Code,
    DateTimeOffset Started,
    double? Seconds,
    IReadOnlyList<StageOutput> Outputs,
    IReadOnlyDictionary<string, double?> Figures,
    string? Error);

/// <summary>Data that a run read.</summary>
/// <param name="Path">Where it lay, as it was named.</param>
/// <param name="Sha256">Hash of its content (<see cref="ContentHash.OfPath"/>).</param>
public sealed record DataRecord(string Path, string Sha256);

/// <summary>The content of <c>run.json</c>: everything that is needed to say where a result comes from, merged stage by stage.</summary>
/// <param name="Run">Name of the run: its folder.</param>
/// <param name="Created">When it was first opened.</param>
/// <param name="Updated">When it last changed.</param>
/// <param name="Commit">Commit of the code that last wrote it, where known.</param>
/// <param name="Versions">Versions of what it was computed with.</param>
/// <param name="Machine">The machine that last wrote it.</param>
/// <param name="Configuration">Parameters of each notebook or command, by its name.</param>
/// <param name="Seeds">Seeds, by what they seed.</param>
/// <param name="Data">Data that were read, by name.</param>
/// <param name="Stages">What each stage did, with its own configuration and timing.</param>
/// <param name="Figures">Pictures and views, relative to the run's folder.</param>
public sealed record RunRecord(
    string Run,
    DateTimeOffset Created,
    DateTimeOffset Updated,
    string? Commit,
    Versions Versions,
    Machine Machine,
    IReadOnlyDictionary<string, JsonElement> Configuration,
    IReadOnlyDictionary<string, int> Seeds,
    IReadOnlyDictionary<string, DataRecord> Data,
    IReadOnlyDictionary<string, StageRecord> Stages,
    IReadOnlyList<string> Figures)
{
    /// <summary>The record of a run that has just begun.</summary>
    internal static RunRecord New(string run)
    {
        var now = DateTimeOffset.UtcNow;
        return new RunRecord(
            run, now, now, CodeVersion.Commit, Versions.Current, Machine.Current, new Dictionary<string, JsonElement>(), new Dictionary<string, int>(),
            new Dictionary<string, DataRecord>(), new Dictionary<string, StageRecord>(), []);
    }

    /// <summary>Reads <c>run.json</c>.</summary>
    /// <exception cref="BadInputException">The file is not a run record.</exception>
    public static RunRecord Read(string path)
    {
        try
        {
            return Runs.Configuration.Read<RunRecord>(path);
        }
        catch (BadInputException e)
        {
            throw new BadInputException($"{e.Message}; this is not a readable run record: restore it, or delete it and the run starts anew", e);
        }
    }

    /// <summary>The same with one stage set.</summary>
    internal RunRecord With(string stage, StageRecord record) => this with { Stages = Set(Stages, stage, record) };

    /// <summary>A copy of a dictionary with one entry set, in ordinal order of keys so that files differ only where content does.</summary>
    internal static IReadOnlyDictionary<string, T> Set<T>(IReadOnlyDictionary<string, T> dictionary, string key, T value) =>
        new SortedDictionary<string, T>(dictionary.ToDictionary(), StringComparer.Ordinal) { [key] = value };
}
