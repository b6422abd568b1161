using System.Diagnostics;
using System.Globalization;
using TorchSharp;
using VisionCell.Benchmarks.Field;
using VisionCell.Kernels;
using VisionCell.Kernels.Simd;

// Why: the field's kernels exist because operations composed in libtorch are too slow; this measures by how much, both in one run, in
// turns, on the same batches. It does not measure how well a field reconstructs.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
int Number(int index, int otherwise) => args.Length > index ? int.Parse(args[index], CultureInfo.InvariantCulture) : otherwise;
if (args is ["phantom", ..])
    return PhantomBenchmark.Run(Number(1, 1500), Number(2, 96));
if (args is ["compact", var volume, ..])
    return CompactBenchmark.Run(volume, Number(2, 400));
if (args is ["sections", var isotropic, var degradation])
    return SectionsBenchmark.Run(isotropic, degradation);
if (args is ["report"])
    return Report.Run(Environment.GetEnvironmentVariable("VISIONCELL_DATA") ?? throw new InvalidOperationException("VISIONCELL_DATA names no folder with bone.tif and medulla-1.tif"));
if (args is ["views", var path, .. var rest])
    return ViewsBenchmark.Run(path, rest.Length > 0 ? int.Parse(rest[0], CultureInfo.InvariantCulture) : 128, rest.Length > 1 ? int.Parse(rest[1], CultureInfo.InvariantCulture) : 2000, rest.Length > 2 ? double.Parse(rest[2], CultureInfo.InvariantCulture) : 0);
const int samples = 1 << 16;
var rounds = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 7;

var grid = new HashGrid(new HashGridConfiguration());
var perceptron = new Perceptron();
var random = new Random(1);
var table = Numbers(grid.ParameterCount, 1e-2f);
var weights = Numbers(perceptron.ParameterCount, 0.3f);
var positions = Numbers(3 * samples, 0.5f).Select(p => p + 0.5f).ToArray();
var targets = Numbers(samples, 1);
torch.set_num_threads(Environment.ProcessorCount);
using var composed = new ComposedField(grid, perceptron, table, weights);
using var positionTensor = torch.tensor(positions, samples, 3);
using var targetTensor = torch.tensor(targets, samples, 1);

// Widths that this process may use; DOTNET_EnableAVX512=0 gives AVX2 its own 16 registers.
var own = new[] { SimdWidth.Avx512, SimdWidth.Avx2 }.Where(SimdWidths.IsSupported).Select(w => new OwnField(SimdKernels.Create(w), grid, perceptron, table, weights)).ToList();
foreach (var field in own)
    field.CheckAgainst(composed, positionTensor, positions);

Console.WriteLine($"batch {samples:N0}, {grid.Levels.Length} levels x {grid.Features}, table 2^{grid.Configuration.Log2TableSize} ({grid.ParameterCount / 1e6:F2} M numbers), perceptron {perceptron.Inputs}-{perceptron.Hidden}-{perceptron.Hidden}-{perceptron.Outputs}, {Environment.ProcessorCount} cores, {rounds} rounds in turns");
var outputs = new float[samples];
List<(string Name, Action Train, Action Infer, int Repeats)> contestants =
[
    ("TorchSharp operations", () => composed.Step(positionTensor, targetTensor), () => { using var none = torch.no_grad(); composed.Forward(positionTensor).Dispose(); }, 1),
    .. own.Select(f => (f.Name, (Action)(() => f.Step(positions, targets)), (Action)(() => f.Infer(positions, outputs)), 4)),
];
var measured = contestants.ToDictionary(c => c.Name, _ => (Train: new List<Timing>(), Infer: new List<Timing>()));
for (var round = -1; round < rounds; round++)
{
    foreach (var (name, train, infer, repeats) in contestants)
    {
        var (t, i) = (Time(train, repeats), Time(infer, repeats));
        if (round < 0)
            continue; // The first round compiles.
        measured[name].Train.Add(t);
        measured[name].Infer.Add(i);
    }
}
Console.WriteLine();
Console.WriteLine("| | training, M samples/s: best, median (by CPU time) | ratio (by CPU time) | inference, M samples/s: best, median (by CPU time) | ratio (by CPU time) |");
Console.WriteLine("|---|---|---|---|---|");
var (baseTrain, baseInfer) = measured[contestants[0].Name];
foreach (var (name, _, _, _) in contestants)
{
    var (train, infer) = measured[name];
    Console.WriteLine($"| {name} | {Row(train)} | {Ratio(baseTrain, train)} | {Row(infer)} | {Ratio(baseInfer, infer)} |");
}
return 0;

float[] Numbers(int count, float size)
{
    var numbers = new float[count];
    foreach (ref var number in numbers.AsSpan())
        number = (random.NextSingle() * 2 - 1) * size;
    return numbers;
}

static Timing Time(Action action, int repeats)
{
    var processor = Process.GetCurrentProcess().TotalProcessorTime;
    var clock = Stopwatch.StartNew();
    for (var i = 0; i < repeats; i++)
        action();
    return new Timing(clock.Elapsed.TotalSeconds / repeats, (Process.GetCurrentProcess().TotalProcessorTime - processor).TotalSeconds / repeats);
}

static double Median(IEnumerable<double> values)
{
    var ordered = values.Order().ToArray();
    return ordered[ordered.Length / 2];
}

static string Ratio(List<Timing> reference, List<Timing> timings) =>
    $"{Median(reference.Select(t => t.Wall)) / Median(timings.Select(t => t.Wall)):F1} ({Median(reference.Select(t => t.Processor)) / Median(timings.Select(t => t.Processor)):F1})";

// On a machine that others use, wall time says little; what the processors spent, shared by all cores, is what an idle one would take.
static string Row(List<Timing> timings)
{
    var processor = Median(timings.Select(t => t.Processor)) / Environment.ProcessorCount;
    return $"{samples / timings.Min(t => t.Wall) / 1e6:F2}, {samples / Median(timings.Select(t => t.Wall)) / 1e6:F2} ({samples / processor / 1e6:F2})";
}

internal readonly record struct Timing(double Wall, double Processor);

/// <summary>The field on the kernels of this library.</summary>
internal sealed class OwnField(IFieldKernels<float> kernels, HashGrid grid, Perceptron perceptron, float[] table, float[] weights)
{
    private readonly float[] _table = [.. table];
    private readonly float[] _weights = [.. weights];
    private readonly float[] _tableGradient = new float[table.Length];
    private readonly float[] _tableFirst = new float[table.Length];
    private readonly float[] _tableSecond = new float[table.Length];
    private readonly float[] _weightGradient = new float[weights.Length];
    private readonly float[] _weightFirst = new float[weights.Length];
    private readonly float[] _weightSecond = new float[weights.Length];
    private int _step;

    public string Name => kernels.Name;

    public void Step(float[] positions, float[] targets)
    {
        kernels.FieldLoss(grid, perceptron, _table, _weights, positions, targets, [], _tableGradient, _weightGradient);
        var update = new AdamStep(++_step, 1e-2);
        kernels.Adam(update, _table, _tableGradient, _tableFirst, _tableSecond);
        kernels.Adam(update, _weights, _weightGradient, _weightFirst, _weightSecond);
    }

    public void Infer(float[] positions, float[] outputs) => kernels.FieldForward(grid, perceptron, _table, _weights, positions, outputs);

    /// <summary>Both compute the same, or the comparison is of nothing.</summary>
    public void CheckAgainst(ComposedField composed, torch.Tensor positionTensor, float[] positions)
    {
        using var none = torch.no_grad();
        using var expected = composed.Forward(positionTensor);
        var values = expected.data<float>().ToArray();
        var actual = new float[values.Length];
        Infer(positions, actual);
        var error = values.Zip(actual, (a, b) => Math.Abs(a - b)).Max();
        if (error > 1e-4)
            throw new InvalidOperationException($"{Name} differs from the composed field by {error}");
    }
}
