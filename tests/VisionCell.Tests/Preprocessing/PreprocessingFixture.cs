using System.Runtime.CompilerServices;
using VisionCell.Formats;
using VisionCell.Preprocessing;
using VisionCell.Volumes;

namespace VisionCell.Tests.Preprocessing;

/// <summary>A real FIB-SEM crop and what is done to it to see it undone.</summary>
internal static class PreprocessingFixture
{
    private static readonly Lazy<Volume<float>> _sample = new(() => VolumeFormats.Read(SamplePath()).ToFloat32());

    /// <summary>A box of the bundled sample.</summary>
    public static Volume<float> Sample(int sections, int edge, int step = 1)
    {
        var sample = _sample.Value;
        var crop = sample.Crop(new Box(0, 0, 0, new Shape3((sections - 1) * step + 1, edge, edge)));
        var result = new Volume<float>(new Shape3(sections, edge, edge), crop.VoxelSize, default, Provenance.Of("sample"));
        for (var z = 0; z < sections; z++)
            crop.Section(z * step).CopyTo(result.Section(z));
        return result;
    }

    /// <summary>The stack with each section's content moved by (y, x) pixels, bicubic, and cropped so that no border was invented.</summary>
    public static Volume<float> Jitter(Volume<float> stack, IReadOnlyList<(double Y, double X)> shifts, int margin)
    {
        // Content moves by +s where the output pixel comes from s before it.
        var transforms = new SectionTransforms([.. shifts.Select((s, z) => SectionTransform.Shift(z, -s.Y, -s.X, 1, "put in"))]);
        var moved = SectionResampling.Apply(stack, transforms, SectionInterpolation.Cubic);
        return moved.Crop(new Box(0, margin, margin, new Shape3(stack.Shape.Z, stack.Shape.Y - 2 * margin, stack.Shape.X - 2 * margin)));
    }

    /// <summary>Normal noise added.</summary>
    public static Volume<float> Noisy(Volume<float> stack, double deviation, int seed)
    {
        var random = new Random(seed);
        var result = new Volume<float>(stack.Shape, stack.VoxelSize, stack.Origin, stack.Provenance);
        for (var i = 0; i < stack.Data.Length; i++)
            result.Data[i] = (float)(stack.Data[i] + deviation * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        return result;
    }

    public static double MeanSquaredError(Volume<float> a, Volume<float> b) => a.Data.Zip(b.Data, (u, v) => ((double)u - v) * ((double)u - v)).Average();

    private static string SamplePath([CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "data-manifests", "samples", "medulla-sample.tif");
}
