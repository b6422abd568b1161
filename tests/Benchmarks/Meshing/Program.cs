// Why: surfaces are made again and again while a threshold is looked for, so that their extraction has to be at least as fast as what people
// know. Marching cubes and decimation to a tenth, beside Debian's scikit-image and VTK on the same volume in one run, in turns, each by the
// processor time of all its threads (which other work on the machine inflates least) and by wall time; how far the surfaces are apart, and how far
// each is from the trilinear interpolant of the voxels, which all three approximate.
// Does not measure reading, smoothing or writing.
//
//     VISIONCELL_DATA=DIR dotnet run -c Release --project tests/Benchmarks/Meshing -- [ROUNDS [EDGE]]
//
// DIR holds medulla-1.tif (visioncell data fetch); EDGE crops the cube that is decimated (default 100). Debian: python3-vtk9, python3-skimage,
// python3-scipy, python3-tifffile; PYTHON names another interpreter.
using System.Diagnostics;
using System.Globalization;
using VisionCell.Formats;
using VisionCell.Meshing;
using VisionCell.Volumes;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var rounds = args.Length > 0 ? int.Parse(args[0]) : 3;
var edge = args.Length > 1 ? int.Parse(args[1]) : 100;
if (Environment.GetEnvironmentVariable("VISIONCELL_DATA") is not { } data)
{
    Console.Error.WriteLine("set VISIONCELL_DATA to the folder that holds medulla-1.tif (visioncell data fetch)");
    return 3;
}
var path = Path.Combine(data, "medulla-1.tif");
var volume = VolumeFormats.Read(path, new VoxelSize(1, 1, 1)).ToFloat32();
var crop = volume.Crop(Box.Of(new Shape3(edge, edge, edge)));
var iso = Math.Floor(IsoThreshold.Suggest(volume)) + 0.5; // between grey levels: no library treats equality as it likes
const int tinyEdge = 40; // the interpolant of so many voxels, sampled 8 times as finely, fits into memory
var folder = Directory.CreateTempSubdirectory("meshing").FullName;
var times = new SortedDictionary<string, List<(double Processor, double Wall)>>();
try
{
    for (var round = 0; round < rounds; round++)
    {
        var surface = Own("surface, Vision Cell", () => MarchingCubes.Extract(volume, iso));
        var small = MarchingCubes.Extract(crop, iso);
        var tenth = Own("tenth, Vision Cell", () => MeshDecimation.Decimate(small, small.TriangleCount / 10));
        if (round == 0)
        {
            var tiny = MarchingCubes.Extract(volume.Crop(Box.Of(new Shape3(tinyEdge, tinyEdge, tinyEdge))), iso);
            foreach (var (name, mesh) in new[] { ("surface", surface), ("small", small), ("tenth", tenth), ("tiny", tiny) })
                MeshFile.Write(mesh, Path.Combine(folder, name + ".ply"), new MeshMetadata(volume.VoxelSize));
            Console.WriteLine($"{surface.TriangleCount:N0} triangles of {volume.Shape}; decimated: {small.TriangleCount:N0} to {tenth.TriangleCount:N0} of {crop.Shape}; iso {iso}");
            Console.WriteLine($"Vision Cell's tenth is {(MeshTopology.Of(tenth) is { NonManifoldEdges: 0, NonManifoldVertices: 0 } ? "a manifold" : "no manifold")}");
        }
        Others(round == 0);
    }
}
finally
{
    Directory.Delete(folder, recursive: true);
}
Console.WriteLine("\n| | processor time, s (median) | least | wall time, s (median) | least |\n|---|---|---|---|---|");
foreach (var (name, taken) in times)
    Console.WriteLine($"| {name} | {Median(taken.Select(t => t.Processor)):0.00} | {taken.Min(t => t.Processor):0.00} | {Median(taken.Select(t => t.Wall)):0.00} | {taken.Min(t => t.Wall):0.00} |");
return 0;

Mesh Own(string name, Func<Mesh> work)
{
    GC.Collect();
    using var process = Process.GetCurrentProcess();
    var (before, clock) = (process.TotalProcessorTime, Stopwatch.StartNew());
    var mesh = work();
    var wall = clock.Elapsed;
    process.Refresh();
    // The first call compiles: it is run once more.
    if (times.TryAdd(name, []))
        return Own(name, work);
    times[name].Add(((process.TotalProcessorTime - before).TotalSeconds, wall.TotalSeconds));
    return mesh;
}

void Others(bool distances)
{
    var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("PYTHON") ?? "/usr/bin/python3",
        [Path.Combine(AppContext.BaseDirectory, "compare.py"), path, $"{iso}", $"{edge}", $"{tinyEdge}", folder, .. distances ? ["--distances"] : Array.Empty<string>()]) { RedirectStandardOutput = true };
    using var process = Process.Start(start)!;
    while (process.StandardOutput.ReadLine() is { } line)
    {
        if (line.Split('\t') is not ["time", var name, var processor, var wall])
        {
            Console.WriteLine(line);
            continue;
        }
        times.TryAdd(name, []);
        times[name].Add((double.Parse(processor), double.Parse(wall)));
    }
    process.WaitForExit();
    if (process.ExitCode != 0)
        throw new InvalidOperationException("compare.py failed");
}

static double Median(IEnumerable<double> values) => values.Order().ElementAt(values.Count() / 2);
