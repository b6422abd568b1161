using System.Globalization;
using System.Text.Json.Nodes;
using VisionCell.Volumes;

namespace VisionCell.Figures;

public static partial class Show
{
    /// <summary>One section of each of several volumes, side by side at one scale of grey or, for signed values, of colour.</summary>
    /// <param name="items">Names and volumes; shapes may differ.</param>
    /// <param name="title">Stands above.</param>
    /// <param name="plane">Which plane is cut.</param>
    /// <param name="sectionIndex">Voxel number along the axis that the plane cuts; null for the middle.</param>
    /// <param name="columns">Panels in a row, 1 to 8.</param>
    /// <param name="limits">Values of the first and the last colour; null for the contrast of the first item, or for signed values their largest amount.</param>
    /// <param name="signed">Whether values are blue below and red above zero.</param>
    /// <param name="unit">What the values are.</param>
    /// <exception cref="BadInputException">Nothing is given, a section lies outside, or the number of columns is out of range.</exception>
    public static Figure Gallery(
        IReadOnlyList<(string Name, Volume<float> Volume)> items, string title, SectionPlane plane = SectionPlane.Xy, int? sectionIndex = null, int columns = 4,
        (double Low, double High)? limits = null, bool signed = false, string unit = "grey level")
    {
        if (items.Count == 0 || columns is < 1 or > 8)
            throw new BadInputException($"a gallery of {items.Count} volumes in {columns} columns: give at least one volume, and 1 to 8 columns");
        var notices = Notices();
        var images = items.Select(i => FigureData.GetSection(i.Volume, plane, sectionIndex)).ToList();
        var most = ImageBudget / 2;
        if (images.Any(i => i.Rows > most || i.Columns > most))
            Say(notices, $"Shown at no more than {most} pixels a side, averaged.");
        var largest = signed ? images.Max(i => FigureData.GetContrastLimits(Array.ConvertAll(i.Data, Math.Abs), 0.005).High) : 0;
        var (low, high) = limits ?? (signed ? (-largest, largest) : FigureData.GetContrastLimits(images[0].Data));
        var scale = signed ? ColourScale.Diverging : ColourScale.Grey;
        images = [.. images.Select(i => Reduced(i, most))];

        const int Width = 860, Left = 20, Right = 90, Top = 70, Bottom = 20, Gap = 14, Label = 22;
        columns = Math.Min(columns, items.Count);
        var rows = (items.Count + columns - 1) / columns;
        var panelWidth = (Width - Left - Right - (columns - 1) * Gap) / (double)columns;
        var panelHeight = Math.Clamp(panelWidth * images.Max(i => i.Rows * i.RowStep / (i.Columns * i.ColumnStep)), 40, 500);
        var plotHeight = rows * panelHeight + (rows - 1) * (Gap + Label);
        var height = (int)(Top + plotHeight + Bottom);
        var layout = BaseLayout(title, Width, height, Left, Right, Top, Bottom);
        var (data, annotations) = (new JsonArray(), new JsonArray());
        for (var i = 0; i < images.Count; i++)
        {
            var image = images[i];
            var suffix = i == 0 ? "" : (i + 1).ToString(CultureInfo.InvariantCulture);
            double left = i % columns * (panelWidth + Gap) / (Width - Left - Right), right = left + panelWidth / (Width - Left - Right);
            double top = 1 - i / columns * (panelHeight + Gap + Label) / plotHeight, bottom = top - panelHeight / plotHeight;
            var trace = Heatmap(image, PlotlyJson.Quantised(image.Data, low, high, image.Rows, image.Columns), low, high, scale, i == 0, unit);
            (trace["xaxis"], trace["yaxis"], trace["name"]) = ("x" + suffix, "y" + suffix, items[i].Name);
            data.Add((JsonNode)trace);
            layout["xaxis" + suffix] = Axis(null, left, right, "y" + suffix, image.ColumnStart, image.ColumnStep, image.Columns);
            layout["yaxis" + suffix] = Axis(null, Math.Max(0, bottom), top, "x" + suffix, image.RowStart, image.RowStep, image.Rows, down: true, scaleTo: "x" + suffix);
            annotations.Add((JsonNode)new JsonObject
            {
                ["text"] = items[i].Name, ["x"] = (left + right) / 2, ["y"] = top, ["xref"] = "paper", ["yref"] = "paper",
                ["xanchor"] = "center", ["yanchor"] = "bottom", ["showarrow"] = false, ["font"] = new JsonObject { ["size"] = 12 },
            });
        }
        layout["annotations"] = annotations;
        var panels = images.Select((image, i) => (Panel?)new Panel(image, scale, low, high, items[i].Name)).Chunk(columns).ToList();
        return new Figure(title, data, layout, Width, height, () => ImagePicture.Draw(title, panels, 760), notices);
    }
}
