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

// Both write chunks of 64³ with zstd 1 and read the same image, in turns; the disk's cache is warm for both. Ours checks a sum besides. An array that is done
// with is given back before the next is read, as NumPy does by itself; "new memory" is the same with all arrays kept. `taskset -c 0` gives one thread to both.
void Io(int edge)
{
    var volume = new Volume<byte>(new Shape3(128, edge, edge), new VoxelSize(10, 10, 10), default, Provenance.Of("tiled sample"));
    for (var z = 0; z < volume.Shape.Z; z++)
        Section(z, edge).CopyTo(volume.Section(z));
    var (ours, sharded, raw, theirs) = (Path.Combine(folder, "ours.zarr"), Path.Combine(folder, "sharded.zarr"), Path.Combine(folder, "raw.bin"), Path.Combine(folder, "theirs.zarr"));
    File.WriteAllBytes(raw, volume.Bytes.ToArray());
    var options = new OmeZarrOptions { IsMultiscale = false };
    var shards = options with { Version = OmeZarrVersion.V05, Shard = 256 };
    OmeZarr.Write(volume, ours, options);
    var script = $"""
        import sys, time, numpy, zarr
        from numcodecs import Zstd
        data = numpy.fromfile('{raw}', 'u1').reshape({volume.Shape.Z}, {edge}, {edge})
        kept = []
        def write():
            zarr.create(data.shape, chunks=(64, 64, 64), dtype='u1', compressor=Zstd(1), store=zarr.NestedDirectoryStore('{theirs}'), overwrite=True)[:] = data
        def read():
            return zarr.open('{ours}/0', mode='r')[:]
        assert (read() == data).all()
        for line in sys.stdin:
            begin, used = time.perf_counter(), time.process_time()
            array = write() if line.strip() == 'write' else read()
            print(time.perf_counter() - begin, time.process_time() - used, flush=True)
            if line.strip() == 'keep':
                kept.append(array)
            array = None
        """;
    using var python = Process.Start(new ProcessStartInfo("/usr/bin/python3", ["-c", script]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
    var kept = new List<Volume>();
    var megabytes = volume.Shape.Count / 1e6;
    Console.WriteLine($"{volume.Shape} uint8, chunks of 64³, zstd 1, on {Environment.ProcessorCount} processors; MB/s, and MB a second of processor time");
    Compare("write", "write", () => OmeZarr.Write(volume, ours, options));
    Compare("write shards of 256³", "write", () => OmeZarr.Write(volume, sharded, shards));
    Compare("read", "read", () => OmeZarr.Read(ours));
    Compare("read shards of 256³", "read", () => OmeZarr.Read(sharded));
    Compare("read, new memory", "keep", () => kept.Add(OmeZarr.Read(ours)));
    python.StandardInput.Close();
    python.WaitForExit();

    // The best of seven each: the first is slower until code is compiled and files are in the cache.
    void Compare(string what, string command, Action own)
    {
        List<(double Passed, double Used)> mine = [], other = [];
        for (var i = 0; i < 7; i++)
        {
            GC.Collect();
            var (clock, used) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
            own();
            mine.Add((clock.Elapsed.TotalSeconds, (Environment.CpuUsage.TotalTime - used).TotalSeconds));
            python.StandardInput.WriteLine(command);
            var times = (python.StandardOutput.ReadLine() ?? throw new InvalidOperationException("python3 with zarr and numcodecs is needed")).Split(' ');
            other.Add((double.Parse(times[0], culture), double.Parse(times[1], culture)));
        }
        var (a, b) = (mine.Min(t => t.Passed), mine.Min(t => t.Used));
        var (c, d) = (other.Min(t => t.Passed), other.Min(t => t.Used));
        Console.WriteLine(string.Create(culture,
            $"{what,-20}  {megabytes / a,6:0} {megabytes / b,6:0}  python3-zarr {megabytes / c,6:0} {megabytes / d,6:0}  times as fast {c / a:0.00}, by processor time {d / b:0.00}"));
    }
}
