namespace VisionCell.Preprocessing;

/// <summary>Displacements of patches at the nodes of a mesh <c>[Rows, Columns]</c>, and what each is worth.</summary>
/// <param name="Y">Along y, pixels; positive where the second image shows the patch further down.</param>
/// <param name="X">Along x, pixels.</param>
/// <param name="YY">Information on the displacement along y, 1 / pixels².</param>
/// <param name="YX">Information on both together.</param>
/// <param name="XX">Information along x.</param>
internal sealed record PatchShifts(float[] Y, float[] X, float[] YY, float[] YX, float[] XX);

/// <summary>
/// Small displacements of patches between two images that nearly lie on each other, by grey values and their gradients: one step of Gauss-Newton on the squared difference
/// in a window around every node (Lucas and Kanade, Proc. IJCAI 1981). Unlike a peak of correlations it says how well each direction is known, which is what a least-squares
/// solution over many patches needs; a window that reaches over the border counts what there is; and repeated on the warped image its error has no part that stays.
/// With g the gradient, f the first image and m the second, m = γ f displaced by d, so that d = -(γ Σ w g gᵀ)⁻¹ Σ w g (m - γ f), known to a covariance of
/// σ² / γ² (Σ w g gᵀ)⁻¹ where σ² is what remains of m.
/// </summary>
internal static class PatchGradients
{
    /// <summary>Pixels that carry one independent grey value in smoothed micrographs.</summary>
    private const double PixelsPerValue = 40;

    /// <summary>Correlation under a window below which grey values say nothing.</summary>
    private const double LeastCorrelation = 0.2;

    /// <summary>A step is good for no more, pixels: beyond it grey values are no straight lines any more.</summary>
    private const double LongestStep = 2;

    private const int Sums = 11;

    /// <summary>Measures the displacements at every node.</summary>
    /// <param name="first">Image whose patches are looked for.</param>
    /// <param name="second">Image that is searched, of the same size.</param>
    /// <param name="rows">Rows of nodes.</param>
    /// <param name="columns">Columns of nodes.</param>
    /// <param name="spacing">Distance of nodes, pixels of these images.</param>
    /// <param name="reach">Half the edge of a window, pixels; it is a raised cosine.</param>
    public static PatchShifts Measure(WarpedImage first, WarpedImage second, int rows, int columns, double spacing, double reach)
    {
        var (height, width) = (first.Height, first.Width);
        var total = new double[rows * columns * Sums];

        // 1. Each row of pixels into the windows along x, and these into the windows along y.
        var spans = Enumerable.Range(0, columns).Select(c => Span(c * spacing, reach, width)).ToArray();
        Parallel.For(0, rows, () => (new float[width * Sums], new double[columns * Sums]), (row, _, scratch) =>
        {
            var (products, line) = scratch;
            var (top, weights) = Span(row * spacing, reach, height);
            for (var k = 0; k < weights.Length; k++)
            {
                Products(first, second, top + k, products);
                Array.Clear(line);
                for (var c = 0; c < columns; c++)
                {
                    var (left, across) = spans[c];
                    var into = line.AsSpan(c * Sums, Sums);
                    for (var i = 0; i < across.Length; i++)
                    {
                        var from = products.AsSpan((left + i) * Sums, Sums);
                        for (var s = 0; s < Sums; s++)
                            into[s] += across[i] * from[s];
                    }
                }
                for (var i = 0; i < line.Length; i++)
                    total[row * columns * Sums + i] += weights[k] * line[i];
            }
            return scratch;
        }, _ => { });

        // 2. A step at each node.
        var count = rows * columns;
        var shifts = new PatchShifts(new float[count], new float[count], new float[count], new float[count], new float[count]);
        var whole = Enumerable.Range(0, (int)(2 * reach) + 1).Sum(i => Window((i - reach) / reach));
        for (var n = 0; n < count; n++)
            Step(total.AsSpan(n * Sums, Sums), 0.15 * whole * whole, n, shifts);
        return shifts;
    }

    private static void Step(ReadOnlySpan<double> t, double least, int node, PatchShifts shifts)
    {
        // t: w, f f, f m, m m, gy gy, gy gx, gx gx, gy m, gx m, gy f, gx f
        if (t[0] < least || t[1] <= 0 || t[3] <= 0)
            return;
        var gain = t[2] / t[1];
        var rest = Math.Max(t[3] - t[2] * t[2] / t[1], 1e-3 * t[3]);
        if (t[2] < LeastCorrelation * Math.Sqrt(t[1] * t[3]))
            return;
        var (yy, yx, xx) = (gain * t[4], gain * t[5], gain * t[6]);
        // A little of the mean gradient on the diagonal, so that where one direction is unknown nothing moves along it.
        var floor = 1e-2 * (yy + xx) + 1e-12;
        var (ry, rx) = (-(t[7] - gain * t[9]), -(t[8] - gain * t[10]));
        var determinant = (yy + floor) * (xx + floor) - yx * yx;
        var (dy, dx) = (((xx + floor) * ry - yx * rx) / determinant, ((yy + floor) * rx - yx * ry) / determinant);
        var length = Math.Sqrt(dy * dy + dx * dx);
        var share = length > LongestStep ? LongestStep / length : 1;
        var information = gain * t[0] / (rest * PixelsPerValue);
        (shifts.Y[node], shifts.X[node]) = ((float)(share * dy), (float)(share * dx));
        (shifts.YY[node], shifts.YX[node], shifts.XX[node]) = ((float)(information * yy), (float)(information * yx), (float)(information * xx));
    }

    /// <summary>What the sums are made of, for every pixel of a row; zero where either image shows nothing.</summary>
    private static void Products(WarpedImage first, WarpedImage second, int y, float[] result)
    {
        var width = first.Width;
        Array.Clear(result);
        if (y == 0 || y == first.Height - 1)
            return;
        var (f, m) = (first.Values, second.Values);
        var (inFirst, inSecond) = (first.Shown, second.Shown);
        for (var x = 1; x + 1 < width; x++)
        {
            var i = y * width + x;
            if (!(inFirst[i] && inSecond[i] && inFirst[i - 1] && inSecond[i - 1] && inFirst[i + 1] && inSecond[i + 1]
                && inFirst[i - width] && inSecond[i - width] && inFirst[i + width] && inSecond[i + width]))
                continue;
            var gy = 0.25f * (f[i + width] - f[i - width] + m[i + width] - m[i - width]);
            var gx = 0.25f * (f[i + 1] - f[i - 1] + m[i + 1] - m[i - 1]);
            var into = result.AsSpan(x * Sums, Sums);
            into[0] = 1;
            into[1] = f[i] * f[i];
            into[2] = f[i] * m[i];
            into[3] = m[i] * m[i];
            into[4] = gy * gy;
            into[5] = gy * gx;
            into[6] = gx * gx;
            into[7] = gy * m[i];
            into[8] = gx * m[i];
            into[9] = gy * f[i];
            into[10] = gx * f[i];
        }
    }

    /// <summary>The first pixel of a window about a place, and the weights of its pixels.</summary>
    private static (int First, float[] Weights) Span(double centre, double reach, int length)
    {
        var begin = Math.Max(0, (int)Math.Ceiling(centre - reach));
        var end = Math.Min(length - 1, (int)Math.Floor(centre + reach));
        return (begin, [.. Enumerable.Range(begin, Math.Max(0, end - begin + 1)).Select(i => (float)Window((i - centre) / reach))]);
    }

    private static double Window(double at) => 0.5 + 0.5 * Math.Cos(Math.PI * Math.Clamp(at, -1, 1));
}
