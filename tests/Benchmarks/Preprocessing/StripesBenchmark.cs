using VisionCell.Preprocessing;
using VisionCell.Volumes;

namespace VisionCell.Benchmarks.Preprocessing;

/// <summary>
/// Why: a filter that takes stripes out takes structure with them, and each figure alone says nothing. Stripes of random strength a line (root
/// mean square 6, 12 or 25 grey values), from 1 to some 30 pixels wide, are put into real sections that carry noise of 20 dB, along y, along x and
/// at 20 degrees. Left: what of the stripes remains (least squares against what was put in). Loss: PSNR against the noise-free section that
/// sections without stripes lose where the filter is forced on them, dB; of itself it leaves stacks alone in which no direction is detected. Does not measure: curtains whose shape follows the specimen.
/// </summary>
internal static class StripesBenchmark
{
    public static void Run()
    {
        Console.WriteLine("| volume | direction | detected | strength | left | PSNR with stripes | after | without any stripes | loss of clean data |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|");
        foreach (var name in new[] { "medulla-1", "medulla-2a", "bone", "isbi-2012" })
        {
            var volume = BenchmarkData.Load(name);
            foreach (var (angle, constant) in new[] { (90.0, true), (0.0, true), (20.0, true), (90.0, false) })
            {
                foreach (var strength in new[] { 6.0, 12, 25 })
                {
                    double left = 0, striped = 0, after = 0, clean = 0, loss = 0;
                    var count = 6;
                    var stack = new Volume<float>(new Shape3(count, volume.Shape.Y, volume.Shape.X), volume.VoxelSize, default, volume.Provenance);
                    var (truths, noisy, stripes) = (new float[count][], new float[count][], new float[count][]);
                    for (var i = 0; i < count; i++)
                    {
                        var random = new Random(i + 1);
                        truths[i] = volume.Section((int)((i + 0.5) * volume.Shape.Z / count)).ToArray();
                        noisy[i] = [.. truths[i].Select(v => (float)(v + 25.5 * random.Normal()))];
                        stripes[i] = Stripes(volume.Shape.Y, volume.Shape.X, angle, strength, constant, random);
                        for (var k = 0; k < noisy[i].Length; k++)
                            stack.Section(i)[k] = noisy[i][k] + stripes[i][k];
                    }
                    var detected = StripeDirection.Detect(new VolumeSections(stack));
                    var filter = new Destriping(volume.Shape.Y, volume.Shape.X, new DestripingConfiguration(), detected.Angle ?? angle);
                    var estimate = new float[truths[0].Length];
                    for (var i = 0; i < count; i++)
                    {
                        filter.Estimate(stack.Section(i), estimate);
                        var restored = stack.Section(i).ToArray().Zip(estimate, (a, b) => a - b).ToArray();
                        filter.Estimate(noisy[i], estimate);
                        var untouched = noisy[i].Zip(estimate, (a, b) => a - b).ToArray();
                        // What is left is what the stripes changed in the result.
                        var remains = restored.Zip(untouched, (a, b) => (double)a - b).ToArray();
                        left += Math.Sqrt(remains.Sum(v => v * v) / stripes[i].Sum(v => (double)v * v)) / count;
                        striped += BenchmarkData.Psnr(stack.Section(i), truths[i]) / count;
                        after += BenchmarkData.Psnr(restored, truths[i]) / count;
                        clean += BenchmarkData.Psnr(noisy[i], truths[i]) / count;
                        loss += (BenchmarkData.Psnr(noisy[i], truths[i]) - BenchmarkData.Psnr(untouched, truths[i])) / count;
                    }
                    Console.WriteLine($"| {name} | {angle:0}{(constant ? "" : ", fading")} | {detected.Angle?.ToString("0.0") ?? "none"} ({detected.Strength:0.0}) | {strength:0} | {left:0.0 %} | {striped:0.00} | {after:0.00} | {clean:0.00} | {loss:0.000} |");
                }
            }
        }
        foreach (var name in new[] { "medulla-1", "medulla-2a", "bone", "nerve", "celegans", "shale", "steel-powder", "isbi-2012", "vnc-1" })
        {
            var found = StripeDirection.Detect(new VolumeSections(BenchmarkData.Load(name)));
            Console.WriteLine($"{name} as it is: {(found.Angle is { } a ? $"stripes at {a} degrees" : "no stripes")}, strength {found.Strength:0.00}");
        }
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
