using VisionCell.Formats;
using VisionCell.Volumes;

namespace VisionCell.Meshing;

/// <summary>
/// A threshold that separates the dark from the bright class of a volume: Otsu's method, which maximises the variance between
/// the two classes over a histogram of 256 bins between the smallest and the largest value. Where several thresholds are
/// equally good (empty bins between two classes) the middle one is taken.
/// Source: N. Otsu, "A threshold selection method from gray-level histograms", IEEE Trans. SMC 9 (1979) 62–66,
/// doi:10.1109/TSMC.1979.4310076.
/// </summary>
public static class IsoThreshold
{
    private const int Bins = 256;

    /// <summary>Suggests an iso value, in the units of the volume.</summary>
    /// <param name="volume">Any volume; voxels that are not finite are left out.</param>
    /// <exception cref="BadInputException">The volume is constant or has no finite voxel.</exception>
    public static double Suggest(Volume volume)
    {
        var data = volume.ToFloat32();
        return Suggest(take =>
        {
            for (var z = 0; z < data.Shape.Z; z++)
                take(data.Section(z));
        });
    }

    /// <summary>The same of a volume that need not fit into memory; sections are read twice.</summary>
    /// <param name="sections">The volume, section by section.</param>
    /// <param name="progress">Share of the work done, 0 to 1.</param>
    /// <param name="cancellation">Stops between sections.</param>
    /// <exception cref="BadInputException">As above, or a file is damaged.</exception>
    public static double Suggest(SectionReader sections, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        var shape = sections.Info.Shape;
        var (section, done) = (new float[shape.SectionCount], 0);
        return Suggest(take =>
        {
            for (var z = 0; z < shape.Z; z++)
            {
                cancellation.ThrowIfCancellationRequested();
                sections.Read(z, section);
                take(section);
                progress?.Report(0.5 * ++done / shape.Z);
            }
        });
    }

    private delegate void Take(ReadOnlySpan<float> values);

    /// <param name="all">Hands all values over, in parts; called twice.</param>
    private static double Suggest(Action<Take> all)
    {
        float low = float.PositiveInfinity, high = float.NegativeInfinity;
        all(values =>
        {
            var (least, most) = Range(values);
            (low, high) = (Math.Min(low, least), Math.Max(high, most));
        });
        if (!(high > low))
            throw new BadInputException(double.IsFinite(low) ? $"every voxel has the value {low}: no threshold separates it; check that the right volume is read" : "the volume holds no finite value: no threshold separates it");

        var histogram = new long[Bins];
        var scale = Bins / ((double)high - low);
        all(values =>
        {
            foreach (var value in values)
            {
                if (float.IsFinite(value))
                    histogram[Math.Min(Bins - 1, (int)((value - (double)low) * scale))]++;
            }
        });
        return low + Split(histogram) / scale;
    }

    /// <summary>The smallest and largest finite value.</summary>
    internal static (float Low, float High) Range(ReadOnlySpan<float> data)
    {
        float low = float.PositiveInfinity, high = float.NegativeInfinity;
        foreach (var value in data)
        {
            if (!float.IsFinite(value))
                continue;
            low = Math.Min(low, value);
            high = Math.Max(high, value);
        }
        return (low, high);
    }

    /// <summary>The bin boundary that maximises σ²_B(k) = (μ_T ω(k) − μ(k))² / (ω(k)(1 − ω(k))), Otsu's equation (18).</summary>
    private static double Split(long[] histogram)
    {
        double total = 0, mean = 0;
        for (var i = 0; i < Bins; i++)
        {
            total += histogram[i];
            mean += (double)histogram[i] * i;
        }
        mean /= total;

        double weight = 0, moment = 0, best = -1;
        int first = 1, last = 1;
        for (var k = 1; k < Bins; k++)
        {
            weight += histogram[k - 1] / total;
            moment += histogram[k - 1] / total * (k - 1);
            if (weight <= 0 || weight >= 1)
                continue;
            var difference = mean * weight - moment;
            var between = difference * difference / (weight * (1 - weight));
            if (between > best * (1 + 1e-12))
                (best, first, last) = (between, k, k);
            else if (histogram[k - 1] == 0 && last == k - 1)
                last = k;
        }
        return (first + last) / 2.0;
    }
}
