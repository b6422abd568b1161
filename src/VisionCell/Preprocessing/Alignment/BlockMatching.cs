using OpenCvSharp;

namespace VisionCell.Preprocessing;

/// <summary>Displacements of patches between two images at the nodes of a mesh <c>[Rows, Columns]</c>.</summary>
/// <param name="Y">Along y, pixels; positive where the second image shows the patch further down.</param>
/// <param name="X">Along x, pixels.</param>
/// <param name="Confidence">0 (no match) to 1.</param>
internal sealed record PatchMatches(float[] Y, float[] X, float[] Confidence);

/// <summary>
/// Finds patches of one image in another by normalised cross-correlation (OpenCV's matchTemplate), to a fraction of a pixel by a
/// parabola through the peak. A match counts by three things, as in SOFIMA (Januszewski et al., doi:10.5281/zenodo.7779105) and TrakEM2
/// (Saalfeld et al., Nature Methods 9, 2012, doi:10.1038/nmeth.2072): how high the peak is, how much higher than the next one, and how
/// sharp in its flattest direction, since a patch with one straight membrane does not say where it lies along it.
/// </summary>
internal static class BlockMatching
{
    /// <summary>Correlation below which a peak says nothing, and above which height is no argument any more.</summary>
    private const float LowPeak = 0.1f, HighPeak = 0.6f;

    /// <summary>Drop of the correlation one pixel beside the peak, in its flattest direction, from which it counts as sharp.</summary>
    private const float SharpDrop = 0.03f;

    /// <summary>A second peak is one further away than this, pixels.</summary>
    private const int PeakRadius = 3;

    /// <summary>Matches patches around every node.</summary>
    /// <param name="first">Image whose patches are looked for; NaN where it shows nothing.</param>
    /// <param name="second">Image that is searched, of the same size; NaN where it shows nothing.</param>
    /// <param name="rows">Rows of nodes.</param>
    /// <param name="columns">Columns of nodes.</param>
    /// <param name="spacing">Distance of nodes, pixels of these images.</param>
    /// <param name="patch">Edge of a patch, pixels.</param>
    /// <param name="radius">Largest displacement, pixels.</param>
    public static PatchMatches Match(WarpedImage first, WarpedImage second, int rows, int columns, double spacing, int patch, int radius)
    {
        var count = rows * columns;
        var matches = new PatchMatches(new float[count], new float[count], new float[count]);
        Parallel.For(0, rows, () => new Mat(), (row, _, result) =>
        {
            for (var column = 0; column < columns; column++)
            {
                var at = row * columns + column;
                (matches.Y[at], matches.X[at], matches.Confidence[at]) = Match(first, second, row * spacing, column * spacing, patch, radius, result);
            }
            return result;
        }, result => result.Dispose());
        return matches;
    }

    private static unsafe (float Y, float X, float Confidence) Match(WarpedImage first, WarpedImage second, double y, double x, int patch, int radius, Mat result)
    {
        // 1. The patch, as much of it as there is.
        var (top, left) = ((int)Math.Round(y) - patch / 2, (int)Math.Round(x) - patch / 2);
        var (y0, x0) = (Math.Max(0, top), Math.Max(0, left));
        var (y1, x1) = (Math.Min(first.Height, top + patch), Math.Min(first.Width, left + patch));
        if (y1 - y0 < patch / 3 || x1 - x0 < patch / 3 || first.Missing(y0, x0, y1, x1) > 0.25 || second.Missing(y0, x0, y1, x1) > 0.25)
            return default;
        var (searchY, searchX) = (Math.Max(0, y0 - radius), Math.Max(0, x0 - radius));
        var (endY, endX) = (Math.Min(first.Height, y1 + radius), Math.Min(first.Width, x1 + radius));

        // 2. Its correlation at every place.
        fixed (float* p = first.Values)
        fixed (float* q = second.Values)
        {
            using var whole = Mat.FromPixelData(first.Height, first.Width, MatType.CV_32FC1, (nint)p);
            using var other = Mat.FromPixelData(first.Height, first.Width, MatType.CV_32FC1, (nint)q);
            using var template = whole.SubMat(y0, y1, x0, x1);
            using var search = other.SubMat(searchY, endY, searchX, endX);
            Cv2.MatchTemplate(search, template, result, TemplateMatchModes.CCoeffNormed);
        }
        var (height, width) = (result.Rows, result.Cols);
        var correlation = new ReadOnlySpan<float>((void*)result.Data, height * width);
        var best = 0;
        for (var i = 1; i < correlation.Length; i++)
        {
            if (correlation[i] > correlation[best])
                best = i;
        }
        var (row, column) = (best / width, best % width);
        var peak = correlation[best];
        if (!(peak > LowPeak) || peak > 1.01f || row == 0 || column == 0 || row == height - 1 || column == width - 1)
            return default;

        // 3. The peak between pixels, and its flattest direction.
        var (north, south, west, east) = (correlation[best - width], correlation[best + width], correlation[best - 1], correlation[best + 1]);
        var (yy, xx) = (2 * peak - north - south, 2 * peak - west - east);
        var xy = 0.25f * (correlation[best - width - 1] + correlation[best + width + 1] - correlation[best - width + 1] - correlation[best + width - 1]);
        var (gy, gx) = (0.5f * (south - north), 0.5f * (east - west));
        var determinant = yy * xx - xy * xy;
        if (yy <= 0 || xx <= 0 || determinant <= 0)
            return default;
        var dy = Math.Clamp((xx * gy + xy * gx) / determinant, -1f, 1f);
        var dx = Math.Clamp((yy * gx + xy * gy) / determinant, -1f, 1f);
        var flattest = 0.5f * (yy + xx - MathF.Sqrt((yy - xx) * (yy - xx) + 4 * xy * xy));

        // 4. The next peak.
        var second2 = 0f;
        for (var r = 0; r < height; r++)
        {
            for (var c = 0; c < width; c++)
            {
                if (Math.Max(Math.Abs(r - row), Math.Abs(c - column)) > PeakRadius)
                    second2 = Math.Max(second2, correlation[r * width + c]);
            }
        }
        var confidence = Math.Clamp((peak - LowPeak) / (HighPeak - LowPeak), 0, 1) * Math.Clamp(0.5f * flattest / SharpDrop, 0, 1) * Math.Clamp(2.5f * (1 - second2 / peak), 0, 1);
        return (row + dy + searchY - y0, column + dx + searchX - x0, confidence);
    }
}
