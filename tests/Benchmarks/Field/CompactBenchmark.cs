using System.Diagnostics;
using System.Globalization;
using VisionCell.Formats;
using VisionCell.NeuralField;
using VisionCell.Preprocessing;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Benchmarks.Field;

/// <summary>
/// Why: says how good a field is whose file is a tenth of the voxels in 8 bits. The volume is denoised first, as noise is what no file can be small with: by a blind-spot network
/// trained on it, and by non-local means over three sections; what each took away is said, too. PSNR of what is read back against the denoised volume, range 255. It does not say that a
/// codec for images would do worse.
/// </summary>
internal static class CompactBenchmark
{
    /// <summary>Runs it.</summary>
    /// <param name="path">The volume.</param>
    /// <param name="steps">Of training the network.</param>
    public static int Run(string path, int steps)
    {
        var read = VolumeFormats.Read(path, VolumeFormats.Inspect(path).VoxelSize ?? new VoxelSize(10, 10, 10));
        var original = read.ToFloat32();
        Fit(path, "non-local means", original, NonLocalMeansDenoising.Apply(read, new DenoisingConfiguration(searchSections: 3)).Denoised.ToFloat32());
        using var network = new BlindSpotDenoising();
        var sections = new VolumeSections(original);
        network.Train(sections, original.VoxelSize, new TrainingOptions(Steps: steps));
        var denoised = new Volume<float>(original.Shape, original.VoxelSize, original.Origin, original.Provenance);
        network.DenoiseAll(sections, (z, section) => section.Span.CopyTo(denoised.Section(z)));
        Fit(path, $"blind-spot network, {steps} steps", original, denoised);
        return 0;
    }

    private static void Fit(string path, string name, Volume<float> original, Volume<float> denoised)
    {
        var processor = Process.GetCurrentProcess().TotalProcessorTime;
        var field = CompactField.Within(denoised, denoised.Shape.Count / 10);
        var spent = (Process.GetCurrentProcess().TotalProcessorTime - processor).TotalSeconds / Environment.ProcessorCount;
        var file = Path.Combine(Path.GetTempPath(), $"field-benchmark-{Environment.ProcessId}.safetensors");
        try
        {
            field.Save(file);
            var found = HashField.Load(file);
            var size = new FileInfo(file).Length;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(path)}, {name} ({Psnr(original.Data, denoised.Data):F2} dB from the original; {ResidualReport.Of(original, denoised)}): {Psnr(denoised.Data, found.Query(found.Bounds, denoised.VoxelSize).Data):F2} dB in {size:N0} bytes, 1/{denoised.Shape.Count / (double)size:F2} of its {denoised.Shape.Count:N0}; {spent:F0} s of processor time over {Environment.ProcessorCount} cores"));
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static double Psnr(float[] truth, float[] found) => 10 * Math.Log10(255 * 255 / truth.Zip(found, (a, b) => ((double)a - b) * ((double)a - b)).Average());
}
