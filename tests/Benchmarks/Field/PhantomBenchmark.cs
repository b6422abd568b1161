using System.Diagnostics;
using System.Globalization;
using VisionCell.Kernels;
using VisionCell.NeuralField;
using VisionCell.Volumes;

namespace VisionCell.Benchmarks.Field;

/// <summary>
/// Why: says how well views that nobody took come out of a field fitted to rendered ones. A phantom like a mesh: an opaque tubular network with
/// a pattern on it, 96 voxels cubed, before a bright background; 40 perspective views around it from three heights, 8 others held out. It does not measure noise,
/// wrong poses or light that changes with direction.
/// </summary>
internal static class PhantomBenchmark
{
    private const int Edge = 96, Views = 40, Held = 8;
    private const double Background = 0.9;

    /// <summary>Runs it.</summary>
    /// <param name="steps">Of training.</param>
    /// <param name="pixels">Edge of an image.</param>
    public static int Run(int steps, int pixels)
    {
        var (density, emission) = Phantom();
        var bounds = FieldBounds.Of(density.Shape, density.VoxelSize, density.Origin);
        List<Camera> Around(int count, double from) => [.. Enumerable.Range(0, count).Select(i => Turntable.Cameras(bounds, 3 * count, pixels, new[] { -25, 10, 45 }[i % 3])[(int)(3 * (i + from)) % (3 * count)])];
        var views = VolumeViews.Render(density, emission, Around(Views, 0), Background);
        var held = VolumeViews.Render(density, emission, Around(Held, 0.5), Background);
        var field = FieldTraining.NewField(new HashFieldConfiguration { Grid = new HashGridConfiguration { FinestResolution = Edge + 1 } }, bounds, density.VoxelSize, views);
        var training = new FieldTraining(field, new FieldTrainingConfiguration { Steps = steps, Pixels = 1024 }, views);
        var clock = Stopwatch.StartNew();
        var processor = Process.GetCurrentProcess().TotalProcessorTime;
        training.Run();
        var (wall, spent) = (clock.Elapsed.TotalSeconds, (Process.GetCurrentProcess().TotalProcessorTime - processor).TotalSeconds / Environment.ProcessorCount);
        var squares = Enumerable.Range(0, Held).Average(v => FieldRenderer.Render(field, held.Cameras[v], Background).Intensity.Zip(held.Image(v).ToArray(), (a, b) => ((double)a - b) * (a - b)).Average());
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"phantom, {Views} views of {pixels} x {pixels}, {steps} steps: {Held} held-out views at {-10 * Math.Log10(squares):F2} dB (range 1), {wall:F0} s ({spent:F0} s of processor time over {Environment.ProcessorCount} cores), {training.OccupiedShare:P0} occupied"));
        return 0;
    }

    /// <summary>The skeleton of a gyroid within a ball.</summary>
    private static (Volume<float> Density, Volume<float> Emission) Phantom()
    {
        var density = new Volume<float>(new Shape3(Edge, Edge, Edge), new VoxelSize(10, 10, 10), default, Provenance.Of("phantom"));
        var emission = new Volume<float>(density.Shape, density.VoxelSize, default, Provenance.Of("phantom"));
        for (var i = 0; i < density.Data.Length; i++)
        {
            double z = i / (Edge * Edge) - Edge / 2.0, y = i / Edge % Edge - Edge / 2.0, x = i % Edge - Edge / 2.0;
            var (a, b, c) = (z / 6, y / 6, x / 6);
            var wall = Math.Sin(a) * Math.Cos(b) + Math.Sin(b) * Math.Cos(c) + Math.Sin(c) * Math.Cos(a) - 0.9;
            var ball = Math.Sqrt(z * z + y * y + x * x) - 0.42 * Edge;
            // Opaque within a voxel or two, the edge about a voxel wide.
            density.Data[i] = (float)(0.1 * Math.Clamp(0.5 + 6 * wall, 0, 1) * Math.Clamp(0.5 - ball, 0, 1));
            emission.Data[i] = (float)(0.45 + 0.3 * Math.Sin(y / 9) * Math.Cos(x / 11) + 0.15 * Math.Sin(z / 5));
        }
        return (density, emission);
    }
}
