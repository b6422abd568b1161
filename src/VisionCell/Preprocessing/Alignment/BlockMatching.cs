using System.Numerics;

namespace VisionCell.Preprocessing;

/// <summary>Displacements of patches between two images at the nodes of a mesh <c>[Rows, Columns]</c>.</summary>
/// <param name="Y">Along y, pixels; positive where the second image shows the patch further down.</param>
/// <param name="X">Along x, pixels.</param>
/// <param name="Confidence">0 (no match) to 1.</param>
internal sealed record PatchMatches(float[] Y, float[] X, float[] Confidence);

/// <summary>
/// Finds patches of one image in another by normalised cross-correlation, summed place by place (for reaches below ten pixels faster
/// than by transforms), to a fraction of a pixel by a parabola through the peak. A match counts by three things, as in SOFIMA (Januszewski et al., doi:10.5281/zenodo.7779105) and TrakEM2
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
        Parallel.For(0, rows, () => new Scratch(patch, radius), (row, _, scratch) =>
        {
            for (var column = 0; column < columns; column++)
            {
                var at = row * columns + column;
                (matches.Y[at], matches.X[at], matches.Confidence[at]) = Match(first, second, row * spacing, column * spacing, patch, radius, scratch);
            }
            return scratch;
        }, _ => { });
        return matches;
    }

    private static (float Y, float X, float Confidence) Match(WarpedImage first, WarpedImage second, double y, double x, int patch, int radius, Scratch scratch)
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
        var (height, width) = (endY - searchY - (y1 - y0) + 1, endX - searchX - (x1 - x0) + 1);
        ReadOnlySpan<float> correlation = scratch.Correlate(first, second, y0, y1, x0, x1, searchY, searchX, height, width);
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

    /// <summary>Working memory of one thread.</summary>
    private sealed class Scratch(int patch, int radius)
    {
        private readonly float[] _correlation = new float[(2 * radius + 1) * (2 * radius + 1)];
        private readonly float[] _search = new float[(patch + 2 * radius) * (patch + 2 * radius) + 4 * Vector<float>.Count];
        private readonly float[] _row = new float[2 * radius + 1 + 2 * Vector<float>.Count];
        private readonly double[] _sums = new double[(patch + 2 * radius + 1) * (patch + 2 * radius + 1)];
        private readonly double[] _squares = new double[(patch + 2 * radius + 1) * (patch + 2 * radius + 1)];

        /// <summary>Correlation of the box [y0, y1) x [x0, x1) of the first image with the boxes of the second that begin at (searchY + row, searchX + column).</summary>
        public ReadOnlySpan<float> Correlate(WarpedImage first, WarpedImage second, int y0, int y1, int x0, int x1, int searchY, int searchX, int height, int width)
        {
            var (patchY, patchX) = (y1 - y0, x1 - x0);
            var (areaY, areaX) = (patchY + height - 1, patchX + width - 1);
            double sum = 0, square = 0;
            for (var y = y0; y < y1; y++)
            {
                foreach (var value in first.Values.AsSpan(y * first.Width + x0, patchX))
                {
                    sum += value;
                    square += value * value;
                }
            }
            var count = (double)patchY * patchX;
            var mean = (float)(sum / count);
            var energy = square - sum * sum / count;

            // Sums over boxes of the second image from running sums.
            Array.Clear(_sums, 0, areaX + 1);
            Array.Clear(_squares, 0, areaX + 1);
            for (var y = 0; y < areaY; y++)
            {
                var from = second.Values.AsSpan((searchY + y) * second.Width + searchX, areaX);
                from.CopyTo(_search.AsSpan(y * areaX));
                var at = (y + 1) * (areaX + 1);
                double lineSum = 0, lineSquare = 0;
                _sums[at] = _squares[at] = 0;
                for (var x = 0; x < areaX; x++)
                {
                    lineSum += from[x];
                    lineSquare += from[x] * from[x];
                    _sums[at + x + 1] = _sums[at + x - areaX] + lineSum;
                    _squares[at + x + 1] = _squares[at + x - areaX] + lineSquare;
                }
            }
            double Box(double[] sums, int y, int x)
            {
                var (top, bottom) = (y * (areaX + 1) + x, (y + patchY) * (areaX + 1) + x);
                return sums[bottom + patchX] - sums[bottom] - sums[top + patchX] + sums[top];
            }

            // All places of one row at once, a vector of them for each pixel of the patch.
            var lanes = Vector<float>.Count;
            for (var row = 0; row < height; row++)
            {
                for (var block = 0; block < width; block += 2 * lanes)
                {
                    var (left, right) = (Vector<float>.Zero, Vector<float>.Zero);
                    var isWide = width - block > lanes;
                    for (var y = 0; y < patchY; y++)
                    {
                        var template = first.Values.AsSpan((y0 + y) * first.Width + x0, patchX);
                        var line = (row + y) * areaX + block;
                        if (isWide)
                        {
                            for (var x = 0; x < template.Length; x++)
                            {
                                var value = new Vector<float>(template[x] - mean);
                                left += value * new Vector<float>(_search, line + x);
                                right += value * new Vector<float>(_search, line + x + lanes);
                            }
                        }
                        else
                        {
                            for (var x = 0; x < template.Length; x++)
                                left += new Vector<float>(template[x] - mean) * new Vector<float>(_search, line + x);
                        }
                    }
                    left.CopyTo(_row, block);
                    right.CopyTo(_row, block + lanes);
                    for (var x = block; x < Math.Min(width, block + 2 * lanes); x++)
                    {
                        var boxSum = Box(_sums, row, x);
                        var boxEnergy = Box(_squares, row, x) - boxSum * boxSum / count;
                        _correlation[row * width + x] = energy > 1e-6 && boxEnergy > 1e-6 ? (float)(_row[x] / Math.Sqrt(energy * boxEnergy)) : 0;
                    }
                }
            }
            return _correlation.AsSpan(0, height * width);
        }
    }
}
