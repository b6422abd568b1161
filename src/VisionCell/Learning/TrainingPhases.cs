using VisionCell.Runs;

namespace VisionCell.Learning;

/// <summary>
/// One training of several networks one after another: the time they have together is shared out, and progress is that of the whole.
/// </summary>
/// <param name="options">What the whole was asked for.</param>
/// <param name="defaultBudget">Time where it names neither time nor steps.</param>
/// <param name="share">Share of the time that the further networks have together.</param>
/// <param name="further">Their number.</param>
/// <param name="relativeStep">How many times as long as one of the first a step of the further networks takes, about.</param>
internal sealed class TrainingPhases(TrainingOptions options, TimeSpan defaultBudget, double share, int further, double relativeStep = 7)
{
    private int _steps;
    private TimeSpan _elapsed;

    /// <summary>Options of the first network, whose steps are those that were asked for.</summary>
    public TrainingOptions First => options with
    {
        Budget = options.Steps is null ? (options.Budget ?? defaultBudget) * (1 - share) : null,
        Progress = Report("", 0, 1 - share),
        Snapshots = Watch(""),
    };

    /// <summary>Options of one of the further networks.</summary>
    /// <param name="index">Which, from 0.</param>
    /// <param name="stage">Its name in reports.</param>
    public TrainingOptions Further(int index, string stage)
    {
        var own = share / further;
        return options with
        {
            Budget = options.Steps is null ? (options.Budget ?? defaultBudget) * own : null,
            Steps = options.Steps is { } steps ? Math.Max(1, (int)(steps * own / (1 - share) / relativeStep)) : null,
            Progress = Report(stage, 1 - share + index * own, own),
            Snapshots = Watch(stage),
        };
    }

    private Relay<TrainingSnapshot>? Watch(string stage)
    {
        var steps = _steps;
        return options.Snapshots is { } watcher ? new Relay<TrainingSnapshot>(s => watcher.Report(s with { Step = steps + s.Step, Stage = stage })) : null;
    }

    private Relay<TrainingProgress>? Report(string stage, double from, double width)
    {
        if (options.Progress is null)
            return null;
        var (steps, elapsed) = (_steps, _elapsed);
        return new Relay<TrainingProgress>(p =>
        {
            (_steps, _elapsed) = (steps + p.Step, elapsed + p.Elapsed);
            options.Progress.Report(p with { Step = _steps, Elapsed = _elapsed, Fraction = from + width * p.Fraction, Stage = stage });
        });
    }
}
