namespace VisionCell.Kernels.Simd;

/// <content>The perceptron of a batch, and the tiles that both it and the field in one work on.</content>
internal sealed unsafe partial class SimdKernels<TLanes, TFloat, TIndex>
{
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

    private static void Copy(float* source, float* target, int count) => new ReadOnlySpan<float>(source, count).CopyTo(new Span<float>(target, count));
}
