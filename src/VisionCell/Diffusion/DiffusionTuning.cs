using VisionCell.Augmentation;
using VisionCell.Learning;
using VisionCell.Runs;
using static TorchSharp.torch;

namespace VisionCell.Diffusion;

/// <summary>
/// Fine-tunes a pretrained diffusion network on a stack's own sections (<see cref="StackExamples"/>: every second or third section, of
/// which those between are the truth). The mean of the weights before and after is kept (Wortsman et al., "Robust fine-tuning of zero-shot
/// models", arXiv:2109.01903), since the gaps trained on are wider than those to be filled.
/// </summary>
/// <param name="examples">The stack's examples.</param>
/// <param name="regression">The regression whose residual is modelled.</param>
/// <param name="precision">Where to compute.</param>
internal sealed class DiffusionTuning(StackExamples examples, IGapRegression regression, ComputePrecision precision)
{
    private const int ExamplesToChoose = 6;

    /// <summary>The network that denoises the stack's own sections best, on the same examples with the same noise.</summary>
    /// <param name="priors">The networks, at least one.</param>
    public NetworkPrior<DiffusionConfiguration> Best(IReadOnlyList<NetworkPrior<DiffusionConfiguration>> priors) =>
        priors.Count == 1 ? priors[0] : priors.MinBy(Loss)!;

    /// <summary>Fine-tunes; the checkpoint carries the prior's name.</summary>
    /// <param name="prior">The network.</param>
    /// <param name="identity">What the weights depend on beside the prior.</param>
    /// <param name="options">Time or steps, seed, checkpoints, progress.</param>
    /// <param name="kept">Share of the weights before in the mean; 0 where the examples' gaps are those to be filled.</param>
    public Weights Run(NetworkPrior<DiffusionConfiguration> prior, string identity, TrainingOptions options, double kept = 0.5)
    {
        var loss = new DiffusionLoss(new DiffusionNetwork(prior.Configuration, precision.Compute), regression);
        var settings = new TrainerSettings(prior.Name, identity, 2e-4, 20, 0, 1, 0.98, TimeSpan.FromMinutes(1), ResidualUNet.IsHidden);
        var tuned = Trainer.Train(
            prior.Weights.To(precision.Device),
            random => (Batch: examples.Draw(random), Seed: random.Next()),
            (weights, example) => loss.Of(weights, example.Batch, example.Seed),
            null,
            settings,
            options);
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        foreach (var (name, tensor) in tuned.Tensors)
            tensor.Scale(1 - kept).AddScaled(prior.Weights[name].to(precision.Device), kept);
        return tuned;
    }

    private double Loss(NetworkPrior<DiffusionConfiguration> prior)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using var weights = prior.Weights.To(precision.Device);
        var loss = new DiffusionLoss(new DiffusionNetwork(prior.Configuration, precision.Compute), regression);
        return Enumerable.Range(0, ExamplesToChoose).Sum(i => loss.Of(weights, examples.Draw(new Random(i)), i).Number());
    }
}
