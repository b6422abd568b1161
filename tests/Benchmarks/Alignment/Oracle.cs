using VisionCell.Preprocessing;

namespace VisionCell.Benchmarks.Alignment;

/// <summary>
/// What the alignment of distorted sections would reach if it knew every displacement: the fault as it was put in, and the specimen's own motion as the alignment finds it in
/// the stack without the fault. It then does what the alignment does: it takes out what goes to and fro and leaves what is steady. What it leaves is the price of not
/// knowing which motion is the specimen's; what the alignment leaves beyond it is the alignment's own. Does not measure how exactly the specimen's motion is known.
/// </summary>
internal static class Oracle
{
    private const double Spacing = 24;

    /// <summary>The oracle's correction.</summary>
    /// <param name="fault">What was put in, pixels of the uncropped stack.</param>
    /// <param name="own">Where a pixel of the stack without the fault, with all motion taken out, comes from: the specimen's motion.</param>
    /// <param name="height">Rows of the cropped section.</param>
    /// <param name="width">Columns of the cropped section.</param>
    /// <param name="margin">What was cropped on each side.</param>
    public static Correction Of(Fault fault, Correction own, int height, int width, int margin)
    {
        var grid = ElasticField.Zero(height, width, Spacing);
        var count = fault.Transforms.Length;
        float[][] y = new float[count][], x = new float[count][];
        for (var z = 0; z < count; z++)
        {
            (y[z], x[z]) = (new float[grid.Y.Length], new float[grid.Y.Length]);
            for (var n = 0; n < y[z].Length; n++)
            {
                // The whole way of a node: where the faulted section shows what the motionless specimen has there.
                var (row, column) = (n / grid.Columns * Spacing, n % grid.Columns * Spacing);
                var (py, px) = own(z, row, column);
                var (qy, qx) = SectionResampling.Target(py + margin, px + margin, fault.Transforms[z], fault.Fields[z]);
                (y[z][n], x[z][n]) = ((float)(qy - margin - row), (float)(qx - margin - column));
            }
        }
        var (wholeY, wholeX) = (y.Select(v => v.ToArray()).ToArray(), x.Select(v => v.ToArray()).ToArray());
        SteadyTrend.SubtractFromMeshes(y, x, window: 0);
        ElasticField Field(float[] alongY, float[] alongX) => new(Spacing, 0, grid.Rows, grid.Columns, alongY, alongX);
        var fast = y.Zip(x, Field).ToArray();
        var steady = y.Select((v, z) => Field([.. wholeY[z].Zip(v, (a, b) => a - b)], [.. wholeX[z].Zip(x[z], (a, b) => a - b)])).ToArray();
        return (z, row, column) =>
        {
            // Known at u, shown at v = u + steady(u), which is left in.
            var (u, v) = (row, column);
            for (var round = 0; round < 8; round++)
            {
                var (sy, sx) = steady[z].At(u, v);
                (u, v) = (row - sy, column - sx);
            }
            var (dy, dx) = fast[z].At(u, v);
            return (row + dy, column + dx);
        };
    }

    /// <summary>Prints one row a volume and seed: what the alignment leaves, and what the oracle does.</summary>
    /// <param name="name">Of the volume.</param>
    /// <param name="truth">Its first sections.</param>
    /// <param name="seeds">Of the faults.</param>
    public static void Compare(string name, Volumes.Volume<float> truth, IEnumerable<int> seeds)
    {
        const int Margin = 8;
        AlignmentConfiguration Configured(bool keep) => new(maxShift: 16, neighbours: 3, keepSlowMotion: keep, deadZone: 0, elastic: new ElasticConfiguration());
        var none = Faults.None(truth.Shape.Z);
        var clean = Faults.Put(truth, none, Margin);
        var (height, width) = (clean.Shape.Y, clean.Shape.X);
        var specimen = Corrections.Ours(clean, Configured(keep: false));
        Correction still = (_, y, x) => (y, x);
        foreach (var seed in seeds)
        {
            var fault = Faults.Elastic(truth.Shape.Z, truth.Shape.Y, truth.Shape.X, 5, 80, seed);
            var faulted = Faults.Put(truth, fault, Margin);
            Residual Left(Correction correction, Correction? right = null, Fault? of = null) =>
                Residual.Of(of ?? fault, correction.Invoke, height, width, Margin, null, right is null ? null : right.Invoke);
            Correction Shown(Correction correction) => (z, y, x) =>
            {
                var (fromY, fromX) = correction(z, y, x);
                var (toY, toX) = SectionResampling.Source(fromY + Margin, fromX + Margin, fault.Transforms[z], fault.Fields[z]);
                return (toY - Margin, toX - Margin);
            };
            var oracle = Of(fault, specimen, height, width, Margin);
            var found = Corrections.Ours(faulted, Configured(keep: true));
            Residual[] cells =
            [
                Left(still), Left(found), Left(oracle), Left(Of(fault, still, height, width, Margin)),
                Left(Of(none, specimen, height, width, Margin), null, none), Left(found, Shown(oracle)), Left(Corrections.Ours(faulted, Configured(keep: false)), specimen),
            ];
            Console.WriteLine($"| {name} | {seed} | {string.Join(" | ", cells.Select(c => c.ToString()))} |");
        }
    }
}
