using System.Numerics.Tensors;
using VisionCell.Acquisition;
using VisionCell.Volumes;

namespace VisionCell.SuperResolution;

/// <summary>
/// How far lateral rows have to be apart to look like z: what a network learns within the sections holds across them only where
/// both change equally fast. Sections are compared with their neighbours (the mean squared difference, twice the variogram of
/// Matheron, "Principles of geostatistics", 1963), then lateral rows, taken for sections at a growing distance, until they differ
/// as much. Measured at x8 after 400 steps (of Muon, one seed), matched and not: bone +1.30 and -2.46 dB over linear, nerve +0.32 and -0.57.
/// </summary>
/// <param name="Y">Distance of rows along y, pixels a row of the grid on which planes are restored (<see cref="SectionGrid"/>).</param>
/// <param name="X">Distance of rows along x.</param>
internal readonly record struct LateralScale(double Y, double X)
{
    // Beyond a factor of two the texture is no longer alike: with four, bone gains 0.02 dB in place of 1.30 and nerve 0.08 of 0.32.
    private const double Largest = 2;
    private const int StepsEitherWay = 8;
    private const int MostSections = 16;
    private const int MostColumns = 512;

    /// <summary>Rows as many pixels apart as those of the grid are fine voxels.</summary>
    public static LateralScale Plain(SparseVolume sparse) => new(new SectionGrid(sparse).Distance, new SectionGrid(sparse).Distance);

    /// <summary>Finds the distances of a stack.</summary>
    /// <param name="sections">The stack <c>[n, Y, X]</c>.</param>
    /// <param name="sparse">How its sections sample z, and which were observed.</param>
    public static LateralScale Match(Volume<float> sections, SparseVolume sparse)
    {
        if (BetweenSections(sections, sparse) is not { } wanted)
            return Plain(sparse);
        var grid = new SectionGrid(sparse);
        int[] seen = [.. Enumerable.Range(0, sparse.Sections).Where(sparse.IsObserved)];
        int[] compared = [.. seen.Where((_, i) => i % ((seen.Length + MostSections - 1) / MostSections) == 0)];
        return new LateralScale(Along(false), Along(true));

        double Along(bool alongX)
        {
            var length = alongX ? sections.Shape.X : sections.Shape.Y;
            (double Scale, double Difference)? below = null;
            for (var step = -StepsEitherWay; step <= StepsEitherWay; step++)
            {
                var scale = grid.Distance * Math.Pow(Largest, step / (double)StepsEitherWay);
                if ((grid.Sampling.FineRows(3) - 1) * scale > length - 1)
                    break;
                var difference = BetweenRows(sections, compared, grid.Sampling, alongX, scale);
                if (difference >= wanted)
                {
                    return below is not { } b ? scale
                        : b.Scale * Math.Pow(scale / b.Scale, (wanted - b.Difference) / (difference - b.Difference));
                }
                below = (scale, difference);
            }
            return below?.Scale ?? grid.Distance;
        }
    }

    private static double? BetweenSections(Volume<float> sections, SparseVolume sparse)
    {
        var (sum, pairs) = (0.0, 0);
        for (var z = 1; z < sections.Shape.Z; z++)
        {
            if (!sparse.IsObserved(z) || !sparse.IsObserved(z - 1))
                continue;
            sum += SquaredDistance(sections.Section(z), sections.Section(z - 1));
            pairs++;
        }
        return pairs == 0 ? null : sum / pairs / sections.Shape.SectionCount;
    }

    private static double BetweenRows(Volume<float> sections, int[] compared, AxialSampling sampling, bool alongX, double scale)
    {
        var shape = sections.Shape;
        var (length, across) = alongX ? (shape.X, shape.Y) : (shape.Y, shape.X);
        var width = Math.Min(across, MostColumns);
        var count = sampling.SectionsIn((int)((length - 1) / scale) + 1);
        var rows = sampling.FineRows(count);
        var sum = 0.0;
        var gate = new Lock();
        Parallel.ForEach(compared, z =>
        {
            var fine = new float[rows * width];
            var acquired = new float[count * width];
            ScaledRows.Copy(sections.Section(z), shape.X, alongX, 0, scale, (across - width) / 2, 0, rows, width, fine);
            sampling.Acquire(fine, width, acquired);
            var own = SquaredDistance(acquired.AsSpan(width), acquired.AsSpan(0, acquired.Length - width));
            lock (gate)
                sum += own;
        });
        return sum / ((count - 1.0) * width * compared.Length);
    }

    private static double SquaredDistance(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double distance = TensorPrimitives.Distance(a, b);
        return distance * distance;
    }
}
