using VisionCell.Acquisition;
using VisionCell.Preprocessing;
using VisionCell.Volumes;

namespace VisionCell.Benchmarks.Preprocessing;

/// <summary>
/// Why: a filter that takes stripes out takes structure with them, and each figure alone says nothing. Stripes of random strength a line (root
/// mean square 6, 12 or 25 grey values), from 1 to some 30 pixels wide, of each section its own, are put into runs of real sections, as they are and with noise of 20 dB,
/// along y, along x and at 20 degrees. Amplitude left: share of the stripes put in that is still in the result, by least squares. Error: all that the result is off by,
/// structure that went with the stripes too, root mean square against that of the stripes; left: the part of it that the stripes make. Loss: what a filter that is forced on
/// sections without stripes changes in them, as PSNR that they lose against the noise that they have (their own as <see cref="NoiseLevel"/> measures it, or the 20 dB put in);
/// of itself it leaves stacks alone in which no direction is detected. Does not measure: curtains whose shape follows the specimen, or that go on from section to section.
/// </summary>
internal static class StripesBenchmark
{
    private const int Scored = 6;

    // What a section is judged beside.
    private static readonly int Around = new DestripingConfiguration().Neighbours;

    public static void Run()
    {
        Console.WriteLine("| volume | noise put in | direction | detected | strength | amplitude left | error | left | each alone | noise, rms | change of clean data, rms | loss of clean data, dB | each alone |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (var name in BenchmarkData.Volumes("medulla-1", "medulla-2a", "bone", "isbi-2012"))
        {
            var volume = BenchmarkData.Load(name);
            foreach (var noise in new[] { 0, 25.5 })
            {
                var floor = noise > 0 ? noise : NoiseLevel.Of(volume);
                foreach (var (angle, constant) in new[] { (90.0, true), (0.0, true), (20.0, true), (90.0, false) })
                {
                    foreach (var strength in new[] { 6.0, 12, 25 })
                    {
                        var (clean, striped, stripes) = Put(volume, noise, angle, strength, constant);
                        var detected = StripeDirection.Detect(new VolumeSections(striped));
                        var beside = Measure(clean, striped, stripes, detected.Angle ?? angle, Around);
                        var alone = Measure(clean, striped, stripes, detected.Angle ?? angle, 0);
                        double Loss(double change) => 10 * Math.Log10(1 + change * change / (floor * floor));
                        Console.WriteLine($"| {name} | {noise:0.0} | {angle:0}{(constant ? "" : ", fading")} | {detected.Angle?.ToString("0.0") ?? "none"} ({detected.Strength:0.0}) | {strength:0} "
                            + $"| {beside.Amplitude:0.0 %} | {beside.Error:0.0 %} | {beside.Left:0.0 %} | {alone.Left:0.0 %} | {floor:0.0} | {beside.Change:0.00} | {Loss(beside.Change):0.00} | {Loss(alone.Change):0.00} |");
                    }
                }
            }
        }
        foreach (var name in BenchmarkData.Volumes("medulla-1", "medulla-2a", "bone", "nerve", "celegans", "shale", "steel-powder", "isbi-2012", "vnc-1"))
        {
            var found = StripeDirection.Detect(new VolumeSections(BenchmarkData.Load(name)));
            Console.WriteLine($"{name} as it is: {(found.Angle is { } a ? $"stripes at {a} degrees" : "no stripes")}, strength {found.Strength:0.00}");
        }
    }

    /// <summary>Runs of neighbouring sections, the scored one in the middle of each, with noise and stripes of their own.</summary>
    private static (Volume<float> Clean, Volume<float> Striped, Volume<float> Stripes) Put(Volume<float> volume, double noise, double angle, double strength, bool constant)
    {
        var run = 2 * Around + 1;
        Volume<float> New() => new(new Shape3(Scored * run, volume.Shape.Y, volume.Shape.X), volume.VoxelSize, default, volume.Provenance);
        var (clean, striped, stripes) = (New(), New(), New());
        for (var i = 0; i < Scored * run; i++)
        {
            var random = new Random(i + 1);
            var middle = Math.Clamp((int)((i / run + 0.5) * volume.Shape.Z / Scored), Around, volume.Shape.Z - 1 - Around);
            var truth = volume.Section(middle - Around + i % run);
            Stripes(volume.Shape.Y, volume.Shape.X, angle, strength, constant, random).CopyTo(stripes.Section(i));
            for (var k = 0; k < truth.Length; k++)
            {
                clean.Section(i)[k] = (float)(truth[k] + noise * random.Normal());
                striped.Section(i)[k] = clean.Section(i)[k] + stripes.Section(i)[k];
            }
        }
        return (clean, striped, stripes);
    }

    /// <summary>What stripes still change in the result, as a share of them, and what the filter changes where there are none, root mean square.</summary>
    private static (double Left, double Amplitude, double Error, double Change) Measure(Volume<float> clean, Volume<float> striped, Volume<float> stripes, double angle, int neighbours)
    {
        var filter = new Destriping(clean.Shape.Y, clean.Shape.X, new DestripingConfiguration(), angle);
        var run = 2 * Around + 1;
        var (left, amplitude, error, change) = (0.0, 0.0, 0.0, 0.0);
        Parallel.For(0, Scored, i =>
        {
            float[] Found(Volume<float> stack)
            {
                var found = new float[stack.Shape.SectionCount];
                var sections = Enumerable.Range(i * run + Around - neighbours, 2 * neighbours + 1).Select(k => (ReadOnlyMemory<float>)stack.Section(k).ToArray()).ToArray();
                filter.Estimate(sections, neighbours, found);
                return found;
            }
            var (ofStriped, ofClean, put) = (Found(striped), Found(clean), stripes.Section(i * run + Around).ToArray());
            var rest = put.Select((s, k) => s - ofStriped[k] + ofClean[k]).ToArray();
            var remains = rest.Sum(v => (double)v * v);
            var share = rest.Zip(put, (a, b) => (double)a * b).Sum() / put.Sum(s => (double)s * s);
            lock (filter)
            {
                amplitude += share / Scored;
                error += Math.Sqrt(put.Select((s, k) => Math.Pow(s - ofStriped[k], 2)).Sum() / put.Sum(s => (double)s * s)) / Scored;
                left += Math.Sqrt(remains / put.Sum(s => (double)s * s)) / Scored;
                change += ofClean.Sum(v => (double)v * v) / ofClean.Length / Scored;
            }
        });
        return (left, amplitude, error, Math.Sqrt(change));
    }

    private static float[] Stripes(int height, int width, double angle, double strength, bool constant, Random random)
    {
        var (c, s) = (Math.Cos(angle * Math.PI / 180), Math.Sin(angle * Math.PI / 180));
        var reach = height + width;
        // Half of them a pixel wide, half drawn out over 8.
        var profile = new double[2 * reach];
        for (var i = 0; i < profile.Length; i++)
            profile[i] = random.Normal();
        var wide = 0.0;
        for (var i = 0; i < profile.Length; i++)
        {
            if (i % 8 == 0)
                wide = random.Normal();
            profile[i] += wide;
        }
        // What changes more slowly than over 64 pixels is shading, not stripe.
        profile = [.. profile.Select((v, i) => v - Enumerable.Range(Math.Max(0, i - 32), Math.Min(profile.Length, i + 32) - Math.Max(0, i - 32)).Average(k => profile[k]))];
        var result = new float[height * width];
        var sum = 0.0;
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var across = -s * x + c * y + reach;
                var at = (int)across;
                var value = profile[at] + (across - at) * (profile[at + 1] - profile[at]);
                if (!constant)
                    value *= 0.5 - 0.5 * Math.Cos(Math.PI * (1 + (c * x + s * y) / Math.Max(height, width)));
                result[y * width + x] = (float)value;
                sum += value * value;
            }
        }
        var scale = (float)(strength / Math.Sqrt(sum / result.Length));
        return [.. result.Select(v => v * scale)];
    }
}
