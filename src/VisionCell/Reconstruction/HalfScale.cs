using System.Numerics.Tensors;
using VisionCell.Acquisition;
using VisionCell.Volumes;

namespace VisionCell.Reconstruction;

/// <summary>
/// The same problem at half the scale, in which the stack itself knows the answer: of sections with half as many pixels along y and
/// x every second one is kept (or two thick ones are averaged), so that the rest are as far apart in pixels as before, and those left out
/// (or each of the two) are the truth along the real z; some of these are kept to judge by, and networks that are tuned to the stack never
/// learn from them. What is measured there of methods, one against the other, is taken over to the
/// full scale; it assumes that they compare alike on structures twice as large.
/// </summary>
internal sealed class HalfScale
{
    // With fewer the comparison says more of the noise than of the methods.
    private const int FewestSections = 8;
    private const int FewestPixels = 48;

    private readonly RowSpan[] _rows;
    private readonly double _wholeDifference;
    private float[]? _difference;

    private HalfScale(SparseVolume sparse, Volume<float> held, RowSpan[] rows, double errorRatio, double rowNoise, double wholeDifference) =>
        (Sparse, Held, _rows, ErrorRatio, RowNoise, _wholeDifference) = (sparse, held, rows, errorRatio, rowNoise, wholeDifference);

    /// <summary>The problem: sections at half the scale.</summary>
    public SparseVolume Sparse { get; }

    /// <summary>Its truth: sections <c>[m, Y / 2, X / 2]</c> that lie between or within those.</summary>
    public Volume<float> Held { get; }

    /// <summary>
    /// How much the sections of <see cref="Sparse"/> about each voxel of <see cref="Held"/> differ, by as much less as they differ more on average than the sections of the whole
    /// scale, which lie half as far apart: so that the difference tells where errors are, and <see cref="ErrorRatio"/> alone how large.
    /// </summary>
    public float[] Difference
    {
        get
        {
            if (_difference is null)
            {
                _difference = Sample(SectionDifference.Of(Sparse, Box.Of(Sparse.IsotropicShape)));
                var own = TensorPrimitives.Average<float>(_difference);
                TensorPrimitives.Multiply(_difference, own > 0 ? (float)_wholeDifference / own : 1, _difference);
            }
            return _difference;
        }
    }

    /// <summary>
    /// Error of linear interpolation across a gap over that at half the scale, both within sections, where rows are known at every
    /// distance: at half the scale structures change faster from row to row, but noise is averaged.
    /// </summary>
    public double ErrorRatio { get; }

    /// <summary>Mean absolute noise that a fine row of a thick section has of its own; 0 for thin ones, whose noise is that of rows.</summary>
    public double RowNoise { get; }

    /// <summary>The problem of a stack; null where it is too small.</summary>
    public static HalfScale? Of(SparseVolume sparse)
    {
        var (sampling, shape) = (sparse.Sampling, sparse.Observed.Shape);
        if (sparse.Sections < FewestSections || Math.Min(shape.Y, shape.X) < FewestPixels)
            return null;
        var thick = !sampling.IsDecimation;
        var count = thick ? sparse.Sections / 2 : (sparse.Sections + 1) / 2;
        var unobserved = Enumerable.Range(0, count).Where(i => !sparse.IsObserved(2 * i) || (thick && !sparse.IsObserved(2 * i + 1))).ToArray();
        // Thin: none behind the last. Thick: all that found a partner.
        int[] held = [.. Enumerable.Range(0, thick ? 2 * count : 2 * count - 1).Where(z => sparse.IsObserved(z) && IsKept(z, thick))];
        if (held.Length == 0 || count - unobserved.Length < 3)
            return null;

        var half = new Volume<float>(new Shape3(count, shape.Y / 2, shape.X / 2), Doubled(sparse.Observed.VoxelSize), sparse.Observed.Origin, Provenance.Of("half scale") with { Sections = new SectionLayout(count, sparse.Observed.SectionPositions?.Where((_, z) => z % 2 == 0).ToArray(), unobserved) });
        var truth = new Volume<float>(half.Shape with { Z = held.Length }, half.VoxelSize, half.Origin, Provenance.Of("held out at half scale"));
        for (var i = 0; i < count; i++)
        {
            Reduce(sparse.Observed.Section(2 * i), shape, half.Section(i));
            if (!thick)
                continue;
            var other = new float[half.Shape.SectionCount];
            Reduce(sparse.Observed.Section(2 * i + 1), shape, other);
            TensorPrimitives.Add(half.Section(i), other, half.Section(i));
            TensorPrimitives.Multiply(half.Section(i), 0.5f, half.Section(i));
        }
        for (var k = 0; k < held.Length; k++)
            Reduce(sparse.Observed.Section(held[k]), shape, truth.Section(k));
        var problem = new SparseVolume(half, sampling);
        // Thin: fine rows are twice as large, so that a section lies at half as many of them. Thick: each is one half of what was kept.
        RowSpan RowsOf(int z) => thick ? HalfOf(z, sampling) : RowSpan.Of((sparse.Centre(z) - sparse.Centre(0)) / 2, 1);
        // Within the sections rows are compared at their mean distance.
        var even = sparse.IsEven ? sampling : AxialSampling.Decimate(sparse.MeanPitch);
        return new HalfScale(problem, truth, [.. held.Select(RowsOf)], MeanLinearError(sparse.Observed, even, atHalfScale: false) / Math.Max(1e-6, MeanLinearError(half, even, atHalfScale: true)),
            thick ? SpreadModel.NoiseOfRows(NoiseLevel.Of(sparse.Observed), sampling.ExactThickness) : 0,
            SectionDifference.Mean(sparse));
    }

    /// <summary>Whether a section is kept to judge by: of thin ones half of those that are left out, of thick ones the two about every fourth gap.</summary>
    public static bool IsKept(int section, bool thick) => thick ? section % 8 is 3 or 4 : section % 4 == 1;

    /// <summary>What a reconstruction of <see cref="Sparse"/> says of the sections <see cref="Held"/>, <c>[m, Y / 2, X / 2]</c>.</summary>
    public float[] Sample(Volume<float> reconstruction)
    {
        var count = Held.Shape.SectionCount;
        var sampled = new float[Held.Data.Length];
        for (var k = 0; k < _rows.Length; k++)
            _rows[k].Mean(reconstruction.Data, count, sampled.AsSpan(k * count, count));
        return sampled;
    }

    /// <summary>
    /// Mean absolute error of linear interpolation within sections, either lateral axis taken for z: of thin sections in the middle of gaps, of thick
    /// ones in each row, or, at half the scale, where no single row is known, in each half.
    /// </summary>
    private static double MeanLinearError(Volume<float> sections, AxialSampling sampling, bool atHalfScale)
    {
        const int Most = 16;
        int[] seen = [.. Enumerable.Range(0, sections.Shape.Z).Where(z => !sections.Unobserved.Contains(z))];
        int[] chosen = [.. Enumerable.Range(0, Math.Min(Most, seen.Length)).Select(i => seen[(int)((long)i * seen.Length / Math.Min(Most, seen.Length))])];
        var errors = new (double Sum, long Count)[2 * chosen.Length];
        Parallel.For(0, errors.Length, i =>
        {
            var (height, width) = i % 2 == 0 ? (sections.Shape.Y, sections.Shape.X) : (sections.Shape.X, sections.Shape.Y);
            var count = sampling.SectionsIn(height);
            if (count < 2)
                return;
            var data = sections.Section(chosen[i / 2]);
            var (fine, observed, restored) = (new float[sampling.FineRows(count) * width], new float[count * width], new float[sampling.FineRows(count) * width]);
            for (var k = 0; k < fine.Length; k++)
                fine[k] = i % 2 == 0 ? data[k] : data[k % width * height + k / width];
            sampling.Acquire(fine, width, observed);
            AxialInterpolation.Interpolate(AxialInterpolation.Weights(InterpolationKernel.Linear, sampling, count), observed, width, restored);
            DataConsistency.Project(restored, observed, width, sampling);
            TensorPrimitives.Subtract(restored, fine, restored);
            RowSpan[] judged = sampling.IsDecimation ? [.. Enumerable.Range(0, count - 1).Select(g => RowSpan.Of(Math.Floor((g + 0.5) * sampling.ExactPitch), 1))]
                : atHalfScale ? [.. Enumerable.Range(0, 2 * count).Select(z => HalfOf(z, sampling))]
                : [.. Enumerable.Range(0, sampling.FineRows(count)).Select(row => RowSpan.Of(row, 1))];
            var sum = 0.0;
            var mean = new float[width];
            foreach (var rows in judged)
            {
                rows.Mean(restored, width, mean);
                sum += TensorPrimitives.SumOfMagnitudes<float>(mean);
            }
            errors[i] = (sum, (long)judged.Length * width);
        });
        return errors.Sum(e => e.Sum) / Math.Max(1, errors.Sum(e => e.Count));
    }

    /// <summary>The fine rows of one half of a thick section, at half the scale.</summary>
    private static RowSpan HalfOf(int section, AxialSampling sampling) => RowSpan.Of(section * sampling.ExactPitch / 2, sampling.ExactPitch / 2);

    private static VoxelSize Doubled(VoxelSize size) => new(2 * size.Z, 2 * size.Y, 2 * size.X);

    /// <summary>A stack with half as many pixels along y and x, as many sections, <c>[n, Y / 2, X / 2]</c>.</summary>
    public static Volume<float> Reduced(Volume<float> stack)
    {
        var shape = stack.Shape;
        var half = new Volume<float>(new Shape3(shape.Z, shape.Y / 2, shape.X / 2), new VoxelSize(stack.VoxelSize.Z, 2 * stack.VoxelSize.Y, 2 * stack.VoxelSize.X), stack.Origin, stack.Provenance);
        Parallel.For(0, shape.Z, z => Reduce(stack.Section(z), shape, half.Section(z)));
        return half;
    }

    /// <summary>The means of blocks of two by two pixels.</summary>
    private static void Reduce(ReadOnlySpan<float> section, Shape3 shape, Span<float> target)
    {
        var (height, width) = (shape.Y / 2, shape.X / 2);
        for (var y = 0; y < height; y++)
        {
            var upper = section.Slice(2 * y * shape.X, shape.X);
            var lower = section.Slice((2 * y + 1) * shape.X, shape.X);
            for (var x = 0; x < width; x++)
                target[y * width + x] = 0.25f * (upper[2 * x] + upper[2 * x + 1] + lower[2 * x] + lower[2 * x + 1]);
        }
    }
}
