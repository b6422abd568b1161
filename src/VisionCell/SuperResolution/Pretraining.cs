using System.Globalization;
using System.Text.Json;
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
    /// <param name="options">Steps (the recipe's where left out), seed, progress, interruption.</param>
    /// <returns>Path of the file.</returns>
    /// <exception cref="BadInputException">A volume is not isotropic, too small, or without structure.</exception>
    /// <exception cref="OperationCanceledException">Interrupted; run it again to go on.</exception>
    public static string Run(IReadOnlyList<Volume> volumes, string folder, TrainingOptions options)
    {
        if (volumes.FirstOrDefault(v => !v.VoxelSize.IsIsotropic()) is { } stack)
            throw new BadInputException($"'{stack.Provenance.Source}' has a voxel size of {stack.VoxelSize}: only an isotropic volume holds the truth of its gaps");
        var (configuration, training) = (new GapConfiguration(), new GapTraining());
        Volume<float>[] truths = [.. volumes.Select(v => v.ToFloat32())];
        using var weights = GapPretraining.Run(truths, configuration, training, options with { CheckpointDirectory = folder });
        var path = Path.Combine(folder, "prior.safetensors");
        using var prior = new GapPrior("prior", configuration, weights.Clone(), [.. truths.Select(t => SpecimenThumbnail.Of(t))]);
        prior.Write(path, new Dictionary<string, string>
        {
            ["trainedOn"] = string.Join("; ", volumes.Select(v => $"{Path.GetFileName(v.Provenance.Source)}, {v.Shape} voxels of {v.VoxelSize}, voxels sha256 {ContentHash.Of(v)}")),
            ["recipe"] = JsonSerializer.Serialize(training),
            ["steps"] = (options.Steps ?? training.Steps).ToString(CultureInfo.InvariantCulture),
            ["seed"] = options.Seed.ToString(CultureInfo.InvariantCulture),
        });
        return path;
    }
}
