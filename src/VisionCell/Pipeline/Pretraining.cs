using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using VisionCell.Augmentation;
using VisionCell.Diffusion;
using VisionCell.Learning;
using VisionCell.Runs;
using VisionCell.SuperResolution;
using VisionCell.Volumes;

namespace VisionCell.Pipeline;

/// <summary>
/// Trains on other specimens what methods start from: networks that fill the gaps between sections in 3D context, learnt from
/// isotropic volumes, whose own rows are their truth.
/// </summary>
public static class Pretraining
{
    /// <summary>Networks that can be trained: <c>gap</c> for super-resolution, <c>diffusion</c> for the diffusion model.</summary>
    public static IReadOnlyList<string> Networks { get; } = [GapConfiguration.Network, DiffusionConfiguration.Network];

    /// <summary>Trains, and writes <c>prior.safetensors</c> with pictures of the specimens, so that it will not be used on them.</summary>
    /// <param name="network">One of <see cref="Networks"/>.</param>
    /// <param name="volumes">Isotropic volumes.</param>
    /// <param name="folder">Where the file goes, and checkpoints until then.</param>
    /// <param name="options">Steps or time (the recipe's steps where both are left out), seed, progress, interruption; a prior to go on from.</param>
    /// <param name="batch">Examples a step; null for the recipe's, which suit a processor. A GPU takes eight times as many in the same time.</param>
    /// <param name="learningRate">Highest learning rate; null for the recipe's, of which half suits going on from a prior.</param>
    /// <param name="skeleton">For <c>diffusion</c>: a file of a network <c>gap</c>, whose residual is modelled.</param>
    /// <returns>Path of the file.</returns>
    /// <exception cref="BadInputException">A volume is not isotropic, too small, or without structure; the network is not known; the skeleton is missing or not asked for.</exception>
    /// <exception cref="OperationCanceledException">Interrupted; run it again to go on.</exception>
    public static string Run(
        string network, IReadOnlyList<Volume> volumes, string folder, TrainingOptions options, int? batch = null, double? learningRate = null, string? skeleton = null)
    {
        if (volumes.FirstOrDefault(v => !v.VoxelSize.IsIsotropic()) is { } stack)
            throw new BadInputException($"'{stack.Provenance.Source}' has a voxel size of {stack.VoxelSize}: only an isotropic volume holds the truth of its gaps");
        var training = new GapTraining();
        training = training with { Batch = batch ?? training.Batch, LearningRate = learningRate ?? training.LearningRate };
        var run = new Setting(volumes, [.. volumes.Select(v => v.ToFloat32())], folder, training, options);
        if (network == GapConfiguration.Network)
        {
            if (skeleton is not null)
                throw new BadInputException("a skeleton is what 'diffusion' is trained with; leave it out for 'gap'");
            return Train(run, new GapConfiguration(), (configuration, tracked, start) => GapPretraining.Run(run.Truths, configuration, training, tracked, start));
        }
        if (network != DiffusionConfiguration.Network)
            throw new BadInputException($"network '{network}' is not known; known are {string.Join(", ", Networks)}");
        using var gap = NetworkPrior<GapConfiguration>.Read(skeleton ?? throw new BadInputException("'diffusion' models what a network 'gap' leaves: give its file (--skeleton), trained on the same volumes"));
        using var fill = new GapFill(ComputePrecision.Best(options.Device), 1, gap);
        return Train(run, new DiffusionConfiguration(), (configuration, tracked, start) => DiffusionPretraining.Run(run.Truths, configuration, training, fill, tracked, start));
    }

    private static string Train<TConfiguration>(Setting run, TConfiguration fresh, Func<TConfiguration, TrainingOptions, Weights?, Weights> train)
        where TConfiguration : INetworkConfiguration<TConfiguration>
    {
        var options = run.Options;
        using var start = options.Prior is { } from ? NetworkPrior<TConfiguration>.Read(from) : null;
        var configuration = start is null ? fresh : start.Configuration;
        var steps = 0;
        var counted = new Relay<TrainingProgress>(p =>
        {
            steps = p.Step;
            options.Progress?.Report(p);
        });
        using var weights = train(configuration, options with { CheckpointDirectory = run.Folder, Progress = counted }, start?.Weights);
        var path = Path.Combine(run.Folder, "prior.safetensors");
        if (options.Group is { Rank: > 0 })
            return path;
        using var prior = new NetworkPrior<TConfiguration>("prior", configuration, weights.Clone(), [.. run.Truths.Select(t => SpecimenThumbnail.Of(t))]);
        prior.Write(path, new Dictionary<string, string>
        {
            ["trainedOn"] = string.Join("; ", run.Volumes.Select(v => $"{Path.GetFileName(v.Provenance.Source)}, {v.Shape} voxels of {v.VoxelSize}, voxels sha256 {ContentHash.Of(v)}")),
            ["recipe"] = JsonSerializer.Serialize(run.Training),
            ["trained"] = options is { Steps: null, Budget: { } budget }
                ? string.Create(CultureInfo.InvariantCulture, $"{budget.TotalMinutes:0.##} minutes on {ComputePrecision.Best(options.Device)}, about {steps} steps")
                : string.Create(CultureInfo.InvariantCulture, $"{options.Steps ?? run.Training.Steps} steps on {ComputePrecision.Best(options.Device)}"),
            ["startedFrom"] = start is null ? "nothing" : $"{Path.GetFileName(options.Prior)}, sha256 {Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(options.Prior!)))}",
            ["draws"] = options.Draws.ToString(CultureInfo.InvariantCulture),
            ["seed"] = options.Seed.ToString(CultureInfo.InvariantCulture),
        });
        return path;
    }

    /// <summary>What all networks are trained with.</summary>
    private sealed record Setting(IReadOnlyList<Volume> Volumes, Volume<float>[] Truths, string Folder, GapTraining Training, TrainingOptions Options);
}
