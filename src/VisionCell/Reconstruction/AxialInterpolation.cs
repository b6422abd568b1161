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
/// decays by 0.27 a section, so that weights under 1e-7 are left out.
/// </summary>
/// <param name="kernel">Which kernel.</param>
public sealed class AxialInterpolation(InterpolationKernel kernel) : IReconstructionMethod
{
    private const double NegligibleWeight = 1e-7;

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
        var weights = Weights(kernel, sparse.Sampling, sparse.Sections);
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

    /// <summary>For each fine row, the sections it is made of and their weights (they sum to 1).</summary>
    /// <param name="kernel">Which kernel.</param>
    /// <param name="sampling">Where the sections are.</param>
    /// <param name="sections">Number of sections, at least 1.</param>
    public static (int Section, float Weight)[][] Weights(InterpolationKernel kernel, AxialSampling sampling, int sections)
    {
        var rows = new (int, float)[sampling.FineRows(sections)][];
        var curvature = kernel == InterpolationKernel.Cubic ? UnitCurvatures(sections) : null;
        for (var row = 0; row < rows.Length; row++)
        {
            var t = Math.Clamp((row - sampling.Centre(0)) / sampling.Pitch, 0, sections - 1);
            var i = Math.Min((int)t, Math.Max(0, sections - 2));
            var f = t - i;
            var next = Math.Min(i + 1, sections - 1);
            var dense = new double[sections];
            if (kernel == InterpolationKernel.Nearest)
            {
                dense[f <= 0.5 ? i : next] = 1;
            }
            else
            {
                dense[i] += 1 - f;
                dense[next] += f;
                if (curvature is not null)
                {
                    // s(t) = linear + ((1−f)³ − (1−f)) M_i / 6 + (f³ − f) M_{i+1} / 6
                    var (before, after) = ((Math.Pow(1 - f, 3) - (1 - f)) / 6, (f * f * f - f) / 6);
                    for (var k = 0; k < sections; k++)
                        dense[k] += before * curvature[i][k] + after * curvature[next][k];
                }
            }
            rows[row] = [.. Enumerable.Range(0, sections).Where(k => Math.Abs(dense[k]) > NegligibleWeight).Select(k => (k, (float)dense[k]))];
        }
        return rows;
    }

    /// <summary>Interpolates rows.</summary>
    /// <param name="weights">From <see cref="Weights"/>, one entry a fine row.</param>
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

    /// <summary>Second derivatives M of the not-a-knot spline on unit knots: <c>M[i][k]</c> is M_i for data that are 1 at knot k and 0 elsewhere.</summary>
    private static double[][] UnitCurvatures(int n)
    {
        // Two knots make a line, three a parabola.
        if (n < 3)
            return [.. Enumerable.Range(0, n).Select(_ => new double[n])];
        if (n == 3)
            return [[1, -2, 1], [1, -2, 1], [1, -2, 1]];

        // Interior knots: M_{i−1} + 4 M_i + M_{i+1} = 6 (y_{i−1} − 2 y_i + y_{i+1}). Not-a-knot, M_0 = 2 M_1 − M_2 and likewise at
        // the end, turns the first and the last of these equations into 6 M_1 = … and 6 M_{n−2} = ….
        var m = new double[n][];
        var (lower, diagonal, upper) = (new double[n], new double[n], new double[n]);
        for (var i = 0; i < n; i++)
        {
            m[i] = new double[n];
            if (i == 0 || i == n - 1)
                continue;
            (m[i][i - 1], m[i][i], m[i][i + 1]) = (6, -12, 6);
            (lower[i], diagonal[i], upper[i]) = i == 1 || i == n - 2 ? (0, 6, 0) : (1, 4, 1);
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
        for (var k = 0; k < n; k++)
        {
            m[0][k] = 2 * m[1][k] - m[2][k];
            m[n - 1][k] = 2 * m[n - 2][k] - m[n - 3][k];
        }
        return m;
    }
}
