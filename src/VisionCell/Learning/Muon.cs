using static TorchSharp.torch;

namespace VisionCell.Learning;

/// <summary>
/// Muon (Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024): the momentum of the kernel of a hidden
/// convolution, seen as a matrix <c>[out, in · kernel]</c>, is made orthogonal before it is applied, so that every direction learns
/// at the same rate. What is no hidden kernel (biases, the first and the last layer) goes by <see cref="AdamW"/>. The length of an
/// update is that of AdamW's (0.2 · sqrt(longer side), Liu et al., arXiv:2502.16982), so that one rate serves both.
/// </summary>
/// <param name="weights">What is optimised.</param>
/// <param name="weightDecay">Share of a weight lost a step, times the learning rate.</param>
/// <param name="hidden">Which tensors are hidden kernels, by name.</param>
/// <param name="compute">Element type of the products of matrices.</param>
internal sealed class Muon(Weights weights, double weightDecay, Func<string, bool> hidden, ScalarType compute) : AdamW(weights, weightDecay)
{
    private const double Momentum = 0.95;
    private const int Iterations = 5;

    /// <inheritdoc/>
    protected override void Update(string name, Tensor weight, Tensor gradient, int step, double learningRate)
    {
        if (!hidden(name))
        {
            base.Update(name, weight, gradient, step, learningRate);
            return;
        }
        var momentum = First[name].Scale(Momentum).AddScaled(gradient, 1);
        var direction = momentum.clone().Scale(Momentum).AddScaled(gradient, 1).reshape(weight.shape[0], -1); // (out, in · kernel)
        weight.AddScaled(Orthogonalise(direction, compute).reshape(weight.shape), -learningRate * 0.2 * Math.Sqrt(Math.Max(direction.shape[0], direction.shape[1])));
    }

    /// <summary>
    /// The nearest matrix with singular values of about 1 (0.7 to 1.2), by a Newton-Schulz iteration of the fifth order whose
    /// coefficients raise small singular values fastest.
    /// </summary>
    /// <param name="matrix"><c>[a, b]</c>, fp32.</param>
    /// <param name="compute">Element type of the products.</param>
    internal static Tensor Orthogonalise(Tensor matrix, ScalarType compute)
    {
        const double a = 3.4445, b = -4.7750, c = 2.0315;
        var upright = matrix.shape[0] > matrix.shape[1];
        var x = upright ? matrix.t() : matrix;
        x = x.div(x.Squared().sum().sqrt().Shift(1e-7)).to(compute);
        for (var i = 0; i < Iterations; i++)
        {
            var gram = x.matmul(x.t());
            var polynomial = gram.matmul(gram).Scale(c).AddScaled(gram, b);
            x = polynomial.matmul(x).AddScaled(x, a);
        }
        x = x.to(ScalarType.Float32);
        return upright ? x.t() : x;
    }
}
