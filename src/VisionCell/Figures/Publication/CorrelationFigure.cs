using System.Globalization;
using VisionCell.Evaluation;

namespace VisionCell.Figures.Publication;

/// <summary>How <c>fourier-shell-correlation</c> reads a resolution.</summary>
/// <param name="Threshold">Correlation at which it is read.</param>
/// <param name="ConeDegrees">Half angle of the cone around z of the second panel.</param>
internal sealed record CorrelationParameters(double Threshold = 0.143, double ConeDegrees = FourierShellCorrelation.AxialCone)
{
    public double Threshold { get; } = Threshold is > 0 and < 1 ? Threshold : throw new Volumes.BadInputException(FormattableString.Invariant($"threshold {Threshold}: must lie between 0 and 1"));

    public double ConeDegrees { get; } = ConeDegrees is > 0 and < 90 ? ConeDegrees : throw new Volumes.BadInputException(FormattableString.Invariant($"coneDegrees {ConeDegrees}: must lie between 0 and 90"));
}

/// <summary>Fourier shell correlation of each reconstruction with the truth: over whole shells, and within a cone around z, where the gaps are.</summary>
internal static class CorrelationFigure
{
    public static PanelSheet Draw(FigureRequest request, CorrelationParameters p)
    {
        var methods = request.Inputs.Series(["reference"]);
        var reference = request.Inputs.Reference(methods[0].Volume.Shape);
        (string Name, double Degrees)[] panels = [("all directions", 90), (string.Create(CultureInfo.InvariantCulture, $"within {p.ConeDegrees:0.#}\u00B0 of z"), p.ConeDegrees)];
        var (sheet, plots) = request.Charts(panels.Length, 58);
        var nyquist = 0.5 / Math.Max(reference.VoxelSize.Z, Math.Max(reference.VoxelSize.Y, reference.VoxelSize.X));
        for (var panel = 0; panel < panels.Length; panel++)
        {
            var area = plots[panel];
            sheet.Text(area.X + area.Width / 2, 1, panels[panel].Name, anchor: "center");
            var chart = sheet.Chart(area, "spatial frequency (1/\u00B5m)", "Fourier shell correlation", (0, 1000 * nyquist), (-0.05, 1.02), keyWidth: 34);
            for (var m = 0; m < methods.Count; m++)
            {
                var curve = FourierShellCorrelation.Compute(methods[m].Volume, reference, p.Threshold, panels[panel].Degrees, request.Inputs.Cancellation);
                var resolution = curve.ResolutionNm is { } nm ? string.Create(CultureInfo.InvariantCulture, $" ({nm:0} nm)") : " (not crossed)";
                chart.Curve(methods[m].Name + resolution, curve.Shells.Select(s => 1000 * s.Frequency), curve.Shells.Select(s => s.Correlation ?? double.NaN), m);
            }
            chart.Curve(null, [0, 1000 * nyquist], [p.Threshold, p.Threshold], 6, "dot");
            sheet.Text(area.X + 0.8, area.Bottom - (p.Threshold + 0.05) / 1.07 * area.Height + 0.5, string.Create(CultureInfo.InvariantCulture, $"{p.Threshold:0.###}"), request.Style.SmallPt);
        }
        return sheet;
    }
}
