using static TorchSharp.torch;

namespace VisionCell.Learning;

/// <summary>
/// The named fp32 weights of a network. A network is a function of its weights and its input, so that the trained weights, their
/// running average and the best seen so far go through the same code. Once they are trained, all lie one after another in one vector of
/// which each tensor is a part, gradients likewise, so that an optimiser's step is a few operations however many layers there are.
/// </summary>
public sealed class Weights : IDisposable
{
    private readonly SortedDictionary<string, Tensor> _tensors = new(StringComparer.Ordinal);
    private string[] _order = [];
    private Tensor? _values;
    private Tensor? _gradients;

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
    /// <exception cref="InvalidOperationException">The weights are in training.</exception>
    public void Add(string name, Tensor value)
    {
        if (_values is not null)
            throw new InvalidOperationException($"'{name}' comes too late: the weights already lie in one vector");
        // Holds what lies between: without a scope a collection may let go of it while libtorch still reads it.
        using var scope = NewDisposeScope();
        _tensors.Add(name, value.detach().to(ScalarType.Float32).clone().DetachFromDisposeScope());
    }

    /// <summary>All values one after another, <c>[Count]</c>, of weights in training and of their copies.</summary>
    internal Tensor Values => _values ?? throw new InvalidOperationException("these weights are not in training");

    /// <summary>Their gradients, <c>[Count]</c>, of weights in training.</summary>
    internal Tensor Gradients => _gradients ?? throw new InvalidOperationException("these weights are not in training");

    /// <summary>Lays all values into one vector and lets gradients be computed for them.</summary>
    /// <param name="order">Names in the order in which they are to lie; null for that of the names.</param>
    public Weights Trainable(IEnumerable<string>? order = null)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        _order = [.. order ?? _tensors.Keys];
        Lay(cat([.. _order.Select(name => _tensors[name].reshape(-1))]));
        BindGradients();
        return this;
    }

    /// <summary>A copy that gradients do not reach.</summary>
    public Weights Clone()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var copy = new Weights();
        foreach (var (name, tensor) in _tensors)
            copy.Add(name, tensor);
        if (_values is not null)
        {
            copy._order = _order;
            copy.Lay(_values.clone());
        }
        return copy;
    }

    /// <summary>The same values, of weights in training, with gradients of their own.</summary>
    internal Weights Replica()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var replica = new Weights { _order = _order, _values = Values.alias().DetachFromDisposeScope() };
        foreach (var (name, tensor) in _tensors)
            replica._tensors[name] = tensor.detach().DetachFromDisposeScope();
        replica.BindGradients();
        return replica;
    }

    /// <summary>A copy on a device.</summary>
    public Weights To(Device device)
    {
        using var scope = NewDisposeScope();
        var copy = new Weights();
        foreach (var (name, tensor) in _tensors)
            copy.Add(name, tensor.to(device));
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

    /// <summary>Moves these values, a copy of weights in training, towards those: own = decay · own + (1 − decay) · other.</summary>
    public void MoveTowards(Weights other, double decay)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Values.Scale(decay).AddScaled(other.Values, 1 - decay);
    }

    /// <summary>Forgets the gradients.</summary>
    public void ZeroGradients()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Gradients.zero_();
    }

    /// <summary>Scales all gradients down to a joint Euclidean norm of at most <paramref name="largest"/>.</summary>
    public void ClipGradients(double largest)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        // Nothing is asked of the numbers themselves: on a GPU that would wait for all that is under way.
        var norm = Gradients.Squared().sum().sqrt();
        Gradients.mul_(minimum(tensor((float)largest).to(norm.device).div(norm), tensor(1f).to(norm.device)));
    }

    /// <summary>Lets gradients be computed for every tensor, into the parts of a vector.</summary>
    private void BindGradients()
    {
        _gradients = Values.zeros_like().DetachFromDisposeScope();
        var start = 0L;
        foreach (var name in _order)
        {
            var tensor = _tensors[name].requires_grad_(true);
            tensor.grad = _gradients.narrow(0, start, tensor.numel()).reshape(tensor.shape);
            start += tensor.numel();
        }
    }

    /// <summary>Makes every tensor a part of a vector, in the order of <see cref="_order"/>.</summary>
    private void Lay(Tensor values)
    {
        _values = values.DetachFromDisposeScope();
        var start = 0L;
        foreach (var name in _order)
        {
            using var own = _tensors[name];
            _tensors[name] = values.narrow(0, start, own.numel()).reshape(own.shape).DetachFromDisposeScope();
            start += own.numel();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in _tensors.Values)
            tensor.Dispose();
        _tensors.Clear();
        _values?.Dispose();
        _gradients?.Dispose();
    }
}
