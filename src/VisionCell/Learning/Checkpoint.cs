using System.Globalization;
using VisionCell.Volumes;
using static TorchSharp.torch;

namespace VisionCell.Learning;

/// <summary>
/// Two files of a training: <c>NAME.safetensors</c>, the finished weights, and until then <c>NAME.training.safetensors</c>, all
/// that is needed to go on (weights, average, best, both moments, step, time). Both carry the identity of what they were trained
/// on and for how long; one of another identity is left alone until it is overwritten.
/// </summary>
internal sealed class Checkpoint(string folder, string name, string identity)
{
    private string FinalPath => Path.Combine(folder, $"{name}.safetensors");

    private string StatePath => Path.Combine(folder, $"{name}.training.safetensors");

    /// <summary>The finished weights of this identity, or null.</summary>
    public Weights? ReadFinal() => Read(FinalPath) is var (tensors, _) ? Take(tensors, "") : null;

    /// <summary>Restores an unfinished training of this identity; null where there is none.</summary>
    public TrainingState? Resume(Weights weights, Weights average, Weights best, AdamW optimiser)
    {
        if (Read(StatePath) is not var (tensors, metadata))
            return null;
        foreach (var (prefix, target) in Parts(weights, average, best, optimiser))
        {
            using var part = Take(tensors, prefix);
            target.CopyFrom(part);
        }
        foreach (var tensor in tensors.Values)
            tensor.Dispose();
        return new TrainingState(
            int.Parse(metadata["step"], CultureInfo.InvariantCulture),
            TimeSpan.FromTicks(long.Parse(metadata["elapsedTicks"], CultureInfo.InvariantCulture)),
            double.Parse(metadata["bestGain"], CultureInfo.InvariantCulture),
            double.Parse(metadata["loss"], CultureInfo.InvariantCulture));
    }

    /// <summary>Saves an unfinished training.</summary>
    public void Save(Weights weights, Weights average, Weights best, AdamW optimiser, TrainingState state)
    {
        var tensors = new Dictionary<string, Tensor>();
        foreach (var (prefix, part) in Parts(weights, average, best, optimiser))
        {
            foreach (var (tensorName, tensor) in part.Tensors)
                tensors[prefix + tensorName] = tensor;
        }
        SafeTensors.Write(StatePath, tensors, Metadata(state));
    }

    /// <summary>Saves finished weights and removes the unfinished state.</summary>
    public void Finish(Weights weights, TrainingState state)
    {
        SafeTensors.Write(FinalPath, weights.Tensors, Metadata(state));
        File.Delete(StatePath);
        // What a process that was killed while it wrote has left.
        foreach (var file in Directory.EnumerateFiles(folder, $".{name}.*safetensors.*.tmp").ToArray())
            File.Delete(file);
    }

    private static IEnumerable<(string Prefix, Weights Part)> Parts(Weights weights, Weights average, Weights best, AdamW optimiser) =>
        [("weights/", weights), ("average/", average), ("best/", best), ("first/", optimiser.First), ("second/", optimiser.Second)];

    private static Weights Take(Dictionary<string, Tensor> tensors, string prefix)
    {
        var part = new Weights();
        foreach (var (tensorName, tensor) in tensors.Where(t => t.Key.StartsWith(prefix, StringComparison.Ordinal)))
            part.Add(tensorName[prefix.Length..], tensor);
        return part;
    }

    private (Dictionary<string, Tensor> Tensors, Dictionary<string, string> Metadata)? Read(string path)
    {
        if (!File.Exists(path))
            return null;
        (Dictionary<string, Tensor> Tensors, Dictionary<string, string> Metadata) content;
        try
        {
            content = SafeTensors.Read(path);
        }
        catch (BadInputException e)
        {
            throw new BadInputException($"{e.Message}; remove it to train from the start", e);
        }
        if (content.Metadata.GetValueOrDefault("identity") == identity)
            return content;
        foreach (var tensor in content.Tensors.Values)
            tensor.Dispose();
        return null;
    }

    private Dictionary<string, string> Metadata(TrainingState state) => new()
    {
        ["identity"] = identity,
        ["step"] = state.Step.ToString(CultureInfo.InvariantCulture),
        ["elapsedTicks"] = state.Elapsed.Ticks.ToString(CultureInfo.InvariantCulture),
        ["bestGain"] = state.BestGain.ToString("R", CultureInfo.InvariantCulture),
        ["loss"] = state.Loss.ToString("R", CultureInfo.InvariantCulture),
    };
}
