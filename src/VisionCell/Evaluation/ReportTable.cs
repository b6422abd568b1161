using System.Globalization;
using System.Text;
using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>A table of methods as it is printed.</summary>
/// <param name="Caption">What was scored, by which protocol, over how many seeds.</param>
/// <param name="Columns">Headings.</param>
/// <param name="Rows">Cells, one row a method and volume.</param>
public sealed record ReportTable(string Caption, IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows)
{
    /// <summary>
    /// The methods of reports of one protocol: means ± standard deviations where there were several seeds, and the difference in PSNR to a baseline on the same volume
    /// with its interval of 95 % over blocks and seeds, or "not different".
    /// </summary>
    /// <param name="reports">Reports, each with the name that messages give it.</param>
    /// <param name="baseline">The method that the others are compared with; null for no comparison.</param>
    /// <exception cref="BadInputException">Protocols differ, a method stands twice for a volume, the baseline is missing, or blocks do not match.</exception>
    public static ReportTable Of(IReadOnlyList<(string Where, BenchmarkReport Report)> reports, string? baseline)
    {
        var protocol = Protocol.RequireSame([.. reports.Select(r => (r.Where, r.Report.Protocol))]);
        var lines = reports.SelectMany(r => r.Report.Methods.Select(m => (r.Where, r.Report, Method: m))).ToArray();
        if (lines.GroupBy(l => (l.Report.Volume, l.Method.Name)).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new BadInputException($"'{twice.Key.Name}' of {twice.Key.Volume} stands in {string.Join(" and ", twice.Select(l => l.Where))}: give one report of it");
        var volumes = lines.Select(l => l.Report.Volume).Distinct().ToArray();
        if (baseline is not null && volumes.FirstOrDefault(v => !lines.Any(l => l.Report.Volume == v && l.Method.Name == baseline)) is { } without)
            throw new BadInputException($"no report scores the baseline '{baseline}' on {without}: give one that does, or another --baseline");

        var segmented = lines.Any(l => l.Method.Segmentation is not null);
        string[] columns = ["volume", "method", "PSNR (dB)", "SSIM xy", "SSIM xz", "SSIM yz", "SSIM 3D", "GMSD", "FSIM", "high freq.", "FSC z (nm)", .. segmented ? new[] { "VOI split", "VOI merge", "ARAND" } : [], .. baseline is null ? Array.Empty<string>() : [$"against {baseline} (dB)"]];
        var rows = lines.OrderBy(l => Array.IndexOf(volumes, l.Report.Volume)).Select(l =>
        {
            var (m, seeds) = (l.Method, l.Method.Seeds);
            string Cell(double? value, Func<SeedScores, double?> of, string format) => Spread(value, seeds?.Select(of), format);
            var other = baseline is null ? null : lines.First(o => o.Report.Volume == l.Report.Volume && o.Method.Name == baseline).Method;
            return (IReadOnlyList<string>)[
                l.Report.Volume, m.Name,
                Cell(m.Psnr, s => s.Scores.Psnr, "0.00"), Cell(m.SsimXy, s => s.Scores.SsimXy, "0.000"), Cell(m.SsimXz, s => s.Scores.SsimXz, "0.000"), Cell(m.SsimYz, s => s.Scores.SsimYz, "0.000"),
                Cell(m.Measures?.SsimVolume, s => s.Measures?.SsimVolume, "0.000"), Cell(m.Measures?.GradientDeviation, s => s.Measures?.GradientDeviation, "0.000"),
                Cell(m.Fsim, s => s.Scores.Fsim, "0.000"), Cell(m.HighFrequencyRatio, s => s.Scores.HighFrequencyRatio, "0.00"), Cell(m.FscResolutionNm, s => s.Scores.FscResolutionNm, "0"),
                .. segmented ? new[] { Cell(m.Segmentation?.Split, s => s.Segmentation?.Split, "0.00"), Cell(m.Segmentation?.Merge, s => s.Segmentation?.Merge, "0.00"), Cell(m.Segmentation?.AdaptedRand, s => s.Segmentation?.AdaptedRand, "0.000") } : [],
                .. other is null ? Array.Empty<string>() : [Against(m, other)]];
        }).ToArray();
        var counts = lines.Select(l => l.Method.Seeds?.Count ?? 1).Distinct().Order().ToArray();
        var caption = $"{protocol.Id}: {protocol.Scored}; range {protocol.Range}; {string.Join(" or ", counts)} seed{(counts is [1] ? ", which says nothing of what another would give" : "s, mean ± standard deviation")}";
        return new ReportTable(caption, columns, rows);
    }

    /// <summary>As Markdown.</summary>
    public string ToMarkdown()
    {
        static string Row(IEnumerable<string> cells) => $"| {string.Join(" | ", cells.Select(c => c.Replace("|", "\\|", StringComparison.Ordinal)))} |\n";
        var text = new StringBuilder($"{Caption}\n\n").Append(Row(Columns)).Append(Row(Columns.Select((_, c) => c < 2 ? "---" : "---:")));
        foreach (var row in Rows)
            text.Append(Row(row));
        return text.ToString();
    }

    /// <summary>As a LaTeX table with rules of the booktabs package.</summary>
    public string ToLatex()
    {
        static string Row(IEnumerable<string> cells) => $"    {string.Join(" & ", cells.Select(Escaped))} \\\\\n";
        var text = new StringBuilder("\\begin{table}\n  \\centering\n");
        text.Append(CultureInfo.InvariantCulture, $"  \\caption{{{Escaped(Caption)}}}\n  \\begin{{tabular}}{{ll{new string('r', Columns.Count - 2)}}}\n    \\toprule\n");
        text.Append(Row(Columns)).Append("    \\midrule\n");
        foreach (var row in Rows)
            text.Append(Row(row));
        return text.Append("    \\bottomrule\n  \\end{tabular}\n\\end{table}\n").ToString();
    }

    private static string Escaped(string text)
    {
        var escaped = new StringBuilder();
        foreach (var character in text)
        {
            escaped.Append(character switch
            {
                '\\' => "\\textbackslash{}",
                '&' or '%' or '$' or '#' or '_' or '{' or '}' => $"\\{character}",
                '~' => "\\textasciitilde{}",
                '^' => "\\textasciicircum{}",
                '±' => "$\\pm$",
                '−' => "$-$",
                _ => character.ToString(),
            });
        }
        return escaped.ToString();
    }

    private static string Spread(double? mean, IEnumerable<double?>? values, string format)
    {
        if (mean is not { } m)
            return "–";
        var text = m.ToString(format, CultureInfo.InvariantCulture);
        var known = values?.OfType<double>().Where(double.IsFinite).ToArray() ?? [];
        return known.Length < 2 ? text : $"{text} ± {SampleDeviation(known).ToString(format, CultureInfo.InvariantCulture)}";
    }

    private static double SampleDeviation(double[] values)
    {
        var mean = values.Average();
        return Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (values.Length - 1));
    }

    private static string Against(MethodScore method, MethodScore baseline)
    {
        if (ReferenceEquals(method, baseline))
            return "baseline";
        if (method.Blocks is null || baseline.Blocks is null)
            return "–";
        var difference = PairedDifference.Of(method.Blocks, baseline.Blocks);
        var value = FormattableString.Invariant($"{difference.Psnr:+0.00;−0.00}");
        return difference.IsDifferent switch
        {
            null => $"{value} (too few blocks)",
            false => FormattableString.Invariant($"not different ({difference.Low:+0.00;−0.00} to {difference.High:+0.00;−0.00})"),
            true => FormattableString.Invariant($"{value} ({difference.Low:+0.00;−0.00} to {difference.High:+0.00;−0.00})"),
        };
    }
}
