using System.Diagnostics;
using System.Globalization;
using VisionCell.Volumes;

namespace VisionCell.Runs;

/// <summary>How far a job of a sweep came.</summary>
/// <param name="Status">As of a stage; a job that no one has begun has none.</param>
/// <param name="Code">Exit code of the command; null while it runs.</param>
/// <param name="Seconds">Wall-clock time, s; null while it runs.</param>
/// <param name="Error">Last line of its messages where it failed.</param>
public sealed record SweepState(StageStatus Status, int? Code, double? Seconds, string? Error);

/// <summary>
/// Runs the jobs of a sweep, each in its folder, one after the other. What is done is not done again; what was interrupted is; what
/// failed is listed and left, unless it is asked for. Several processes may share a sweep: each job is locked while it runs.
/// </summary>
/// <param name="sweep">The sweep.</param>
/// <param name="output">Its folder: <c>jobs.json</c>, a folder for each job, <c>results.csv</c>.</param>
/// <param name="run">Runs a command line with its messages going to a file, and gives its exit code and the last line of them.</param>
/// <param name="messages">Told what is run, reused or left.</param>
public sealed class SweepRunner(Sweep sweep, string output, Func<IReadOnlyList<string>, string, CancellationToken, (int Code, string LastLine)> run, IProgress<string>? messages = null)
{
    private const int Interrupted = 4;

    /// <summary>The jobs, in order.</summary>
    public IReadOnlyList<SweepJob> Jobs { get; } = sweep.Jobs();

    /// <summary>A file, relative to the sweep's folder, that is there when a job is done.</summary>
    public static string DoneMark(SweepJob job) => $"{job.Id}/done";

    /// <summary>The folder of a job.</summary>
    public string FolderOf(SweepJob job) => Path.Combine(output, job.Id);

    /// <summary>How far a job came; null where no one has begun it.</summary>
    public SweepState? StateOf(SweepJob job) => StatePath(job) is var path && File.Exists(path) ? Configuration.Read<SweepState>(path) : null;

    /// <summary>Writes the jobs as plain data, for executors that run them as an array.</summary>
    public void WriteJobs()
    {
        Directory.CreateDirectory(output);
        Configuration.Write(Path.Combine(output, "jobs.json"), Jobs);
    }

    /// <summary>Runs what is left.</summary>
    /// <param name="only">Numbers of the jobs to run; null for all.</param>
    /// <param name="retryFailed">Whether those that failed are run again.</param>
    /// <param name="cancellation">Stops the running job and the rest; they go on when it is run again.</param>
    /// <returns>The jobs that have failed, now or before.</returns>
    /// <exception cref="BadInputException">There is no job of that number.</exception>
    public IReadOnlyList<SweepJob> Run(IReadOnlyList<int>? only = null, bool retryFailed = false, CancellationToken cancellation = default)
    {
        foreach (var number in only ?? [])
        {
            if (number < 0 || number >= Jobs.Count)
                throw new BadInputException($"job {number}: the sweep has 0 to {Jobs.Count - 1}");
        }
        WriteJobs();
        IReadOnlyList<SweepJob> wanted = only is null ? Jobs : [.. only.Select(number => Jobs[number])];
        foreach (var job in wanted)
        {
            cancellation.ThrowIfCancellationRequested();
            using var held = FileLock.Acquire(Path.Combine(output, ".locks", job.Id + ".lock"), TimeSpan.Zero);
            if (held is null)
            {
                messages?.Report($"{job.Id}: is being run by {FileLock.Holder(Path.Combine(output, ".locks", job.Id + ".lock"))}");
                continue;
            }
            var earlier = StateOf(job);
            if (earlier?.Status == StageStatus.Done)
            {
                // Sweeps of earlier versions left none, and a cluster looks for the mark alone.
                Mark(job);
                messages?.Report(string.Create(CultureInfo.InvariantCulture, $"{job.Id}: done in {earlier.Seconds:0.#} s, reused"));
            }
            else if (earlier?.Status == StageStatus.Failed && !retryFailed)
                messages?.Report($"{job.Id}: failed before ({earlier.Error}), left; --retry-failed runs it again");
            else
                Run(job, cancellation);
        }
        WriteResults();
        return [.. wanted.Where(j => StateOf(j)?.Status == StageStatus.Failed)];
    }

    /// <summary>One row for each job that is done: what was varied, and the numbers that it left in a run record or a benchmark report.</summary>
    public IReadOnlyList<IReadOnlyDictionary<string, string>> Results() =>
    [
        .. Jobs.Where(j => StateOf(j)?.Status == StageStatus.Done).Select(j =>
        {
            var row = new Dictionary<string, string> { ["job"] = j.Id };
            foreach (var (option, value) in j.Values)
                row[option] = value;
            row["seconds"] = StateOf(j)!.Seconds!.Value.ToString("R", CultureInfo.InvariantCulture);
            var folder = FolderOf(j);
            var reports = Directory.EnumerateFiles(folder, "*.json").Where(f => Path.GetFileName(f) is not ("job.json" or "run.json")).Order(StringComparer.Ordinal).SelectMany(RunFacts.Scores);
            var record = File.Exists(Path.Combine(folder, "run.json")) ? RunFacts.Read(folder).Results : new Dictionary<string, double>();
            foreach (var (name, value) in record.Concat(reports))
                row[name] = value.ToString("R", CultureInfo.InvariantCulture);
            return (IReadOnlyDictionary<string, string>)row;
        }),
    ];

    private void Run(SweepJob job, CancellationToken cancellation)
    {
        var folder = FolderOf(job);
        Directory.CreateDirectory(folder);
        File.Delete(Path.Combine(output, DoneMark(job)));
        messages?.Report($"{job.Id}: {string.Join(' ', job.Values.Select(v => $"{v.Key} {v.Value}"))}");
        Set(job, new SweepState(StageStatus.Running, null, null, null));
        var clock = Stopwatch.StartNew();
        string[] arguments = [.. job.Arguments.Select(a => a.Replace(Sweep.Folder, folder, StringComparison.Ordinal))];
        try
        {
            var (code, last) = run(arguments, Path.Combine(folder, "messages.txt"), cancellation);
            var status = code switch { 0 => StageStatus.Done, Interrupted => StageStatus.Interrupted, _ => StageStatus.Failed };
            if (status == StageStatus.Done)
                Mark(job);
            Set(job, new SweepState(status, code, Math.Round(clock.Elapsed.TotalSeconds, 2), status == StageStatus.Failed ? last : null));
            if (status == StageStatus.Failed)
                messages?.Report($"{job.Id}: failed with code {code}: {last}");
        }
        catch (OperationCanceledException)
        {
            Set(job, new SweepState(StageStatus.Interrupted, null, null, null));
            throw;
        }
    }

    private void WriteResults()
    {
        if (Results() is { Count: > 0 } rows)
            CsvTable.Write(Path.Combine(output, "results.csv"), rows);
    }

    private void Mark(SweepJob job) => AtomicWrite.Text(Path.Combine(output, DoneMark(job)), "");

    private void Set(SweepJob job, SweepState state) => Configuration.Write(StatePath(job), state);

    private string StatePath(SweepJob job) => Path.Combine(FolderOf(job), "job.json");
}
