using static TorchSharp.torch;

namespace VisionCell.Learning;

/// <summary>
/// Adam with decoupled weight decay (Loshchilov and Hutter, arXiv:1711.05101, algorithm 2), its moments readable so that a
/// checkpoint holds them. Updates the fp32 weights in place.
/// </summary>
/// <param name="weights">What is optimised; in training (<see cref="Weights.Trainable"/>).</param>
/// <param name="weightDecay">Share of a weight lost a step, times the learning rate.</param>
internal class AdamW(Weights weights, double weightDecay) : IDisposable
{
    private const double Beta1 = 0.9;

    // 0.99 in place of 0.999: runs last a thousand steps, and the second moment should have forgotten the first of them.
    private const double Beta2 = 0.99;
    private const double Epsilon = 1e-8;

    /// <summary>What is optimised.</summary>
    protected Weights Weights => weights;

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
        if (weightDecay > 0)
            weights.Values.Scale(1 - learningRate * weightDecay);
        Update(step, learningRate);
    }

    /// <summary>Moves the weights by their gradients.</summary>
    protected virtual void Update(int step, double learningRate) => Adapt(weights.Count, step, learningRate);

    /// <summary>Moves the first <paramref name="count"/> values.</summary>
    protected void Adapt(long count, int step, double learningRate)
    {
        if (count == 0)
            return;
        var bias1 = 1 - Math.Pow(Beta1, step);
        var bias2 = 1 - Math.Pow(Beta2, step);
        var gradient = weights.Gradients.narrow(0, 0, count);
        var first = First.Values.narrow(0, 0, count).Scale(Beta1).AddScaled(gradient, 1 - Beta1);
        var second = Second.Values.narrow(0, 0, count).Scale(Beta2).AddProduct(gradient, gradient, 1 - Beta2);
        weights.Values.narrow(0, 0, count).AddQuotient(first, second.sqrt().Scale(1 / Math.Sqrt(bias2)).Shift(Epsilon), -learningRate / bias1);
    }

    public void Dispose()
    {
        First.Dispose();
        Second.Dispose();
    }

    private static Weights Zeros(Weights like)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var zeros = like.Clone();
        zeros.Values.zero_();
        return zeros;
    }
}
