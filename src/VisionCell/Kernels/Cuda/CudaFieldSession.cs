using System.Runtime.InteropServices;

namespace VisionCell.Kernels.Cuda;

/// <summary>A training on a GPU: parameters, gradients, moments and everything between the kernels of a step stay there.</summary>
internal sealed class CudaFieldSession : IFieldSession
{
    private readonly CudaDevice _device;
    private readonly CudaLaunches _launches;
    private readonly HashGrid _grid;
    private readonly Perceptron _perceptron;
    private readonly CudaMemory _packed;
    private readonly (CudaMemory Values, CudaMemory Gradient, CudaMemory First, CudaMemory Second) _table;
    private readonly (CudaMemory Values, CudaMemory Gradient, CudaMemory First, CudaMemory Second) _weights;
    private readonly Dictionary<string, CudaMemory> _buffers = [];
    private bool _isPacked;

    public CudaFieldSession(CudaDevice device, HashGrid grid, Perceptron perceptron, FieldState state)
    {
        (_device, _launches, _grid, _perceptron) = (device, new CudaLaunches(device), grid, perceptron);
        _packed = new CudaMemory(device, CudaLaunches.PackedCount(perceptron));
        _table = (new CudaMemory(device, state.Table), new CudaMemory(device, new float[state.Table.Length]), new CudaMemory(device, state.TableFirst), new CudaMemory(device, state.TableSecond));
        _weights = (new CudaMemory(device, state.Weights), new CudaMemory(device, new float[state.Weights.Length]), new CudaMemory(device, state.WeightFirst), new CudaMemory(device, state.WeightSecond));
    }

    /// <inheritdoc/>
    public void Forward(ReadOnlySpan<float> positions, Span<float> outputs)
    {
        var n = Lengths.Rows(positions.Length, 3, nameof(positions));
        var numbers = Numbers(n, Sent("positions", positions));
        numbers.Read(outputs);
    }

    /// <inheritdoc/>
    public void Backward(ReadOnlySpan<float> positions, ReadOnlySpan<float> outputGradient)
    {
        var (n, p) = (Lengths.Rows(positions.Length, 3, nameof(positions)), Sent("positions", positions));
        Encode(n, p);
        AddGradient(n, p, Sent("numbers", outputGradient));
    }

    /// <inheritdoc/>
    public double Loss(ReadOnlySpan<float> positions, ReadOnlySpan<float> targets, ReadOnlySpan<float> sampleWeights) =>
        Distance(targets.Length / _perceptron.Outputs, Sent("positions", positions), Sent("targets", targets), sampleWeights.IsEmpty ? null : Sent("weights", sampleWeights));

    /// <inheritdoc/>
    public void Target(ReadOnlySpan<float> volume, ReadOnlySpan<float> weights)
    {
        Sent("volume", volume);
        Sent("voxelWeights", weights);
    }

    /// <inheritdoc/>
    public double Follow(TargetDraw draw, int count)
    {
        var (positions, targets, weights) = (Room("positions", 3 * count), Room("targets", count), Room("weights", count));
        _launches.DrawTarget(draw, count, _buffers["volume"].Pointer, _buffers["voxelWeights"].Pointer, positions.Pointer, targets.Pointer, weights.Pointer);
        return Distance(count, positions, targets, weights);
    }

    /// <inheritdoc/>
    public double Learn(RayObservations observed, FieldOutput output)
    {
        var rays = observed.Targets.Length;
        var (occupancy, ray, targets) = (Sent("occupancy", MemoryMarshal.Cast<uint, float>(observed.Occupancy)), Sent("rays", observed.Rays), Sent("targets", observed.Targets));
        var counted = Room("counts", rays);
        _launches.CountSamples(observed.March, rays, occupancy.Pointer, ray.Pointer, counted.Pointer);
        var counts = new int[rays];
        counted.Read(MemoryMarshal.Cast<int, float>(counts.AsSpan()));
        var begins = RayMarch.Offsets(counts);
        var n = begins[^1];
        var (offsets, positions, samples) = (Sent("offsets", MemoryMarshal.Cast<int, float>(begins)), Room("positions", 3 * n), Room("samples", 2 * n));
        _launches.MarchRays(observed.March, rays, occupancy.Pointer, ray.Pointer, offsets.Pointer, positions.Pointer, samples.Pointer);

        var numbers = Numbers(n, positions);
        var (values, emissions, valueGradient, emissionGradient) = (Room("values", n), Room("emissions", n), Room("valueGradient", n), Room("emissionGradient", n));
        _launches.Activate(n, numbers.Pointer, values.Pointer, emissions.Pointer, output);
        var (seen, parts) = (Room("seen", 3 * rays), Room("parts", CudaLaunches.LossParts(rays)));
        if (observed.IsEmission)
        {
            _launches.Composite(rays, offsets.Pointer, samples.Pointer, values.Pointer, emissions.Pointer, observed.Background, seen.Pointer);
            _launches.RayLoss(observed, rays, offsets.Pointer, samples.Pointer, targets.Pointer, seen.Pointer, parts.Pointer);
            _launches.CompositeBackward(rays, offsets.Pointer, samples.Pointer, values.Pointer, emissions.Pointer, observed.Background, seen.Pointer, valueGradient.Pointer, emissionGradient.Pointer);
        }
        else
        {
            _launches.Integrate(rays, offsets.Pointer, samples.Pointer, values.Pointer, seen.Pointer);
            _launches.RayLoss(observed, rays, offsets.Pointer, samples.Pointer, targets.Pointer, seen.Pointer, parts.Pointer);
            _launches.IntegrateBackward(rays, offsets.Pointer, samples.Pointer, seen.Pointer, valueGradient.Pointer);
            // A field with an emission learns none of it from integrals.
            if (output.Width > 1)
                emissionGradient.Write(new float[n]);
        }
        _launches.ActivateBackward(n, valueGradient.Pointer, emissionGradient.Pointer, numbers.Pointer, output);
        AddGradient(n, positions, numbers);
        return Sum(parts, CudaLaunches.LossParts(rays));
    }

    /// <inheritdoc/>
    public void Update(AdamStep table, AdamStep weights, int open)
    {
        _launches.Adam(table, open, _table.Values.Pointer, _table.Gradient.Pointer, _table.First.Pointer, _table.Second.Pointer);
        _launches.Adam(weights, _weights.Values.Length, _weights.Values.Pointer, _weights.Gradient.Pointer, _weights.First.Pointer, _weights.Second.Pointer);
        if (open < _table.Values.Length)
            _table.Gradient.Write(new float[_table.Values.Length]);
        _isPacked = false;
    }

    /// <inheritdoc/>
    public void Forget()
    {
        _table.Gradient.Write(new float[_table.Values.Length]);
        _weights.Gradient.Write(new float[_weights.Values.Length]);
    }

    /// <inheritdoc/>
    public void Read(FieldState state)
    {
        _table.Values.Read(state.Table);
        _table.First.Read(state.TableFirst);
        _table.Second.Read(state.TableSecond);
        _weights.Values.Read(state.Weights);
        _weights.First.Read(state.WeightFirst);
        _weights.Second.Read(state.WeightSecond);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var memory in _buffers.Values.Concat([_packed, _table.Values, _table.Gradient, _table.First, _table.Second, _weights.Values, _weights.Gradient, _weights.First, _weights.Second]))
            memory.Dispose();
    }

    private double Distance(int samples, CudaMemory positions, CudaMemory targets, CudaMemory? weights)
    {
        var (numbers, parts) = (Numbers(samples, positions), Room("parts", CudaLaunches.LossParts(samples * _perceptron.Outputs)));
        _launches.FieldLoss(samples, _perceptron.Outputs, numbers.Pointer, targets.Pointer, weights?.Pointer ?? 0, numbers.Pointer, parts.Pointer);
        AddGradient(samples, positions, numbers);
        return Sum(parts, CudaLaunches.LossParts(samples * _perceptron.Outputs));
    }

    private CudaMemory Encode(int samples, CudaMemory positions)
    {
        if (!_isPacked)
            _launches.PackWeights(_perceptron, _weights.Values.Pointer, _packed.Pointer);
        _isPacked = true;
        var features = Room("features", samples * _grid.Channels);
        _launches.Encode(_grid, samples, _table.Values.Pointer, positions.Pointer, features.Pointer, byLevel: true);
        return features;
    }

    private CudaMemory Numbers(int samples, CudaMemory positions)
    {
        var (features, numbers) = (Encode(samples, positions), Room("numbers", samples * _perceptron.Outputs));
        _launches.PerceptronForward(_perceptron, samples, _weights.Values.Pointer, _packed.Pointer, features.Pointer, numbers.Pointer, _grid);
        return numbers;
    }

    /// <summary>Of the features that were encoded last.</summary>
    private void AddGradient(int samples, CudaMemory positions, CudaMemory outputGradient)
    {
        var (features, featureGradient) = (_buffers["features"], Room("featureGradient", samples * _grid.Channels));
        _launches.PerceptronBackward(_perceptron, samples, _weights.Values.Pointer, _packed.Pointer, features.Pointer, outputGradient.Pointer, _weights.Gradient.Pointer, featureGradient.Pointer, _grid);
        _launches.EncodeBackward(_grid, samples, positions.Pointer, featureGradient.Pointer, _table.Gradient.Pointer, byLevel: true);
    }

    private static double Sum(CudaMemory parts, int count)
    {
        var read = new float[count];
        parts.Read(read);
        return read.Sum(p => (double)p);
    }

    /// <summary>Memory of a name, kept from step to step; its content is undefined where it grew.</summary>
    private CudaMemory Room(string name, int length)
    {
        if (_buffers.TryGetValue(name, out var memory) && memory.Length >= length)
            return memory;
        memory?.Dispose();
        // Numbers of samples differ from step to step: some more than asked for saves most of the later growth.
        return _buffers[name] = new CudaMemory(_device, length + length / 4);
    }

    private CudaMemory Sent(string name, ReadOnlySpan<float> content)
    {
        var memory = Room(name, content.Length);
        memory.Write(content);
        return memory;
    }
}
