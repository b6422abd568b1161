using System.Globalization;
using VisionCell.Learning;
using VisionCell.Volumes;
using static TorchSharp.torch;

namespace VisionCell.NeuralField;

/// <content>The checkpoint: a safetensors file with parameters, both moments and what is known of the occupancy, of one configuration and data.</content>
public sealed partial class FieldTraining
{
    private void Save(string path)
    {
        using var scope = NewDisposeScope();
        var tensors = _field.TrainingState().ToDictionary(t => t.Name, t => tensor(t.Values));
        tensors["occupancy"] = tensor(_occupancy.Known);
        SafeTensors.Write(path, tensors, new Dictionary<string, string>
        {
            ["identity"] = _identity,
            ["steps"] = Steps.ToString(CultureInfo.InvariantCulture),
        });
    }

    private void Restore(string path)
    {
        using var scope = NewDisposeScope();
        var (tensors, metadata) = SafeTensors.Read(path);
        if (metadata.GetValueOrDefault("identity") != _identity || !int.TryParse(metadata.GetValueOrDefault("steps"), NumberStyles.None, CultureInfo.InvariantCulture, out var steps))
            throw new BadInputException($"'{path}' is the checkpoint of another training (other data or configuration); name another file or delete it");
        foreach (var (name, values) in _field.TrainingState())
            HashField.Fill(tensors, name, values, path);
        var known = new float[_occupancy.Known.Length];
        HashField.Fill(tensors, "occupancy", known, path);
        _occupancy.Restore(known, _threshold);
        _field.Resume(steps);
        Steps = steps;
    }
}
