using VisionCell.Preprocessing;

namespace VisionCell.Benchmarks.Alignment;

/// <summary>
/// How far points of aligned sections lie from where they should, pixels. A point u of the aligned section z shows the specimen at
/// P_z(u): the fault after the correction. Perfect alignment has the same P for all z (any common map will do).
/// </summary>
/// <param name="Absolute">Mean distance to one common rigid map, the best over the stack.</param>
/// <param name="Fast">The same after each point's path along z was freed of what is slower than 25 sections: jitter alone.</param>
/// <param name="Adjacent">Mean distance between P_z and P_(z+1), over √2 so that independent errors give the same number.</param>
internal sealed record Residual(double Absolute, double Fast, double Adjacent)
{
    private const int Grid = 9;

    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"{Absolute:0.00} / {Fast:0.00} / {Adjacent:0.00}");

    /// <summary>Measures a correction against the fault that was put in.</summary>
    /// <param name="fault">What was put in, pixels of the uncropped stack.</param>
    /// <param name="correct">Where an aligned pixel (y, x) of section z comes from in the faulted, cropped section.</param>
    /// <param name="height">Rows of the cropped section.</param>
    /// <param name="width">Columns of the cropped section.</param>
    /// <param name="margin">What was cropped on each side.</param>
    /// <param name="skip">Sections that are not counted.</param>
    /// <param name="own">What the same method makes of the stack without the fault: the motion of the specimen, which counts as right.</param>
    public static Residual Of(Fault fault, Func<int, double, double, (double Y, double X)> correct, int height, int width, int margin, IReadOnlySet<int>? skip = null,
        Func<int, double, double, (double Y, double X)>? own = null)
    {
        var sections = Enumerable.Range(0, fault.Transforms.Length).Where(z => skip?.Contains(z) != true).ToArray();
        var points = (from j in Enumerable.Range(0, Grid) from i in Enumerable.Range(0, Grid) select (Y: (0.1 + 0.8 * j / (Grid - 1)) * (height - 1), X: (0.1 + 0.8 * i / (Grid - 1)) * (width - 1))).ToArray();
        var at = sections.Select(z => points.Select(p =>
        {
            var (y, x) = correct(z, p.Y, p.X);
            var (sy, sx) = SectionResampling.Source(y + margin, x + margin, fault.Transforms[z], fault.Fields[z]);
            var (oy, ox) = own?.Invoke(z, p.Y, p.X) ?? (p.Y, p.X);
            return (Y: sy - margin - oy + p.Y, X: sx - margin - ox + p.X);
        }).ToArray()).ToArray();

        // One rigid map for all: of the mean positions.
        var mean = points.Select((_, n) => (Y: at.Average(s => s[n].Y), X: at.Average(s => s[n].X))).ToArray();
        var (cy, cx) = (points.Average(p => p.Y), points.Average(p => p.X));
        var (my, mx) = (mean.Average(p => p.Y), mean.Average(p => p.X));
        double cross = 0, dot = 0;
        for (var n = 0; n < points.Length; n++)
        {
            var (py, px, qy, qx) = (points[n].Y - cy, points[n].X - cx, mean[n].Y - my, mean[n].X - mx);
            cross += px * qy - py * qx;
            dot += px * qx + py * qy;
        }
        var (sin, cos) = Math.SinCos(Math.Atan2(cross, dot));
        var rests = at.Select(s => s.Select((q, n) =>
        {
            var (py, px) = (points[n].Y - cy, points[n].X - cx);
            return (Y: q.Y - my - sin * px - cos * py, X: q.X - mx - cos * px + sin * py);
        }).ToArray()).ToArray();
        static double Length((double Y, double X) v) => Math.Sqrt(v.Y * v.Y + v.X * v.X);
        var absolute = rests.Average(s => s.Average(Length));
        var adjacent = rests.Skip(1).Select((s, z) => s.Select((v, n) => Length((v.Y - rests[z][n].Y, v.X - rests[z][n].X))).Average()).Average() / Math.Sqrt(2);

        // Gaussian along z with a standard deviation of 6 sections halves waves of 32 and passes those of 100: its rest is what is faster.
        double fast = 0;
        for (var z = 0; z < rests.Length; z++)
        {
            var weights = Enumerable.Range(0, rests.Length).Select(k => Math.Exp(-(k - z) * (k - z) / 72.0)).ToArray();
            var sum = weights.Sum();
            for (var n = 0; n < points.Length; n++)
            {
                double y = 0, x = 0;
                for (var k = 0; k < rests.Length; k++)
                {
                    y += weights[k] * rests[k][n].Y;
                    x += weights[k] * rests[k][n].X;
                }
                fast += Length((rests[z][n].Y - y / sum, rests[z][n].X - x / sum)) / points.Length / rests.Length;
            }
        }
        return new Residual(absolute, fast, adjacent);
    }
}
