namespace VisionCell.Figures;

/// <summary>A colour, sRGB.</summary>
internal readonly record struct Rgb(byte R, byte G, byte B)
{
    public static Rgb Black => default;

    public static Rgb White => new(255, 255, 255);

    public static Rgb Ink => new(60, 60, 60);

    public static Rgb Pale => new(215, 215, 215);
}

/// <summary>A picture in memory: rows of RGB, with what the static pictures of figures are drawn with.</summary>
internal sealed class Canvas
{
    public Canvas(int width, int height)
    {
        Width = width;
        Height = height;
        Pixels = new byte[3 * width * height];
        Array.Fill(Pixels, (byte)255);
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary><c>[y, x, RGB]</c>.</summary>
    public byte[] Pixels { get; }

    public byte[] ToPng() => PngEncoder.Encode(Pixels, Width, Height);

    public void Set(int x, int y, Rgb colour)
    {
        if ((uint)x >= (uint)Width || (uint)y >= (uint)Height)
            return;
        var at = 3 * (y * Width + x);
        (Pixels[at], Pixels[at + 1], Pixels[at + 2]) = (colour.R, colour.G, colour.B);
    }

    /// <summary>A pixel, over what is there as far as it is not opaque.</summary>
    private void Blend(int x, int y, Rgb colour, double opacity)
    {
        if ((uint)x >= (uint)Width || (uint)y >= (uint)Height)
            return;
        var at = 3 * (y * Width + x);
        byte Mix(byte below, byte above) => (byte)Math.Round(below + opacity * (above - below));
        (Pixels[at], Pixels[at + 1], Pixels[at + 2]) = (Mix(Pixels[at], colour.R), Mix(Pixels[at + 1], colour.G), Mix(Pixels[at + 2], colour.B));
    }

    public void Fill(int x, int y, int width, int height, Rgb colour)
    {
        for (var row = Math.Max(0, y); row < Math.Min(Height, y + height); row++)
        {
            for (var column = Math.Max(0, x); column < Math.Min(Width, x + width); column++)
                Set(column, row, colour);
        }
    }

    public void Frame(int x, int y, int width, int height, Rgb colour)
    {
        Line(x, y, x + width, y, colour);
        Line(x, y + height, x + width, y + height, colour);
        Line(x, y, x, y + height, colour);
        Line(x + width, y, x + width, y + height, colour);
    }

    public void Line(double x0, double y0, double x1, double y1, Rgb colour, int thickness = 1)
    {
        if (!double.IsFinite(x0 + y0 + x1 + y1))
            return;
        var steps = (int)Math.Ceiling(Math.Max(Math.Abs(x1 - x0), Math.Abs(y1 - y0)));
        if (steps > 4 * (Width + Height))
            return;
        for (var i = 0; i <= steps; i++)
        {
            var t = steps == 0 ? 0 : (double)i / steps;
            int x = (int)Math.Round(x0 + t * (x1 - x0)), y = (int)Math.Round(y0 + t * (y1 - y0));
            Fill(x - (thickness - 1) / 2, y - (thickness - 1) / 2, thickness, thickness, colour);
        }
    }

    public void Text(int x, int y, string text, Rgb colour, int scale = 1) => Lettering.Write(Pixels, Width, Height, x, y, text, colour, scale);

    public static int TextWidth(string text, int scale = 1) => Lettering.Width(text, scale);

    /// <summary>Text that ends with an ellipsis where it would be wider than <paramref name="width"/>.</summary>
    public void TextWithin(int x, int y, int width, string text, Rgb colour, int scale = 1)
    {
        var fits = text.Length;
        while (fits > 0 && TextWidth(fits < text.Length ? text[..fits] + ".." : text, scale) > width)
            fits--;
        Text(x, y, fits == text.Length ? text : text[..fits] + "..", colour, scale);
    }

    /// <summary>Draws values <c>[rows, columns]</c> through a colour scale into a rectangle; each pixel takes the mean of what it covers, over what is there as far as it is not opaque.</summary>
    public void Image(int x, int y, int width, int height, ReadOnlySpan<float> values, int rows, int columns, Func<float, Rgb> scale, double opacity = 1)
    {
        for (var py = 0; py < height; py++)
        {
            int y0 = (int)((long)py * rows / height), y1 = Math.Max(y0 + 1, (int)((long)(py + 1) * rows / height));
            for (var px = 0; px < width; px++)
            {
                int x0 = (int)((long)px * columns / width), x1 = Math.Max(x0 + 1, (int)((long)(px + 1) * columns / width));
                var sum = 0f;
                for (var r = y0; r < y1; r++)
                {
                    for (var c = x0; c < x1; c++)
                        sum += values[r * columns + c];
                }
                Blend(x + px, y + py, scale(sum / ((y1 - y0) * (x1 - x0))), opacity);
            }
        }
    }
}
