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
    public static Weights Run(IReadOnlyList<Volume<float>> volumes, GapConfiguration configuration, GapTraining training, TrainingOptions options)
    {
        var precision = ComputePrecision.Best();
        var network = new GapNetwork(configuration.Validated(), precision.Compute);
        var examples = new GapExamples(volumes, training);
        var identity = $"{JsonSerializer.Serialize(configuration)} {JsonSerializer.Serialize(training)} {string.Join(' ', volumes.Select(ContentHash.Of))}";
        return Trainer.Train(
            network.Initialise(options.Seed, precision.Device),
            examples.Draw,
            (weights, drawn) => Loss(network, weights, drawn, training.Batch, training.Patch, precision),
            null,
            new TrainerSettings("gap", identity, training.LearningRate, 100, 0, 1, 0.999, TimeSpan.FromHours(1), GapNetwork.IsHidden),
            options.Steps is null && options.Budget is null ? options with { Steps = training.Steps } : options);
    }

    /// <summary>
    /// The mean squared error of a step's examples over that of linear interpolation, so that every distance of sections counts
    /// alike.
    /// </summary>
    private static Tensor Loss(GapNetwork network, Weights weights, (float[] Sections, float[] Rows, Gap Gap) drawn, int batch, int patch, ComputePrecision precision)
    {
        using var scope = NewDisposeScope();
        var (sections, rows, gap) = drawn;
        var x = tensor(sections, [batch, GapNetwork.Sections, patch, patch]).to(precision.Device);
        var wanted = tensor(rows, [batch, gap.Positions.Count, patch, patch]).to(precision.Device);
        var error = (network.Forward(weights, x, gap) - wanted).Squared().mean();
        return error.div(Floor(x, wanted, gap)).MoveToOuterDisposeScope();
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
