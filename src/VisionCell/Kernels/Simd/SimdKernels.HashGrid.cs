namespace VisionCell.Kernels.Simd;

/// <content>The hash grid of a batch.</content>
internal sealed unsafe partial class SimdKernels<TLanes, TFloat, TIndex>
{
    /// <inheritdoc/>
    public void Encode(HashGrid grid, ReadOnlySpan<float> table, ReadOnlySpan<float> positions, Span<float> features)
    {
        var samples = Lengths.Rows(positions.Length, 3, nameof(positions));
        Lengths.Require(table.Length, grid.ParameterCount, nameof(table));
        Lengths.Require(features.Length, (long)samples * grid.Channels, nameof(features));
        fixed (float* pinnedTable = table, pinnedPositions = positions, pinnedFeatures = features)
        {
            var (t, p, f) = ((nint)pinnedTable, (nint)pinnedPositions, (nint)pinnedFeatures);
            ForTiles(samples, (_, from, to) =>
            {
                var rows = stackalloc float[3 * TileRows];
                for (var first = from; first < to; first += TileRows)
                {
                    var count = Math.Min(TileRows, to - first);
                    Place((float*)p + 3 * (nint)first, count, rows, TileRows);
                    EncodeTile(grid, (float*)t, rows, TileRows, count, (float*)f + (nint)first * grid.Channels);
                }
            });
        }
    }

    /// <inheritdoc/>
    public void EncodeBackward(HashGrid grid, ReadOnlySpan<float> positions, ReadOnlySpan<float> featureGradient, Span<float> tableGradient)
    {
        var samples = Lengths.Rows(positions.Length, 3, nameof(positions));
        Lengths.Require(tableGradient.Length, grid.ParameterCount, nameof(tableGradient));
        Lengths.Require(featureGradient.Length, (long)samples * grid.Channels, nameof(featureGradient));
        lock (_gate)
        {
            fixed (float* pinnedPositions = positions, pinnedFeatures = featureGradient, pinnedTable = tableGradient)
            {
                var (p, rows, stride) = ((nint)pinnedPositions, (nint)BatchPositions(samples), BatchStride(samples));
                ForTiles(samples, (_, from, to) => Place((float*)p + 3 * (nint)from, to - from, (float*)rows + from, stride));
                Scatter(grid, samples, pinnedFeatures, grid.Features, grid.Channels, pinnedTable);
            }
            GC.KeepAlive(this);
        }
    }

    /// <inheritdoc/>
    public void EncodePositionGradient(HashGrid grid, ReadOnlySpan<float> table, ReadOnlySpan<float> positions, ReadOnlySpan<float> featureGradient, Span<float> positionGradient)
    {
        var samples = Lengths.Rows(positions.Length, 3, nameof(positions));
        Lengths.Require(table.Length, grid.ParameterCount, nameof(table));
        Lengths.Require(featureGradient.Length, (long)samples * grid.Channels, nameof(featureGradient));
        Lengths.Require(positionGradient.Length, positions.Length, nameof(positionGradient));
        positionGradient.Clear();
        fixed (float* pinnedTable = table, pinnedPositions = positions, pinnedFeatures = featureGradient, pinnedResult = positionGradient)
        {
            var (t, p, f, r) = ((nint)pinnedTable, (nint)pinnedPositions, (nint)pinnedFeatures, (nint)pinnedResult);
            ForTiles(samples, (_, from, to) =>
            {
                var rows = stackalloc float[3 * TileRows];
                for (var first = from; first < to; first += TileRows)
                {
                    var count = Math.Min(TileRows, to - first);
                    Place((float*)p + 3 * (nint)first, count, rows, TileRows);
                    for (var level = 0; level < grid.Levels.Length; level++)
                    {
                        var entries = (float*)t + (nint)grid.Levels[level].Offset * grid.Features;
                        var gradient = (float*)f + (nint)first * grid.Channels + level * grid.Features;
                        HashGridEncoding<TLanes, TFloat, TIndex>.PositionGradient(grid.Levels[level], grid.Features, entries, rows, TileRows, count, gradient, grid.Channels, (float*)r + 3 * (nint)first);
                    }
                }
            });
        }
    }

    /// <summary>All levels of a run of samples, <c>[count, Channels]</c>.</summary>
    private static void EncodeTile(HashGrid grid, float* table, float* positions, nint stride, int count, float* features)
    {
        for (var level = 0; level < grid.Levels.Length; level++)
        {
            var entries = table + (nint)grid.Levels[level].Offset * grid.Features;
            HashGridEncoding<TLanes, TFloat, TIndex>.Forward(grid.Levels[level], grid.Features, entries, positions, stride, count, features + level * grid.Features, grid.Channels);
        }
    }

    /// <summary>Adds the gradient of all samples to the table, one thread a level, the finest and slowest first.</summary>
    private void Scatter(HashGrid grid, int samples, float* gradient, nint levelStride, nint sampleStride, float* tableGradient)
    {
        var (g, t, rows, stride) = ((nint)gradient, (nint)tableGradient, (nint)BatchPositions(samples), BatchStride(samples));
        Parallel.For(0, grid.Levels.Length, _parallel, i =>
        {
            var level = grid.Levels.Length - 1 - i;
            var entries = (float*)t + (nint)grid.Levels[level].Offset * grid.Features;
            HashGridEncoding<TLanes, TFloat, TIndex>.Backward(grid.Levels[level], grid.Features, entries, (float*)rows, stride, samples, (float*)g + level * levelStride, sampleStride);
        });
    }

    // Batches are powers of two. Rows as far apart would all fall into the same sets of the caches: three lines more part them.
    private static int BatchStride(int samples) => (samples + 15) / 16 * 16 + 48;

    private static nint LevelStride(HashGrid grid, int samples) => BatchStride(samples) * (nint)grid.Features;

    /// <summary>Three rows of positions of the whole batch.</summary>
    private float* BatchPositions(int samples)
    {
        _positions = AlignedFloats.Grown(_positions, 3L * BatchStride(samples));
        return _positions.Pointer;
    }

    /// <summary>Three rows of positions within the unit cube; behind them, up to a multiple of 16, they keep what was there, which is not used.</summary>
    private static void Place(float* triples, int count, float* rows, nint stride)
    {
        for (var i = 0; i < count; i++)
        {
            rows[i] = Inside(triples[3 * i]);
            rows[stride + i] = Inside(triples[3 * i + 1]);
            rows[2 * stride + i] = Inside(triples[3 * i + 2]);
        }
    }

    private static float Inside(float coordinate) => coordinate > 0 ? MathF.Min(coordinate, 1) : 0;
}
