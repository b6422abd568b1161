using VisionCell.Preprocessing;
using VisionCell.Volumes;

namespace VisionCell.Benchmarks.Preprocessing;

/// <summary>
/// Why: denoising is worth having where it brings a section closer to the truth, and structure that goes with the noise must show.
/// Noise of 15 dB (half its variance Gaussian, half Poisson) is put on real sections; PSNR is against the sections as they were, which have noise of their
/// own, so that the gain reads low. Does not measure: noise that is correlated between pixels.
/// </summary>
internal static class DenoisingBenchmark
{
    public static void Run()
    {
        Console.WriteLine("| volume | noisy | non-local means, 2D | 3D | gain 2D | gain 3D | residual autocorrelation x / y / z, 2D | 3D |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|");
        foreach (var name in new[] { "medulla-1", "medulla-2a", "bone" })
        {
            var volume = BenchmarkData.Load(name);
            var truth = volume.Crop(new Box(0, 0, 0, new Shape3(12, volume.Shape.Y, volume.Shape.X)));
            var noisy = BenchmarkData.Noisy(truth, 15, 1);
            var (flat, _) = NonLocalMeansDenoising.Apply(noisy, new DenoisingConfiguration());
            var (deep, _) = NonLocalMeansDenoising.Apply(noisy, new DenoisingConfiguration(searchSections: 3));
            var (before, two, three) = (BenchmarkData.Psnr(noisy.Data, truth.Data), BenchmarkData.Psnr(flat.ToFloat32().Data, truth.Data), BenchmarkData.Psnr(deep.ToFloat32().Data, truth.Data));
            Console.WriteLine($"| {name} | {before:0.00} | {two:0.00} | {three:0.00} | {two - before:+0.00} | {three - before:+0.00} | {Lags(noisy, flat)} | {Lags(noisy, deep)} |");
        }
    }

    private static string Lags(Volume<float> noisy, Volume denoised)
    {
        var report = ResidualReport.Of(noisy, denoised.ToFloat32());
        return $"{report.Lateral[report.Reach][report.Reach + 1]:0.000} / {report.Lateral[report.Reach + 1][report.Reach]:0.000} / {report.Axial[0]:0.000}";
    }
}
