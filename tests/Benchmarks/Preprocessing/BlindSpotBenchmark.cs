using System.Diagnostics;
using VisionCell.Preprocessing;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Benchmarks.Preprocessing;

/// <summary>
/// Why: a network that is trained on the stack must earn its minutes against a filter that needs none. Noise (half its variance Gaussian,
/// half Poisson) is put on whole stacks, the network learns from the noisy stack alone for a fixed number of steps with its default
/// configuration, and eight sections from the middle are compared with what they were. Non-local means are given the strength and patch
/// that serve them best on the sections scored, the network is given nothing. PSNR counts the noise that the stacks come with as truth, so that all gains
/// read low. Does not measure: noise that is correlated between pixels; stacks out of alignment.
/// </summary>
internal static class BlindSpotBenchmark
{
    private const int Steps = 400;
    private const int Scored = 8;

    public static void Run()
    {
        Console.WriteLine($"{Steps} steps; three seeds of noise and network, mean and range.\n");
        Console.WriteLine("| volume | noisy | non-local means, best 2D | best 3D | network | over the better | residual autocorrelation x / y / z | training, s | a section, s |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|");
        foreach (var name in new[] { "medulla-1", "medulla-2a", "bone" })
        {
            var truth = BenchmarkData.Load(name);
            var (flat, deep) = (Best(Middle(truth), Middle(BenchmarkData.Noisy(truth, 15, 1)), 1), Best(Middle(truth), Middle(BenchmarkData.Noisy(truth, 15, 1)), 3));
            var trials = Enumerable.Range(1, 3).Select(seed => Compare(truth, flat, deep, seed)).ToArray();
            var over = trials.Select(t => t.Network - Math.Max(t.Flat, t.Deep)).ToArray();
            Console.WriteLine($"| {name} | {trials.Average(t => t.Noisy):0.00} | {trials.Average(t => t.Flat):0.00} | {trials.Average(t => t.Deep):0.00} | {trials.Average(t => t.Network):0.00} "
                + $"| {over.Average():+0.00} ({over.Min():0.00} to {over.Max():0.00}) | {trials[0].Lags} | {trials.Average(t => t.Training):0} | {trials.Average(t => t.Section):0.00} |");
        }

        Console.WriteLine("\nmedulla-1 by strength of noise, one seed; PSNR, dB.\n");
        Console.WriteLine("| noisy | non-local means, best 2D | each section alone | network without the observed pixel | network |");
        Console.WriteLine("|---|---|---|---|---|");
        var medulla = BenchmarkData.Load("medulla-1");
        foreach (var decibel in new[] { 15.0, 22.5, 30 })
        {
            var noisy = BenchmarkData.Noisy(medulla, decibel, 1);
            var (a, b) = (Middle(medulla), Middle(noisy));
            Console.WriteLine($"| {Psnr(b, a):0.00} | {Psnr(Means(b, Best(a, b, 1)), a):0.00} | {Denoise(noisy, a, new BlindSpotConfiguration { Neighbours = 0 }, 1).Psnr:0.00} "
                + $"| {Denoise(noisy, a, new BlindSpotConfiguration { WeighObserved = false }, 1).Psnr:0.00} | {Denoise(noisy, a, new BlindSpotConfiguration(), 1).Psnr:0.00} |");
        }

        Console.WriteLine("\nmedulla-1 at 20 dB with stripes along y of 12 grey values (root mean square, one value a column and section), one seed.\n");
        Console.WriteLine("| hidden | PSNR, dB | stripes left |");
        Console.WriteLine("|---|---|---|");
        var (striped, stripes) = Striped(BenchmarkData.Noisy(medulla, 20, 1), 12, 1);
        Console.WriteLine($"| nothing denoised | {Psnr(Middle(striped), Middle(medulla)):0.00} | 100 % |");
        foreach (var axis in new[] { StripeAxis.None, StripeAxis.Y })
        {
            var (psnr, result, _, _) = Denoise(striped, Middle(medulla), new BlindSpotConfiguration { Stripes = axis, WeighObserved = axis == StripeAxis.None }, 1);
            Console.WriteLine($"| {(axis == StripeAxis.None ? "the pixel" : "the line along y")} | {psnr:0.00} | {Left(result, Middle(medulla), Middle(stripes)):0 %} |");
        }
    }

    private sealed record Trial(double Noisy, double Flat, double Deep, double Network, string Lags, double Training, double Section);

    private static Trial Compare(Volume<float> truth, DenoisingConfiguration flat, DenoisingConfiguration deep, int seed)
    {
        var noisy = BenchmarkData.Noisy(truth, 15, seed);
        var (a, b) = (Middle(truth), Middle(noisy));
        var network = Denoise(noisy, a, new BlindSpotConfiguration(), seed);
        var report = ResidualReport.Of(b, network.Result);
        return new Trial(
            Psnr(b, a), Psnr(Means(b, flat), a), Psnr(Means(b, deep), a), network.Psnr,
            $"{report.Lateral[report.Reach][report.Reach + 1]:0.000} / {report.Lateral[report.Reach + 1][report.Reach]:0.000} / {report.Axial[0]:0.000}",
            network.Training, network.Section);
    }

    private static (double Psnr, Volume<float> Result, double Training, double Section) Denoise(Volume<float> noisy, Volume<float> truth, BlindSpotConfiguration configuration, int seed)
    {
        using var denoising = new BlindSpotDenoising(configuration);
        var clock = Stopwatch.StartNew();
        denoising.Train(new VolumeSections(noisy), noisy.VoxelSize, new TrainingOptions(Seed: seed, Steps: Steps));
        var training = clock.Elapsed.TotalSeconds;
        clock.Restart();
        var result = BenchmarkData.Copy(truth);
        for (var z = 0; z < Scored; z++)
            denoising.Denoise(new VolumeSections(noisy), First(noisy) + z, result.Section(z));
        return (Psnr(result, truth), result, training, clock.Elapsed.TotalSeconds / Scored);
    }

    /// <summary>The strength and patch with which non-local means come closest to the truth.</summary>
    private static DenoisingConfiguration Best(Volume<float> truth, Volume<float> noisy, int searchSections) => (
        from parameters in new[] { (Patch: 3, Search: 11), (Patch: 5, Search: 15) }
        from strength in new[] { 0.7, 0.85, 1, 1.2, 1.4 }
        select new DenoisingConfiguration(strength, parameters.Patch, parameters.Search, searchSections: searchSections)).MaxBy(c => Psnr(Means(noisy, c), truth))!;

    private static Volume<float> Means(Volume<float> noisy, DenoisingConfiguration configuration) => NonLocalMeansDenoising.Apply(noisy, configuration).Denoised.ToFloat32();

    private static int First(Volume<float> stack) => (stack.Shape.Z - Scored) / 2;

    private static Volume<float> Middle(Volume<float> stack) => stack.Crop(new Box(First(stack), 0, 0, stack.Shape with { Z = Scored }));

    private static double Psnr(Volume<float> a, Volume<float> b) => BenchmarkData.Psnr(a.Data, b.Data);

    private static (Volume<float> Striped, Volume<float> Stripes) Striped(Volume<float> stack, double strength, int seed)
    {
        var random = new Random(seed);
        var (striped, stripes) = (BenchmarkData.Copy(stack), BenchmarkData.Copy(stack));
        for (var z = 0; z < stack.Shape.Z; z++)
        {
            for (var x = 0; x < stack.Shape.X; x++)
            {
                var stripe = (float)(strength * random.Normal());
                for (var y = 0; y < stack.Shape.Y; y++)
                {
                    striped[z, y, x] += stripe;
                    stripes[z, y, x] = stripe;
                }
            }
        }
        return (striped, stripes);
    }

    /// <summary>Share of the stripes in the error, by least squares.</summary>
    private static double Left(Volume<float> result, Volume<float> truth, Volume<float> stripes)
    {
        var (product, squares) = (0.0, 0.0);
        for (var i = 0; i < result.Data.Length; i++)
        {
            product += ((double)result.Data[i] - truth.Data[i]) * stripes.Data[i];
            squares += (double)stripes.Data[i] * stripes.Data[i];
        }
        return product / squares;
    }
}
