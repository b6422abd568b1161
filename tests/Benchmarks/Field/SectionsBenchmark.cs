using System.Diagnostics;
using System.Globalization;
using VisionCell.Acquisition;
using VisionCell.Evaluation;
using VisionCell.Formats;
using VisionCell.NeuralField;
using VisionCell.Pipeline;
using VisionCell.Reconstruction;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Benchmarks.Field;

/// <summary>
/// Why: a field fitted to sections alone used to lose to a straight line between them. Its gaps are told what interpolation makes of them: the mean of
/// line and spline with the weights that are best at half the scale. PSNR on held-out rows, range 255, steps by the size of the volume (no time limit). It does not measure the
/// method <c>field</c> with super-resolution, which <c>visioncell benchmark</c> does.
/// </summary>
internal static class SectionsBenchmark
{
    /// <summary>Runs it.</summary>
    /// <param name="path">An isotropic volume.</param>
    /// <param name="degradation"><c>decimate:8</c> or <c>pool:4</c>.</param>
    public static int Run(string path, string degradation)
    {
        var sampling = AxialSampling.Parse(degradation);
        var truth = VolumeFormats.Read(path, VolumeFormats.Inspect(path).VoxelSize ?? new VoxelSize(10, 10, 10)).ToFloat32();
        var sparse = sampling.Acquire(truth);
        var whole = Box.Of(sparse.IsotropicShape);
        var (reference, region) = (truth.Crop(whole), ScoredRegion.HeldOut(sampling, sparse.Sections));
        double Score(Volume<float> volume) => Psnr.Compute(volume, reference, region, 255);
        string Floor(InterpolationKernel kernel)
        {
            using var method = new AxialInterpolation(kernel);
            var volume = method.Reconstruct(sparse, whole);
            var own = Score(volume);
            DataConsistency.Project(volume, sparse);
            return string.Create(CultureInfo.InvariantCulture, $"{method.Name} {own:F2} ({Score(volume):F2} projected)");
        }
        using var teacher = new FusionMethod([new AxialInterpolation(InterpolationKernel.Linear), new AxialInterpolation(InterpolationKernel.Cubic)]);
        using var field = new FieldMethod(teacher);
        var processor = Process.GetCurrentProcess().TotalProcessorTime;
        field.Train(sparse, new TrainingOptions(Steps: new FieldMethodConfiguration().StepsFor(sparse.IsotropicShape)));
        var spent = (Process.GetCurrentProcess().TotalProcessorTime - processor).TotalSeconds / Environment.ProcessorCount;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(path)}, {degradation}: {Floor(InterpolationKernel.Linear)}, {Floor(InterpolationKernel.Cubic)}, their mean {Score(teacher.Reconstruct(sparse, whole)):F2}, field of sections alone {Score(field.Reconstruct(sparse, whole)):F2} dB, {field.Findings["fieldSteps"]} steps, {spent:F0} s of processor time over {Environment.ProcessorCount} cores"));
        return 0;
    }
}
