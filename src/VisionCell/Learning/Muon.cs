using static TorchSharp.torch;

namespace VisionCell.Learning;

/// <summary>
/// Muon (Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024): the momentum of the kernel of a hidden
/// convolution, seen as a matrix <c>[out, in · kernel]</c>, is made orthogonal before it is applied, so that every direction learns
/// at the same rate. What is no hidden kernel (biases, the first and the last layer) goes by <see cref="AdamW"/>. The length of an
/// update is that of AdamW's (0.2 · sqrt(longer side), Liu et al., arXiv:2502.16982), so that one rate serves both.
/// Kernels of one shape go through it together.
/// </summary>
/// <param name="weights">What is optimised; in training in the order of <see cref="Order"/>.</param>
/// <param name="weightDecay">Share of a weight lost a step, times the learning rate.</param>
/// <param name="hidden">Which tensors are hidden kernels, by name.</param>
/// <param name="compute">Element type of the products of matrices.</param>
internal sealed class Muon(Weights weights, double weightDecay, Func<string, bool> hidden, ScalarType compute) : AdamW(weights, weightDecay)
{
    private const double Momentum = 0.95;
    private const int Iterations = 5;

    // Kernels of one shape: how many, and the sides of the matrix.
    private readonly (int Count, long Rows, long Columns)[] _groups =
        [.. Kernels(weights, hidden).GroupBy(k => (k.Rows, k.Columns)).Select(g => (g.Count(), g.Key.Rows, g.Key.Columns))];

    /// <summary>How weights must lie: hidden kernels last, those of one shape side by side.</summary>
    public static IEnumerable<string> Order(Weights weights, Func<string, bool> hidden) =>
        weights.Tensors.Keys.Where(name => !hidden(name)).Concat(Kernels(weights, hidden).Select(k => k.Name));

    /// <inheritdoc/>
    protected override void Update(int step, double learningRate)
    {
        var start = Weights.Count - _groups.Sum(g => g.Count * g.Rows * g.Columns);
        Adapt(start, step, learningRate);
        foreach (var (count, rows, columns) in _groups)
        {
            var length = count * rows * columns;
            var gradient = Weights.Gradients.narrow(0, start, length);
            var momentum = First.Values.narrow(0, start, length).Scale(Momentum).AddScaled(gradient, 1);
            var direction = momentum.clone().Scale(Momentum).AddScaled(gradient, 1).reshape(count, rows, columns);
            Weights.Values.narrow(0, start, length).AddScaled(Orthogonalise(direction, compute).reshape(-1), -learningRate * 0.2 * Math.Sqrt(Math.Max(rows, columns)));
            start += length;
        }
    }

    /// <summary>
    /// The nearest matrices with singular values of about 1 (0.7 to 1.2), by a Newton-Schulz iteration of the fifth order whose
    /// coefficients raise small singular values fastest.
    /// </summary>
    /// <param name="matrices"><c>[n, a, b]</c>, fp32.</param>
    /// <param name="compute">Element type of the products.</param>
    internal static Tensor Orthogonalise(Tensor matrices, ScalarType compute)
    {
        const double a = 3.4445, b = -4.7750, c = 2.0315;
        var upright = matrices.shape[1] > matrices.shape[2];
        var x = upright ? matrices.transpose(1, 2) : matrices;
        x = x.div(x.Squared().sum([1, 2], keepdim: true).sqrt().Shift(1e-7)).to(compute);
        for (var i = 0; i < Iterations; i++)
        {
            var gram = x.matmul(x.transpose(1, 2));
            var polynomial = gram.matmul(gram).Scale(c).AddScaled(gram, b);
            x = polynomial.matmul(x).AddScaled(x, a);
        }
        x = x.to(ScalarType.Float32);
        return upright ? x.transpose(1, 2) : x;
    }

    /// <summary>The hidden kernels as matrices <c>[out, in · kernel]</c>, by shape.</summary>
    private static IEnumerable<(string Name, long Rows, long Columns)> Kernels(Weights weights, Func<string, bool> hidden) => weights.Tensors
        .Where(t => hidden(t.Key))
        .Select(t => (t.Key, Rows: t.Value.shape[0], Columns: t.Value.numel() / t.Value.shape[0]))
        .OrderBy(k => k.Rows).ThenBy(k => k.Columns).ThenBy(k => k.Key, StringComparer.Ordinal);
}
