using System.Text.Json;
using VisionCell.Augmentation;
using VisionCell.Learning;
using VisionCell.Runs;
using VisionCell.Volumes;
using static TorchSharp.torch;

namespace VisionCell.Diffusion;

/// <summary>Trains the diffusion model on isotropic volumes.</summary>
internal static class DiffusionPretraining
{
    /// <summary>Share of steps in which only some evenly spaced rows of a gap are wanted, as in the sections of a sparse stack itself.</summary>
    private const double SparseShare = 0.2;

    /// <summary>Trains.</summary>
    /// <param name="volumes">Isotropic volumes.</param>
    /// <param name="configuration">The network.</param>
    /// <param name="training">Examples and rates.</param>
    /// <param name="skeleton">The regression whose residual is modelled.</param>
    /// <param name="options">Seed, checkpoints, progress; its steps and time take the place of the recipe's.</param>
    /// <param name="start">Weights to go on from; null for fresh ones.</param>
    public static Weights Run(
        IReadOnlyList<Volume<float>> volumes, DiffusionConfiguration configuration, GapTraining training, IGapRegression skeleton, TrainingOptions options, Weights? start = null)
    {
        var precision = ComputePrecision.Best(options.Device);
        var network = new DiffusionNetwork(configuration.Validated(), precision.Compute);
        var loss = new DiffusionLoss(network, skeleton);
        using var examples = new GapExamples(volumes, training, precision.Device);
        var identity = $"{JsonSerializer.Serialize(configuration)} {JsonSerializer.Serialize(training)} {string.Join(' ', volumes.Select(ContentHash.Of))} {options.Prior}";
        return Trainer.Train(
            start?.To(precision.Device) ?? network.Initialise(options.Seed, precision.Device),
            random => (Batch: Thinned(examples.Draw(random), random), Seed: random.Next()),
            (weights, example) => loss.Of(weights, example.Batch, example.Seed),
            null,
            new TrainerSettings("diffusion", identity, training.LearningRate, 100, 0, 1, 0.999, TimeSpan.FromHours(1), ResidualUNet.IsHidden),
            options.Steps is null && options.Budget is null ? options with { Steps = training.Steps } : options);
    }

    /// <summary>At times every second, third … row alone.</summary>
    private static GapBatch Thinned(GapBatch batch, Random random)
    {
        // Rows about thick sections are not spaced from the first section on.
        var intervals = batch.Gap.Positions.Count + 1;
        int[] counts = batch.Gap.Thickness > 1 ? [] : [.. Enumerable.Range(2, Math.Max(0, intervals - 2)).Where(c => c < intervals && intervals % c == 0)];
        if (counts.Length == 0 || random.NextDouble() >= SparseShare)
            return batch;
        var stride = intervals / counts[random.Next(counts.Length)];
        int[] kept = [.. Enumerable.Range(1, intervals / stride - 1).Select(j => j * stride - 1)];
        using var scope = NewDisposeScope();
        using var all = batch.Wanted;
        var wanted = stack([.. kept.Select(row => all.select(1, row))], 1);
        return batch with { Wanted = wanted.DetachFromDisposeScope(), Gap = batch.Gap with { Positions = [.. kept.Select(row => batch.Gap.Positions[row])] } };
    }
}
