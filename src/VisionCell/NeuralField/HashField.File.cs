using System.Globalization;
using VisionCell.Kernels;
using VisionCell.Learning;
using VisionCell.Volumes;
using static TorchSharp.torch;

namespace VisionCell.NeuralField;

/// <content>
/// The file: a safetensors file with <c>table [entries, features]</c> and <c>weights</c>; configuration, bounds (nm), voxel size (nm),
/// offset and scale are text beside them. A compact file has the table as whole numbers, coded into bytes (<see cref="TableCoding"/>), and beside it the step of
/// each level that they count and the hash of the bytes.
/// </content>
public sealed partial class HashField
{
    private const string Kind = "visioncell-hash-field-1";
    private const string CompactKind = "visioncell-compact-field-1";

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
        SafeTensors.Write(path, tensors, Description(Kind), half);
    }

    /// <summary>Writes a compact file: each number of the table rounded to a multiple of its level's step, and coded by how likely it is.</summary>
    /// <param name="path">The file.</param>
    /// <param name="steps">Step of each level, coarsest first, in the unit of the table; see <see cref="Steps"/>.</param>
    /// <exception cref="BadInputException">There are not as many steps as levels, one is not positive, or so small that a number has more than 24 binary digits.</exception>
    public void SaveCompact(string path, IReadOnlyList<double> steps)
    {
        Fetch();
        var bytes = TableCoding.Bytes(_grid, Rounded(steps));
        using var scope = NewDisposeScope();
        SafeTensors.Write(path, new Dictionary<string, Tensor> { ["table"] = tensor(bytes), ["weights"] = tensor(_weights) }, new Dictionary<string, string>(Description(CompactKind))
        {
            ["steps"] = Text([.. steps]),
            ["tableHash"] = Runs.ContentHash.OfBytes(bytes),
        });
    }

    /// <summary>Steps that leave so many bits of the largest number of each level.</summary>
    /// <param name="bits">Bits with the sign, 2 to 16.</param>
    public double[] Steps(int bits)
    {
        if (bits is < 2 or > 16)
            throw new BadInputException($"{bits} bits a number: give 2 to 16");
        Fetch();
        var steps = new double[_grid.Levels.Length];
        for (var i = 0; i < steps.Length; i++)
        {
            var most = MathF.Abs(System.Numerics.Tensors.TensorPrimitives.MaxMagnitude(Entries(_grid.Levels[i])));
            steps[i] = most > 0 ? most / ((1 << (bits - 1)) - 1) : 1;
        }
        return steps;
    }

    /// <summary>The table as multiples of steps, <c>[EntryCount, Features]</c>.</summary>
    private int[] Rounded(IReadOnlyList<double> steps)
    {
        if (steps.Count != _grid.Levels.Length || steps.Any(s => !(s > 0 && double.IsFinite(s))))
            throw new BadInputException($"compact field: steps {string.Join(", ", steps)}; there must be one of each of {_grid.Levels.Length} levels, positive and finite");
        var numbers = new int[_table.Length];
        for (var i = 0; i < steps.Count; i++)
        {
            var level = _grid.Levels[i];
            var from = level.Offset * _grid.Features;
            var entries = Entries(level);
            for (var k = 0; k < entries.Length; k++)
            {
                var number = Math.Round(entries[k] / steps[i]);
                if (!(Math.Abs(number) <= TableCoding.Most))
                    throw new BadInputException(string.Create(CultureInfo.InvariantCulture, $"compact field: level {i} holds {entries[k]}, which is {number:E2} steps of {steps[i]}; give a step of at least {Math.Abs(entries[k]) / TableCoding.Most:E2}"));
                numbers[from + k] = (int)number;
            }
        }
        return numbers;
    }

    /// <summary>Reads a field.</summary>
    /// <param name="path">A file of <see cref="Save"/> or <see cref="SaveCompact"/>.</param>
    /// <param name="kernels">What computes; all cores of this processor where none is given.</param>
    /// <exception cref="BadInputException">The file is missing, damaged, or holds no field.</exception>
    public static HashField Load(string path, IFieldKernels<float>? kernels = null)
    {
        using var scope = NewDisposeScope();
        var (tensors, metadata) = SafeTensors.Read(path);
        var kind = metadata.GetValueOrDefault("kind");
        if (kind is not (Kind or CompactKind))
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
        if (kind == CompactKind)
            field.Decode(tensors, metadata.GetValueOrDefault("tableHash"), Numbers("steps", configuration.Grid.Levels), path);
        else
            Fill(tensors, "table", field._table, path);
        Fill(tensors, "weights", field._weights, path);
        return field;
    }

    internal static void Fill(Dictionary<string, Tensor> tensors, string name, float[] target, string path)
    {
        if (!tensors.TryGetValue(name, out var values) || values.dtype != ScalarType.Float32 || values.numel() != target.Length)
            throw new BadInputException($"'{path}': tensor '{name}' is missing or does not fit the configuration; write the file again");
        values.data<float>().CopyTo(target);
    }

    /// <summary>A field of a table in steps.</summary>
    /// <param name="numbers"><c>[EntryCount, Features]</c>.</param>
    /// <param name="steps">Step of each level.</param>
    /// <param name="weights">Of the perceptron.</param>
    internal void Take(int[] numbers, IReadOnlyList<double> steps, ReadOnlySpan<float> weights)
    {
        weights.CopyTo(_weights);
        Take(numbers, steps);
    }

    private void Take(int[] numbers, IReadOnlyList<double> steps)
    {
        for (var i = 0; i < steps.Count; i++)
        {
            var level = _grid.Levels[i];
            var from = level.Offset * _grid.Features;
            var entries = Entries(level);
            for (var k = 0; k < entries.Length; k++)
                entries[k] = (float)(numbers[from + k] * steps[i]);
        }
    }

    private void Decode(Dictionary<string, Tensor> tensors, string? hash, double[] steps, string path)
    {
        if (!tensors.TryGetValue("table", out var coded) || coded.dtype != ScalarType.Byte)
            throw new BadInputException($"'{path}': tensor 'table' is missing or holds no bytes; write the file again");
        var bytes = coded.data<byte>().ToArray();
        if (Runs.ContentHash.OfBytes(bytes) != hash)
            throw new BadInputException($"'{path}': the bytes of 'table' are not those that were written; the file is damaged, get it again");
        Take(TableCoding.Numbers(_grid, bytes), steps);
    }

    private Span<float> Entries(HashGridLevel level) => _table.AsSpan(level.Offset * _grid.Features, level.Size * _grid.Features);

    private Dictionary<string, string> Description(string kind) => new()
    {
        ["kind"] = kind,
        ["configuration"] = Runs.Configuration.ToJson(Configuration),
        ["lowerNm"] = Text(Bounds.Lower.Z, Bounds.Lower.Y, Bounds.Lower.X),
        ["upperNm"] = Text(Bounds.Upper.Z, Bounds.Upper.Y, Bounds.Upper.X),
        ["voxelSizeNm"] = Text(VoxelSize.Z, VoxelSize.Y, VoxelSize.X),
        ["offset"] = Text(Offset),
        ["scale"] = Text(Scale),
    };

    private static string Text(params ReadOnlySpan<double> numbers)
    {
        var parts = new string[numbers.Length];
        for (var i = 0; i < parts.Length; i++)
            parts[i] = numbers[i].ToString("R", CultureInfo.InvariantCulture);
        return string.Join(',', parts);
    }
}
