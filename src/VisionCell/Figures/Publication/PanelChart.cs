using System.Globalization;
using System.Text.Json.Nodes;

namespace VisionCell.Figures.Publication;

/// <summary>A chart on a <see cref="PanelSheet"/>: curves with a key of coloured strokes and black words, which is what journals ask for.</summary>
internal sealed class PanelChart(PanelSheet sheet, Area area, string xAxis, string yAxis)
{
    private int _keys;

    /// <summary>Whether the key stands in the lower right corner instead of the upper.</summary>
    public bool KeyBelow { get; init; }

    /// <summary>Width kept for the key at the right of the plot, mm.</summary>
    public double KeyWidth { get; init; } = 24;

    /// <summary>A curve.</summary>
    /// <param name="name">In the key; null for none.</param>
    /// <param name="x">Abscissae.</param>
    /// <param name="y">Ordinates; NaN leaves a gap.</param>
    /// <param name="colour">Which of the colours.</param>
    /// <param name="dash">Plotly's name of the dash.</param>
    /// <param name="markers">Whether points are marked.</param>
    public void Curve(string? name, IEnumerable<double> x, IEnumerable<double> y, int colour, string dash = "solid", bool markers = false)
    {
        var css = ColourScale.Css(ColourScale.Categories[colour % ColourScale.Categories.Count]);
        sheet.Add(new JsonObject
        {
            ["type"] = "scatter", ["mode"] = markers ? "lines+markers" : "lines", ["name"] = name ?? "", ["xaxis"] = xAxis, ["yaxis"] = yAxis,
            ["x"] = PlotlyJson.Typed<double>(x.Select(Steady).ToArray()), ["y"] = PlotlyJson.Typed<double>(y.Select(Steady).ToArray()), ["cliponaxis"] = false,
            ["line"] = new JsonObject { ["color"] = css, ["width"] = sheet.Style.LinePt * 96 / 72, ["dash"] = dash },
            ["marker"] = new JsonObject { ["size"] = PanelSheet.Pixels(1), ["color"] = css },
            ["hovertemplate"] = $"%{{x:.4g}}, %{{y:.4g}}<extra>{name}</extra>",
        });
        if (name is null)
            return;
        var pitch = PanelSheet.Mm(sheet.Style.SmallPt) + 1;
        var y0 = KeyBelow ? area.Bottom - 1 - pitch * ++_keys : area.Y + 0.8 + pitch * _keys++;
        sheet.Fill(new Area(area.Right - KeyWidth, y0 + PanelSheet.Mm(sheet.Style.SmallPt) / 2, 3, 0.4), css);
        sheet.Text(area.Right - KeyWidth + 3.8, y0 - 0.2, name, sheet.Style.SmallPt);
    }

    /// <summary>Nine digits: a sum that several threads share comes out in another order each time, and its last digits with it.</summary>
    private static double Steady(double value) => double.Parse(value.ToString("G9", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}
