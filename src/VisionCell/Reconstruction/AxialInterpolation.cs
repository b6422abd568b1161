using System.Numerics.Tensors;
using VisionCell.Acquisition;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Reconstruction;

/// <summary>Which kernel interpolates between sections.</summary>
public enum InterpolationKernel
{
    /// <summary>The nearest section; halfway between two, the earlier one.</summary>
    Nearest,

    /// <summary>Straight line between the two neighbouring sections.</summary>
    Linear,

    /// <summary>Cubic spline through all sections, third derivative continuous at the second and the last but one (not-a-knot).</summary>
    Cubic,
}

/// <summary>
/// Interpolation along z, the floor that every other method must beat. Each fine row is a weighted sum of sections, placed at
/// their centres; rows before the first or after the last centre take the value at it. The weights are computed once for the
/// whole stack: for the spline by solving for each unit section (de Boor, A Practical Guide to Splines, 1978, chapter IV), which
/// decays by 0.27 a section, so that weights under 1e-7 are left out and twelve sections on either side of a gap are all that is solved for.
/// That, and coordinates of the whole stack, make a part of a stack give the bits of the whole.
/// </summary>
/// <param name="kernel">Which kernel.</param>
public sealed class AxialInterpolation(InterpolationKernel kernel) : IReconstructionMethod
{
    private const double NegligibleWeight = 1e-7;

    // 0.27^12 is 1.5e-7.
    private const int SplineSections = 12;

    /// <inheritdoc/>
    public string Name => kernel switch
    {
        InterpolationKernel.Nearest => "nearest",
        InterpolationKernel.Linear => "linear",
        _ => "cubic",
    };

    /// <inheritdoc/>
    public string Device => "cpu (fp32)";

    /// <inheritdoc/>
    public bool PlacesSections => true;

    /// <inheritdoc/>
    public Halo? Halo => new Halo(kernel == InterpolationKernel.Cubic ? SplineSections : 1, 0);

    /// <inheritdoc/>
    public void Train(SparseVolume sparse, TrainingOptions options)
    {
        // Nothing to fit.
    }

    /// <inheritdoc/>
    public Volume<float> Reconstruct(SparseVolume sparse, Box block, CancellationToken cancellation = default)
    {
        if (!block.IsInside(sparse.IsotropicShape))
            throw new BadInputException($"block {block.Shape} at ({block.Z}, {block.Y}, {block.X}) does not lie inside the isotropic volume of {sparse.IsotropicShape}");
        var result = sparse.NewIsotropic(block, Name);
        var weights = Weights(kernel, sparse);
        var observed = sparse.Observed;
        Parallel.For(0, block.Shape.Z, new ParallelOptions { CancellationToken = cancellation }, z =>
        {
            foreach (var (section, weight) in weights[block.Z + z])
            {
                for (var y = 0; y < block.Shape.Y; y++)
                {
                    var source = observed.Data.AsSpan(observed.Index(section, block.Y + y, block.X), block.Shape.X);
                    var target = result.Data.AsSpan(result.Index(z, y, 0), block.Shape.X);
                    TensorPrimitives.MultiplyAdd(source, weight, target, target);
                }
            }
        });
        return result;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Holds nothing.
    }

    /// <summary>For each fine row, the sections it is made of and their weights (they sum to 1): observed sections alone, where they truly lie.</summary>
    /// <param name="kernel">Which kernel.</param>
    /// <param name="sparse">The sections.</param>
    /// <exception cref="BadInputException">No section was observed.</exception>
    public static (int Section, float Weight)[][] Weights(InterpolationKernel kernel, SparseVolume sparse)
    {
        var observed = Enumerable.Range(0, sparse.Sections).Where(sparse.IsObserved).ToArray();
        if (observed.Length == 0)
            throw new BadInputException($"none of the {sparse.Sections} sections was observed: there is nothing to interpolate");
        var (whole, section, firstRow) = sparse.Whole ?? (sparse, 0, 0);
        var weights = Weights(kernel, [.. observed.Select(s => whole.Centre(section + s))], sparse.IsotropicShape.Z, firstRow);
        return observed.Length == sparse.Sections ? weights : [.. weights.Select(row => row.Select(w => (observed[w.Section], w.Weight)).ToArray())];
    }

    /// <summary>For each fine row, the sections it is made of and their weights (they sum to 1).</summary>
    /// <param name="kernel">Which kernel.</param>
    /// <param name="sampling">Where the sections are.</param>
    /// <param name="sections">Number of sections, at least 1.</param>
    public static (int Section, float Weight)[][] Weights(InterpolationKernel kernel, AxialSampling sampling, int sections) =>
        Weights(kernel, [.. Enumerable.Range(0, sections).Select(sampling.Centre)], sampling.FineRows(sections));

    /// <summary>For each fine row, the sections it is made of and their weights (they sum to 1).</summary>
    /// <param name="kernel">Which kernel.</param>
    /// <param name="centres">Where the sections are, in fine rows, ascending.</param>
    /// <param name="fineRows">Number of fine rows.</param>
    /// <param name="firstRow">The first of them.</param>
    public static (int Section, float Weight)[][] Weights(InterpolationKernel kernel, double[] centres, int fineRows, int firstRow = 0)
    {
        var sections = centres.Length;
        var rows = new (int, float)[fineRows][];
        // Second derivatives of the spline about gap i, sections low to high.
        var (curvature, low, high, solved) = (Array.Empty<double[]>(), 0, 0, -1);
        for (var (z, i) = (0, 0); z < rows.Length; z++)
        {
            var row = firstRow + z;
            while (i + 2 < sections && centres[i + 1] <= row)
                i++;
            var next = Math.Min(i + 1, sections - 1);
            if (solved != i)
            {
                var reach = kernel == InterpolationKernel.Cubic ? SplineSections : 0;
                (low, high, solved) = (Math.Max(0, i - reach), Math.Min(sections, next + reach + 1), i);
                curvature = kernel == InterpolationKernel.Cubic ? UnitCurvatures(centres[low..high]) : [];
            }
            var distance = next > i ? centres[next] - centres[i] : 1;
            var f = next > i ? Math.Clamp((row - centres[i]) / distance, 0, 1) : 0;
            var dense = new double[high - low];
            if (kernel == InterpolationKernel.Nearest)
            {
                dense[(f <= 0.5 ? i : next) - low] = 1;
            }
            else
            {
                dense[i - low] += 1 - f;
                dense[next - low] += f;
                if (kernel == InterpolationKernel.Cubic)
                {
                    // s(t) = linear + h² (((1−f)³ − (1−f)) M_i + (f³ − f) M_{i+1}) / 6
                    var (before, after) = (distance * distance * (Math.Pow(1 - f, 3) - (1 - f)) / 6, distance * distance * (f * f * f - f) / 6);
                    for (var k = 0; k < dense.Length; k++)
                        dense[k] += before * curvature[i - low][k] + after * curvature[next - low][k];
                }
            }
            rows[z] = [.. Enumerable.Range(0, dense.Length).Where(k => Math.Abs(dense[k]) > NegligibleWeight).Select(k => (low + k, (float)dense[k]))];
        }
        return rows;
    }

    /// <summary>Interpolates rows.</summary>
    /// <param name="weights">From <c>Weights</c>, one entry a fine row.</param>
    /// <param name="sections">Sections <c>[n, W]</c>.</param>
    /// <param name="width">Row length W.</param>
    /// <param name="fine">Result <c>[H, W]</c>, H = number of entries of <paramref name="weights"/>.</param>
    public static void Interpolate((int Section, float Weight)[][] weights, ReadOnlySpan<float> sections, int width, Span<float> fine)
    {
        for (var row = 0; row < weights.Length; row++)
        {
            var target = fine.Slice(row * width, width);
            target.Clear();
            foreach (var (section, weight) in weights[row])
                TensorPrimitives.MultiplyAdd(sections.Slice(section * width, width), weight, target, target);
        }
    }

    /// <summary>Second derivatives M of the not-a-knot spline: <c>M[i][k]</c> is M_i for data that are 1 at knot k and 0 elsewhere.</summary>
    private static double[][] UnitCurvatures(double[] knots)
    {
        var n = knots.Length;
        var m = new double[n][];
        for (var i = 0; i < n; i++)
            m[i] = new double[n];
        // Two knots make a line, three a parabola.
        if (n < 3)
            return m;
        var h = Enumerable.Range(0, n - 1).Select(i => knots[i + 1] - knots[i]).ToArray();
        if (n == 3)
        {
            double[] second = [2 / (h[0] * (h[0] + h[1])), -2 / (h[0] * h[1]), 2 / (h[1] * (h[0] + h[1]))];
            return [second, second, second];
        }

        // Interior knots: h_{i−1} M_{i−1} + 2 (h_{i−1} + h_i) M_i + h_i M_{i+1} = 6 ((y_{i+1} − y_i) / h_i − (y_i − y_{i−1}) / h_{i−1}).
        // Not-a-knot, (M_1 − M_0) / h_0 = (M_2 − M_1) / h_1 and likewise at the end, takes M_0 and M_{n−1} out of the first and the last of these.
        var (lower, diagonal, upper) = (new double[n], new double[n], new double[n]);
        for (var i = 1; i <= n - 2; i++)
        {
            var (a, b) = (h[i - 1], h[i]);
            (m[i][i - 1], m[i][i], m[i][i + 1]) = (6 / a, -6 / a - 6 / b, 6 / b);
            (lower[i], diagonal[i], upper[i]) = (a, 2 * (a + b), b);
            if (i == 1)
                (lower[i], diagonal[i], upper[i]) = (0, diagonal[i] + a * (1 + a / b), upper[i] - a * a / b);
            if (i == n - 2)
                (lower[i], diagonal[i], upper[i]) = (lower[i] - b * b / a, diagonal[i] + b * (1 + b / a), 0);
        }
        for (var i = 2; i <= n - 2; i++)
        {
            var factor = lower[i] / diagonal[i - 1];
            diagonal[i] -= factor * upper[i - 1];
            TensorPrimitives.MultiplyAdd(m[i - 1], -factor, m[i], m[i]);
        }
        for (var i = n - 2; i >= 1; i--)
        {
            TensorPrimitives.MultiplyAdd(m[i + 1], -upper[i], m[i], m[i]);
            TensorPrimitives.Divide(m[i], diagonal[i], m[i]);
        }
        var (first, last) = (h[0] / h[1], h[n - 2] / h[n - 3]);
        for (var k = 0; k < n; k++)
        {
            m[0][k] = (1 + first) * m[1][k] - first * m[2][k];
            m[n - 1][k] = (1 + last) * m[n - 2][k] - last * m[n - 3][k];
        }
        return m;
    }
}
