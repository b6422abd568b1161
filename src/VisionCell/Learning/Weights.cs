using static TorchSharp.torch;

namespace VisionCell.Learning;

/// <summary>
/// The named fp32 weights of a network. A network is a function of its weights and its input, so that the trained weights, their
/// running average and the best seen so far go through the same code.
/// </summary>
public sealed class Weights : IDisposable
{
    private readonly SortedDictionary<string, Tensor> _tensors = new(StringComparer.Ordinal);

    /// <summary>Number of values in all tensors.</summary>
    public long Count => _tensors.Values.Sum(t => t.numel());

    /// <summary>All tensors by name, in the order of the names.</summary>
    public IReadOnlyDictionary<string, Tensor> Tensors => _tensors;

    /// <summary>One tensor.</summary>
    public Tensor this[string name] => _tensors[name];

    /// <summary>Adds the weight <c>[out, in, kernel…]</c> and bias <c>[out]</c> of a convolution, <c>NAME.weight</c> and <c>NAME.bias</c>.</summary>
    /// <param name="name">Name of the layer.</param>
    /// <param name="shape">Shape of the weight.</param>
    /// <param name="generator">Source of randomness.</param>
    /// <param name="gain">
    /// 1 for the uniform distribution within ±1/sqrt(fan-in) that PyTorch draws convolutions from; 0 for a layer that starts as zero
    /// (the last of a residual branch, so that the branch starts as the identity).
    /// </param>
    /// <param name="device">Where the tensors live.</param>
    public void AddConvolution(string name, long[] shape, Generator generator, double gain, Device device)
    {
        var bound = gain / Math.Sqrt(shape.Skip(1).Aggregate(1L, (product, length) => product * length));
        Add($"{name}.weight", Uniform(shape));
        Add($"{name}.bias", Uniform([shape[0]]));

        Tensor Uniform(long[] s) => (rand(s, generator: generator) * (2 * bound) - bound).to(device);
    }

    /// <summary>Adds a copy of a tensor.</summary>
    public void Add(string name, Tensor value) => _tensors.Add(name, value.detach().to(ScalarType.Float32).clone().DetachFromDisposeScope());

    /// <summary>Lets gradients be computed for all tensors.</summary>
    public Weights Trainable()
    {
        foreach (var tensor in _tensors.Values)
            tensor.requires_grad_(true);
        return this;
    }

    /// <summary>A copy that gradients do not reach.</summary>
    public Weights Clone()
    {
        var copy = new Weights();
        foreach (var (name, tensor) in _tensors)
            copy.Add(name, tensor);
        return copy;
    }

    /// <summary>Overwrites all values with those of another set of the same names and shapes.</summary>
    public void CopyFrom(Weights other)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        foreach (var (name, tensor) in _tensors)
            tensor.copy_(other[name]);
    }

    /// <summary>Moves these values towards another set: own = decay · own + (1 − decay) · other.</summary>
    public void MoveTowards(Weights other, double decay)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        foreach (var (name, tensor) in _tensors)
            tensor.Scale(decay).AddScaled(other[name], 1 - decay);
    }

    /// <summary>Forgets the gradients.</summary>
    public void ZeroGradients()
    {
        using var scope = NewDisposeScope();
        foreach (var tensor in _tensors.Values)
            tensor.grad?.zero_();
    }

    /// <summary>Scales all gradients down to a joint Euclidean norm of at most <paramref name="largest"/>.</summary>
    public void ClipGradients(double largest)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var gradients = _tensors.Values.Select(t => t.grad).OfType<Tensor>().ToList();
        // Nothing is asked of the numbers themselves: on a GPU that would wait for all that is under way.
        var norm = stack(gradients.Select(g => g.Squared().sum())).sum().sqrt();
        var scale = minimum(tensor((float)largest).to(norm.device).div(norm), tensor(1f).to(norm.device));
        foreach (var gradient in gradients)
            gradient.mul_(scale);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in _tensors.Values)
            tensor.Dispose();
        _tensors.Clear();
    }
}
