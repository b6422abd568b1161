using VisionCell.Preprocessing;
using VisionCell.Volumes;

namespace VisionCell.Benchmarks.Preprocessing;

/// <summary>
/// Why: moving sections ties the noise of neighbouring pixels together, which a blind-spot network must not have, so that the chain denoises each in its own
/// frame before it is moved, beside neighbours in theirs. 48 sections of each volume, as they are or shifted by up to 6 pixels, with noise of 15 dB, go through alignment and each way of
/// denoising; they are compared with the sections without noise, moved by the very same transforms. Does not measure: elastic fields.
/// </summary>
internal static class ChainDenoisingBenchmark
{
    private const int Sections = 48;
    private const int Margin = 8;
    private const int Steps = 400;

    public static void Run()
    {
        Console.WriteLine("| volume | shifted | sections moved | not denoised | non-local means | 3D | network | over the better | residual autocorrelation x / y / z | learning, s | all else, s |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (var name in BenchmarkData.Volumes("medulla-1", "medulla-2a", "bone"))
        {
            var volume = BenchmarkData.Load(name);
            var stack = volume.Crop(new Box(0, 0, 0, volume.Shape with { Z = Sections }));
            foreach (var shifted in new[] { true, false })
            {
                var clean = Shifted(stack, shifted ? 6 : 0);
                var noisy = BenchmarkData.Noisy(clean, 15, 1);
                DenoisingConfiguration?[] ways = [null, new(), new(searchSections: 3), new(method: DenoisingMethod.BlindSpot, blindSpot: new BlindSpotTraining(Steps))];
                var results = ways.Select(way => PreprocessingPipeline.Run(noisy, new PreprocessingConfiguration
                {
                    Damage = null,
                    Normalisation = null,
                    Alignment = new AlignmentConfiguration(maxShift: 16, model: AlignmentModel.Translation),
                    Denoising = way,
                })).ToArray();
                var truth = SectionResampling.Apply(clean, results[0].Transforms, SectionInterpolation.Cubic);
                var psnr = results.Select(r => BenchmarkData.Psnr(((Volume<float>)r.Volume).Data, truth.Data)).ToArray();
                var (report, network) = (results[3].Report, results[3].Report.Residual!);
                Console.WriteLine($"| {name} | {(shifted ? "yes" : "no")} | {report.Moved} | {psnr[0]:0.00} | {psnr[1]:0.00} | {psnr[2]:0.00} | {psnr[3]:0.00} | {psnr[3] - Math.Max(psnr[1], psnr[2]):+0.00} "
                    + $"| {network.Lateral[network.Reach][network.Reach + 1]:0.000} / {network.Lateral[network.Reach + 1][network.Reach]:0.000} / {network.Axial[0]:0.000} "
                    + $"| {report.Seconds["learn"]:0} | {report.Seconds["align"] + report.Seconds["finish"]:0} |");
            }
        }
    }

    private static Volume<float> Shifted(Volume<float> stack, double reach)
    {
        var random = new Random(1);
        double Shift() => reach * (2 * random.NextDouble() - 1);
        var moved = SectionResampling.Apply(stack, new SectionTransforms([.. Enumerable.Range(0, stack.Shape.Z).Select(z => SectionTransform.Shift(z, Shift(), Shift(), 1, "put in"))]), SectionInterpolation.Cubic);
        return moved.Crop(new Box(0, Margin, Margin, new Shape3(stack.Shape.Z, stack.Shape.Y - 2 * Margin, stack.Shape.X - 2 * Margin)));
    }
}
