using System.Text.Json;
using VisionCell.Augmentation;
using VisionCell.Learning;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.SuperResolution;

/// <summary>Trains the gap network on isotropic volumes.</summary>
internal static class GapPretraining
{
    /// <summary>Trains.</summary>
    /// <param name="volumes">Isotropic volumes.</param>
    /// <param name="configuration">The network.</param>
    /// <param name="training">Examples and rates.</param>
    /// <param name="options">Seed, checkpoints, progress; its steps and time take the place of the recipe's.</param>
    /// <param name="start">Weights to go on from; null for fresh ones.</param>
    public static Weights Run(IReadOnlyList<Volume<float>> volumes, GapConfiguration configuration, GapTraining training, TrainingOptions options, Weights? start = null)
    {
        var precision = ComputePrecision.Best(options.Device, options.Notice);
        var network = new GapNetwork(configuration.Validated(), precision.Compute);
        using var examples = new GapExamples(volumes, training, precision.Device);
        var identity = $"{JsonSerializer.Serialize(configuration)} {JsonSerializer.Serialize(training)} {string.Join(' ', volumes.Select(ContentHash.Of))} {options.Prior}";
        return Trainer.Train(
            start?.To(precision.Device) ?? network.Initialise(options.Seed, precision.Device),
            examples.Draw,
            (weights, batch) => batch.Loss((sections, gap) => network.Forward(weights, sections, gap)),
            null,
            new TrainerSettings("gap", identity, training.LearningRate, 100, 0, 1, 0.999, TimeSpan.FromHours(1), ResidualUNet.IsHidden),
            options.Steps is null && options.Budget is null ? options with { Steps = training.Steps } : options);
    }
}
