using System.Diagnostics;
using System.Globalization;
using VisionCell.Volumes;

namespace VisionCell.Runs;

/// <summary>
/// Keeps the reports of a training, so that its curve can be drawn while it runs and long after. A training that goes on from a
/// checkpoint repeats the steps since then: its reports take the place of those.
/// </summary>
/// <param name="interval">Time between two calls of <paramref name="look"/>; null for 15 s.</param>
/// <param name="look">Called with the log at the first report and then once an interval, on the thread that trains.</param>
public sealed class TrainingLog(TimeSpan? interval = null, Action<TrainingLog>? look = null) : IProgress<TrainingProgress>
{
    private readonly TimeSpan _interval = interval ?? TimeSpan.FromSeconds(15);
    private readonly List<TrainingProgress> _reports = [];
    private Stopwatch? _sinceLook;

    /// <summary>The reports, in the order of their steps.</summary>
    public IReadOnlyList<TrainingProgress> Reports => _reports;

    /// <summary>Reads a log that <see cref="Write"/> left.</summary>
    /// <exception cref="BadInputException">The file is missing or is no such log.</exception>
    public static TrainingLog Read(string path)
    {
        var log = new TrainingLog();
        log._reports.AddRange(Configuration.Read<Content>(path).Reports);
        return log;
    }

    /// <inheritdoc/>
    public void Report(TrainingProgress value)
    {
        _reports.RemoveAll(r => r.Stage == value.Stage && r.Step >= value.Step);
        _reports.Add(value);
        if (look is null || _sinceLook?.Elapsed < _interval)
            return;
        _sinceLook = Stopwatch.StartNew();
        look(this);
    }

    /// <summary>Takes over what an earlier, interrupted run had written; nothing where there is no file.</summary>
    /// <exception cref="BadInputException">The file is no such log.</exception>
    public void TakeOver(string path)
    {
        if (File.Exists(path))
            _reports.InsertRange(0, Read(path)._reports);
    }

    /// <summary>Writes the log as JSON; beside and renamed into place.</summary>
    public void Write(string path) => Configuration.Write(path, new Content(_reports));

    /// <summary>The last report in one line.</summary>
    public override string ToString()
    {
        if (_reports.Count == 0)
            return "no step yet";
        var last = _reports[^1];
        var gain = _reports.LastOrDefault(r => r.ValidationGain is not null).ValidationGain;
        var measured = gain is { } dB ? string.Create(CultureInfo.InvariantCulture, $", {dB:+0.00;-0.00} dB over linear on lines held out") : "";
        return string.Create(CultureInfo.InvariantCulture, $"{last.Elapsed.TotalSeconds:0} s ({last.Fraction:0 %}), {(last.Stage.Length == 0 ? "" : $"{last.Stage}: ")}step {last.Step}, loss {last.Loss:0.0000}{measured}");
    }

    private sealed record Content(IReadOnlyList<TrainingProgress> Reports);
}
