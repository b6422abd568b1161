// Why: a metric that takes minutes is left out of the loop in which methods are made. PSNR and SSIM in three dimensions of a volume beside scikit-image's of the same
// bytes in the same run, in turns, and Fourier shell correlation; with the memory that each takes over that of the volumes. Does not measure the planes' metrics, FSIM or
// segmentation, nor reading from disk.
//
//     dotnet run -c Release --project tests/Benchmarks/Evaluation -- [EDGE] [ROUNDS] [FSC-EDGE]
//
// Seconds of processor time stand beside those of the clock: on a machine that others use, only they compare.
//
// EDGE: of the volume, 512. ROUNDS: 1. FSC-EDGE: 256. scikit-image: Debian's python3-skimage; PYTHON names another interpreter. At 512 it takes 8 GB.
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using VisionCell.Evaluation;
using VisionCell.Volumes;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
int Argument(int i, int otherwise) => args.Length > i ? int.Parse(args[i]) : otherwise;
var (edge, rounds, fscEdge) = (Argument(0, 512), Argument(1, 1), Argument(2, 256));
Console.WriteLine($"{edge} x {edge} x {edge} voxels, {Environment.ProcessorCount} cores, load {File.ReadAllText("/proc/loadavg").Split(' ')[0]} at the start\n");
var (a, b) = Pair(edge);
var (region, megabytes) = (ScoredRegion.All(edge), b.Data.LongLength * sizeof(float) / 1e6);
// Compiled before it is timed.
var (tinyA, tinyB) = Pair(40);
VolumeSsim.Compute(tinyA, tinyB, ScoredRegion.All(40), 255);
Psnr.Compute(tinyA, tinyB, ScoredRegion.All(40), 255);

Console.WriteLine("| | PSNR, s | SSIM 3D, s | both, s | both, processor s | memory beyond the volumes, MB | all, times one volume | PSNR | SSIM |\n|---|---|---|---|---|---|---|---|---|");
var folder = Directory.CreateTempSubdirectory("vc-evaluation-");
try
{
    var (pathA, pathB) = (Save(a, "a.f32"), Save(b, "b.f32"));
    var ratios = new List<double>();
    for (var round = 0; round < rounds; round++)
    {
        GC.Collect();
        // Resets the peak: proc(5).
        File.WriteAllText("/proc/self/clear_refs", "5");
        var resident = Process.GetCurrentProcess().WorkingSet64 / 1e6;
        var (clock, used) = (Stopwatch.StartNew(), Processor());
        var psnr = Psnr.Compute(a, b, region, 255);
        var first = clock.Elapsed.TotalSeconds;
        var ssim = VolumeSsim.Compute(a, b, region, 255)!.Value;
        var all = clock.Elapsed.TotalSeconds;
        used = Processor() - used;
        var beyond = Math.Max(0, Process.GetCurrentProcess().PeakWorkingSet64 / 1e6 - resident);
        Console.WriteLine($"| Vision Cell | {first:0.00} | {all - first:0.00} | {all:0.00} | {used:0.00} | {beyond:0} | {(beyond + 2 * megabytes) / megabytes:0.00} | {psnr:0.0000} | {ssim:0.000000} |");

        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("PYTHON") ?? "/usr/bin/python3", [Path.Combine(AppContext.BaseDirectory, "similarity.py"), pathA, pathB, $"{edge}"]) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var numbers = process.StandardOutput.ReadToEnd().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        process.WaitForExit();
        if (process.ExitCode != 0 || numbers.Length != 6)
        {
            Console.WriteLine("| scikit-image | not installed, or out of memory | | | | | | | |");
            continue;
        }
        var n = numbers.Select(double.Parse).ToArray();
        Console.WriteLine($"| scikit-image, float32 | {n[0]:0.00} | {n[1]:0.00} | {n[0] + n[1]:0.00} | {n[2]:0.00} | {n[3]:0} | {(n[3] + 2 * megabytes) / megabytes:0.00} | {n[4]:0.0000} | {n[5]:0.000000} |");
        ratios.Add((n[0] + n[1]) / all);
    }
    if (ratios.Count > 0)
        Console.WriteLine($"\nscikit-image takes {ratios.Min():0.0} to {ratios.Max():0.0} times as long.");
}
finally
{
    folder.Delete(recursive: true);
}

(a, b) = Pair(fscEdge);
FourierShellCorrelation.Directional(tinyA, tinyB);
for (var round = 0; round < rounds; round++)
{
    var (clock, used) = (Stopwatch.StartNew(), Processor());
    var curves = FourierShellCorrelation.Directional(a, b);
    Console.WriteLine($"\nFourier shell correlation of {fscEdge} x {fscEdge} x {fscEdge}, whole shells and a cone around each axis: {clock.Elapsed.TotalSeconds:0.00} s, {Processor() - used:0.00} s of processor time ({curves.Whole.Shells.Count} shells)");
}
return 0;

static double Processor() => Process.GetCurrentProcess().TotalProcessorTime.TotalSeconds;

// Waves of several periods with noise from a counter, and the same with more noise.
static (Volume<float> A, Volume<float> B) Pair(int edge)
{
    var shape = new Shape3(edge, edge, edge);
    var reference = new Volume<float>(shape, new VoxelSize(10, 10, 10), default, Provenance.Of("benchmark"));
    var judged = new Volume<float>(shape, reference.VoxelSize, default, reference.Provenance);
    Parallel.For(0, edge, z =>
    {
        for (var y = 0; y < edge; y++)
        {
            for (var x = 0; x < edge; x++)
            {
                var i = reference.Index(z, y, x);
                var hash = (uint)i * 2654435761u;
                hash ^= hash >> 15;
                reference.Data[i] = 128 + 50 * MathF.Sin(0.31f * x + 0.13f * z) + 30 * MathF.Cos(0.23f * y - 0.05f * x) + hash % 31;
                judged.Data[i] = reference.Data[i] + (hash >> 8) % 41 - 20;
            }
        }
    });
    return (judged, reference);
}

string Save(Volume<float> volume, string name)
{
    var path = Path.Combine(folder.FullName, name);
    using var file = File.Create(path);
    for (var z = 0; z < volume.Shape.Z; z++)
        file.Write(MemoryMarshal.AsBytes(volume.Section(z)));
    return path;
}
