using System.Globalization;
using VisionCell.Kernels;
using VisionCell.Learning;
using VisionCell.Volumes;
using static TorchSharp.torch;

namespace VisionCell.NeuralField;

/// <content>
/// The file: a safetensors file with <c>table [entries, features]</c> and <c>weights</c>; configuration, bounds (nm), voxel size (nm),
/// offset and scale are text beside them.
/// </content>
public sealed partial class HashField
{
    private const string Kind = "visioncell-hash-field-1";

    /// <summary>Writes the field beside the path and renames it into place.</summary>
    /// <param name="path">The file.</param>
    /// <param name="half">Whether numbers are stored as fp16: half the size, eleven bits of each.</param>
    public void Save(string path, bool half = false)
    {
        Fetch();
        using var scope = NewDisposeScope();
        var tensors = new Dictionary<string, Tensor>
        {
            ["table"] = tensor(_table, _grid.EntryCount, _grid.Features),
            ["weights"] = tensor(_weights),
        };
        SafeTensors.Write(path, tensors, new Dictionary<string, string>
        {
            ["kind"] = Kind,
            ["configuration"] = Runs.Configuration.ToJson(Configuration),
            ["lowerNm"] = Text(Bounds.Lower.Z, Bounds.Lower.Y, Bounds.Lower.X),
            ["upperNm"] = Text(Bounds.Upper.Z, Bounds.Upper.Y, Bounds.Upper.X),
            ["voxelSizeNm"] = Text(VoxelSize.Z, VoxelSize.Y, VoxelSize.X),
            ["offset"] = Text(Offset),
            ["scale"] = Text(Scale),
        }, half);
    }

    /// <summary>Reads a field.</summary>
    /// <param name="path">A file of <see cref="Save"/>.</param>
    /// <param name="kernels">What computes; all cores of this processor where none is given.</param>
    /// <exception cref="BadInputException">The file is missing, damaged, or holds no field.</exception>
    public static HashField Load(string path, IFieldKernels<float>? kernels = null)
    {
        using var scope = NewDisposeScope();
        var (tensors, metadata) = SafeTensors.Read(path);
        if (metadata.GetValueOrDefault("kind") != Kind)
            throw new BadInputException($"'{path}' holds no neural field of this version; write it with HashField.Save");
        double[] Numbers(string key, int count)
        {
            var parts = metadata.GetValueOrDefault(key, "").Split(',');
            var numbers = parts.Select(p => double.TryParse(p, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : double.NaN).ToArray();
            return numbers.Length == count && numbers.All(double.IsFinite) ? numbers : throw new BadInputException($"'{path}': '{key}' is missing or damaged; write the file again");
        }
        var (lower, upper, voxel) = (Numbers("lowerNm", 3), Numbers("upperNm", 3), Numbers("voxelSizeNm", 3));
        var configuration = Runs.Configuration.Parse<HashFieldConfiguration>(metadata.GetValueOrDefault("configuration", ""), path);
        var bounds = new FieldBounds(new Position(lower[0], lower[1], lower[2]), new Position(upper[0], upper[1], upper[2]));
        var field = new HashField(configuration, bounds, new VoxelSize(voxel[0], voxel[1], voxel[2]), Numbers("offset", 1)[0], Numbers("scale", 1)[0], 0, kernels);
        Fill(tensors, "table", field._table, path);
        Fill(tensors, "weights", field._weights, path);
        return field;
    }

    internal static void Fill(Dictionary<string, Tensor> tensors, string name, float[] target, string path)
    {
        if (!tensors.TryGetValue(name, out var values) || values.numel() != target.Length)
            throw new BadInputException($"'{path}': tensor '{name}' is missing or does not fit the configuration; write the file again");
        values.data<float>().CopyTo(target);
    }

    private static string Text(params ReadOnlySpan<double> numbers)
    {
        var parts = new string[numbers.Length];
        for (var i = 0; i < parts.Length; i++)
            parts[i] = numbers[i].ToString("R", CultureInfo.InvariantCulture);
        return string.Join(',', parts);
    }
}
