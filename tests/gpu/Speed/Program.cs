using System.Globalization;
using VisionCell.Kernels.Cuda;

namespace VisionCell.Gpu.Speed;

/// <summary>
/// Why: says how fast each CUDA kernel is on the GPU at hand, and how far from what binds it, measured in the same run. Does not check
/// results: the suite of the kernels does. Prints Markdown for docs/benchmarks/gpu.md.
/// <code>dotnet Speed.dll [--smoke] [--driver LIBRARY] [--cache FOLDER]</code>
/// --smoke: tiny sizes, shows that it runs. --driver: a library that stands in for the driver and NVRTC. --cache: where compiled kernels go.
/// Exit codes: 0 done, 1 a training did not learn, 2 wrong use, 3 no GPU.
/// </summary>
internal static class Program
{
    private static int Main(string[] arguments) => Run(arguments, Console.Out);

    internal static int Run(string[] arguments, TextWriter output)
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        var (sizes, driver, cache) = (new Sizes(), (string?)null, Path.Combine(Path.GetTempPath(), "visioncell-speed"));
        for (var i = 0; i < arguments.Length; i++)
        {
            if (arguments[i] == "--smoke")
                sizes = Sizes.Smoke;
            else if (arguments[i] == "--driver" && i + 1 < arguments.Length)
                driver = arguments[++i];
            else if (arguments[i] == "--cache" && i + 1 < arguments.Length)
                cache = arguments[++i];
            else
                return Fail(2, $"'{arguments[i]}' is not understood; known: --smoke, --driver LIBRARY, --cache FOLDER");
        }
        CudaDevice device;
        try
        {
            using var ceilings = new StreamReader(typeof(Program).Assembly.GetManifestResourceStream(Ceilings.Source)!);
            device = new CudaDevice(CudaLibrary.Load(driver), 0, cache, moreSources: new Dictionary<string, string> { [Ceilings.Source] = ceilings.ReadToEnd() });
        }
        catch (CudaUnavailableException e)
        {
            return Fail(3, e.Message);
        }
        return Measure(device, sizes, output);
    }

    private static int Measure(CudaDevice device, Sizes sizes, TextWriter output)
    {
        using var clock = new GpuClock(device, sizes.Repeats, sizes.LeastMilliseconds);
        output.WriteLine($"{device.Name} ({device.Architecture}, {device.Multiprocessors} multiprocessors, cache {device.SecondCacheBytes / 1e6:F0} MB), medians of {sizes.Repeats}");
        var ceilings = new Ceilings(device, clock, sizes);
        var timings = new KernelTimings(device, clock, ceilings, sizes);
        output.WriteLine($"\n| ceiling | a second |\n|---|---|\n{Row(ceilings.Memory)}\n{Row(ceilings.Cache)}\n{Row(ceilings.Products)}");
        var grids = sizes.Grids.Select(g => (g.Name, Grid: new Kernels.HashGrid(g.Grid))).ToList();
        var rows = new List<Timing>();
        foreach (var (name, grid) in grids)
            rows.AddRange(timings.Grid(name, grid));
        rows.AddRange(timings.Layers(sizes.Perceptron, grids[0].Grid));
        rows.AddRange(grids.Select(g => timings.Adam(g.Grid.ParameterCount)));
        rows.AddRange(timings.Volumes());
        rows.AddRange(timings.Rays());
        rows.AddRange(timings.Training());
        rows.AddRange(timings.Surface());
        foreach (var ceiling in rows.SelectMany(r => r.Work).Select(w => w.Ceiling).Distinct().Except([ceilings.Memory, ceilings.Cache, ceilings.Products]))
            output.WriteLine(Row(ceiling));
        output.WriteLine("\n| kernel | size | ms | achieved | bound by | share of that ceiling |\n|---|---|---|---|---|---|");
        foreach (var row in rows)
            output.WriteLine(row.Row());
        output.WriteLine("\n| training step | batch | ms | samples a second | loss before | loss after |\n|---|---|---|---|---|---|");
        var learnt = true;
        foreach (var (name, grid) in grids)
        {
            using var run = new TrainingRun(device, grid, sizes);
            var (row, fell) = run.Measure(name, clock);
            output.WriteLine(row);
            learnt &= fell;
        }
        return learnt ? 0 : Fail(1, "the loss of a training did not fall");
    }

    private static string Row(Ceiling ceiling) => string.Create(CultureInfo.InvariantCulture, $"| {ceiling.Name} | {ceiling.PerSecond:G4} {ceiling.Unit} |");

    private static int Fail(int code, string message)
    {
        Console.Error.WriteLine($"speed: {message}");
        return code;
    }
}
