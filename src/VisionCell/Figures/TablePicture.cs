namespace VisionCell.Figures;

/// <summary>The static picture of a table.</summary>
internal static class TablePicture
{
    private const int RowHeight = 20, Padding = 8;

    public static byte[] Draw(string title, IReadOnlyList<string> header, IReadOnlyList<string[]> columns)
    {
        var widths = columns.Select((c, i) => 2 * Padding + c.Append(header[i]).Max(t => Canvas.TextWidth(t))).ToArray();
        var rows = columns.Max(c => c.Length);
        var canvas = new Canvas(Math.Max(widths.Sum() + 2 * Padding, Canvas.TextWidth(title, 2) + 2 * Padding), 40 + RowHeight * (rows + 1));
        canvas.Text(Padding, 8, title, Rgb.Ink, 2);
        canvas.Fill(Padding, 32, widths.Sum(), RowHeight, new Rgb(235, 235, 235));
        var x = Padding;
        for (var c = 0; c < columns.Count; c++)
        {
            canvas.Text(x + Padding, 38, header[c], Rgb.Black);
            for (var r = 0; r < columns[c].Length; r++)
                canvas.Text(x + Padding, 38 + RowHeight * (r + 1), columns[c][r], Rgb.Ink);
            x += widths[c];
        }
        for (var r = 1; r <= rows + 1; r++)
            canvas.Line(Padding, 32 + RowHeight * r, Padding + widths.Sum(), 32 + RowHeight * r, Rgb.Pale);
        return canvas.ToPng();
    }
}
