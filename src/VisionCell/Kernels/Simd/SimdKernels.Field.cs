using System.Runtime.Intrinsics;

namespace VisionCell.Kernels.Simd;

/// <content>
/// Encoding and perceptron, apart and in one. In one, features and activations live in a tile and never reach memory; only the gradient
/// of the features does, level by level, because the table is updated level by level.
/// </content>
internal sealed unsafe partial class SimdKernels<TLanes, TFloat, TIndex>
{
    /// <summary>What gives the gradient of the outputs of a run of samples, and their share of the loss.</summary>
    private delegate double OutputGradient(int first, int count, float* outputs, float* gradient);

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

    /// <inheritdoc/>
    public void PerceptronForward(Perceptron perceptron, ReadOnlySpan<float> weights, ReadOnlySpan<float> inputs, Span<float> outputs)
    {
        perceptron.Validated();
        var samples = Lengths.Rows(inputs.Length, perceptron.Inputs, nameof(inputs));
        Lengths.Require(weights.Length, perceptron.ParameterCount, nameof(weights));
        Lengths.Require(outputs.Length, (long)samples * perceptron.Outputs, nameof(outputs));
        lock (_gate)
        {
            fixed (float* pinnedInputs = inputs, pinnedOutputs = outputs)
            {
                var (i, o, matrices) = ((nint)pinnedInputs, (nint)pinnedOutputs, Prepare(perceptron, weights));
                ForEachTile(perceptron, samples, (_, first, count, tile) =>
                {
                    Copy((float*)i + (nint)first * perceptron.Inputs, tile.Inputs, count * perceptron.Inputs);
                    tile.Forward(matrices, count);
                    Copy(tile.Outputs, (float*)o + (nint)first * perceptron.Outputs, count * perceptron.Outputs);
                });
            }
            GC.KeepAlive(this);
        }
    }

    /// <inheritdoc/>
    public void PerceptronBackward(Perceptron perceptron, ReadOnlySpan<float> weights, ReadOnlySpan<float> inputs, ReadOnlySpan<float> outputGradient, Span<float> weightGradient, Span<float> inputGradient)
    {
        perceptron.Validated();
        var samples = Lengths.Rows(inputs.Length, perceptron.Inputs, nameof(inputs));
        Lengths.Require(weights.Length, perceptron.ParameterCount, nameof(weights));
        Lengths.Require(weightGradient.Length, perceptron.ParameterCount, nameof(weightGradient));
        Lengths.Require(outputGradient.Length, (long)samples * perceptron.Outputs, nameof(outputGradient));
        Lengths.Require(inputGradient.Length, inputs.Length, nameof(inputGradient));
        lock (_gate)
        {
            fixed (float* pinnedInputs = inputs, pinnedGradient = outputGradient, pinnedResult = inputGradient)
            {
                var (i, g, r) = ((nint)pinnedInputs, (nint)pinnedGradient, (nint)pinnedResult);
                var (matrices, sums) = (Prepare(perceptron, weights), (nint)StripeGradients(perceptron));
                ForEachTile(perceptron, samples, (stripe, first, count, tile) =>
                {
                    Copy((float*)i + (nint)first * perceptron.Inputs, tile.Inputs, count * perceptron.Inputs);
                    tile.Forward(matrices, count);
                    Copy((float*)g + (nint)first * perceptron.Outputs, tile.OutputGradient, count * perceptron.Outputs);
                    tile.Backward(matrices, count, (float*)sums + (nint)stripe * perceptron.ParameterCount);
                    Copy(tile.InputGradient, (float*)r + (nint)first * perceptron.Inputs, count * perceptron.Inputs);
                });
                AddStripes(perceptron, matrices, weightGradient);
            }
            GC.KeepAlive(this);
        }
    }

    /// <inheritdoc/>
    public void FieldForward(HashGrid grid, Perceptron perceptron, ReadOnlySpan<float> table, ReadOnlySpan<float> weights, ReadOnlySpan<float> positions, Span<float> outputs)
    {
        Lengths.Require(grid, perceptron);
        var samples = Lengths.Rows(positions.Length, 3, nameof(positions));
        Lengths.Require(table.Length, grid.ParameterCount, nameof(table));
        Lengths.Require(weights.Length, perceptron.ParameterCount, nameof(weights));
        Lengths.Require(outputs.Length, (long)samples * perceptron.Outputs, nameof(outputs));
        lock (_gate)
        {
            fixed (float* pinnedTable = table, pinnedPositions = positions, pinnedOutputs = outputs)
            {
                var (t, p, o, matrices) = ((nint)pinnedTable, (nint)pinnedPositions, (nint)pinnedOutputs, Prepare(perceptron, weights));
                ForEachTile(perceptron, samples, (_, first, count, tile) =>
                {
                    Place((float*)p + 3 * (nint)first, count, tile.Positions, TileRows);
                    EncodeTile(grid, (float*)t, tile.Positions, TileRows, count, tile.Inputs);
                    tile.Forward(matrices, count);
                    Copy(tile.Outputs, (float*)o + (nint)first * perceptron.Outputs, count * perceptron.Outputs);
                });
            }
            GC.KeepAlive(this);
        }
    }

    /// <inheritdoc/>
    public void FieldBackward(HashGrid grid, Perceptron perceptron, ReadOnlySpan<float> table, ReadOnlySpan<float> weights, ReadOnlySpan<float> positions, ReadOnlySpan<float> outputGradient, Span<float> tableGradient, Span<float> weightGradient)
    {
        Lengths.Require(outputGradient.Length, (long)Lengths.Rows(positions.Length, 3, nameof(positions)) * perceptron.Outputs, nameof(outputGradient));
        fixed (float* pinned = outputGradient)
        {
            var g = (nint)pinned;
            Train(grid, perceptron, table, weights, positions, tableGradient, weightGradient, (first, count, _, gradient) =>
            {
                Copy((float*)g + (nint)first * perceptron.Outputs, gradient, count * perceptron.Outputs);
                return 0;
            });
        }
    }

    /// <inheritdoc/>
    public double FieldLoss(HashGrid grid, Perceptron perceptron, ReadOnlySpan<float> table, ReadOnlySpan<float> weights, ReadOnlySpan<float> positions, ReadOnlySpan<float> targets, ReadOnlySpan<float> sampleWeights, Span<float> tableGradient, Span<float> weightGradient)
    {
        var samples = Lengths.Rows(positions.Length, 3, nameof(positions));
        Lengths.Require(targets.Length, (long)samples * perceptron.Outputs, nameof(targets));
        if (!sampleWeights.IsEmpty)
            Lengths.Require(sampleWeights.Length, samples, nameof(sampleWeights));
        fixed (float* pinnedTargets = targets, pinnedWeights = sampleWeights)
        {
            var (t, w, outputs) = ((nint)pinnedTargets, (nint)pinnedWeights, perceptron.Outputs);
            return Train(grid, perceptron, table, weights, positions, tableGradient, weightGradient, (first, count, values, gradient) =>
            {
                var loss = 0.0;
                for (var i = 0; i < count * outputs; i++)
                {
                    var weight = w == 0 ? 1 : ((float*)w)[first + i / outputs];
                    var difference = values[i] - ((float*)t)[(nint)first * outputs + i];
                    loss += (double)weight * difference * difference;
                    gradient[i] = 2 * weight * difference / samples;
                }
                return loss / samples;
            });
        }
    }

    private double Train(HashGrid grid, Perceptron perceptron, ReadOnlySpan<float> table, ReadOnlySpan<float> weights, ReadOnlySpan<float> positions, Span<float> tableGradient, Span<float> weightGradient, OutputGradient outputGradient)
    {
        Lengths.Require(grid, perceptron);
        var samples = Lengths.Rows(positions.Length, 3, nameof(positions));
        Lengths.Require(table.Length, grid.ParameterCount, nameof(table));
        Lengths.Require(tableGradient.Length, grid.ParameterCount, nameof(tableGradient));
        Lengths.Require(weights.Length, perceptron.ParameterCount, nameof(weights));
        Lengths.Require(weightGradient.Length, perceptron.ParameterCount, nameof(weightGradient));
        var losses = new double[Stripes];
        lock (_gate)
        {
            fixed (float* pinnedTable = table, pinnedPositions = positions, pinnedTableGradient = tableGradient)
            {
                _featureGradient = AlignedFloats.Grown(_featureGradient, grid.Levels.Length * (long)LevelStride(grid, samples));
                var (t, p, f) = ((nint)pinnedTable, (nint)pinnedPositions, (nint)_featureGradient.Pointer);
                var (rows, stride) = ((nint)BatchPositions(samples), BatchStride(samples));
                var (matrices, sums) = (Prepare(perceptron, weights), (nint)StripeGradients(perceptron));
                ForEachTile(perceptron, samples, (stripe, first, count, tile) =>
                {
                    Place((float*)p + 3 * (nint)first, count, (float*)rows + first, stride);
                    EncodeTile(grid, (float*)t, (float*)rows + first, stride, count, tile.Inputs);
                    tile.Forward(matrices, count);
                    losses[stripe] += outputGradient(first, count, tile.Outputs, tile.OutputGradient);
                    tile.Backward(matrices, count, (float*)sums + (nint)stripe * perceptron.ParameterCount);
                    SplitLevels(grid, tile.InputGradient, count, (float*)f + (nint)first * grid.Features, LevelStride(grid, samples));
                });
                AddStripes(perceptron, matrices, weightGradient);
                Scatter(grid, samples, (float*)f, LevelStride(grid, samples), grid.Features, pinnedTableGradient);
            }
            GC.KeepAlive(this);
        }
        return losses.Sum();
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

    /// <summary>The gradient of a tile, <c>[count, Levels, Features]</c>, to <c>[Levels, samples, Features]</c>, as the update of one level reads it.</summary>
    private static void SplitLevels(HashGrid grid, float* gradient, int count, float* target, nint levelStride)
    {
        for (var level = 0; level < grid.Levels.Length; level++)
        {
            var source = gradient + level * grid.Features;
            var result = target + level * levelStride;
            if (grid.Features == 4)
            {
                for (var i = 0; i < count; i++)
                    Vector128.Load(source + i * grid.Channels).Store(result + 4 * i);
            }
            else
            {
                for (var i = 0; i < count; i++)
                    *(double*)(result + 2 * i) = *(double*)(source + i * grid.Channels);
            }
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

    private void ForEachTile(Perceptron perceptron, int samples, Action<int, int, int, PerceptronTile<TLanes, TFloat, TIndex>> run)
    {
        var tiles = _tiles;
        ForTiles(samples, (stripe, from, to) =>
        {
            var tile = tiles.TryTake(out var free) ? free : new PerceptronTile<TLanes, TFloat, TIndex>(perceptron);
            for (var first = from; first < to; first += TileRows)
                run(stripe, first, Math.Min(TileRows, to - first), tile);
            tiles.Add(tile);
        });
    }

    private PerceptronWeights Prepare(Perceptron perceptron, ReadOnlySpan<float> weights)
    {
        if (_weights is null || !_weights.Fit(perceptron))
        {
            _weights = new PerceptronWeights(perceptron);
            _tiles = [];
        }
        _weights.Load(weights);
        return _weights;
    }

    /// <summary>Sums of the weights' gradient, <c>[Stripes, ParameterCount]</c>, all zero.</summary>
    private float* StripeGradients(Perceptron perceptron)
    {
        var length = Stripes * perceptron.ParameterCount;
        _stripeGradients = AlignedFloats.Grown(_stripeGradients, length);
        new Span<float>(_stripeGradients.Pointer, length).Clear();
        return _stripeGradients.Pointer;
    }

    private void AddStripes(Perceptron perceptron, PerceptronWeights matrices, Span<float> weightGradient)
    {
        for (var stripe = 0; stripe < Stripes; stripe++)
            matrices.AddGradient(_stripeGradients!.Pointer + stripe * perceptron.ParameterCount, weightGradient);
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

    /// <summary>Three rows of positions within the unit cube; up to the next multiple of 16 the last are repeated values of earlier calls, harmless and unused.</summary>
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

    private static void Copy(float* source, float* target, int count) => new ReadOnlySpan<float>(source, count).CopyTo(new Span<float>(target, count));
}
