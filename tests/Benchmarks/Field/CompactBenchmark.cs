using System.Diagnostics;
using System.Globalization;
using VisionCell.Formats;
using VisionCell.Kernels;
using VisionCell.NeuralField;
using VisionCell.Preprocessing;
using VisionCell.Volumes;

namespace VisionCell.Benchmarks.Field;

/// <summary>
/// Why: says how much smaller a field's file may be than the voxels. A volume denoised by non-local means, in 8 bits, fitted by a field whose file in fp16 is a tenth of them;
/// PSNR of what is read back, range 255. It does not say that a codec for images would do worse.
/// </summary>
internal static class CompactBenchmark
{
    /// <summary>Runs it.</summary>
    /// <param name="path">The volume.</param>
    /// <param name="steps">Of training.</param>
    public static int Run(string path, int steps)
    {
        var read = VolumeFormats.Read(path, VolumeFormats.Inspect(path).VoxelSize ?? new VoxelSize(10, 10, 10));
        var (denoised, noise) = NonLocalMeansDenoising.Apply(read, new DenoisingConfiguration());
        var truth = denoised.ToFloat32();
        var bounds = FieldBounds.Of(truth.Shape, truth.VoxelSize, truth.Origin);
        var (mean, deviation) = (truth.Data.Average(v => (double)v), 0.0);
        deviation = Math.Sqrt(truth.Data.Average(v => (v - mean) * (v - mean)));
        var most = Math.Max(truth.Shape.Z, Math.Max(truth.Shape.Y, truth.Shape.X));
        var field = new HashField(Largest(bounds, truth.Shape.Count / 10, most), bounds, truth.VoxelSize, mean, deviation, 1);
        var (random, clock, processor) = (new Random(1), Stopwatch.StartNew(), Process.GetCurrentProcess().TotalProcessorTime);
        var (positions, targets) = (new Position[1 << 16], new float[1 << 16]);
        for (var step = 0; step < steps; step++)
        {
            for (var i = 0; i < positions.Length; i++)
            {
                var k = random.Next(truth.Data.Length);
                targets[i] = truth.Data[k];
                positions[i] = new Position(
                    truth.Origin.Z + k / truth.Shape.SectionCount * truth.VoxelSize.Z,
                    truth.Origin.Y + k / truth.Shape.X % truth.Shape.Y * truth.VoxelSize.Y,
                    truth.Origin.X + k % truth.Shape.X * truth.VoxelSize.X);
            }
            field.Step(positions, targets, [], Math.Pow(0.02, Math.Max(0, (double)step / steps - 0.3) / 0.7));
        }
        var spent = (Process.GetCurrentProcess().TotalProcessorTime - processor).TotalSeconds / Environment.ProcessorCount;
        var file = Path.Combine(Path.GetTempPath(), $"field-benchmark-{Environment.ProcessId}.safetensors");
        try
        {
            field.Save(file, half: true);
            var found = HashField.Load(file).Query(bounds, truth.VoxelSize).Data;
            var error = truth.Data.Zip(found, (a, b) => ((double)a - b) * (a - b)).Average();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(path)}, denoised (noise {noise:F1}): {10 * Math.Log10(255 * 255 / error):F2} dB in {new FileInfo(file).Length:N0} bytes, 1/{truth.Shape.Count / (double)new FileInfo(file).Length:F1} of its {truth.Shape.Count:N0}; {steps} steps, {clock.Elapsed.TotalSeconds:F0} s ({spent:F0} s of processor time over {Environment.ProcessorCount} cores)"));
        }
        finally
        {
            File.Delete(file);
        }
        return 0;
    }

    /// <summary>The largest table whose halves fit so many bytes; the coarsest level begins where that leaves the fine ones the most.</summary>
    private static HashFieldConfiguration Largest(FieldBounds bounds, long bytes, int most)
    {
        var best = (Configuration: new HashFieldConfiguration(), Parameters: 0);
        foreach (var log2 in Enumerable.Range(10, 12))
        {
            foreach (var coarsest in new[] { 4, 8, 12, 16 })
            {
                var tried = new HashFieldConfiguration { Grid = new HashGridConfiguration { Log2TableSize = log2, CoarsestResolution = coarsest, FinestResolution = most + 1 } };
                var count = new HashField(tried, bounds, new VoxelSize(1, 1, 1), 0, 1, 1).ParameterCount;
                // The header is a few hundred bytes.
                if (2L * count + 2048 <= bytes && count > best.Parameters)
                    best = (tried, count);
            }
        }
        return best.Configuration;
    }
}
