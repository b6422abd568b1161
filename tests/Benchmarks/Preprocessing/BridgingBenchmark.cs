using VisionCell.Preprocessing;
using VisionCell.Volumes;

namespace VisionCell.Benchmarks.Preprocessing;

/// <summary>
/// Why: a damaged section must not pull its neighbours out of line. Random shifts of up to 8 pixels are put on real stacks, and damage as in <see cref="DamageBenchmark"/> on 5 % of the
/// sections; the sections that detection names are left out of the alignment. Error: distance between the shifts found and those put in, at the sections that
/// are not damaged, in pixels; the motion that the stack has without shifts is subtracted, and so is the mean. Does not measure: turns and elastic fields.
/// </summary>
internal static class BridgingBenchmark
{
    public static void Run()
    {
        Console.WriteLine("| volume | seed | damaged | found | mean error without damage | with damage, left out | with damage, not left out |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        var configuration = new AlignmentConfiguration(maxShift: 24, keepSlowMotion: false, deadZone: 0, model: AlignmentModel.Translation);
        foreach (var name in new[] { "medulla-1", "medulla-2a" })
        {
            var volume = BenchmarkData.Load(name);
            var truth = volume.Crop(Box.Of(volume.Shape with { Z = Math.Min(100, volume.Shape.Z) }));
            var count = truth.Shape.Z;
            var own = SectionAlignment.Estimate(new VolumeSections(truth), configuration).Transforms.Sections;
            foreach (var seed in new[] { 1, 2 })
            {
                var random = new Random(seed);
                var put = Enumerable.Range(0, count).Select(_ => (Y: 16 * random.NextDouble() - 8, X: 16 * random.NextDouble() - 8)).ToArray();
                var transforms = new SectionTransforms([.. put.Select((s, z) => SectionTransform.Shift(z, -s.Y, -s.X, 1, "put in"))]);
                var moved = SectionResampling.Apply(truth, transforms, SectionInterpolation.Cubic).Crop(new Box(0, 10, 10, new Shape3(count, truth.Shape.Y - 20, truth.Shape.X - 20)));
                var spoilt = BenchmarkData.Copy(moved);
                var faults = DamageBenchmark.Put(spoilt, random);
                var lost = DamageBenchmark.Judge(spoilt).Lost;
                double Error(Volume<float> stack, IReadOnlySet<int>? excluded)
                {
                    var found = SectionAlignment.Estimate(new VolumeSections(stack), configuration, excluded).Transforms.Sections;
                    var good = Enumerable.Range(0, count).Where(z => !faults.ContainsKey(z)).ToArray();
                    var (y, x) = (good.Select(z => found[z].ShiftY - own[z].ShiftY - put[z].Y).ToArray(), good.Select(z => found[z].ShiftX - own[z].ShiftX - put[z].X).ToArray());
                    return y.Zip(x, (a, b) => Math.Sqrt(Math.Pow(a - y.Average(), 2) + Math.Pow(b - x.Average(), 2))).Average();
                }
                Console.WriteLine($"| {name} | {seed} | {faults.Count} | {faults.Keys.Count(lost.Contains)} | {Error(moved, null):0.000} | {Error(spoilt, lost):0.000} | {Error(spoilt, null):0.000} |");
            }
        }
    }
}
