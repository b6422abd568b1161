using System.Diagnostics;
using VisionCell.Benchmarks.Alignment;
using VisionCell.Formats;
using VisionCell.Preprocessing;
using VisionCell.Volumes;

var data = Environment.GetEnvironmentVariable("VISIONCELL_DATA") ?? throw new InvalidOperationException("VISIONCELL_DATA is not set");
var name = args[0];
var kind = args[1];
var seed = int.Parse(args[2]);
var truth = VolumeFormats.Read(Path.Combine(data, name + ".tif"), new VoxelSize(10, 10, 10), _ => { }).ToFloat32();
if (Environment.GetEnvironmentVariable("SECTIONS") is { } limit && int.Parse(limit) < truth.Shape.Z)
    truth = truth.Crop(new Box(0, 0, 0, truth.Shape with { Z = int.Parse(limit) }));
var count = truth.Shape.Z;
var margin = kind is "rigid" ? 28 : kind is "elastic" ? 8 : 0;
var fault = kind switch
{
    "rigid" => Faults.Rigid(count, truth.Shape.X, 20, 2, 8, seed),
    "elastic" => Faults.Elastic(count, truth.Shape.Y, truth.Shape.X, 5, 64, seed),
    _ => Faults.None(count),
};
var faulted = Faults.Put(truth, fault, margin);
var (h, w) = (faulted.Shape.Y, faulted.Shape.X);
foreach (var variant in args[3..])
{
    var o = variant.Split(',').Select(p => p.Split('=')).ToDictionary(p => p[0], p => p.Length > 1 ? p[1] : "1");
    double D(string k, double d) => o.TryGetValue(k, out var v) ? double.Parse(v) : d;
    var configuration = new AlignmentConfiguration(
        maxShift: D("shift", kind == "rigid" ? 56 : 8), neighbours: (int)D("k", 3), keepSlowMotion: D("keep", 1) == 1, deadZone: D("dead", 0), driftWindow: (int)D("window", 0),
        model: (AlignmentModel)(int)D("model", 1),
        elastic: o.ContainsKey("elastic") ? new ElasticConfiguration(spacing: D("spacing", 24), stiffness: D("stiff", 0.02), maxDisplacement: D("max", 12)) : null);
    var clock = Stopwatch.StartNew();
    var result = SectionAlignment.Estimate(new VolumeSections(faulted), configuration);
    var seconds = clock.Elapsed.TotalSeconds;
    var residual = Residual.Of(fault, (z, y, x) => SectionResampling.Source(y, x, result.Transforms.Sections[z], result.Fields[z]), h, w, margin);
    var own = "";
    if (D("own", 0) == 1)
    {
        var clean = Faults.Put(truth, Faults.None(count), margin);
        var reference = SectionAlignment.Estimate(new VolumeSections(clean), configuration);
        var against = Residual.Of(fault, (z, y, x) => SectionResampling.Source(y, x, result.Transforms.Sections[z], result.Fields[z]), h, w, margin, null,
            (z, y, x) => SectionResampling.Source(y, x, reference.Transforms.Sections[z], reference.Fields[z]));
        own = $" OWN abs {against.Absolute:0.000} fast {against.Fast:0.000} adj {against.Adjacent:0.000}";
    }
    if (D("verbose", 0) == 1)
    {
        foreach (var m in result.Matches)
            Console.WriteLine($"  {m.From}-{m.To} {m.Correlation:0.00} {m.Method} {m.IsReliable} shift {m.Map.Apply(h / 2, w / 2).Y - h / 2:0.0} {m.Map.Apply(h / 2, w / 2).X - w / 2:0.0} turn {Math.Asin(m.Map.C) * 57.3:0.00} rest {m.Residual:0.00}");
    }
    if (kind == "none")
    {
        var moved = SectionResampling.Apply(faulted, result.Transforms, result.Fields, SectionInterpolation.Linear);
        Console.WriteLine($"  adjacent correlation {AdjacentCorrelation.Of(faulted):0.0000} -> {AdjacentCorrelation.Of(moved):0.0000}");
    }
    var before = Residual.Of(fault, (z, y, x) => (y, x), h, w, margin);
    Console.WriteLine($"{name} {kind} {seed} {variant}: before {before.Absolute:0.00}/{before.Fast:0.00}/{before.Adjacent:0.00}  after abs {residual.Absolute:0.000} fast {residual.Fast:0.000} adj {residual.Adjacent:0.000}  drift {result.Drift.Extent:0.0} unreliable {result.Matches.Count(m => !m.IsReliable)} features {result.Matches.Count(m => m.Method == PairMethod.Features)} of {result.Matches.Count} corr {result.Matches.Average(m => m.Correlation):0.00} rest {result.Matches.Average(m => m.Residual):0.00} jac {result.MinimumJacobian:0.00} level {result.Matches.Average(m => m.Residual):0.0} CPU {Process.GetCurrentProcess().TotalProcessorTime.TotalSeconds / count * 1000:0}  {seconds / count * 1000:0} ms/section{own}");
}
