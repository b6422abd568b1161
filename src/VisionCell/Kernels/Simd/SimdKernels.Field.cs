using System.Runtime.Intrinsics;

namespace VisionCell.Kernels.Simd;

/// <content>
/// Encoding and perceptron in one: features and activations live in a tile and never reach memory; only the gradient
/// of the features does, level by level, because the table is updated level by level.
/// </content>
internal sealed unsafe partial class SimdKernels<TLanes, TFloat, TIndex>
{
    /// <summary>What gives the gradient of the outputs of a run of samples, and their share of the loss.</summary>
    private delegate double OutputGradient(int first, int count, float* outputs, float* gradient);

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
}
