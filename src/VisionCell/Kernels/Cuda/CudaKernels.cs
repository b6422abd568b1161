using VisionCell.Volumes;

namespace VisionCell.Kernels.Cuda;

/// <summary>
/// The kernels of a GPU on numbers in main memory: copied there, computed, copied back. The perceptron multiplies halves and adds
/// floats, so that it agrees with the reference to about three digits; all else is in floats. What keeps its numbers on the GPU uses
/// <see cref="CudaLaunches"/>.
/// </summary>
internal sealed partial class CudaKernels(CudaDevice device, string name) : IFieldKernels<float>, IFieldSessions
{
    private readonly CudaLaunches _launches = new(device);

    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public IFieldSession Open(HashGrid grid, Perceptron perceptron, FieldState state) => new CudaFieldSession(device, grid, perceptron, state);

    /// <inheritdoc/>
    public void Encode(HashGrid grid, ReadOnlySpan<float> table, ReadOnlySpan<float> positions, Span<float> features)
    {
        var samples = Lengths.Rows(positions.Length, 3, nameof(positions));
        Lengths.Require(table.Length, grid.ParameterCount, nameof(table));
        Lengths.Require(features.Length, (long)samples * grid.Channels, nameof(features));
        using var t = new CudaMemory(device, table);
        using var p = new CudaMemory(device, positions);
        using var f = new CudaMemory(device, features.Length);
        _launches.Encode(grid, samples, t.Pointer, p.Pointer, f.Pointer);
        f.Read(features);
    }

    /// <inheritdoc/>
    public void EncodeBackward(HashGrid grid, ReadOnlySpan<float> positions, ReadOnlySpan<float> featureGradient, Span<float> tableGradient)
    {
        var samples = Lengths.Rows(positions.Length, 3, nameof(positions));
        Lengths.Require(tableGradient.Length, grid.ParameterCount, nameof(tableGradient));
        Lengths.Require(featureGradient.Length, (long)samples * grid.Channels, nameof(featureGradient));
        using var p = new CudaMemory(device, positions);
        using var f = new CudaMemory(device, featureGradient);
        using var t = new CudaMemory(device, tableGradient);
        _launches.EncodeBackward(grid, samples, p.Pointer, f.Pointer, t.Pointer);
        t.Read(tableGradient);
    }

    /// <inheritdoc/>
    public void EncodePositionGradient(HashGrid grid, ReadOnlySpan<float> table, ReadOnlySpan<float> positions, ReadOnlySpan<float> featureGradient, Span<float> positionGradient)
    {
        var samples = Lengths.Rows(positions.Length, 3, nameof(positions));
        Lengths.Require(table.Length, grid.ParameterCount, nameof(table));
        Lengths.Require(featureGradient.Length, (long)samples * grid.Channels, nameof(featureGradient));
        Lengths.Require(positionGradient.Length, positions.Length, nameof(positionGradient));
        using var t = new CudaMemory(device, table);
        using var p = new CudaMemory(device, positions);
        using var f = new CudaMemory(device, featureGradient);
        using var r = new CudaMemory(device, positionGradient.Length);
        _launches.EncodePositionGradient(grid, samples, t.Pointer, p.Pointer, f.Pointer, r.Pointer);
        r.Read(positionGradient);
    }

    /// <inheritdoc/>
    public void PerceptronForward(Perceptron perceptron, ReadOnlySpan<float> weights, ReadOnlySpan<float> inputs, Span<float> outputs)
    {
        perceptron.Validated();
        var samples = Lengths.Rows(inputs.Length, perceptron.Inputs, nameof(inputs));
        Lengths.Require(weights.Length, perceptron.ParameterCount, nameof(weights));
        Lengths.Require(outputs.Length, (long)samples * perceptron.Outputs, nameof(outputs));
        using var w = new CudaMemory(device, weights);
        using var packed = new CudaMemory(device, CudaLaunches.PackedCount(perceptron));
        using var i = new CudaMemory(device, inputs);
        using var o = new CudaMemory(device, outputs.Length);
        _launches.PackWeights(perceptron, w.Pointer, packed.Pointer);
        _launches.PerceptronForward(perceptron, samples, w.Pointer, packed.Pointer, i.Pointer, o.Pointer);
        o.Read(outputs);
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
        using var w = new CudaMemory(device, weights);
        using var packed = new CudaMemory(device, CudaLaunches.PackedCount(perceptron));
        using var i = new CudaMemory(device, inputs);
        using var o = new CudaMemory(device, outputGradient);
        using var g = new CudaMemory(device, weightGradient);
        using var r = new CudaMemory(device, inputGradient.Length);
        _launches.PackWeights(perceptron, w.Pointer, packed.Pointer);
        _launches.PerceptronBackward(perceptron, samples, w.Pointer, packed.Pointer, i.Pointer, o.Pointer, g.Pointer, r.Pointer);
        g.Read(weightGradient);
        r.Read(inputGradient);
    }

    /// <inheritdoc/>
    public void FieldForward(HashGrid grid, Perceptron perceptron, ReadOnlySpan<float> table, ReadOnlySpan<float> weights, ReadOnlySpan<float> positions, Span<float> outputs)
    {
        Lengths.Require(grid, perceptron);
        var samples = Lengths.Rows(positions.Length, 3, nameof(positions));
        Lengths.Require(table.Length, grid.ParameterCount, nameof(table));
        Lengths.Require(weights.Length, perceptron.ParameterCount, nameof(weights));
        Lengths.Require(outputs.Length, (long)samples * perceptron.Outputs, nameof(outputs));
        using var t = new CudaMemory(device, table);
        using var w = new CudaMemory(device, weights);
        using var packed = new CudaMemory(device, CudaLaunches.PackedCount(perceptron));
        using var p = new CudaMemory(device, positions);
        using var f = new CudaMemory(device, samples * grid.Channels);
        using var o = new CudaMemory(device, outputs.Length);
        _launches.PackWeights(perceptron, w.Pointer, packed.Pointer);
        _launches.Encode(grid, samples, t.Pointer, p.Pointer, f.Pointer);
        _launches.PerceptronForward(perceptron, samples, w.Pointer, packed.Pointer, f.Pointer, o.Pointer);
        o.Read(outputs);
    }

    /// <inheritdoc/>
    public void FieldBackward(HashGrid grid, Perceptron perceptron, ReadOnlySpan<float> table, ReadOnlySpan<float> weights, ReadOnlySpan<float> positions, ReadOnlySpan<float> outputGradient, Span<float> tableGradient, Span<float> weightGradient)
    {
        Lengths.Require(grid, perceptron);
        var samples = Lengths.Rows(positions.Length, 3, nameof(positions));
        Lengths.Require(table.Length, grid.ParameterCount, nameof(table));
        Lengths.Require(tableGradient.Length, grid.ParameterCount, nameof(tableGradient));
        Lengths.Require(weights.Length, perceptron.ParameterCount, nameof(weights));
        Lengths.Require(weightGradient.Length, perceptron.ParameterCount, nameof(weightGradient));
        Lengths.Require(outputGradient.Length, (long)samples * perceptron.Outputs, nameof(outputGradient));
        using var t = new CudaMemory(device, table);
        using var w = new CudaMemory(device, weights);
        using var packed = new CudaMemory(device, CudaLaunches.PackedCount(perceptron));
        using var p = new CudaMemory(device, positions);
        using var f = new CudaMemory(device, samples * grid.Channels);
        using var o = new CudaMemory(device, outputGradient);
        using var tg = new CudaMemory(device, tableGradient);
        using var wg = new CudaMemory(device, weightGradient);
        using var fg = new CudaMemory(device, samples * grid.Channels);
        _launches.PackWeights(perceptron, w.Pointer, packed.Pointer);
        _launches.Encode(grid, samples, t.Pointer, p.Pointer, f.Pointer);
        _launches.PerceptronBackward(perceptron, samples, w.Pointer, packed.Pointer, f.Pointer, o.Pointer, wg.Pointer, fg.Pointer);
        _launches.EncodeBackward(grid, samples, p.Pointer, fg.Pointer, tg.Pointer);
        tg.Read(tableGradient);
        wg.Read(weightGradient);
    }

    /// <inheritdoc/>
    public double FieldLoss(HashGrid grid, Perceptron perceptron, ReadOnlySpan<float> table, ReadOnlySpan<float> weights, ReadOnlySpan<float> positions, ReadOnlySpan<float> targets, ReadOnlySpan<float> sampleWeights, Span<float> tableGradient, Span<float> weightGradient)
    {
        Lengths.Require(grid, perceptron);
        var samples = Lengths.Rows(positions.Length, 3, nameof(positions));
        Lengths.Require(table.Length, grid.ParameterCount, nameof(table));
        Lengths.Require(tableGradient.Length, grid.ParameterCount, nameof(tableGradient));
        Lengths.Require(weights.Length, perceptron.ParameterCount, nameof(weights));
        Lengths.Require(weightGradient.Length, perceptron.ParameterCount, nameof(weightGradient));
        Lengths.Require(targets.Length, (long)samples * perceptron.Outputs, nameof(targets));
        if (!sampleWeights.IsEmpty)
            Lengths.Require(sampleWeights.Length, samples, nameof(sampleWeights));
        using var t = new CudaMemory(device, table);
        using var w = new CudaMemory(device, weights);
        using var p = new CudaMemory(device, positions);
        using var y = new CudaMemory(device, targets);
        using var s = new CudaMemory(device, sampleWeights);
        using var tg = new CudaMemory(device, tableGradient);
        using var wg = new CudaMemory(device, weightGradient);
        using var pass = new CudaFieldPass(device, grid, perceptron, samples);
        pass.Loss(t.Pointer, w.Pointer, p.Pointer, y.Pointer, sampleWeights.IsEmpty ? 0 : s.Pointer, tg.Pointer, wg.Pointer);
        tg.Read(tableGradient);
        wg.Read(weightGradient);
        return pass.ReadLoss();
    }

    /// <inheritdoc/>
    public void Adam(AdamStep update, Span<float> parameters, Span<float> gradient, Span<float> first, Span<float> second)
    {
        update.Validated();
        Lengths.Require(gradient.Length, parameters.Length, nameof(gradient));
        Lengths.Require(first.Length, parameters.Length, nameof(first));
        Lengths.Require(second.Length, parameters.Length, nameof(second));
        using var p = new CudaMemory(device, parameters);
        using var g = new CudaMemory(device, gradient);
        using var m = new CudaMemory(device, first);
        using var v = new CudaMemory(device, second);
        _launches.Adam(update, parameters.Length, p.Pointer, g.Pointer, m.Pointer, v.Pointer);
        p.Read(parameters);
        g.Read(gradient);
        m.Read(first);
        v.Read(second);
    }

    /// <inheritdoc/>
    public void Sample(Shape3 shape, ReadOnlySpan<float> volume, ReadOnlySpan<float> positions, Span<float> values)
    {
        Lengths.Require(volume.Length, shape, nameof(volume));
        Lengths.Require(values.Length, Lengths.Rows(positions.Length, 3, nameof(positions)), nameof(values));
        using var v = new CudaMemory(device, volume);
        using var p = new CudaMemory(device, positions);
        using var r = new CudaMemory(device, values.Length);
        _launches.Sample(shape, values.Length, v.Pointer, p.Pointer, r.Pointer);
        r.Read(values);
    }

    /// <inheritdoc/>
    public void Warp(Shape3 shape, ReadOnlySpan<float> volume, ReadOnlySpan<float> displacement, Span<float> result)
    {
        Lengths.Require(volume.Length, shape, nameof(volume));
        Lengths.Require(displacement.Length, 3 * shape.Count, nameof(displacement));
        Lengths.Require(result.Length, shape, nameof(result));
        using var v = new CudaMemory(device, volume);
        using var d = new CudaMemory(device, displacement);
        using var r = new CudaMemory(device, result.Length);
        _launches.Warp(shape, v.Pointer, d.Pointer, r.Pointer);
        r.Read(result);
    }
}
