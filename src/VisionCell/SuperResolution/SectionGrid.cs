using VisionCell.Acquisition;

namespace VisionCell.SuperResolution;

/// <summary>
/// The grid that planes are restored on: as many rows for every section, laid out between its centre and the next one's (or within it, where
/// it is thick), however far apart these are. Where sections begin with fine rows, a whole number of them apart, it is the fine grid itself;
/// where not, its rows lie a little closer, or, between sections at positions of their own, as close as each gap makes them, and the fine
/// rows are read between them.
/// </summary>
internal sealed class SectionGrid
{
    private readonly SparseVolume _sparse;

    /// <summary>The grid that suits a stack.</summary>
    public SectionGrid(SparseVolume sparse)
        : this(sparse, SamplingFor(sparse))
    {
    }

    /// <param name="sparse">A stack, or a part of one.</param>
    /// <param name="sampling">How sections sample the rows of the grid.</param>
    public SectionGrid(SparseVolume sparse, AxialSampling sampling) => (_sparse, Sampling) = (sparse, sampling);

    /// <summary>How sections sample the rows of this grid.</summary>
    public AxialSampling Sampling { get; }

    /// <summary>Mean distance of rows, fine voxels.</summary>
    public double Distance => _sparse.MeanPitch / Sampling.Pitch;

    /// <summary>Where the rows of a run of sections lie, in fine rows.</summary>
    /// <param name="first">First section.</param>
    /// <param name="count">Number of sections.</param>
    public double[] Positions(int first, int count)
    {
        var positions = new double[Sampling.FineRows(count)];
        for (var k = 0; k < positions.Length; k++)
        {
            var (section, row) = Math.DivRem(k, Sampling.Pitch);
            // From the centre of one section to the next, and past the last one as far as before.
            var (own, next) = (_sparse.Centre(first + section), first + section + 1 < _sparse.Sections ? _sparse.Centre(first + section + 1) : _sparse.Centre(first + section) + _sparse.MeanPitch);
            positions[k] = own + (row - Sampling.Centre(0)) / Sampling.Pitch * (next - own);
        }
        return positions;
    }

    /// <summary>Of which rows of a run of sections each fine row of a slab is made, with their weights; the polynomial of third degree through four.</summary>
    /// <param name="first">First section of the run.</param>
    /// <param name="count">Number of its sections.</param>
    /// <param name="from">First fine row.</param>
    /// <param name="rows">Number of fine rows.</param>
    public (int Row, float Weight)[][] FineRows(int first, int count, int from, int rows)
    {
        var at = Positions(first, count);
        var result = new (int, float)[rows][];
        for (var (z, k) = (0, 0); z < rows; z++)
        {
            var position = Math.Clamp(from + z, at[0], at[^1]);
            while (k + 2 < at.Length && at[k + 1] <= position)
                k++;
            result[z] = Math.Abs(at[k] - position) < 1e-6 ? [(k, 1f)]
                : Math.Abs(at[Math.Min(k + 1, at.Length - 1)] - position) < 1e-6 ? [(Math.Min(k + 1, at.Length - 1), 1f)]
                : Between(at, Math.Clamp(k - 1, 0, Math.Max(0, at.Length - 4)), Math.Min(4, at.Length), position);
        }
        return result;
    }

    private static AxialSampling SamplingFor(SparseVolume sparse)
    {
        var (pitch, sampling) = (sparse.MeanPitch, sparse.Sampling);
        if (sparse.IsEven && sampling.IsWhole)
            return sampling;
        // Rows no farther apart than fine ones, so that none is lost.
        var rows = (int)Math.Ceiling(pitch - 1e-6);
        return new AxialSampling(rows, sampling.IsDecimation ? 1 : Math.Clamp(Math.Round(sampling.ExactThickness / pitch * rows), 1, rows));
    }

    /// <summary>Lagrange's weights of some knots.</summary>
    private static (int, float)[] Between(double[] knots, int first, int count, double position) =>
        [.. Enumerable.Range(first, count).Select(i => (i, (float)Enumerable.Range(first, count).Where(j => j != i).Aggregate(1.0, (product, j) => product * (position - knots[j]) / (knots[i] - knots[j]))))];
}
