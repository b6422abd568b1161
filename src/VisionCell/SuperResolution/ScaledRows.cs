namespace VisionCell.SuperResolution;

/// <summary>Rows of a section at any distance, between pixels by cubic convolution (Keys, IEEE TASSP 1981, a = −1/2).</summary>
internal static class ScaledRows
{
    /// <summary>Copies rows.</summary>
    /// <param name="section">Grey values <c>[Y, X]</c>.</param>
    /// <param name="sectionWidth">X.</param>
    /// <param name="alongX">Whether rows follow each other along x (columns then along y), or along y.</param>
    /// <param name="top">Position of the first row, pixels; all rows lie within the section.</param>
    /// <param name="scale">Distance of rows, pixels.</param>
    /// <param name="left">First column of the first row.</param>
    /// <param name="shear">Columns that each row is moved by, on top of the one before.</param>
    /// <param name="rows">Number of rows H.</param>
    /// <param name="width">Columns W.</param>
    /// <param name="target">Result <c>[H, W]</c>.</param>
    /// <param name="offsets">Place of each row behind the first, in distances of rows; empty where they are evenly spaced.</param>
    public static void Copy(ReadOnlySpan<float> section, int sectionWidth, bool alongX, double top, double scale, int left, double shear, int rows, int width, Span<float> target, ReadOnlySpan<double> offsets = default)
    {
        var height = section.Length / sectionWidth;
        var (last, rowStep, columnStep) = alongX ? (sectionWidth - 1, 1, sectionWidth) : (height - 1, sectionWidth, 1);
        for (var row = 0; row < rows; row++)
        {
            var offset = offsets.IsEmpty ? row : offsets[row];
            var position = top + offset * scale;
            var at = Math.Min((int)position, last);
            var f = (float)(position - at);
            var start = (left + (int)Math.Round(shear * offset)) * columnStep;
            var line = target.Slice(row * width, width);
            if (f < 1e-6f)
            {
                for (var column = 0; column < width; column++)
                    line[column] = section[at * rowStep + start + column * columnStep];
                continue;
            }
            var (a, b, c, d) = (Math.Max(at - 1, 0) * rowStep + start, at * rowStep + start, Math.Min(at + 1, last) * rowStep + start, Math.Min(at + 2, last) * rowStep + start);
            var (wa, wb, wc, wd) = (((-0.5f * f + 1) * f - 0.5f) * f, (1.5f * f - 2.5f) * f * f + 1, ((-1.5f * f + 2) * f + 0.5f) * f, (0.5f * f - 0.5f) * f * f);
            for (var column = 0; column < width; column++)
            {
                var k = column * columnStep;
                line[column] = wa * section[a + k] + wb * section[b + k] + wc * section[c + k] + wd * section[d + k];
            }
        }
    }
}
