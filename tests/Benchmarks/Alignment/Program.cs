// Why: alignment decides every number that comes after it, and what it leaves can only be known where the fault was put in. Simulated
// faults on real volumes, several seeds, beside OpenCV's ECC and scikit-image on the same input in the same run; real serial sections
// as they are given; time and memory on large ones. Does not measure: tears, folds and missing sections, other microscopes, and
// whether the slow part of the motion belongs to the specimen, which nobody knows.
//
//     VISIONCELL_DATA=DIR dotnet run -c Release --project tests/Benchmarks/Alignment -- [rigid] [comparisons] [elastic] [oracle] [aligned] [sstem] [speed]
//
// All parts where none is named; VOLUMES=bone,medulla-1 narrows the volumes that faults are put on, SEEDS=1 the seeds. DIR holds the volumes of data-manifests/. scikit-image: Debian's python3-skimage.
using System.Diagnostics;
using System.Globalization;
using VisionCell.Benchmarks.Alignment;
using VisionCell.Formats;
using VisionCell.Preprocessing;
using VisionCell.Volumes;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var data = Environment.GetEnvironmentVariable("VISIONCELL_DATA");
if (data is null)
{
    Console.Error.WriteLine("set VISIONCELL_DATA to the folder that holds the volumes of data-manifests/ (visioncell data fetch)");
    return 2;
}
var volumes = Environment.GetEnvironmentVariable("VOLUMES")?.Split(',') ?? ["medulla-1", "medulla-2a", "bone"];
var seeds = Environment.GetEnvironmentVariable("SEEDS")?.Split(',').Select(int.Parse).ToArray() ?? [1, 2, 3];
const int Sections = 60;
bool Asked(string part) => args.Length == 0 || args.Contains(part);

if (Asked("rigid"))
{
    Console.WriteLine("| volume | seed | put in | Vision Cell | ECC | scikit-image |");
    Console.WriteLine("|---|---|---|---|---|---|");
    foreach (var name in volumes)
    {
        var truth = Load(name, Sections);
        const int Margin = 28;
        var clean = Faults.Put(truth, Faults.None(truth.Shape.Z), Margin);
        var configuration = new AlignmentConfiguration(maxShift: 56, neighbours: 3, keepSlowMotion: false, deadZone: 0);
        (string, Func<Volume<float>, Correction?>)[] methods =
            [("ours", s => Corrections.Ours(s, configuration)), ("ecc", Competitors.Ecc), ("skimage", s => Competitors.ScikitImage(s, "rigid"))];
        var own = methods.Select(m => m.Item2(clean)).ToArray();
        foreach (var seed in seeds)
        {
            var fault = Faults.Rigid(truth.Shape.Z, truth.Shape.X, 20, 2, 8, seed);
            var faulted = Faults.Put(truth, fault, Margin);
            var cells = methods.Select((m, i) => m.Item2(faulted) is { } found && own[i] is { } still
                ? Residual.Of(fault, found.Invoke, faulted.Shape.Y, faulted.Shape.X, Margin, null, still.Invoke).ToString() : "not installed");
            Console.WriteLine($"| {name} | {seed} | {Residual.Of(fault, (_, y, x) => (y, x), faulted.Shape.Y, faulted.Shape.X, Margin)} | {string.Join(" | ", cells)} |");
        }
    }
}

if (Asked("comparisons"))
{
    // Which comparisons lead astray: each against what was put in (the specimen's own motion, a fraction of a pixel, is in it).
    Console.WriteLine("| volume | seed | comparisons | with a match | wrong by more than 3 pixels |");
    Console.WriteLine("|---|---|---|---|---|");
    foreach (var name in volumes)
    {
        var truth = Load(name, Sections);
        const int Margin = 28;
        foreach (var seed in seeds)
        {
            var fault = Faults.Rigid(truth.Shape.Z, truth.Shape.X, 20, 2, 8, seed);
            var faulted = Faults.Put(truth, fault, Margin);
            var matches = SectionAlignment.Estimate(new VolumeSections(faulted), new AlignmentConfiguration(maxShift: 56, neighbours: 3, keepSlowMotion: false, deadZone: 0)).Matches;
            var (cy, cx) = (0.5 * (faulted.Shape.Y - 1), 0.5 * (faulted.Shape.X - 1));
            (double Y, double X) Right(PairMatch m)
            {
                // Content at pixel p of a faulted section is that of the truth at fault(p).
                var (y, x) = SectionResampling.Source(cy + Margin, cx + Margin, fault.Transforms[m.From], null);
                var (ty, tx) = SectionResampling.Target(y, x, fault.Transforms[m.To], null);
                return (ty - Margin, tx - Margin);
            }
            string Describe(PairMatch m)
            {
                var ((ry, rx), (fy, fx)) = (Right(m), m.Map.Apply(cy, cx));
                return $"{m.From}-{m.To} {m.Method} r {m.Correlation:0.00} ({ry - cy:0}, {rx - cx:0}) as ({fy - cy:0}, {fx - cx:0})";
            }
            var wrong = matches.Where(m => m.IsReliable && Math.Abs(m.Map.Apply(cy, cx).Y - Right(m).Y) + Math.Abs(m.Map.Apply(cy, cx).X - Right(m).X) > 3).ToArray();
            var none = matches.Where(m => !m.IsReliable && m.To == m.From + 1).ToArray();
            Console.WriteLine($"| {name} | {seed} | {matches.Count} | {matches.Count(m => m.IsReliable)} | {wrong.Length}: {string.Join("; ", wrong.Select(Describe))}; neighbours without: {string.Join("; ", none.Select(Describe))} |");
        }
    }
}

if (Asked("elastic"))
{
    Console.WriteLine("| volume | seed | put in | Vision Cell | ECC | scikit-image |");
    Console.WriteLine("|---|---|---|---|---|---|");
    foreach (var name in volumes)
    {
        var truth = Load(name, Sections);
        const int Margin = 8;
        var configuration = new AlignmentConfiguration(maxShift: 16, neighbours: 3, deadZone: 0, elastic: new ElasticConfiguration());
        foreach (var seed in seeds)
        {
            var fault = Faults.Elastic(truth.Shape.Z, truth.Shape.Y, truth.Shape.X, 5, 80, seed);
            var faulted = Faults.Put(truth, fault, Margin);
            Correction?[] found = [(_, y, x) => (y, x), Corrections.Ours(faulted, configuration), Competitors.Ecc(faulted), Competitors.ScikitImage(faulted, "elastic")];
            var cells = found.Select(f => f is null ? "not installed" : Residual.Of(fault, f.Invoke, faulted.Shape.Y, faulted.Shape.X, Margin).ToString());
            Console.WriteLine($"| {name} | {seed} | {string.Join(" | ", cells)} |");
        }
    }
}

if (Asked("oracle"))
{
    Console.WriteLine("| volume | seed | put in | alignment | oracle | oracle, specimen without motion | oracle, no fault | alignment against oracle | all motion out, against the same without the fault |");
    Console.WriteLine("|---|---|---|---|---|---|---|---|---|");
    foreach (var name in volumes)
        Oracle.Compare(name, Load(name, Sections), seeds);
}

if (Asked("aligned"))
{
    Console.WriteLine("| volume | rigid | rigid and elastic |");
    Console.WriteLine("|---|---|---|");
    foreach (var name in volumes)
    {
        var truth = Load(name, int.MaxValue);
        var fault = Faults.None(truth.Shape.Z);
        var cells = new[] { null, new ElasticConfiguration() }.Select(elastic =>
            Residual.Of(fault, Corrections.Ours(truth, new AlignmentConfiguration(elastic: elastic)).Invoke, truth.Shape.Y, truth.Shape.X, 0).ToString());
        Console.WriteLine($"| {name} | {string.Join(" | ", cells)} |");
    }
}

if (Asked("sstem"))
{
    Console.WriteLine("| stack | as given | whole sections | with elastic | least Jacobian |");
    Console.WriteLine("|---|---|---|---|---|");
    foreach (var name in new[] { "vnc-1", "isbi-2012" })
    {
        var stack = Load(name, int.MaxValue);
        var cells = new List<string> { $"{AdjacentCorrelation.Of(stack):0.000}" };
        var jacobian = 1.0;
        foreach (var elastic in new[] { null, new ElasticConfiguration() })
        {
            // Cubic, which smooths less than linear: smoothing alone raises correlations.
            var result = SectionAlignment.Estimate(new VolumeSections(stack), new AlignmentConfiguration(maxShift: 64, elastic: elastic));
            cells.Add($"{AdjacentCorrelation.Of(SectionResampling.Apply(stack, result.Transforms, result.Fields, SectionInterpolation.Cubic)):0.000}");
            jacobian = result.MinimumJacobian;
        }
        Console.WriteLine($"| {name} | {string.Join(" | ", cells)} | {jacobian:0.00} |");
    }
}

if (Asked("speed"))
{
    Console.WriteLine("| sections | edge | whole sections, s a section | with elastic, s a section | peak memory, MB |");
    Console.WriteLine("|---|---|---|---|---|");
    var sample = Load("medulla-1", 250);
    foreach (var (count, edge) in new[] { (4, 1024), (12, 1024), (36, 1024), (6, 2048) })
    {
        var tiled = new Tiled(sample, count, edge);
        var cells = new List<string>();
        foreach (var elastic in new[] { null, new ElasticConfiguration() })
        {
            var clock = Stopwatch.StartNew();
            SectionAlignment.Estimate(tiled, new AlignmentConfiguration(elastic: elastic));
            cells.Add($"{clock.Elapsed.TotalSeconds / count:0.00}");
        }
        using var process = Process.GetCurrentProcess();
        Console.WriteLine($"| {count} | {edge} | {string.Join(" | ", cells)} | {process.PeakWorkingSet64 / 1e6:0} |");
    }
}
return 0;

Volume<float> Load(string name, int sections)
{
    var volume = VolumeFormats.Read(Path.Combine(data, name + ".tif"), new VoxelSize(10, 10, 10), _ => { }).ToFloat32();
    return volume.Shape.Z <= sections ? volume : volume.Crop(new Box(0, 0, 0, volume.Shape with { Z = sections }));
}

/// <summary>Sections of any size: a volume mirrored side by side, each section shifted by up to 3 pixels.</summary>
internal sealed class Tiled(Volume<float> volume, int count, int edge) : ISectionSource
{
    public int Count => count;

    public int Height => edge;

    public int Width => edge;

    public void Read(int z, Span<float> destination)
    {
        var random = new Random(z);
        var (dy, dx) = (random.Next(-3, 4), random.Next(-3, 4));
        var section = volume.Section(z % volume.Shape.Z);
        var (height, width) = (volume.Shape.Y, volume.Shape.X);
        static int Mirror(int i, int n) => (i %= 2 * n) < n ? i : 2 * n - 1 - i;
        for (var y = 0; y < edge; y++)
        {
            for (var x = 0; x < edge; x++)
                destination[y * edge + x] = section[Mirror(y + dy + 2 * height, height) * width + Mirror(x + dx + 2 * width, width)];
        }
    }
}
