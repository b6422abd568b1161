using System.Text.Json;
using VisionCell.Learning;
using VisionCell.Runs;
using VisionCell.Volumes;
using static TorchSharp.torch;

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
        var precision = ComputePrecision.Best();
        var network = new GapNetwork(configuration.Validated(), precision.Compute);
        using var examples = new GapExamples(volumes, training, precision.Device);
        var identity = $"{JsonSerializer.Serialize(configuration)} {JsonSerializer.Serialize(training)} {string.Join(' ', volumes.Select(ContentHash.Of))} {options.Prior}";
        return Trainer.Train(
            start?.To(precision.Device) ?? network.Initialise(options.Seed, precision.Device),
            examples.Draw,
            (weights, drawn) => Loss(network, weights, drawn),
            null,
            new TrainerSettings("gap", identity, training.LearningRate, 100, 0, 1, 0.999, TimeSpan.FromHours(1), GapNetwork.IsHidden),
            options.Steps is null && options.Budget is null ? options with { Steps = training.Steps } : options);
    }

    /// <summary>
    /// The mean squared error of a step's examples over that of linear interpolation, so that every distance of sections counts
    /// alike.
    /// </summary>
    private static Tensor Loss(GapNetwork network, Weights weights, (Tensor Sections, Tensor Rows, Gap Gap) drawn)
    {
        using var scope = NewDisposeScope();
        using var sections = drawn.Sections;
        using var rows = drawn.Rows;
        var error = (network.Forward(weights, sections, drawn.Gap) - rows).Squared().mean();
        return error.div(Floor(sections, rows, drawn.Gap)).MoveToOuterDisposeScope();
    }

    /// <summary>The mean squared error of linear interpolation; a scalar.</summary>
    private static Tensor Floor(Tensor sections, Tensor wanted, Gap gap)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var position = tensor(gap.Positions.Select(t => (float)t).ToArray(), [1, gap.Positions.Count, 1, 1]).to(sections.device);
        var (before, after) = (sections.narrow(1, GapNetwork.Sections / 2 - 1, 1), sections.narrow(1, GapNetwork.Sections / 2, 1));
        return (before.Plus((after - before) * position) - wanted).Squared().mean().MoveToOuterDisposeScope();
    }
}
