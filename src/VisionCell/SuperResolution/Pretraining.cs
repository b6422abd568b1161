using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using VisionCell.Learning;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.SuperResolution;

/// <summary>
/// Trains what super-resolution can start from on other specimens: a network that fills the gaps between sections in 3D context,
/// learnt from isotropic volumes, whose own rows are its truth.
/// </summary>
public static class Pretraining
{
    /// <summary>Trains, and writes <c>prior.safetensors</c> with pictures of the specimens, so that it will not be used on them.</summary>
    /// <param name="volumes">Isotropic volumes.</param>
    /// <param name="folder">Where the file goes, and checkpoints until then.</param>
    /// <param name="options">Steps or time (the recipe's steps where both are left out), seed, progress, interruption; a prior to go on from.</param>
    /// <param name="batch">Examples a step; null for the recipe's, which suit a processor. A GPU takes eight times as many in the same time.</param>
    /// <param name="learningRate">Highest learning rate; null for the recipe's, of which half suits going on from a prior.</param>
    /// <returns>Path of the file.</returns>
    /// <exception cref="BadInputException">A volume is not isotropic, too small, or without structure.</exception>
    /// <exception cref="OperationCanceledException">Interrupted; run it again to go on.</exception>
    public static string Run(IReadOnlyList<Volume> volumes, string folder, TrainingOptions options, int? batch = null, double? learningRate = null)
    {
        if (volumes.FirstOrDefault(v => !v.VoxelSize.IsIsotropic()) is { } stack)
            throw new BadInputException($"'{stack.Provenance.Source}' has a voxel size of {stack.VoxelSize}: only an isotropic volume holds the truth of its gaps");
        using var start = options.Prior is { } from ? GapPrior.Read(from) : null;
        var (configuration, training) = (start?.Configuration ?? new GapConfiguration(), new GapTraining());
        training = training with { Batch = batch ?? training.Batch, LearningRate = learningRate ?? training.LearningRate };
        Volume<float>[] truths = [.. volumes.Select(v => v.ToFloat32())];
        var steps = 0;
        var counted = new Relay<TrainingProgress>(p =>
        {
            steps = p.Step;
            options.Progress?.Report(p);
        });
        using var weights = GapPretraining.Run(truths, configuration, training, options with { CheckpointDirectory = folder, Progress = counted }, start?.Weights);
        var path = Path.Combine(folder, "prior.safetensors");
        using var prior = new GapPrior("prior", configuration, weights.Clone(), [.. truths.Select(t => SpecimenThumbnail.Of(t))]);
        prior.Write(path, new Dictionary<string, string>
        {
            ["trainedOn"] = string.Join("; ", volumes.Select(v => $"{Path.GetFileName(v.Provenance.Source)}, {v.Shape} voxels of {v.VoxelSize}, voxels sha256 {ContentHash.Of(v)}")),
            ["recipe"] = JsonSerializer.Serialize(training),
            ["trained"] = options is { Steps: null, Budget: { } budget }
                ? string.Create(CultureInfo.InvariantCulture, $"{budget.TotalMinutes:0.##} minutes on {ComputePrecision.Best(options.Device)}, about {steps} steps")
                : string.Create(CultureInfo.InvariantCulture, $"{options.Steps ?? training.Steps} steps on {ComputePrecision.Best(options.Device)}"),
            ["startedFrom"] = start is null ? "nothing" : $"{Path.GetFileName(options.Prior)}, sha256 {Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(options.Prior!)))}",
            ["seed"] = options.Seed.ToString(CultureInfo.InvariantCulture),
        });
        return path;
    }
}
