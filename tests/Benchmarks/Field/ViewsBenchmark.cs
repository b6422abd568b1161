using System.Diagnostics;
using System.Globalization;
using VisionCell.Formats;
using VisionCell.Kernels;
using VisionCell.NeuralField;
using VisionCell.Volumes;

namespace VisionCell.Benchmarks.Field;

/// <summary>
/// Why: says whether a field fitted to the projections of a tilt series finds the volume better than what is used for it, SART, from the
/// same projections: 60 over ±60°, so that a wedge of frequencies is missing. It does not measure noise nor misaligned tilts.
/// <code>field-benchmark views VOLUME [EDGE] [STEPS] [VARIATION]</code>
/// </summary>
internal static class ViewsBenchmark
{
    private const int Views = 60;

    public static int Run(string path, int edge, int steps, double variation)
    {
        var whole = VolumeFormats.Read(path, VolumeFormats.Inspect(path).VoxelSize ?? new VoxelSize(10, 10, 10)).ToFloat32();
        if (Math.Min(whole.Shape.Z, Math.Min(whole.Shape.Y, whole.Shape.X)) < edge)
            throw new BadInputException($"{path} has {whole.Shape} voxels; give an edge that fits");
        var crop = whole.Crop(new Box((whole.Shape.Z - edge) / 2, (whole.Shape.Y - edge) / 2, (whole.Shape.X - edge) / 2, new Shape3(edge, edge, edge)));
        var truth = new Volume<float>(crop.Data, crop.Shape, new VoxelSize(1, 1, 1), default, crop.Provenance);
        var middle = new Position((edge - 1) / 2.0, (edge - 1) / 2.0, (edge - 1) / 2.0);
        // Wide enough that no ray of the volume is missed at any tilt.
        var width = (int)Math.Ceiling(edge * Math.Sqrt(2));
        List<Camera> cameras = [.. Enumerable.Range(0, Views).Select(i => Camera.Tilt(-60 + 120.0 * i / (Views - 1), middle, 1, edge, width))];
        var views = VolumeViews.Project(truth, cameras);

        var clock = Stopwatch.StartNew();
        Console.WriteLine($"{Path.GetFileName(path)}, {edge}^3, {Views} views");
        // SART=0 leaves it out, for trials of the field alone.
        if (Environment.GetEnvironmentVariable("SART") != "0")
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"SART, 20 iterations: {Psnr(truth.Data, Sart.Reconstruct(views, edge, iterations: 20)):F2} dB, {clock.Elapsed.TotalSeconds:F0} s"));

        var bounds = FieldBounds.Of(truth.Shape, truth.VoxelSize, truth.Origin);
        var field = FieldTraining.NewField(new HashFieldConfiguration { Grid = new HashGridConfiguration { FinestResolution = edge + 1 } }, bounds, truth.VoxelSize, views);
        var training = new FieldTraining(field, new FieldTrainingConfiguration { Steps = steps, Pixels = 2048, VariationWeight = variation }, views);
        clock.Restart();
        while (training.Steps < steps)
        {
            var loss = training.Step();
            if (training.Steps % Math.Max(1, steps / 8) == 0)
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"field, {training.Steps} steps: {Psnr(truth.Data, field.Query(bounds, truth.VoxelSize).Data):F2} dB, {clock.Elapsed.TotalSeconds:F0} s, error {loss:E2}, {training.OccupiedShare:P0} occupied"));
        }
        return 0;
    }

    private static double Psnr(float[] truth, float[] found) =>
        10 * Math.Log10(255 * 255 / truth.Zip(found, (a, b) => ((double)a - b) * ((double)a - b)).Average());
}
