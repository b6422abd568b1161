using System.Diagnostics;

namespace VisionCell.Runs;

/// <summary>What came of a stage.</summary>
/// <param name="Reused">Whether an earlier result stands.</param>
/// <param name="Record">The stage's record, of now or of then.</param>
public sealed record StageResult(bool Reused, StageRecord Record);

/// <summary>A stage while it runs: where it names what it made.</summary>
public sealed class StageRun
{
    private readonly List<string> _outputs = [];
    private readonly SortedDictionary<string, double?> _figures = new(StringComparer.Ordinal);
    private readonly Stopwatch _clock = Stopwatch.StartNew();

    internal StageRun(RunWorkspace workspace) => Workspace = workspace;

    /// <summary>The run that it belongs to.</summary>
    public RunWorkspace Workspace { get; }

    internal IReadOnlyList<string> Outputs => _outputs;

    internal IReadOnlyDictionary<string, double?> Figures => _figures;

    internal double Seconds => Math.Round(_clock.Elapsed.TotalSeconds, 3);

    /// <summary>Names a file or folder as an output: the stage is done only once it is there, and runs again when it goes missing.</summary>
    /// <param name="path">Inside the run's folder; absolute, or relative to it.</param>
    /// <returns>The absolute path, its parent folder made.</returns>
    public string Output(string path)
    {
        var relative = Workspace.RelativePath(path);
        if (!_outputs.Contains(relative))
            _outputs.Add(relative);
        var full = Path.Combine(Workspace.Root, relative);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        return full;
    }

    /// <summary>Reports a number; one that is not finite is recorded as null.</summary>
    public void Figure(string name, double value) => _figures[name] = double.IsFinite(value) ? value : null;
}
