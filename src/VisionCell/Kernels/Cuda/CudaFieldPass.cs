namespace VisionCell.Kernels.Cuda;

/// <summary>What stays on the GPU between the kernels of one forward and backward pass over a batch of a given size; nothing of it visits the host.</summary>
internal sealed class CudaFieldPass(CudaDevice device, HashGrid grid, Perceptron perceptron, int samples) : IDisposable
{
    private readonly CudaLaunches _launches = new(device);
    private readonly CudaMemory _packed = new(device, CudaLaunches.PackedCount(perceptron));
    private readonly CudaMemory _features = new(device, samples * grid.Channels);
    private readonly CudaMemory _featureGradient = new(device, samples * grid.Channels);
    private readonly CudaMemory _outputs = new(device, samples * perceptron.Outputs);
    private readonly CudaMemory _lossParts = new(device, CudaLaunches.LossParts(samples * perceptron.Outputs));

    /// <summary>Launches what <see cref="IFieldKernels{T}.FieldLoss"/> computes; arguments are addresses on the GPU of the shapes said there, without sample weights 0.</summary>
    public void Loss(nint table, nint weights, nint positions, nint targets, nint sampleWeights, nint tableGradient, nint weightGradient)
    {
        _launches.PackWeights(perceptron, weights, _packed.Pointer);
        _launches.Encode(grid, samples, table, positions, _features.Pointer, byLevel: true);
        _launches.PerceptronForward(perceptron, samples, weights, _packed.Pointer, _features.Pointer, _outputs.Pointer, grid);
        _launches.FieldLoss(samples, perceptron.Outputs, _outputs.Pointer, targets, sampleWeights, _outputs.Pointer, _lossParts.Pointer);
        _launches.PerceptronBackward(perceptron, samples, weights, _packed.Pointer, _features.Pointer, _outputs.Pointer, weightGradient, _featureGradient.Pointer, grid);
        _launches.EncodeBackward(grid, samples, positions, _featureGradient.Pointer, tableGradient, byLevel: true);
    }

    /// <summary>Waits for the last <see cref="Loss"/> and sums it up.</summary>
    public double ReadLoss()
    {
        var parts = new float[CudaLaunches.LossParts(samples * perceptron.Outputs)];
        _lossParts.Read(parts);
        return parts.Sum(p => (double)p);
    }

    public void Dispose()
    {
        _packed.Dispose();
        _features.Dispose();
        _featureGradient.Dispose();
        _outputs.Dispose();
        _lossParts.Dispose();
    }
}
