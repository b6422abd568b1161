using VisionCell.Volumes;

namespace VisionCell.Augmentation;

/// <summary>Where the points of a changed patch come from, in nanometres from the centre of the patch.</summary>
public abstract class SpatialStep
{
    /// <summary>The point of the source that a point of the result shows, nm from the centre.</summary>
    public abstract Position Source(Position point);
}

/// <summary>A linear map and a shift.</summary>
/// <param name="matrix">Nine numbers, row by row, in the order z, y, x: source = matrix * point + shift.</param>
/// <param name="shift">Shift of the source, nm.</param>
public sealed class AffineStep(double[] matrix, Position shift = default) : SpatialStep
{
    /// <summary>Every point stays.</summary>
    public static AffineStep Identity { get; } = new([1, 0, 0, 0, 1, 0, 0, 0, 1]);

    /// <inheritdoc/>
    public override Position Source(Position point) => new(
        matrix[0] * point.Z + matrix[1] * point.Y + matrix[2] * point.X + shift.Z,
        matrix[3] * point.Z + matrix[4] * point.Y + matrix[5] * point.X + shift.Y,
        matrix[6] * point.Z + matrix[7] * point.Y + matrix[8] * point.X + shift.X);
}

/// <summary>
/// Changes of place composed: the source point, in voxels of the source, of every voxel of the result. Taken on a lattice of
/// <see cref="LatticeStep"/> voxels with straight lines between: exact for affine maps, and for elastic ones within
/// 1/8 (8 / 32)² 4 = 3 % of the amplitude where control points lie 32 voxels apart.
/// </summary>
internal sealed class SpatialMap
{
    /// <summary>Voxels between the points at which elastic maps are evaluated.</summary>
    public const int LatticeStep = 8;

    private readonly double[][] _nodes;
    private readonly int[] _counts;
    private readonly double[] _steps;

    /// <summary>Composes steps; the first is done first, the last is what the result shows last.</summary>
    /// <param name="steps">Changes of place, nm about the centre of the patch.</param>
    /// <param name="patch">Shape of the result.</param>
    /// <param name="size">Voxel size of source and result, nm.</param>
    /// <param name="centre">Centre of the patch in the source, voxels: (0, 0, 0) is the middle of its first voxel.</param>
    public SpatialMap(IReadOnlyList<SpatialStep> steps, Shape3 patch, VoxelSize size, (double Z, double Y, double X) centre)
    {
        IsAffine = steps.All(s => s is AffineStep);
        int[] n = [patch.Z, patch.Y, patch.X];
        // An affine map is known from the corners.
        _steps = [.. n.Select(c => IsAffine ? Math.Max(1, c - 1) : (double)LatticeStep)];
        _counts = [.. n.Select((c, a) => (int)Math.Ceiling((c - 1) / _steps[a]) + 1).Select(c => Math.Max(c, 2))];
        _nodes = [new double[_counts[0] * _counts[1] * _counts[2]], new double[_counts[0] * _counts[1] * _counts[2]], new double[_counts[0] * _counts[1] * _counts[2]]];
        var i = 0;
        for (var z = 0; z < _counts[0]; z++)
        {
            for (var y = 0; y < _counts[1]; y++)
            {
                for (var x = 0; x < _counts[2]; x++, i++)
                {
                    var p = new Position(
                        (z * _steps[0] - (patch.Z - 1) / 2.0) * size.Z, (y * _steps[1] - (patch.Y - 1) / 2.0) * size.Y, (x * _steps[2] - (patch.X - 1) / 2.0) * size.X);
                    for (var s = steps.Count - 1; s >= 0; s--)
                        p = steps[s].Source(p);
                    (_nodes[0][i], _nodes[1][i], _nodes[2][i]) = (centre.Z + p.Z / size.Z, centre.Y + p.Y / size.Y, centre.X + p.X / size.X);
                }
            }
        }
    }

    /// <summary>Whether every step is affine.</summary>
    public bool IsAffine { get; }

    /// <summary>Number of nodes along x.</summary>
    public int RowNodes => _counts[2];

    /// <summary>Voxels between nodes along x.</summary>
    public double RowStep => _steps[2];

    /// <summary>Source point of a voxel, voxels of the source.</summary>
    public (double Z, double Y, double X) At(int z, int y, int x)
    {
        Span<double> row = stackalloc double[3 * RowNodes];
        Row(z, y, row);
        var at = x / _steps[2];
        var i = Math.Min((int)at, RowNodes - 2);
        var f = at - i;
        return (Mix(row, i, f), Mix(row[RowNodes..], i, f), Mix(row[(2 * RowNodes)..], i, f));
        static double Mix(ReadOnlySpan<double> v, int i, double f) => v[i] + f * (v[i + 1] - v[i]);
    }

    /// <summary>Source points at the nodes of a row of the result: all z, then all y, then all x.</summary>
    public void Row(int z, int y, Span<double> nodes)
    {
        double atZ = z / _steps[0], atY = y / _steps[1];
        int iz = Math.Min((int)atZ, _counts[0] - 2), iy = Math.Min((int)atY, _counts[1] - 2);
        double fz = atZ - iz, fy = atY - iy;
        var first = (iz * _counts[1] + iy) * _counts[2];
        int down = _counts[2], deep = _counts[1] * _counts[2];
        for (var c = 0; c < 3; c++)
        {
            for (var x = 0; x < RowNodes; x++)
            {
                var v = _nodes[c].AsSpan(first + x);
                var near = v[0] + fy * (v[down] - v[0]);
                nodes[c * RowNodes + x] = fz == 0 ? near : near + fz * (v[deep] + fy * (v[deep + down] - v[deep]) - near);
            }
        }
    }

    /// <summary>Rows of the result that show something of some sections of the source, ascending.</summary>
    /// <param name="sections">Which.</param>
    /// <param name="count">Sections of the source.</param>
    /// <param name="patch">Shape of the result.</param>
    public IEnumerable<int> RowsShowing(IReadOnlySet<int> sections, int count, Shape3 patch) => Enumerable.Range(0, patch.Z).Where(z =>
    {
        const double Tolerance = 1e-6;
        Span<double> row = new double[3 * RowNodes];
        for (var y = 0; y < patch.Y; y++)
        {
            Row(z, y, row);
            for (var x = 0; x < patch.X; x++)
            {
                var i = Math.Min((int)(x / RowStep), RowNodes - 2);
                var at = row[i] + (x / RowStep - i) * (row[i + 1] - row[i]) + Tolerance;
                var before = (int)Math.Floor(at);
                if (sections.Contains(Resampler.Mirror(before, count)) || (at - before > 2 * Tolerance && sections.Contains(Resampler.Mirror(before + 1, count))))
                    return true;
            }
        }
        return false;
    });

    /// <summary>
    /// The source voxel of each index along each axis of the result, where the map takes voxels to voxels (flips, exchanges of axes,
    /// whole shifts); null where it does not. Then nothing need be interpolated, and nothing is blurred.
    /// </summary>
    /// <returns>For each axis of the result, the axis of the source that it runs along, and first index and step (1 or -1) there.</returns>
    public (int Axis, int First, int Step)[]? AsExactCopy(Shape3 patch)
    {
        if (!IsAffine)
            return null;
        const double Tolerance = 1e-6;
        int[] n = [patch.Z, patch.Y, patch.X];
        int[] strides = [_counts[1] * _counts[2], _counts[2], 1];
        var result = new (int, int, int)[3];
        var taken = new bool[3];
        // Along an axis of one voxel there is no direction: it takes the source axis that the others leave.
        foreach (var a in Enumerable.Range(0, 3).OrderBy(a => n[a] == 1))
        {
            double[] along = [.. Enumerable.Range(0, 3).Select(c => (_nodes[c][strides[a]] - _nodes[c][0]) / _steps[a])];
            var axis = Array.FindIndex(along, v => Math.Abs(Math.Abs(v) - 1) < Tolerance);
            if (axis < 0 || taken[axis] || along.Where((v, c) => c != axis && Math.Abs(v) > Tolerance).Any())
                return null;
            taken[axis] = true;
            var first = Math.Round(_nodes[axis][0]);
            if (Math.Abs(_nodes[axis][0] - first) > Tolerance)
                return null;
            result[a] = (axis, (int)first, Math.Sign(along[axis]));
        }
        return result;
    }
}
