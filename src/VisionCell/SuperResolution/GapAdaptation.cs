using VisionCell.Augmentation;
using VisionCell.Learning;
using VisionCell.Runs;
using static TorchSharp.torch;

namespace VisionCell.SuperResolution;

/// <summary>
/// Fine-tunes a pretrained gap network on a stack's own sections (<see cref="StackExamples"/>). Those are farther apart than the ones that it
/// will be used on, so that a network that knows such tissue already loses by it what one that does not know it gains; the mean of the weights
/// before and after keeps most of both (Wortsman et al., "Robust fine-tuning of zero-shot models", arXiv:2109.01903).
/// </summary>
internal static class GapAdaptation
{
    /// <summary>Fine-tunes; the checkpoint carries the prior's name.</summary>
    /// <param name="prior">The network.</param>
    /// <param name="examples">The stack's examples.</param>
    /// <param name="precision">Where to compute.</param>
    /// <param name="identity">What the weights depend on beside the prior.</param>
    /// <param name="options">Time or steps, seed, checkpoints, progress.</param>
    /// <param name="kept">Share of the weights before in the mean; 0 where the examples' gaps are those to be filled.</param>
    public static Weights Run(NetworkPrior<GapConfiguration> prior, StackExamples examples, ComputePrecision precision, string identity, TrainingOptions options, double kept = 0.5)
    {
        var network = new GapNetwork(prior.Configuration, precision.Compute);
        var settings = new TrainerSettings(prior.Name, identity, 3e-4, 20, 0, 1, 0.98, TimeSpan.FromMinutes(1), ResidualUNet.IsHidden);
        var tuned = Trainer.Train(prior.Weights.To(precision.Device), examples.Draw, (weights, batch) => batch.Loss((sections, gap) => network.Forward(weights, sections, gap)), null, settings, options);
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        foreach (var (name, tensor) in tuned.Tensors)
            tensor.Scale(1 - kept).AddScaled(prior.Weights[name].to(precision.Device), kept);
        return tuned;
    }
}
