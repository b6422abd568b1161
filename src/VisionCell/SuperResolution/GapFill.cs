using VisionCell.Learning;
using VisionCell.Volumes;
using static TorchSharp.torch;

namespace VisionCell.SuperResolution;

/// <summary>Gap networks as they are, not tuned to a stack: the mean of their rows; linear interpolation where there are none.</summary>
/// <param name="precision">Where they run.</param>
/// <param name="symmetries">Of how many symmetries of a gap the mean is taken (<see cref="GapSymmetries"/>).</param>
/// <param name="priors">The networks; not disposed with this.</param>
internal sealed class GapFill(ComputePrecision precision, int symmetries, params IReadOnlyList<NetworkPrior<GapConfiguration>> priors) : IGapRegression
{
    private readonly (GapNetwork Network, Weights Weights)[] _networks = [.. priors.Select(p => (new GapNetwork(p.Configuration, precision.Compute), p.Weights.To(precision.Device)))];

    /// <summary>The networks that come with the library and do not know a specimen.</summary>
    /// <param name="observed">Sections of the specimen.</param>
    /// <param name="precision">Where they run.</param>
    public static GapFill Unknowing(Volume<float> observed, ComputePrecision precision)
    {
        var priors = NetworkPrior<GapConfiguration>.Unknowing(null, observed);
        var fill = new GapFill(precision, 1, priors);
        foreach (var prior in priors)
            prior.Dispose();
        return fill;
    }

    /// <inheritdoc/>
    public Tensor Rows(Tensor sections, Gap gap)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        if (_networks.Length == 0)
            return gap.Linear(sections).MoveToOuterDisposeScope();
        Tensor Said((GapNetwork Network, Weights Weights) by) => GapSymmetries.Mean((seen, side) => by.Network.Forward(by.Weights, seen, side), sections, gap, symmetries);
        var sum = Said(_networks[0]);
        foreach (var other in _networks.Skip(1))
            sum = sum.Plus(Said(other));
        return sum.Scale(1.0 / _networks.Length).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, weights) in _networks)
            weights.Dispose();
    }
}
