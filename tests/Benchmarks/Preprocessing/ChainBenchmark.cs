using System.Diagnostics;
using VisionCell.Formats;
using VisionCell.Preprocessing;
using VisionCell.Volumes;

namespace VisionCell.Benchmarks.Preprocessing;

/// <summary>
/// Why: stacks are large, and a chain that takes minutes a section or the whole stack in memory is of no use. Sections of medulla-1, mirrored side by side until
/// they fill the size asked for, with a shift of up to 3 pixels each, go through <c>visioncell preprocess</c>'s steps from reader to OME-Zarr. Does not
/// measure: reading from a slow disk; sections that really have that many pixels of specimen, whose alignment has more to match.
/// </summary>
internal static class ChainBenchmark
{
    /// <summary>Seconds a section.</summary>
    public static void Time()
    {
        Console.WriteLine("| preset | section | sections | scan, s a section | align | finish | all | processor time | peak memory, MB |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|");
        foreach (var (sections, preset) in new[] { (4, "fib-sem"), (12, "fib-sem"), (24, "fib-sem"), (12, "sbf-sem"), (12, "ss-tem") })
            Run(preset, sections, 1024, show: sections > 4);
    }

    /// <summary>
    /// Peak memory at 2048 x 2048, or the edge that EDGE says; from the first full row of chunks on it does not grow with the number of sections. SECTIONS=70,140,280 says how many.
    /// </summary>
    public static void Memory()
    {
        Console.WriteLine("| preset | section | sections | scan, s a section | align | finish | all | processor time | peak memory, MB |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|");
        var edge = Environment.GetEnvironmentVariable("EDGE") is { Length: > 0 } pixels ? int.Parse(pixels) : 2048;
        var asked = Environment.GetEnvironmentVariable("SECTIONS") is { Length: > 0 } list ? list : "70,140";
        foreach (var sections in asked.Split(',').Select(int.Parse))
            Run("fib-sem", sections, edge, show: true);
    }

    private static void Run(string preset, int sections, int edge, bool show)
    {
        var folder = Directory.CreateTempSubdirectory("visioncell-benchmark-").FullName;
        try
        {
            using var reader = new Mirrored(BenchmarkData.Load("medulla-1"), new Shape3(sections, edge, edge));
            GC.Collect();
            File.WriteAllText("/proc/self/clear_refs", "5");
            var clock = Stopwatch.StartNew();
            var processor = Process.GetCurrentProcess().TotalProcessorTime;
            var report = StackPreprocessing.Run(
                reader, new VoxelSize(10, 10, 10), Presets.Parse(preset), Path.Combine(folder, "work"),
                new PreprocessingOutputs(Path.Combine(folder, "p.zarr"), Path.Combine(folder, "transforms.json"), Path.Combine(folder, "report.json")));
            var peak = File.ReadLines("/proc/self/status").First(l => l.StartsWith("VmHWM:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
            if (show)
                Console.WriteLine($"| {preset} | {edge} x {edge} | {sections} | {report.Seconds["scan"] / sections:0.00} | {report.Seconds["align"] / sections:0.00} | {report.Seconds["finish"] / sections:0.00} | {clock.Elapsed.TotalSeconds / sections:0.00} | {(Process.GetCurrentProcess().TotalProcessorTime - processor).TotalSeconds / sections:0.00} | {double.Parse(peak) * 1024 / 1e6:0} |");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private sealed class Mirrored(Volume<float> volume, Shape3 shape) : SectionReader(
        new VolumeInfo("mirrored", "made", shape, VoxelType.UInt8, new VoxelSize(10, 10, 10), default, "zyx", [], []), Provenance.Of("mirrored"))
    {
        public override void ReadBytes(int z, Span<byte> destination)
        {
            var random = new Random(z);
            var (dy, dx) = (random.Next(7), random.Next(7));
            var section = volume.Section(Mirror(z, volume.Shape.Z));
            for (var y = 0; y < shape.Y; y++)
            {
                for (var x = 0; x < shape.X; x++)
                    destination[y * shape.X + x] = (byte)section[Mirror(y + dy, volume.Shape.Y) * volume.Shape.X + Mirror(x + dx, volume.Shape.X)];
            }
        }

        private static int Mirror(int index, int length)
        {
            index %= 2 * length;
            return index < length ? index : 2 * length - 1 - index;
        }
    }
}
