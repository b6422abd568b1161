using OpenCvSharp;
using VisionCell.Preprocessing;
using VisionCell.Volumes;

namespace VisionCell.Benchmarks.Preprocessing;

/// <summary>
/// Why: damage that is not found is trained on, and false alarms throw good sections away. Faults of ten kinds are put into one section of twenty
/// of real stacks, as they are and with every section shifted by up to 8 pixels and turned by up to 1 degree, three seeds each; a section counts as found
/// where any reason is given. Does not measure: damage as microscopes make it, which is milder and stranger; stacks that
/// are damaged as they come, whose own damage counts as a false alarm here.
/// </summary>
internal static class DamageBenchmark
{
    private static readonly string[] _kinds = ["blank", "hole", "blurred", "noisy", "copied", "foreign", "dirt", "charging", "brightness", "contrast"];

    public static void Run()
    {
        var verbose = Environment.GetEnvironmentVariable("VISIONCELL_VERBOSE") == "1";
        Console.WriteLine("| volume | sections | moved | found | false alarms | false without faults | missed |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        var (allFound, allPut, allFalse, allGood) = (0, 0, 0, 0);
        foreach (var name in BenchmarkData.Volumes("medulla-1", "medulla-2a", "bone", "nerve", "isbi-2012", "vnc-1"))
        {
            var truth = BenchmarkData.Load(name);
            foreach (var moved in new[] { false, true })
            {
                var (found, put, wrong, good) = (0, 0, 0, 0);
                var missed = new List<string>();
                for (var seed = 1; seed <= 3; seed++)
                {
                    var random = new Random(seed);
                    var stack = BenchmarkData.Copy(truth);
                    if (moved)
                        Move(stack, random);
                    var faults = Put(stack, random);
                    var report = Judge(stack);
                    var named = report.Sections.Select(s => s.Z).ToHashSet();
                    put += faults.Count;
                    found += faults.Keys.Count(named.Contains);
                    good += stack.Shape.Z - faults.Count;
                    wrong += named.Count(z => !faults.ContainsKey(z));
                    missed.AddRange(faults.Where(f => !named.Contains(f.Key)).Select(f => f.Value));
                    if (verbose)
                    {
                        foreach (var section in report.Sections.Where(s => !faults.ContainsKey(s.Z)))
                            Console.Error.WriteLine($"{name} seed {seed} false {section.Z}: {section}");
                        foreach (var fault in faults.Where(f => !named.Contains(f.Key)))
                            Console.Error.WriteLine($"{name} seed {seed} missed {fault.Key}: {fault.Value}");
                    }
                }
                var bare = Judge(truth);
                if (verbose && !moved)
                {
                    foreach (var section in bare.Sections)
                        Console.Error.WriteLine($"{name} as it is {section.Z}: {section}");
                    foreach (var gap in bare.Gaps)
                        Console.Error.WriteLine($"{name} as it is: {gap.Text}");
                }
                Console.WriteLine($"| {name} | {truth.Shape.Z} | {(moved ? "yes" : "no")} | {found} of {put} | {wrong} of {good} | {bare.Sections.Count} of {truth.Shape.Z} | {string.Join(", ", missed.GroupBy(m => m).Select(g => $"{g.Count()} {g.Key}"))} |");
                (allFound, allPut, allFalse, allGood) = (allFound + found, allPut + put, allFalse + wrong, allGood + good);
            }
        }
        Console.WriteLine($"| all | | | {100.0 * allFound / allPut:0.0} % | {100.0 * allFalse / allGood:0.00} % | | |");
    }

    public static DamageReport Judge(Volume<float> stack)
    {
        var scanner = new SectionScanner(new VolumeSections(stack));
        return DamageDetection.Judge([.. Enumerable.Range(0, stack.Shape.Z).Select(_ => scanner.Next())], new DamageConfiguration());
    }

    /// <summary>Faults in 5 % of the sections (two at least), never two in a row.</summary>
    public static Dictionary<int, string> Put(Volume<float> stack, Random random)
    {
        var (sections, height, width) = stack.Shape;
        var original = BenchmarkData.Copy(stack);
        var faults = new Dictionary<int, string>();
        while (faults.Count < Math.Max(2, sections / 20))
        {
            var z = random.Next(1, sections);
            if (faults.ContainsKey(z) || faults.ContainsKey(z - 1) || faults.ContainsKey(z + 1))
                continue;
            var kind = _kinds[random.Next(_kinds.Length)];
            faults[z] = kind;
            Spoil(kind, stack.Section(z), original, z, height, width, random);
        }
        for (var i = 0; i < stack.Data.Length; i++)
            stack.Data[i] = MathF.Round(Math.Clamp(stack.Data[i], 0, 255));
        return faults;
    }

    private static void Spoil(string kind, Span<float> section, Volume<float> original, int z, int height, int width, Random random)
    {
        switch (kind)
        {
            case "blank":
                section.Fill(random.Next(2) * 255);
                break;
            case "hole":
                var edge = height * (0.3 + 0.4 * random.NextDouble());
                for (var y = 0; y < height; y++)
                {
                    for (var x = 0; x < width; x++)
                    {
                        if (y + 0.3 * x > edge + 0.15 * width)
                            section[y * width + x] = 0;
                    }
                }
                break;
            case "blurred":
                Blur(section, height, width, 2 + random.NextDouble());
                break;
            case "noisy":
                foreach (ref var value in section)
                    value += (float)(40 * random.Normal());
                break;
            case "copied":
                original.Section(z - 1).CopyTo(section);
                break;
            case "foreign":
                var other = original.Section((z + original.Shape.Z / 2) % original.Shape.Z).ToArray();
                Array.Reverse(other);
                other.CopyTo(section);
                break;
            case "dirt":
                var (cy, cx) = (height * (0.3 + 0.4 * random.NextDouble()), width * (0.3 + 0.4 * random.NextDouble()));
                var radius = 0.25 * Math.Min(height, width) * (1 + 0.3 * random.NextDouble());
                for (var y = 0; y < height; y++)
                {
                    for (var x = 0; x < width; x++)
                    {
                        var distance = Math.Sqrt((y - cy) * (y - cy) + (x - cx) * (x - cx)) / radius;
                        if (distance < 1)
                            section[y * width + x] = (float)(30 + 8 * random.Normal());
                    }
                }
                break;
            case "charging":
                for (var y = 0; y < height; y++)
                {
                    var band = (float)(45 * random.Normal());
                    for (var x = 0; x < width; x++)
                        section[y * width + x] += band;
                }
                break;
            case "brightness":
                var step = random.Next(2) == 0 ? 70 : -70;
                foreach (ref var value in section)
                    value += step;
                break;
            default:
                foreach (ref var value in section)
                    value = 128 + 0.2f * (value - 128);
                break;
        }
    }

    private static unsafe void Blur(Span<float> section, int height, int width, double deviation)
    {
        fixed (float* pixels = section)
        {
            using var image = Mat.FromPixelData(height, width, MatType.CV_32FC1, (nint)pixels);
            Cv2.GaussianBlur(image, image, new Size(0, 0), deviation);
        }
    }

    private static void Move(Volume<float> stack, Random random)
    {
        SectionTransform Random_(int z)
        {
            var angle = (2 * random.NextDouble() - 1) * Math.PI / 180;
            var (cy, cx) = (stack.Shape.Y / 2.0, stack.Shape.X / 2.0);
            var (c, s) = (Math.Cos(angle), Math.Sin(angle));
            var (dy, dx) = (16 * random.NextDouble() - 8, 16 * random.NextDouble() - 8);
            return new SectionTransform(z, [[c, -s, cx - c * cx + s * cy + dx], [s, c, cy - s * cx - c * cy + dy]], null, 1, SectionStatus.Kept, "put in");
        }
        var transforms = new SectionTransforms([.. Enumerable.Range(0, stack.Shape.Z).Select(Random_)]);
        SectionResampling.Apply(stack, transforms, SectionInterpolation.Cubic).Data.CopyTo(stack.Data, 0);
    }
}
