using System.Collections.Concurrent;
using System.Runtime.Intrinsics;
using VisionCell.Volumes;

namespace VisionCell.Kernels.Simd;

/// <summary>The processor's kernels at the width and number of threads asked for.</summary>
public static class SimdKernels
{
    /// <summary>Chooses the kernels.</summary>
    /// <param name="width">Vector width; the widest of this processor where none is given.</param>
    /// <param name="threads">Threads; one for each core where none is given. Results do not depend on it.</param>
    /// <exception cref="BadInputException">The processor lacks the instructions, or the number of threads is below 1.</exception>
    public static IFieldKernels<float> Create(SimdWidth? width = null, int? threads = null)
    {
        var chosen = width ?? SimdWidths.Best;
        var count = threads ?? Environment.ProcessorCount;
        if (!SimdWidths.IsSupported(chosen))
            throw new BadInputException($"this processor has no {chosen} instructions; the widest it has is {SimdWidths.Best}");
        if (count < 1)
            throw new BadInputException($"{count} threads: at least 1");
        return chosen switch
        {
            SimdWidth.Avx512 => new SimdKernels<Lanes512, Vector512<float>, Vector512<uint>>("avx-512", count),
            SimdWidth.Avx2 => new SimdKernels<Lanes256, Vector256<float>, Vector256<uint>>("avx2", count),
            _ => new SimdKernels<LanesScalar, float, uint>("scalar", count),
        };
    }
}

/// <summary>
/// Kernels of one vector width. Samples are cut into tiles and the tiles into a fixed number of stripes, each with its own sums for the
/// weights, added in order at the end; the table is updated by one thread a level. So there are no atomics, and the result does not
/// depend on the number of threads. One call at a time: a second waits.
/// </summary>
internal sealed unsafe partial class SimdKernels<TLanes, TFloat, TIndex> : IFieldKernels<float>
    where TLanes : struct, ILanes<TFloat, TIndex>
    where TFloat : unmanaged
    where TIndex : unmanaged
{
    private const int TileRows = PerceptronTile<TLanes, TFloat, TIndex>.Rows;

    /// <summary>Parts of a batch that have sums of their own; more than the cores of most machines, so that all are busy to the end.</summary>
    private const int Stripes = 16;

    /// <summary>Parameters that a thread updates before it takes the next: 64 KB of each of the four arrays.</summary>
    private const int AdamBlock = 16384;

    private readonly ParallelOptions _parallel;
    private readonly Lock _gate = new();
    private ConcurrentBag<PerceptronTile<TLanes, TFloat, TIndex>> _tiles = [];
    private PerceptronWeights? _weights;
    private AlignedFloats? _positions;
    private AlignedFloats? _featureGradient;
    private AlignedFloats? _stripeGradients;

    public SimdKernels(string width, int threads)
    {
        _parallel = new ParallelOptions { MaxDegreeOfParallelism = threads };
        Name = $"cpu ({width}, {threads} thread{(threads == 1 ? "" : "s")})";
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public void Adam(AdamStep update, Span<float> parameters, Span<float> gradient, Span<float> first, Span<float> second)
    {
        update.Validated();
        Lengths.Require(gradient.Length, parameters.Length, nameof(gradient));
        Lengths.Require(first.Length, parameters.Length, nameof(first));
        Lengths.Require(second.Length, parameters.Length, nameof(second));
        var count = parameters.Length;
        fixed (float* pinnedParameters = parameters, pinnedGradient = gradient, pinnedFirst = first, pinnedSecond = second)
        {
            var (p, g, m, v) = ((nint)pinnedParameters, (nint)pinnedGradient, (nint)pinnedFirst, (nint)pinnedSecond);
            Parallel.For(0, (count + AdamBlock - 1) / AdamBlock, _parallel, block =>
            {
                var start = block * AdamBlock;
                var length = Math.Min(AdamBlock, count - start);
                var whole = length - length % TLanes.Width;
                AdamUpdate<TLanes, TFloat, TIndex>.Run(update, (float*)p + start, (float*)g + start, (float*)m + start, (float*)v + start, whole);
                start += whole;
                AdamUpdate<LanesScalar, float, uint>.Run(update, (float*)p + start, (float*)g + start, (float*)m + start, (float*)v + start, length - whole);
            });
        }
    }

    /// <inheritdoc/>
    public void Sample(Shape3 shape, ReadOnlySpan<float> volume, ReadOnlySpan<float> positions, Span<float> values)
    {
        Lengths.Require(volume.Length, shape, nameof(volume));
        Lengths.Require(values.Length, Lengths.Rows(positions.Length, 3, nameof(positions)), nameof(values));
        fixed (float* pinned = positions)
        {
            var source = (nint)pinned;
            Resample(shape, volume, values, (first, count, rows) => Deinterleave((float*)source + 3 * (nint)first, count, rows, TileRows));
        }
    }

    /// <inheritdoc/>
    public void Warp(Shape3 shape, ReadOnlySpan<float> volume, ReadOnlySpan<float> displacement, Span<float> result)
    {
        Lengths.Require(volume.Length, shape, nameof(volume));
        Lengths.Require(displacement.Length, 3 * shape.Count, nameof(displacement));
        Lengths.Require(result.Length, shape, nameof(result));
        fixed (float* pinned = displacement)
        {
            var source = (nint)pinned;
            Resample(shape, volume, result, (first, count, rows) =>
            {
                Deinterleave((float*)source + 3 * (nint)first, count, rows, TileRows);
                for (var i = 0; i < count; i++)
                {
                    rows[i] += (first + i) / shape.SectionCount;
                    rows[TileRows + i] += (first + i) / shape.X % shape.Y;
                    rows[2 * TileRows + i] += (first + i) % shape.X;
                }
            });
        }
    }

    private delegate void FillPositions(int first, int count, float* rows);

    private void Resample(Shape3 shape, ReadOnlySpan<float> volume, Span<float> values, FillPositions fill)
    {
        fixed (float* pinnedVolume = volume, pinnedValues = values)
        {
            var (source, target, count) = ((nint)pinnedVolume, (nint)pinnedValues, values.Length);
            ForTiles(count, (_, from, to) =>
            {
                var rows = stackalloc float[3 * TileRows];
                var results = stackalloc float[TileRows];
                for (var first = from; first < to; first += TileRows)
                {
                    var length = Math.Min(TileRows, to - first);
                    new Span<float>(rows, 3 * TileRows).Clear();
                    fill(first, length, rows);
                    TrilinearSampling<TLanes, TFloat, TIndex>.Run(shape, (float*)source, rows, TileRows, TileRows, results);
                    new ReadOnlySpan<float>(results, length).CopyTo(new Span<float>((float*)target + first, length));
                }
            });
        }
    }

    /// <summary>Runs the stripes of a batch: (stripe, first sample, sample after the last), cut where tiles begin.</summary>
    private void ForTiles(int samples, Action<int, int, int> run)
    {
        var tiles = (samples + TileRows - 1L) / TileRows;
        Parallel.For(0, Stripes, _parallel, stripe =>
        {
            var from = (int)(tiles * stripe / Stripes * TileRows);
            var to = (int)Math.Min(samples, tiles * (stripe + 1) / Stripes * TileRows);
            if (from < to)
                run(stripe, from, to);
        });
    }

    /// <summary>Three rows of positions from triples.</summary>
    private static void Deinterleave(float* triples, int count, float* rows, nint stride)
    {
        for (var i = 0; i < count; i++)
        {
            rows[i] = triples[3 * i];
            rows[stride + i] = triples[3 * i + 1];
            rows[2 * stride + i] = triples[3 * i + 2];
        }
    }
}
