namespace VisionCell.Figures;

/// <summary>An image on a static picture.</summary>
/// <param name="Image">Values and their place.</param>
/// <param name="Scale">Colours.</param>
/// <param name="Low">Value of the first colour.</param>
/// <param name="High">Value of the last colour.</param>
/// <param name="Label">Stands above it.</param>
/// <param name="Over">Another image in its place and the opacity of that, 0 to 1; null for none.</param>
internal sealed record Panel(SectionImage Image, ColourScale Scale, double Low, double High, string Label, (Panel Panel, double Opacity)? Over = null)
{
    public double Width => Image.Columns * Image.ColumnStep;

    public double Height => Image.Rows * Image.RowStep;
}

/// <summary>The static picture of figures that are made of images: a grid of panels at one physical scale.</summary>
internal static class ImagePicture
{
    private const int Gap = 14, Header = 26, LabelHeight = 14;

    /// <summary>Draws panels <c>[row][column]</c>; null leaves a place empty.</summary>
    public static byte[] Draw(string title, IReadOnlyList<Panel?[]> rows, int width)
    {
        var columns = rows.Max(r => r.Length);
        var columnWidths = Enumerable.Range(0, columns).Select(c => rows.Max(r => c < r.Length ? r[c]?.Width ?? 0 : 0)).ToArray();
        var rowHeights = rows.Select(r => r.Max(p => p?.Height ?? 0)).ToArray();
        // 900 pixels at most: a tall comparison shrinks rather than fills pages.
        var scale = Math.Min((width - Gap * (columns + 1)) / columnWidths.Sum(), (900.0 - Header - (LabelHeight + Gap) * rows.Count) / rowHeights.Sum());
        int Pixels(double nm) => Math.Max(1, (int)Math.Round(nm * scale));
        var canvas = new Canvas(width, Header + rowHeights.Sum(h => Pixels(h) + LabelHeight + Gap));
        canvas.TextWithin(Gap, 6, width - 2 * Gap, title, Rgb.Ink, title.Length * 12 < width ? 2 : 1);
        var y = Header;
        for (var r = 0; r < rows.Count; r++)
        {
            var x = Gap;
            for (var c = 0; c < rows[r].Length; c++)
            {
                if (rows[r][c] is { } panel)
                {
                    var (w, h) = (Pixels(panel.Width), Pixels(panel.Height));
                    canvas.TextWithin(x, y + 3, Math.Max(w, Pixels(columnWidths[c])), panel.Label, Rgb.Ink);
                    void Paint(Panel p, double opacity) =>
                        canvas.Image(x, y + LabelHeight, w, h, p.Image.Data, p.Image.Rows, p.Image.Columns, v => p.Scale.At(v, p.Low, p.High), opacity);
                    Paint(panel, 1);
                    if (panel.Over is { } over)
                        Paint(over.Panel, over.Opacity);
                    DrawScaleBar(canvas, x, y + LabelHeight, w, h, panel.Width);
                }
                x += Pixels(columnWidths[c]) + Gap;
            }
            y += Pixels(rowHeights[r]) + LabelHeight + Gap;
        }
        return canvas.ToPng();
    }

    /// <summary>A bar of a round length, about a quarter of the image.</summary>
    private static void DrawScaleBar(Canvas canvas, int x, int y, int width, int height, double nm)
    {
        if (width < 80 || height < 30)
            return;
        var power = Math.Pow(10, Math.Floor(Math.Log10(nm / 4)));
        var length = power * (nm / 4 / power >= 5 ? 5 : nm / 4 / power >= 2 ? 2 : 1);
        var pixels = (int)(length / nm * width);
        var text = Labels.Length(length);
        canvas.Fill(x + 4, y + height - 20, Math.Max(pixels, Canvas.TextWidth(text)) + 6, 17, Rgb.White);
        canvas.Text(x + 7, y + height - 18, text, Rgb.Black);
        canvas.Fill(x + 7, y + height - 8, pixels, 3, Rgb.Black);
    }
}
