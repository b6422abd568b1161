using System.Numerics;
using VisionCell.Volumes;

namespace VisionCell.Cli.Commands;

/// <summary>What the grey values of a volume are like; voxels that are not a number are counted and left out of the rest.</summary>
/// <param name="Minimum">Smallest value.</param>
/// <param name="Maximum">Largest value.</param>
/// <param name="Mean">Mean value.</param>
/// <param name="StandardDeviation">Standard deviation over all voxels.</param>
/// <param name="ZeroFraction">Share of voxels that are exactly zero: padding, mostly.</param>
/// <param name="NotFinite">Number of voxels that are NaN or infinite.</param>
internal sealed record VolumeStatistics(double Minimum, double Maximum, double Mean, double StandardDeviation, double ZeroFraction, long NotFinite)
{
    public static VolumeStatistics Of(Volume volume) => volume switch
    {
        Volume<byte> v => Of(v),
        Volume<ushort> v => Of(v),
        _ => Of(volume.ToFloat32()),
    };

    private static VolumeStatistics Of<T>(Volume<T> volume)
        where T : unmanaged, INumber<T>
    {
        var sections = new Sums[volume.Shape.Z];
        Parallel.For(0, sections.Length, z => sections[z] = Sums.Of<T>(volume.Section(z)));
        var all = sections.Aggregate(Sums.Join);
        var count = volume.Shape.Count - all.NotFinite;
        if (count == 0)
            return new(double.NaN, double.NaN, double.NaN, double.NaN, 0, all.NotFinite);
        return new(all.Minimum, all.Maximum, all.Mean, Math.Sqrt(all.Squares / count), (double)all.Zeros / volume.Shape.Count, all.NotFinite);
    }

    /// <summary>Count, mean and summed squared deviations, joined pairwise so that no large sums cancel (Chan, Golub, LeVeque 1979).</summary>
    private readonly record struct Sums(long Count, double Minimum, double Maximum, double Mean, double Squares, long Zeros, long NotFinite)
    {
        public static Sums Of<T>(ReadOnlySpan<T> values)
            where T : unmanaged, INumber<T>
        {
            long count = 0, zeros = 0, notFinite = 0;
            double minimum = double.PositiveInfinity, maximum = double.NegativeInfinity, sum = 0, squares = 0;
            foreach (var value in values)
            {
                if (!T.IsFinite(value))
                {
                    notFinite++;
                    continue;
                }
                var v = double.CreateTruncating(value);
                count++;
                zeros += v == 0 ? 1 : 0;
                minimum = Math.Min(minimum, v);
                maximum = Math.Max(maximum, v);
                sum += v;
            }
            var mean = count == 0 ? 0 : sum / count;
            foreach (var value in values)
            {
                if (T.IsFinite(value))
                {
                    var deviation = double.CreateTruncating(value) - mean;
                    squares += deviation * deviation;
                }
            }
            return new(count, minimum, maximum, mean, squares, zeros, notFinite);
        }

        public static Sums Join(Sums a, Sums b)
        {
            var count = a.Count + b.Count;
            if (count == 0)
                return a with { NotFinite = a.NotFinite + b.NotFinite };
            var difference = b.Mean - a.Mean;
            return new(count, Math.Min(a.Minimum, b.Minimum), Math.Max(a.Maximum, b.Maximum), a.Mean + difference * b.Count / count,
                a.Squares + b.Squares + difference * difference * a.Count * b.Count / count, a.Zeros + b.Zeros, a.NotFinite + b.NotFinite);
        }
    }
}
