using static TorchSharp.torch;

namespace VisionCell.Learning;

/// <summary>
/// Adam with decoupled weight decay (Loshchilov and Hutter, arXiv:1711.05101, algorithm 2), its moments readable so that a
/// checkpoint holds them. Updates the fp32 weights in place.
/// </summary>
/// <param name="weights">What is optimised.</param>
/// <param name="weightDecay">Share of a weight lost a step, times the learning rate.</param>
internal class AdamW(Weights weights, double weightDecay) : IDisposable
{
    private const double Beta1 = 0.9;

    // 0.99 in place of 0.999: runs last a thousand steps, and the second moment should have forgotten the first of them.
    private const double Beta2 = 0.99;
    private const double Epsilon = 1e-8;

    /// <summary>Running mean of the gradient.</summary>
    public Weights First { get; } = Zeros(weights);

    /// <summary>Running mean of the squared gradient.</summary>
    public Weights Second { get; } = Zeros(weights);

    /// <summary>One update.</summary>
    /// <param name="step">Number of this step, from 1.</param>
    /// <param name="learningRate">Learning rate of this step.</param>
    public void Step(int step, double learningRate)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        foreach (var (name, weight) in weights.Tensors)
        {
            if (weight.grad is not { } gradient)
                continue;
            if (weightDecay > 0)
                weight.Scale(1 - learningRate * weightDecay);
            Update(name, weight, gradient, step, learningRate);
        }
    }

    /// <summary>Moves one tensor by its gradient.</summary>
    protected virtual void Update(string name, Tensor weight, Tensor gradient, int step, double learningRate)
    {
        var bias1 = 1 - Math.Pow(Beta1, step);
        var bias2 = 1 - Math.Pow(Beta2, step);
        var first = First[name].Scale(Beta1).AddScaled(gradient, 1 - Beta1);
        var second = Second[name].Scale(Beta2).AddProduct(gradient, gradient, 1 - Beta2);
        weight.AddQuotient(first, second.sqrt().Scale(1 / Math.Sqrt(bias2)).Shift(Epsilon), -learningRate / bias1);
    }

    public void Dispose()
    {
        First.Dispose();
        Second.Dispose();
    }

    private static Weights Zeros(Weights like)
    {
        using var scope = NewDisposeScope();
        var zeros = like.Clone();
        foreach (var tensor in zeros.Tensors.Values)
            tensor.zero_();
        return zeros;
    }
}
