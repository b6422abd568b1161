using System.Globalization;
using VisionCell.Evaluation;

namespace VisionCell.Figures.Publication;

/// <summary>The scores of a report as a table with three rules, as journals set them; a column that no method fills is left out.</summary>
internal static class MethodTableFigure
{
    public static PanelSheet Draw(FigureRequest request, NoParameters parameters)
    {
        _ = parameters;
        var report = request.Inputs.Report;
        (string Head, string Unit, string Format, Func<MethodScore, double?> Of)[] columns =
        [
            ("PSNR", "dB", "0.00", m => m.Psnr), ("SSIM xy", "", "0.000", m => m.SsimXy), ("SSIM xz", "", "0.000", m => m.SsimXz), ("SSIM yz", "", "0.000", m => m.SsimYz),
            ("FSIM", "", "0.000", m => m.Fsim), ("fine detail", "ratio", "0.00", m => m.HighFrequencyRatio), ("FSC, z", "nm", "0", m => m.FscResolutionNm),
            ("coverage", "of 90 %", "0.0 %", m => m.Uncertainty?.Coverage90), ("training", "s", "0", m => m.TrainSeconds), ("inference", "s", "0.0", m => m.InferSeconds),
        ];
        columns = [.. columns.Where(c => report.Methods.Any(m => c.Of(m) is not null))];
        var style = request.Style;
        double line = PanelSheet.Mm(style.TextPt) + 1.4, first = 0.17 * style.WidthMm, step = (style.WidthMm - first - 2) / columns.Length;
        var top = 1.0;
        var body = top + 2 * line + 1;
        var end = body + report.Methods.Count * line;
        var sheet = request.Sheet(end + line + 1.5);
        void Rule(double y, double points) => sheet.Fill(new Area(1, y, style.WidthMm - 2, PanelSheet.Mm(points)), "black");
        Rule(top - 0.5, 0.8);
        Rule(body - 0.6, 0.5);
        Rule(end + 0.2, 0.8);
        sheet.Text(1.5, top + 0.4, "method");
        for (var c = 0; c < columns.Length; c++)
        {
            var right = first + (c + 1) * step;
            sheet.Text(right, top + 0.4, columns[c].Head, anchor: "right");
            sheet.Text(right, top + line, columns[c].Unit, style.SmallPt, anchor: "right");
            for (var row = 0; row < report.Methods.Count; row++)
                sheet.Text(right, body + row * line + 0.4, columns[c].Of(report.Methods[row])?.ToString(columns[c].Format, CultureInfo.InvariantCulture) ?? "\u2013", anchor: "right");
        }
        for (var row = 0; row < report.Methods.Count; row++)
            sheet.Text(1.5, body + row * line + 0.4, report.Methods[row].Name);
        sheet.Text(1.5, end + 1.2, $"{report.Degradation}; {report.Scored}; seed {report.Seed}", style.SmallPt);
        return sheet;
    }
}
