using VisionCell.Augmentation;
using VisionCell.Learning;
using static TorchSharp.torch;

namespace VisionCell.Diffusion;

/// <summary>The denoising loss of EDM (arXiv:2206.00364, equation 8), in which every noise level counts alike.</summary>
/// <param name="network">The network.</param>
/// <param name="skeleton">The regression whose residual is modelled.</param>
internal sealed class DiffusionLoss(DiffusionNetwork network, IGapRegression skeleton)
{
    /// <summary>The loss of one step; 1 where the network knows nothing.</summary>
    /// <param name="weights">The network's weights.</param>
    /// <param name="batch">Sections and true rows; released.</param>
    /// <param name="seed">Seed of the noise.</param>
    public Tensor Of(Weights weights, GapBatch batch, int seed)
    {
        using var scope = NewDisposeScope();
        using var sections = batch.Sections;
        using var wanted = batch.Wanted;
        var random = new Random(seed);
        Tensor condition, residual;
        using (no_grad())
        {
            var rows = skeleton.Rows(sections, batch.Gap);
            condition = network.Condition(sections, rows, batch.Gap);
            residual = SineModes.Of(wanted - rows, network.Modes);
        }
        double[] sigmas = [.. Enumerable.Range(0, (int)residual.shape[0]).Select(_ => network.Schedule.Trained(Noise.Normal(random)))];
        Tensor Each(Func<double, double> scale) => tensor(sigmas.Select(s => (float)scale(s)).ToArray(), [sigmas.Length, 1, 1, 1]).to(residual.device);
        var noisy = residual.Plus(Noise.Normal(residual.shape, random.Next(), residual.device) * Each(s => s));
        var target = (residual - noisy * Each(network.Schedule.Skip)) * Each(s => 1 / network.Schedule.Output(s));
        var output = network.Forward(weights, noisy * Each(network.Schedule.Input), condition, batch.Gap, [.. sigmas.Select(network.Schedule.Told)]);
        return (output - target).Squared().mean().MoveToOuterDisposeScope();
    }
}
