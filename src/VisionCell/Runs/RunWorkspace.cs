using System.Text.Json;
using VisionCell.Volumes;

namespace VisionCell.Runs;

/// <summary>
/// The folder of a run: <c>run.json</c>, <c>volumes/</c>, <c>checkpoints/</c>, <c>meshes/</c>, <c>scenes/</c>, <c>figures/</c>,
/// <c>notebooks/</c>. Several processes may have the same run open (one notebook each): a change of <c>run.json</c> merges into what the
/// file then holds, under a lock held for that moment, and a stage holds a lock of its own while it runs. Locks are the operating
/// system's and end with the process that holds them.
/// </summary>
public sealed class RunWorkspace
{
    private static readonly TimeSpan _recordWait = TimeSpan.FromSeconds(30);

    private readonly IProgress<string>? _messages;
    private readonly TimeSpan _stageWait;

    private RunWorkspace(string root, IProgress<string>? messages, TimeSpan stageWait)
    {
        Root = root;
        _messages = messages;
        _stageWait = stageWait;
    }

    /// <summary>The run's folder, absolute.</summary>
    public string Root { get; }

    /// <summary>Where OME-Zarr volumes go.</summary>
    public string Volumes => Path.Combine(Root, "volumes");

    /// <summary>Where weights go.</summary>
    public string Checkpoints => Path.Combine(Root, "checkpoints");

    /// <summary>Where surfaces go.</summary>
    public string Meshes => Path.Combine(Root, "meshes");

    /// <summary>Where scenes for Blender, Unity and Neuroglancer go.</summary>
    public string Scenes => Path.Combine(Root, "scenes");

    /// <summary>Where pictures and views go.</summary>
    public string Figures => Path.Combine(Root, "figures");

    /// <summary>Where executed notebooks go.</summary>
    public string Notebooks => Path.Combine(Root, "notebooks");

    /// <summary>The file <c>run.json</c>.</summary>
    public string RecordPath => Path.Combine(Root, "run.json");

    /// <summary>What <c>run.json</c> holds now, changes of other processes included.</summary>
    /// <exception cref="BadInputException">It cannot be read.</exception>
    public RunRecord Record => RunRecord.Read(RecordPath);

    /// <summary>Opens a run, or begins it where the folder is new.</summary>
    /// <param name="directory">The run's folder, for example <c>out/demo</c>.</param>
    /// <param name="messages">Told what is reused, and why something is run again.</param>
    /// <param name="stageWait">How long to wait for a stage that another process is running; null: not at all.</param>
    /// <exception cref="BadInputException">The path is a file, or its <c>run.json</c> cannot be read; the message names it.</exception>
    public static RunWorkspace Open(string directory, IProgress<string>? messages = null, TimeSpan? stageWait = null)
    {
        var root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));
        if (File.Exists(root))
            throw new BadInputException($"{directory}: is a file; a run needs a folder");
        var run = new RunWorkspace(root, messages, stageWait ?? TimeSpan.Zero);
        foreach (var folder in new[] { run.Volumes, run.Checkpoints, run.Meshes, run.Scenes, run.Figures, run.Notebooks })
            Directory.CreateDirectory(folder);
        run.Update(record => record);
        return run;
    }

    /// <summary>Changes <c>run.json</c>: the change is applied to what the file holds at that moment, and written as a whole.</summary>
    /// <exception cref="BadInputException">The file cannot be read, or another process keeps it locked for half a minute.</exception>
    public RunRecord Update(Func<RunRecord, RunRecord> change)
    {
        using var held = FileLock.Acquire(LockPath("run.json"), _recordWait)
            ?? throw new BadInputException($"{RecordPath}: locked by {FileLock.Holder(LockPath("run.json"))} for over {_recordWait.TotalSeconds:0} s; end that process");
        var before = File.Exists(RecordPath) ? RunRecord.Read(RecordPath) : RunRecord.New(Path.GetFileName(Root));
        var after = change(before) with
        {
            Updated = DateTimeOffset.UtcNow,
            Commit = CodeVersion.Commit,
            Versions = Versions.Current,
            Machine = Machine.Current,
        };
        Configuration.Write(RecordPath, after);
        return after;
    }

    /// <summary>Notes the parameters of a notebook or command.</summary>
    public void RecordConfiguration<T>(string name, T configuration) =>
        Update(r => r with { Configuration = RunRecord.Set(r.Configuration, name, JsonSerializer.SerializeToElement(configuration, Configuration.Json)) });

    /// <summary>Notes a seed.</summary>
    public void RecordSeed(string name, int seed) => Update(r => r with { Seeds = RunRecord.Set(r.Seeds, name, seed) });

    /// <summary>Notes data that were read, and hashes them.</summary>
    /// <returns>The hash, to hand to <see cref="Stage"/> as its input.</returns>
    /// <exception cref="BadInputException">There is no such file or folder.</exception>
    public string RecordData(string name, string path)
    {
        var hash = ContentHash.OfPath(path);
        Update(r => r with { Data = RunRecord.Set(r.Data, name, new DataRecord(path, hash)) });
        return hash;
    }

    /// <summary>Notes a picture or view.</summary>
    /// <param name="path">Inside the run's folder; absolute, or relative to it.</param>
    public void RecordFigure(string path)
    {
        var relative = RelativePath(path);
        Update(r => r.Figures.Contains(relative) ? r : r with { Figures = [.. r.Figures, relative] });
    }

    /// <summary>
    /// Runs a stage, unless it is done already: where hash of inputs, configuration and code version are what they were and its
    /// outputs are still there in the size they had, the stage is reused and says so.
    /// </summary>
    /// <param name="name">Name of the stage: letters, digits, dashes.</param>
    /// <param name="inputsHash">Hash of everything that it reads (<see cref="ContentHash"/>).</param>
    /// <param name="configuration">Its configuration: a record that JSON can hold.</param>
    /// <param name="codeVersion">Version of the code that runs it; <see cref="CodeVersion.Current"/> for the library's own.</param>
    /// <param name="action">Does the work and names its outputs.</param>
    /// <exception cref="BadInputException">Another process is running the stage; or whatever the action throws.</exception>
    public StageResult Stage<T>(string name, string inputsHash, T configuration, string codeVersion, Action<StageRun> action)
    {
        if (name.Length == 0 || name.Any(c => !char.IsAsciiLetterOrDigit(c) && c != '-'))
            throw new ArgumentException($"stage '{name}': letters, digits and dashes only", nameof(name));
        using var held = FileLock.Acquire(LockPath(name), _stageWait)
            ?? throw new BadInputException($"{Root}: stage '{name}' is being run by {FileLock.Holder(LockPath(name))}; wait until it ends or give another run folder");
        var record = Begun(inputsHash, configuration, codeVersion);
        if (Record.Stages.GetValueOrDefault(name) is { } earlier)
        {
            if (WhyAgain(earlier, record) is not { } reason)
            {
                _messages?.Report($"{name}: unchanged, reused (made {earlier.Started.ToLocalTime():yyyy-MM-dd HH:mm} in {earlier.Seconds:0.#} s)");
                return new StageResult(true, earlier);
            }
            _messages?.Report($"{name}: {reason}");
        }
        Update(r => r.With(name, record));
        var run = new StageRun(this);
        try
        {
            action(run);
            var outputs = run.Outputs.Select(path => Measure(path) ?? throw new InvalidOperationException($"stage '{name}' named {path} as its output and did not write it")).ToArray();
            record = record with { Status = StageStatus.Done, Seconds = run.Seconds, Outputs = outputs, Figures = run.Figures };
            Update(r => r.With(name, record));
            return new StageResult(false, record);
        }
        catch (Exception e)
        {
            record = record with
            {
                Status = e is OperationCanceledException ? StageStatus.Interrupted : StageStatus.Failed,
                Seconds = run.Seconds,
                Error = e is OperationCanceledException ? null : e.Message,
            };
            try
            {
                Update(r => r.With(name, record));
            }
            catch (IOException)
            {
                // A full disk ends both: the stage's own error is the one to show, and without this note the stage still does not count as done.
            }
            throw;
        }
    }

    /// <summary>Whether <see cref="Stage"/> would reuse what is there.</summary>
    /// <inheritdoc cref="Stage"/>
    public bool IsDone<T>(string name, string inputsHash, T configuration, string codeVersion) =>
        Record.Stages.GetValueOrDefault(name) is { } earlier && WhyAgain(earlier, Begun(inputsHash, configuration, codeVersion)) is null;

    private static StageRecord Begun<T>(string inputsHash, T configuration, string codeVersion)
    {
        var json = JsonSerializer.SerializeToElement(configuration, Configuration.Json);
        return new StageRecord(
            StageStatus.Running, ContentHash.Combine(inputsHash, json.GetRawText(), codeVersion), inputsHash, json, codeVersion, DateTimeOffset.UtcNow,
            null, [], new Dictionary<string, double?>(), null);
    }

    /// <summary>A path relative to the run's folder, with forward slashes.</summary>
    /// <exception cref="ArgumentException">The path lies outside.</exception>
    internal string RelativePath(string path)
    {
        var relative = Path.GetRelativePath(Root, Path.GetFullPath(path, Root)).Replace(Path.DirectorySeparatorChar, '/');
        return relative is "." or ".." || relative.StartsWith("../", StringComparison.Ordinal) || Path.IsPathRooted(relative)
            ? throw new ArgumentException($"{path}: outside the run's folder {Root}", nameof(path))
            : relative;
    }

    private string? WhyAgain(StageRecord earlier, StageRecord now)
    {
        if (earlier.Status != StageStatus.Done)
            return earlier.Status == StageStatus.Failed ? "failed before, run again" : "was interrupted, goes on";
        if (earlier.Inputs != now.Inputs)
            return "inputs changed, run again";
        if (earlier.Code != now.Code)
            return "code changed, run again";
        if (earlier.Key != now.Key)
            return "configuration changed, run again";
        return earlier.Outputs.FirstOrDefault(output => Measure(output.Path) != output) is { } changed
            ? $"{changed.Path} is missing or changed, run again"
            : null;
    }

    /// <summary>Counts rather than hashes: a volume may be larger than memory, and what an interrupted copy leaves differs in size.</summary>
    private StageOutput? Measure(string relative)
    {
        var path = Path.Combine(Root, relative);
        if (File.Exists(path))
            return new StageOutput(relative, 1, new FileInfo(path).Length);
        if (!Directory.Exists(path))
            return null;
        var files = new DirectoryInfo(path).GetFiles("*", SearchOption.AllDirectories);
        return new StageOutput(relative, files.Length, files.Sum(f => f.Length));
    }

    private string LockPath(string name) => Path.Combine(Root, ".locks", name + ".lock");
}
