using OpenCvSharp;

namespace VisionCell.Figures;

/// <summary>Letters for static pictures: OpenCV's Hershey Simplex, which has ASCII only; a few signs of labels are spelt in it.</summary>
internal static class Lettering
{
    // The smallest size at which all letters stay apart with smoothing; capitals are 8 pixels high.
    private const double Size = 0.37;
    private const int CapitalHeight = 8;

    /// <summary>Writes a line into rows of RGB; what does not fit is cut off.</summary>
    /// <param name="pixels"><c>[y, x, RGB]</c>.</param>
    /// <param name="width">Pixels a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="x">Left end of the line.</param>
    /// <param name="y">Top of the capitals.</param>
    /// <param name="text">The line.</param>
    /// <param name="colour">Colour of the letters.</param>
    /// <param name="scale">1 for labels, 2 for titles.</param>
    public static unsafe void Write(byte[] pixels, int width, int height, int x, int y, string text, Rgb colour, int scale)
    {
        // OpenCvSharp refuses an empty line.
        if (text.Length == 0)
            return;
        fixed (byte* data = pixels)
        {
            using var picture = Mat.FromPixelData(height, width, MatType.CV_8UC3, (nint)data);
            Cv2.PutText(picture, Spelt(text), new Point(x, y + (int)(CapitalHeight * SizeOf(scale) / Size)), HersheyFonts.HersheySimplex, SizeOf(scale), new Scalar(colour.R, colour.G, colour.B), 1, LineTypes.AntiAlias);
        }
    }

    /// <summary>Width of a line, pixels.</summary>
    public static int Width(string text, int scale) => text.Length == 0 ? 0 : Cv2.GetTextSize(Spelt(text), HersheyFonts.HersheySimplex, SizeOf(scale), 1, out _).Width;

    // Titles are larger by half, not twice: they share the width of a picture.
    private static double SizeOf(int scale) => Size * (1 + scale) / 2;

    private static string Spelt(string text) => string.Concat(text.Select(letter => letter switch
    {
        >= ' ' and <= '~' => letter.ToString(),
        '\u2212' or '\u2013' => "-",
        '\u00D7' => "x",
        '\u00B5' or '\u03BC' => "u",
        '\u00B2' => "2",
        '\u00B3' => "3",
        '\u00B0' => " deg",
        _ => "?",
    }));
}
