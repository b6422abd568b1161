using System.Numerics.Tensors;
using OpenCvSharp;
using VisionCell.Acquisition;
using VisionCell.Evaluation;
using VisionCell.Reconstruction;
using VisionCell.Volumes;

namespace VisionCell.SuperResolution;

/// <summary>By how much detail is amplified.</summary>
/// <param name="Along">Along z; 0 for not at all.</param>
/// <param name="Within">Within rows, after that.</param>
internal readonly record struct DetailGain(float Along, float Within)
{
    /// <summary>Whether anything is amplified.</summary>
    public bool IsAny => Along > 0 || Within > 0;
}

/// <summary>
/// Detail finer than about ten pixels. What is predicted with least squared error holds less of it than the truth, and less than
/// linear interpolation, which hands on the noise of the sections. Some more of it costs next to nothing in squared error, which is
/// flat at its minimum: up to the detail of linear interpolation 0.00 to 0.01 dB along z, and 0.02 to 0.05 dB where detail within rows was amplified (medulla-1
/// and medulla-2a, decimate:8), since the sections themselves, which are known, are part of what is amplified along z. Only what is still missing then, as of a network that
/// has hardly left the straight line, is made up for within rows.
/// </summary>
internal static class FineDetail
{
    /// <summary>Rows and pixels about a block that <see cref="Amplify"/> needs.</summary>
    public const int Reach = 8;

    // Beyond this it would no longer cost nothing.
    private const float MostAlong = 0.5f;
    private const float MostWithin = 0.25f;

    // What is measured on parts holds for the whole within about one per cent.
    private const double MarginOfParts = 1.01;
    private const double Margin = 1.001;

    private static readonly float[] _weights = [.. GaussianKernel.Create(HighFrequencyRatio.Sigma, Reach).Select(w => (float)w)];

    /// <summary>A slab with what <see cref="Amplify"/> needs about it, from a section to a section.</summary>
    /// <param name="sparse">The stack.</param>
    /// <param name="slab">From a section to a section.</param>
    public static Box Window(SparseVolume sparse, Box slab)
    {
        var (first, end) = (Math.Max(0, slab.Z - Reach), Math.Min(sparse.IsotropicShape.Z, slab.Z + slab.Shape.Z + Reach));
        return DataConsistency.Slab(sparse, slab with { Z = first, Shape = slab.Shape with { Z = end - first } }).Widened(Reach, sparse.Observed.Shape);
    }

    /// <summary>Multiplies the detail of every column, then that of every row, by 1 + gain, in place.</summary>
    /// <param name="volume"><c>[Z, Y, X]</c>, projected onto the sections; projected again, sections are as before.</param>
    /// <param name="gain">By how much.</param>
    public static void Amplify(Volume<float> volume, DetailGain gain)
    {
        if (gain.Along > 0)
            AmplifyAlong(volume, gain.Along);
        if (gain.Within > 0)
            AmplifyWithin(volume, gain.Within);
    }

    private static void AmplifyAlong(Volume<float> volume, float gain)
    {
        var (rows, plane) = (volume.Shape.Z, volume.Shape.SectionCount);
        Parallel.For(0, volume.Shape.Y, y =>
        {
            var width = volume.Shape.X;
            var column = new float[rows * width];
            for (var z = 0; z < rows; z++)
                volume.Data.AsSpan(z * plane + y * width, width).CopyTo(column.AsSpan(z * width));
            var broad = new float[width];
            for (var z = 0; z < rows; z++)
            {
                Array.Clear(broad);
                for (var k = -Reach; k <= Reach; k++)
                    TensorPrimitives.MultiplyAdd(column.AsSpan(GaussianKernel.Reflect(z + k, rows) * width, width), _weights[k + Reach], broad, broad);
                var target = volume.Data.AsSpan(z * plane + y * width, width);
                TensorPrimitives.Subtract(target, broad, broad);
                TensorPrimitives.MultiplyAdd(broad, gain, target, target);
            }
        });
    }

    private static void AmplifyWithin(Volume<float> volume, float gain)
    {
        var shape = volume.Shape;
        Parallel.For(0, shape.Z, z =>
        {
            var row = volume.Section(z).ToArray();
            using var image = Mat.FromPixelData(shape.Y, shape.X, MatType.CV_32FC1, row);
            using var broad = new Mat();
            Cv2.GaussianBlur(image, broad, new Size(2 * Reach + 1, 2 * Reach + 1), HighFrequencyRatio.Sigma, HighFrequencyRatio.Sigma, BorderTypes.Reflect);
            Cv2.AddWeighted(image, 1 + gain, broad, -gain, 0, image);
            row.CopyTo(volume.Section(z));
        });
    }

    /// <summary>The gain with which a reconstruction has no less detail than linear interpolation; 0 where there are too few sections to tell.</summary>
    /// <param name="sparse">The stack.</param>
    /// <param name="sections">Of its first sections, which <paramref name="parts"/> lie between.</param>
    /// <param name="parts">Where to look.</param>
    /// <param name="reconstruct">The reconstruction of a part.</param>
    /// <param name="cancellation">Stops between parts.</param>
    public static DetailGain Missing(SparseVolume sparse, int sections, IEnumerable<Box> parts, Func<Box, Volume<float>> reconstruct, CancellationToken cancellation)
    {
        if (sections < 4)
            return default;
        using var linear = new AxialInterpolation(InterpolationKernel.Linear);
        var boxes = parts.ToArray();
        var margin = boxes is [var all] && all == Box.Of(sparse.IsotropicShape) ? Margin : MarginOfParts;
        return Missing(
            [.. boxes.Select(box => (reconstruct(box), linear.Reconstruct(sparse, box, cancellation)))],
            (part, amplified) => DataConsistency.Project(amplified, sparse, boxes[part]),
            ScoredRegion.HeldOut(sparse, sections),
            margin,
            cancellation);
    }

    /// <summary>The gain with which a reconstruction has so many times the detail of another, 0 where it has as much already.</summary>
    /// <param name="parts">Parts of the reconstruction and the same parts of the other.</param>
    /// <param name="project">Projects a part of that number onto the sections.</param>
    /// <param name="region">Rows that count, in every part.</param>
    /// <param name="margin">Detail wanted, times the other's.</param>
    /// <param name="cancellation">Stops between rows.</param>
    public static DetailGain Missing(IReadOnlyList<(Volume<float> Reconstruction, Volume<float> Other)> parts, Action<int, Volume<float>> project, ScoredRegion region, double margin, CancellationToken cancellation)
    {
        double Deviation(IEnumerable<Volume<float>> volumes) => Math.Sqrt(volumes.Select(v => HighFrequencyRatio.Deviation(v, region, cancellation)).Average(d => d * d));
        double Amplified(DetailGain gain) => Deviation(parts.Select((p, part) =>
        {
            var amplified = p.Reconstruction.Map(v => v);
            Amplify(amplified, gain);
            project(part, amplified);
            return amplified;
        }));
        var (own, other) = (Deviation(parts.Select(p => p.Reconstruction)), Deviation(parts.Select(p => p.Other)));
        // Rounding alone is no lack.
        if (own >= 0.9999 * other)
            return default;
        var along = Find(gain => Amplified(new DetailGain(gain, 0)), own, MostAlong);
        var reached = along < MostAlong ? other : Amplified(new DetailGain(along, 0));
        return new DetailGain(along, reached >= other ? 0 : Find(gain => Amplified(new DetailGain(along, gain)), reached, MostWithin));

        // Two steps of the secant: detail grows a little faster than the gain.
        float Find(Func<float, double> amplified, double start, float most)
        {
            var gain = most / 2;
            for (var step = 0; step < 2; step++)
            {
                var grown = amplified(gain) - start;
                gain = grown > 0 ? (float)Math.Min(most, gain * (margin * other - start) / grown) : most;
            }
            return gain;
        }
    }
}
