using OpenCvSharp;
using VisionCell.Acquisition;
using VisionCell.Evaluation;
using VisionCell.Reconstruction;
using VisionCell.Volumes;

namespace VisionCell.SuperResolution;

/// <summary>
/// Detail within rows, finer than about ten pixels. What is predicted with least squared error holds less of it than the truth, and less than
/// linear interpolation, which hands on the noise of the sections. A few per cent more of it cost next to nothing in squared error, which is
/// flat at its minimum.
/// </summary>
internal static class FineDetail
{
    /// <summary>Pixels about a block that <see cref="Amplify"/> needs.</summary>
    public const int Reach = 8;

    // Beyond this it would no longer cost nothing.
    private const float Largest = 0.25f;
    private const float Trial = 0.1f;

    // What is measured on parts holds for the whole within about one per cent.
    private const double Margin = 1.01;

    /// <summary>Multiplies the detail of every row by 1 + gain, in place.</summary>
    /// <param name="volume"><c>[Z, Y, X]</c>.</param>
    /// <param name="gain">0 for none.</param>
    public static void Amplify(Volume<float> volume, float gain)
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
    public static float Missing(SparseVolume sparse, int sections, IEnumerable<Box> parts, Func<Box, Volume<float>> reconstruct, CancellationToken cancellation)
    {
        if (sections < 4)
            return 0;
        using var linear = new AxialInterpolation(InterpolationKernel.Linear);
        return Missing([.. parts.Select(box => (reconstruct(box), linear.Reconstruct(sparse, box, cancellation)))], ScoredRegion.HeldOut(sparse, sections), cancellation);
    }

    /// <summary>The gain with which a reconstruction has one per cent more detail than another, 0 where it has it already.</summary>
    /// <param name="parts">Parts of the reconstruction and the same parts of the other.</param>
    /// <param name="region">Rows that count, in every part.</param>
    /// <param name="cancellation">Stops between rows.</param>
    public static float Missing(IReadOnlyList<(Volume<float> Reconstruction, Volume<float> Other)> parts, ScoredRegion region, CancellationToken cancellation)
    {
        double Deviation(IEnumerable<Volume<float>> volumes) => Math.Sqrt(volumes.Select(v => HighFrequencyRatio.Deviation(v, region, cancellation)).Average(d => d * d));
        var (own, others) = (Deviation(parts.Select(p => p.Reconstruction)), Deviation(parts.Select(p => p.Other)));
        // Rounding alone is no lack.
        if (own >= 0.9999 * others)
            return 0;
        var wanted = Margin * others;
        var step = Deviation(parts.Select(p =>
        {
            var amplified = p.Reconstruction.Map(v => v);
            Amplify(amplified, Trial);
            return amplified;
        })) - own;
        return step > 0 ? Math.Min(Largest, (float)(Trial * (wanted - own) / step)) : 0;
    }
}
