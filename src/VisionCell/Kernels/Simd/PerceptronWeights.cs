namespace VisionCell.Kernels.Simd;

/// <summary>
/// The matrices of a perceptron, aligned, and the transposes that its backward pass multiplies with: 6,000 numbers copied once a call, so
/// that no product of a batch reads across a stride.
/// </summary>
internal sealed unsafe class PerceptronWeights
{
    private readonly Perceptron _shape;
    private readonly AlignedFloats _memory;

    public PerceptronWeights(Perceptron shape)
    {
        _shape = shape;
        var (first, second, third) = (shape.Inputs * shape.Hidden, shape.Hidden * shape.Hidden, shape.Hidden * shape.Outputs);
        _memory = new AlignedFloats(2 * first + 2 * second + third);
        First = _memory.Pointer;
        FirstTransposed = First + first;
        Second = FirstTransposed + first;
        SecondTransposed = Second + second;
        ThirdTransposed = SecondTransposed + second;
    }

    /// <summary><c>[Inputs, Hidden]</c>.</summary>
    public float* First { get; }

    /// <summary><c>[Hidden, Inputs]</c>.</summary>
    public float* FirstTransposed { get; }

    /// <summary><c>[Hidden, Hidden]</c>, from and to.</summary>
    public float* Second { get; }

    /// <summary><c>[Hidden, Hidden]</c>, to and from.</summary>
    public float* SecondTransposed { get; }

    /// <summary><c>[Outputs, Hidden]</c>.</summary>
    public float* ThirdTransposed { get; }

    /// <summary>Whether these are matrices of that perceptron.</summary>
    public bool Fit(Perceptron shape) => _shape == shape;

    /// <summary>Takes the weights over.</summary>
    /// <param name="weights"><c>[ParameterCount]</c>.</param>
    public void Load(ReadOnlySpan<float> weights)
    {
        var first = weights[.._shape.SecondOffset];
        var second = weights[_shape.SecondOffset.._shape.ThirdOffset];
        first.CopyTo(new Span<float>(First, first.Length));
        second.CopyTo(new Span<float>(Second, second.Length));
        Transpose(first, _shape.Inputs, _shape.Hidden, FirstTransposed);
        Transpose(second, _shape.Hidden, _shape.Hidden, SecondTransposed);
        Transpose(weights[_shape.ThirdOffset..], _shape.Hidden, _shape.Outputs, ThirdTransposed);
        GC.KeepAlive(_memory);
    }

    /// <summary>Adds a gradient as the tiles keep it (<c>W1 [Inputs, Hidden]</c>, <c>W2 [Hidden, Hidden]</c>, <c>W3 [Outputs, Hidden]</c>).</summary>
    /// <param name="gradient">Of one stripe.</param>
    /// <param name="weightGradient"><c>[ParameterCount]</c>, added to.</param>
    public void AddGradient(float* gradient, Span<float> weightGradient)
    {
        for (var i = 0; i < _shape.ThirdOffset; i++)
            weightGradient[i] += gradient[i];
        gradient += _shape.ThirdOffset;
        var third = weightGradient[_shape.ThirdOffset..];
        for (var from = 0; from < _shape.Hidden; from++)
        {
            for (var to = 0; to < _shape.Outputs; to++)
                third[from * _shape.Outputs + to] += gradient[to * _shape.Hidden + from];
        }
    }

    private static void Transpose(ReadOnlySpan<float> matrix, int rows, int columns, float* target)
    {
        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; column < columns; column++)
                target[column * rows + row] = matrix[row * columns + column];
        }
    }
}
