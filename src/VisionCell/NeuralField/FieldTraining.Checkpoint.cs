using System.Globalization;
using VisionCell.Learning;
using VisionCell.Volumes;
using static TorchSharp.torch;

namespace VisionCell.NeuralField;

/// <content>The checkpoint: a safetensors file with parameters, both moments and what is known of the occupancy and of the section that is kept out, of one configuration and data.</content>
public sealed partial class FieldTraining
{
    private static readonly string[] BestNames = ["best/table", "best/weights"];

    private void Save(string path)
    {
        using var scope = NewDisposeScope();
        var tensors = _field.TrainingState().ToDictionary(t => t.Name, t => tensor(t.Values));
        tensors["occupancy"] = tensor(_occupancy.Known);
        if (_best is not null)
        {
            tensors["heldOut"] = tensor(_heldOutErrors.Select(e => (float)e).ToArray());
            foreach (var (name, values) in BestNames.Zip(_best))
                tensors[name] = tensor(values);
        }
        SafeTensors.Write(path, tensors, new Dictionary<string, string>
        {
            ["identity"] = _identity,
            ["steps"] = Steps.ToString(CultureInfo.InvariantCulture),
            ["of"] = _steps.ToString(CultureInfo.InvariantCulture),
        });
    }

    private void Restore(string path)
    {
        using var scope = NewDisposeScope();
        var (tensors, metadata) = SafeTensors.Read(path);
        if (metadata.GetValueOrDefault("identity") != _identity || !int.TryParse(metadata.GetValueOrDefault("steps"), NumberStyles.None, CultureInfo.InvariantCulture, out var steps)
            || !int.TryParse(metadata.GetValueOrDefault("of"), NumberStyles.None, CultureInfo.InvariantCulture, out var all))
            throw new BadInputException($"'{path}' is the checkpoint of another training (other data or configuration); name another file or delete it");
        foreach (var (name, values) in _field.TrainingState())
            HashField.Fill(tensors, name, values, path);
        var known = new float[_occupancy.Known.Length];
        HashField.Fill(tensors, "occupancy", known, path);
        _occupancy.Restore(known, _threshold);
        if (tensors.TryGetValue("heldOut", out var heldOut))
        {
            _heldOutErrors.Clear();
            _heldOutErrors.AddRange(heldOut.data<float>().ToArray().Select(e => (double)e));
            _bestLook = _heldOutErrors.IndexOf(_heldOutErrors.Min());
            _best = [.. _field.Parameters().Select(p => new float[p.Length])];
            foreach (var (name, values) in BestNames.Zip(_best))
                HashField.Fill(tensors, name, values, path);
        }
        _field.Resume(steps);
        (Steps, _steps) = (steps, all);
    }
}
