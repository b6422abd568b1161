using VisionCell.Learning;
using static TorchSharp.torch;

namespace VisionCell.SuperResolution;

/// <summary>Gap networks as they are, not tuned to a stack: the mean of their rows.</summary>
/// <param name="precision">Where they run.</param>
/// <param name="priors">The networks, at least one.</param>
internal sealed class GapFill(ComputePrecision precision, params IReadOnlyList<NetworkPrior<GapConfiguration>> priors) : IDisposable
{
    private readonly (GapNetwork Network, Weights Weights)[] _networks = [.. priors.Select(p => (new GapNetwork(p.Configuration, precision.Compute), p.Weights.To(precision.Device)))];

    /// <summary>Rows of a gap, <c>[N, T, Y, X]</c>, from its sections, <c>[N, 6, Y, X]</c>; no gradient.</summary>
    public Tensor Rows(Tensor sections, Gap gap)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var sum = _networks[0].Network.Forward(_networks[0].Weights, sections, gap);
        foreach (var (network, weights) in _networks.Skip(1))
            sum = sum.Plus(network.Forward(weights, sections, gap));
        return sum.Scale(1.0 / _networks.Length).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, weights) in _networks)
            weights.Dispose();
    }
}
