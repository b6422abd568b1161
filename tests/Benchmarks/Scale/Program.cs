using System.Diagnostics;
using System.Globalization;
using VisionCell.Formats;
using VisionCell.Pipeline;
using VisionCell.Runs;
using VisionCell.Volumes;

// What a volume larger than memory costs: time a voxel and peak memory of whole reconstructions (×8) at several sizes, and the speed of reading and
// writing zstd chunks beside python3-zarr on the same bytes in the same run. It does not measure image quality: sizes beyond the sample repeat it.
// Processor time stands beside the time that passed, since other work on the machine lengthens the one and hardly the other.
//
//   dotnet run -c Release --project tests/Benchmarks/Scale -- io [EDGE] | sizes METHOD EDGE... [--memory SIZE] [--steps N]
// As the command does.
HugePages.Ask();
var culture = CultureInfo.InvariantCulture;
var sample = Sample();
var folder = Directory.CreateTempSubdirectory("visioncell-scale-").FullName;
try
{
    switch (args)
    {
        case ["io", .. var rest]:
            Io(rest.Length > 0 ? int.Parse(rest[0], culture) : 512);
            return 0;
        case ["sizes", var method, .. var rest]:
            var (memory, steps) = (MemorySize.Parse(Option("--memory", "64M")), int.Parse(Option("--steps", "50"), culture));
            Console.WriteLine("shape of the volume  Mvoxel  train s  fill s  µs a voxel  processor s  read s  write s  waited s  levels s  peak MB");
            foreach (var edge in rest.TakeWhile(a => !a.StartsWith('-')).Select(a => int.Parse(a, culture)))
                Size(method, edge, memory, steps);
            return 0;
        default:
            Console.Error.WriteLine("give io [EDGE], or sizes METHOD EDGE... [--memory SIZE] [--steps N]");
            return 2;
    }
}
finally
{
    Directory.Delete(folder, recursive: true);
}

string Option(string name, string otherwise) => Array.IndexOf(args, name) is >= 0 and var at ? args[at + 1] : otherwise;

// A stack of 65 sections, that of a volume of 513 rows, made section by section of the sample, mirrored at its borders and with noise of its own.
void Size(string method, int edge, long memory, int steps)
{
    var path = Path.Combine(folder, $"stack-{edge}.zarr");
    var shape = new Shape3(65, edge, edge);
    var writer = new OmeZarrWriter(path + ".work", shape, VoxelType.UInt8, new VoxelSize(80, 10, 10), default);
    for (var z = 0; z < shape.Z; z++)
        writer.Append(Section(z * 8, edge));
    writer.Complete(path, Provenance.Of("tiled sample"));

    var run = RunWorkspace.Open(Path.Combine(folder, $"run-{edge}"));
    var tiling = new Tiling { InMemory = memory / sizeof(float) };
    var stack = StackSource.Open(path, new VoxelSize(80, 10, 10), null, thick: false);
    var before = Environment.CpuUsage.TotalTime;
    Reconstructor.Run(stack, method, run, new TrainingOptions(Steps: steps, FromScratch: true), tiling: tiling);
    var figures = run.Record.Stages[$"reconstruct-{method}"].Figures;
    var voxels = stack.IsotropicShape.Count;
    Console.WriteLine(string.Create(culture, $"{stack.IsotropicShape,-19}  {voxels / 1e6,6:0}  {figures["trainSeconds"],7:0.0}  {figures["inferSeconds"],6:0.0}  {1e6 * figures["inferSeconds"] / voxels,10:0.000}  {(Environment.CpuUsage.TotalTime - before).TotalSeconds,11:0.0}  {figures["readSeconds"],6:0.0}  {figures["writeSeconds"],7:0.0}  {figures["waitSeconds"],8:0.0}  {figures["completeSeconds"],8:0.0}  {figures["peakMemoryMb"],7:0}"));
    Directory.Delete(run.Root, recursive: true);
    Directory.Delete(path, recursive: true);
}

byte[] Section(int z, int edge)
{
    var section = new byte[edge * edge];
    var random = new Random(z);
    static int Mirror(int i, int n) => i / n % 2 == 0 ? i % n : n - 1 - i % n;
    for (var y = 0; y < edge; y++)
    {
        for (var x = 0; x < edge; x++)
            section[y * edge + x] = (byte)Math.Clamp(sample[Mirror(z, sample.Shape.Z), Mirror(y, sample.Shape.Y), Mirror(x, sample.Shape.X)] + random.Next(-3, 4), 0, 255);
    }
    return section;
}

Volume<byte> Sample()
{
    var root = new DirectoryInfo(AppContext.BaseDirectory);
    while (!File.Exists(Path.Combine(root.FullName, "VisionCell.slnx")))
        root = root.Parent!;
    return (Volume<byte>)VolumeFormats.Read(Path.Combine(root.FullName, "data-manifests", "samples", "medulla-sample.tif"));
}

// Both write chunks of 64³ with zstd 1 and read the same image; the disk's cache is warm for both. Ours checks a sum besides.
void Io(int edge)
{
    var volume = new Volume<byte>(new Shape3(128, edge, edge), new VoxelSize(10, 10, 10), default, Provenance.Of("tiled sample"));
    for (var z = 0; z < volume.Shape.Z; z++)
        Section(z, edge).CopyTo(volume.Section(z));
    var (ours, sharded, raw, theirs) = (Path.Combine(folder, "ours.zarr"), Path.Combine(folder, "sharded.zarr"), Path.Combine(folder, "raw.bin"), Path.Combine(folder, "theirs.zarr"));
    File.WriteAllBytes(raw, volume.Bytes.ToArray());
    var options = new OmeZarrOptions { IsMultiscale = false };
    var write = Best(() => OmeZarr.Write(volume, ours, options));
    var read = Best(() => OmeZarr.Read(ours));
    var shards = options with { Version = OmeZarrVersion.V05, Shard = 256 };
    var (writeShards, readShards) = (Best(() => OmeZarr.Write(volume, sharded, shards)), Best(() => OmeZarr.Read(sharded)));
    var script = $"""
        import time, numpy, zarr, numcodecs
        from numcodecs import Zstd
        data = numpy.fromfile('{raw}', 'u1').reshape({volume.Shape.Z}, {edge}, {edge})
        def best(f):
            times = []
            for _ in range(5):
                begin, used = time.perf_counter(), time.process_time(); f(); times.append((time.perf_counter() - begin, time.process_time() - used))
            print(min(t[0] for t in times), min(t[1] for t in times))
        def write():
            zarr.create(data.shape, chunks=(64, 64, 64), dtype='u1', compressor=Zstd(1), store=zarr.NestedDirectoryStore('{theirs}'), overwrite=True)[:] = data
        best(write)
        best(lambda: zarr.open('{ours}/0', mode='r')[:])
        assert (zarr.open('{ours}/0', mode='r')[:] == data).all()
        """;
    using var python = Process.Start(new ProcessStartInfo("/usr/bin/python3", ["-c", script]) { RedirectStandardOutput = true })!;
    var times = python.StandardOutput.ReadToEnd().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(t => double.Parse(t, culture)).ToArray();
    python.WaitForExit();
    var megabytes = volume.Shape.Count / 1e6;
    Console.WriteLine($"{volume.Shape} uint8, chunks of 64³, zstd 1; MB/s, and MB a second of processor time");
    Line("write", write, (times[0], times[1]));
    Line("read", read, (times[2], times[3]));
    Line("write shards of 256³", writeShards, (times[0], times[1]));
    Line("read shards of 256³", readShards, (times[2], times[3]));

    void Line(string what, (double Passed, double Used) own, (double Passed, double Used) other) => Console.WriteLine(string.Create(culture,
        $"{what,-20}  {megabytes / own.Passed,6:0} {megabytes / own.Used,6:0}  python3-zarr {megabytes / other.Passed,6:0} {megabytes / other.Used,6:0}  times as fast {other.Passed / own.Passed:0.00}, by processor time {other.Used / own.Used:0.00}"));
}

// Best of five: the first is slower until code is compiled and files are in the cache.
static (double Passed, double Used) Best(Action action)
{
    List<(double Passed, double Used)> times = [];
    for (var i = 0; i < 5; i++)
    {
        var (clock, used) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
        action();
        times.Add((clock.Elapsed.TotalSeconds, (Environment.CpuUsage.TotalTime - used).TotalSeconds));
    }
    return (times.Min(t => t.Passed), times.Min(t => t.Used));
}
