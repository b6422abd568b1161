using VisionCell.Volumes;

namespace VisionCell.Figures.Publication;

/// <summary>What a training gained over linear interpolation on what was held out of it, and its loss, against its minutes.</summary>
internal static class TrainingFigure
{
    public static PanelSheet Draw(FigureRequest request, NoParameters parameters)
    {
        _ = parameters;
        var logs = request.Inputs.Logs.ToList();
        if (logs.FirstOrDefault(l => l.Reports.Count == 0) is { Name: not null } empty)
            throw new BadInputException($"{request.Inputs.Path(empty.Name)}: holds no report of a training");
        var measured = logs.Where(l => l.Reports.Any(r => r.ValidationGain is not null)).ToList();
        var (sheet, plots) = request.Charts(measured.Count > 0 ? 2 : 1, 55);
        var minutes = (0, 1.02 * Math.Max(1e-3, logs.Max(l => l.Reports.Max(r => r.Elapsed.TotalMinutes))));
        var colour = 0;
        var colours = logs.SelectMany(l => l.Reports.Select(r => (l.Name, r.Stage)).Distinct()).ToDictionary(k => k, _ => colour++);
        string Key(string name, string stage) => stage.Length == 0 ? name : stage;
        if (measured.Count > 0)
        {
            var chart = sheet.Chart(plots[0], "training time (min)", "gain over linear (dB)", minutes, keyBelow: true);
            foreach (var (name, reports) in measured)
            {
                foreach (var stage in reports.Where(r => r.ValidationGain is not null).GroupBy(r => r.Stage))
                    chart.Curve(Key(name, stage.Key), stage.Select(r => r.Elapsed.TotalMinutes), stage.Select(r => r.ValidationGain!.Value), colours[(name, stage.Key)], markers: true);
            }
        }
        var losses = sheet.Chart(plots[^1], "training time (min)", "loss (mean squared, standardised)", minutes);
        foreach (var (name, reports) in logs)
        {
            foreach (var stage in reports.GroupBy(r => r.Stage))
                losses.Curve(Key(name, stage.Key), stage.Select(r => r.Elapsed.TotalMinutes), stage.Select(r => r.Loss), colours[(name, stage.Key)], markers: stage.Count() < 3);
        }
        return sheet;
    }
}
