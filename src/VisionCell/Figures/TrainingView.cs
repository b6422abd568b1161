using System.Diagnostics;
using VisionCell.Runs;

namespace VisionCell.Figures;

/// <summary>
/// Shows a training while it runs: curves, what the network makes of a section that it is not trained on, and the time left. It is
/// drawn on the thread that trains, and only as often as keeps its share of the time below a limit.
/// </summary>
/// <param name="show">Shows the figure in place of the one before.</param>
/// <param name="line">Told the last report in a line, once a quarter of a minute; null for none.</param>
/// <param name="largestShare">Largest share of the elapsed time that drawing may take; the first drawing, which loads what it needs, comes before and is counted.</param>
public sealed class TrainingView(Action<Figure> show, Action<string>? line = null, double largestShare = TrainingView.DefaultShare) : IProgress<TrainingProgress>, IProgress<TrainingSnapshot>
{
    /// <summary>One per cent of the training time.</summary>
    public const double DefaultShare = 0.01;

    // More often nothing new is to be seen.
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(3);

    private readonly TrainingLog _log = new(look: line is null ? null : l => line(l.ToString()));
    private readonly Stopwatch _elapsed = new();
    private readonly Stopwatch _drawing = new();
    private TimeSpan _last = TimeSpan.MinValue;
    private TimeSpan _reported;
    private TrainingSnapshot? _snapshot;

    /// <summary>How often it was drawn.</summary>
    public int Drawn { get; private set; }

    /// <summary>Share of the time from the first report to the last that drawing took.</summary>
    public double Share => _reported > TimeSpan.Zero ? _drawing.Elapsed / _reported : 0;

    /// <inheritdoc/>
    public void Report(TrainingProgress value)
    {
        _elapsed.Start();
        _log.Report(value);
        _reported = _elapsed.Elapsed;
        if (Drawn == 0 || (_reported - _last >= s_interval && Share <= largestShare))
            Draw();
    }

    /// <inheritdoc/>
    public void Report(TrainingSnapshot value) => _snapshot = value;

    private void Draw()
    {
        _drawing.Start();
        show(Show.LiveTraining(_log.Reports, _snapshot));
        _drawing.Stop();
        _last = _elapsed.Elapsed;
        Drawn++;
    }
}
