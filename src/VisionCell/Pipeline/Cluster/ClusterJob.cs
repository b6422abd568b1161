using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Pipeline.Cluster;

/// <summary>Something to be run: arguments of the command <c>visioncell</c>, and what is there once it is done.</summary>
/// <param name="Command">Arguments.</param>
/// <param name="Produces">Paths relative to the job's folder, which may have <c>*</c> in the name of a folder; done is what has all of them. Empty: never known to be done.</param>
public sealed record ClusterTask(IReadOnlyList<string> Command, IReadOnlyList<string> Produces);

/// <summary>One submission to Slurm.</summary>
/// <param name="Id">Slurm's number of the job.</param>
/// <param name="Part"><c>before</c>, <c>tasks</c> or <c>after</c>.</param>
public sealed record Submission(string Id, string Part);

/// <summary>
/// A list of tasks to be run on a cluster, as plain data (<c>jobs/NAME.json</c> in the folder of a run): what comes before them, the tasks, in any
/// order and at once, and what comes after. How far it is, is never written down: it is read from what tasks have produced.
/// </summary>
public sealed record ClusterJob
{
    private const string Folder = "jobs";

    /// <summary>Name of the job: letters, digits, dashes.</summary>
    public required string Name { get; init; }

    /// <summary>What has to be done first; null for nothing.</summary>
    public ClusterTask? Before { get; init; }

    /// <summary>The tasks of the array.</summary>
    public required IReadOnlyList<ClusterTask> Tasks { get; init; }

    /// <summary>What is done once all tasks are; null for nothing.</summary>
    public ClusterTask? After { get; init; }

    /// <summary>What the tasks ask of Slurm.</summary>
    public required SlurmOptions Slurm { get; init; }

    /// <summary>What was submitted, in this order.</summary>
    public IReadOnlyList<Submission> Submissions { get; init; } = [];

    /// <summary>The jobs of a run's folder, by name.</summary>
    public static IReadOnlyList<string> In(string root) => Directory.Exists(Path.Combine(root, Folder))
        ? [.. Directory.EnumerateFiles(Path.Combine(root, Folder), "*.json").Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal)] : [];

    /// <summary>Reads a job.</summary>
    /// <exception cref="BadInputException">There is none, or it cannot be read.</exception>
    public static ClusterJob Read(string root, string name) => File.Exists(FileOf(root, name))
        ? Configuration.Read<ClusterJob>(FileOf(root, name))
        : throw new BadInputException($"{root}: no job '{name}'; there {(In(root) is { Count: > 0 } known ? $"are {string.Join(", ", known)}" : "are none")}");

    /// <summary>Writes a job.</summary>
    public void Write(string root) => Configuration.Write(FileOf(root, Name), this);

    /// <summary>The tasks that are not done.</summary>
    public IReadOnlyList<int> Missing(string root) => [.. Enumerable.Range(0, Tasks.Count).Where(i => !IsDone(root, Tasks[i]))];

    /// <summary>Whether all that a task produces is there.</summary>
    public static bool IsDone(string root, ClusterTask? task) => task is null || (task.Produces.Count > 0 && task.Produces.All(path => Exists(root, path)));

    /// <summary>Whether there is nothing left to do.</summary>
    /// <remarks>What the tasks produced may be gone by then: it became part of the result.</remarks>
    public bool IsFinished(string root) => After is null ? Missing(root).Count == 0 : File.Exists(FinishedMark(root));

    /// <summary>The file that is there when <see cref="After"/> is done.</summary>
    public string FinishedMark(string root) => Path.Combine(LogFolder(root), "finished");

    /// <summary>How often a task has failed since it was submitted.</summary>
    public int Failures(string root, int task) => File.Exists(FailureFile(root, task)) ? File.ReadAllLines(FailureFile(root, task)).Length : 0;

    /// <summary>A file with a line for each failure of a task.</summary>
    public string FailureFile(string root, object task) => Path.Combine(LogFolder(root), $"{task}.failed");

    /// <summary>Where a task says what it does.</summary>
    public string LogOf(string root, object task) => Path.Combine(LogFolder(root), $"{task}.log");

    /// <summary>Folder of the logs.</summary>
    public string LogFolder(string root) => Path.Combine(root, Folder, Name);

    private static string FileOf(string root, string name) => Path.Combine(root, Folder, $"{name}.json");

    private static bool Exists(string root, string path)
    {
        IEnumerable<string> folders = [root];
        var parts = path.Split('/');
        foreach (var part in parts[..^1])
            folders = part.Contains('*', StringComparison.Ordinal)
                ? folders.SelectMany(f => Directory.Exists(f) ? Directory.EnumerateDirectories(f, part) : [])
                : folders.Select(f => Path.Combine(f, part));
        return folders.Any(f => File.Exists(Path.Combine(f, parts[^1])));
    }
}
