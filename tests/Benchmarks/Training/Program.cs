// Why: whoever trains beside his microscope pays for every step, and says so by comparing with the Python tools. Training samples a second of
// super-resolution's network on this machine, drawing and optimiser included, beside the same network in PyTorch, in one run, in turns. Does
// not measure what is learnt, nor GPUs.
//
//     VISIONCELL_DATA=DIR dotnet run -c Release --project tests/Benchmarks/Training -- [ROUNDS]
//
// DIR holds medulla-1.tif (visioncell data fetch). PyTorch: Debian's python3-torch; PYTHON names another interpreter.
using System.Diagnostics;
using System.Globalization;
using VisionCell.Acquisition;
using VisionCell.Formats;
using VisionCell.Runs;
using VisionCell.SuperResolution;
using VisionCell.Volumes;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
const int Warm = 40, Steps = 240;
var rounds = args.Length > 0 ? int.Parse(args[0]) : 3;
if (Environment.GetEnvironmentVariable("VISIONCELL_DATA") is not { } data)
{
    Console.Error.WriteLine("set VISIONCELL_DATA to the folder that holds medulla-1.tif (visioncell data fetch)");
    return 3;
}
var configuration = new SuperResolutionConfiguration();
var sparse = AxialSampling.Decimate(8).Acquire(VolumeFormats.Read(Path.Combine(data, "medulla-1.tif"), new VoxelSize(10, 10, 10)).ToFloat32());
var rates = new SortedDictionary<string, List<double>>();
for (var round = 0; round < rounds; round++)
{
    using var method = new SuperResolutionMethod(configuration);
    Add($"Vision Cell, {method.Device}", Own(method));
    foreach (var type in new[] { "fp32", "bf16" })
        Add($"PyTorch, cpu ({type})", Python(type));
}
Console.WriteLine("| | samples a second, median | least | most | of PyTorch's fp32 |\n|---|---|---|---|---|");
var floor = Median(rates["PyTorch, cpu (fp32)"]);
foreach (var (name, values) in rates)
    Console.WriteLine($"| {name} | {Median(values):0} | {values.Min():0} | {values.Max():0} | {Median(values) / floor:0.00} |");
return 0;

double Own(SuperResolutionMethod method)
{
    var (from, to) = (TimeSpan.Zero, TimeSpan.Zero);
    method.Train(sparse, new TrainingOptions(Steps: Steps, FromScratch: true, Progress: new Relay<TrainingProgress>(p =>
    {
        from = p.Step == Warm ? p.Elapsed : from;
        to = p.Step == Steps ? p.Elapsed : to;
    })));
    return configuration.BatchSize * (Steps - Warm) / (to - from).TotalSeconds;
}

double Python(string type)
{
    var script = Path.Combine(AppContext.BaseDirectory, "network.py");
    var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("PYTHON") ?? "/usr/bin/python3", [
        script, "--type", type, "--batch", $"{configuration.BatchSize}", "--sections", $"{configuration.PatchSections}", "--width", $"{configuration.PatchWidth}",
        "--pitch", $"{sparse.Sampling.Pitch}", "--stride", $"{configuration.LateralStride}", "--channels", string.Join(',', configuration.Channels), "--blocks", string.Join(',', configuration.Blocks),
        "--warm", $"{Warm}", "--steps", $"{Steps}"])
    { RedirectStandardOutput = true };
    using var process = Process.Start(start)!;
    var output = process.StandardOutput.ReadToEnd();
    process.WaitForExit();
    return process.ExitCode == 0 ? double.Parse(output) : throw new InvalidOperationException($"{start.FileName} ended with {process.ExitCode}; it needs PyTorch (Debian: python3-torch)");
}

void Add(string name, double rate)
{
    if (!rates.TryGetValue(name, out var values))
        rates[name] = values = [];
    values.Add(rate);
}

static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
