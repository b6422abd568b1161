namespace VisionCell.Kernels.Simd;

/// <summary>
/// The perceptron on a tile of samples small enough that activations and their gradients stay in the second-level cache (32 KB a layer
/// of 64 at 128 samples); one tile belongs to one thread. See <see cref="Perceptron"/> for the formulas.
/// </summary>
internal sealed unsafe class PerceptronTile<TLanes, TFloat, TIndex>
    where TLanes : struct, ILanes<TFloat, TIndex>
    where TFloat : unmanaged
    where TIndex : unmanaged
{
    /// <summary>Samples a tile, a multiple of 16.</summary>
    public const int Rows = 128;

    private readonly Perceptron _shape;
    private readonly AlignedFloats _memory;
    private readonly float* _first;
    private readonly float* _second;
    private readonly float* _firstGradient;
    private readonly float* _secondGradient;

    public PerceptronTile(Perceptron shape)
    {
        _shape = shape;
        var (inputs, hidden, outputs) = (Rows * shape.Inputs, Rows * shape.Hidden, Rows * shape.Outputs);
        _memory = new AlignedFloats(2 * inputs + 4 * hidden + 2 * outputs + 3 * Rows);
        Inputs = _memory.Pointer;
        InputGradient = Inputs + inputs;
        _first = InputGradient + inputs;
        _second = _first + hidden;
        _firstGradient = _second + hidden;
        _secondGradient = _firstGradient + hidden;
        Outputs = _secondGradient + hidden;
        OutputGradient = Outputs + outputs;
        Positions = OutputGradient + outputs;
    }

    /// <summary><c>[Rows, Inputs]</c>; the caller fills it.</summary>
    public float* Inputs { get; }

    /// <summary><c>[Rows, Inputs]</c>, after <see cref="Backward"/>.</summary>
    public float* InputGradient { get; }

    /// <summary><c>[Rows, Outputs]</c>, after <see cref="Forward"/>.</summary>
    public float* Outputs { get; }

    /// <summary><c>[Rows, Outputs]</c>; the caller fills it before <see cref="Backward"/>.</summary>
    public float* OutputGradient { get; }

    /// <summary><c>[3, Rows]</c>, for the caller.</summary>
    public float* Positions { get; }

    /// <summary>Outputs of the first rows; inputs behind them, up to a multiple of 4, are set to zero.</summary>
    public void Forward(PerceptronWeights weights, int rows)
    {
        var padded = Padded(rows);
        new Span<float>(Inputs + rows * _shape.Inputs, (padded - rows) * _shape.Inputs).Clear();
        MatrixProduct<TLanes, TFloat, TIndex>.Compute(Inputs, _shape.Inputs, 1, weights.First, _first, padded, _shape.Inputs, _shape.Hidden, Epilogue.Rectify);
        MatrixProduct<TLanes, TFloat, TIndex>.Compute(_first, _shape.Hidden, 1, weights.Second, _second, padded, _shape.Hidden, _shape.Hidden, Epilogue.Rectify);
        for (var row = 0; row < rows; row++)
        {
            for (var output = 0; output < _shape.Outputs; output++)
                Outputs[row * _shape.Outputs + output] = Dot(_second + row * _shape.Hidden, weights.ThirdTransposed + output * _shape.Hidden);
        }
    }

    /// <summary>Gradients of the rows of the last <see cref="Forward"/>.</summary>
    /// <param name="weights">The same weights.</param>
    /// <param name="rows">The same rows.</param>
    /// <param name="gradient">Added to; laid out as <see cref="PerceptronWeights.AddGradient"/> takes it.</param>
    public void Backward(PerceptronWeights weights, int rows, float* gradient)
    {
        var padded = Padded(rows);
        new Span<float>(OutputGradient + rows * _shape.Outputs, (padded - rows) * _shape.Outputs).Clear();
        LastLayer(weights.ThirdTransposed, padded, gradient + _shape.ThirdOffset);
        MatrixProduct<TLanes, TFloat, TIndex>.Compute(_first, 1, _shape.Hidden, _secondGradient, gradient + _shape.SecondOffset, _shape.Hidden, padded, _shape.Hidden, Epilogue.Accumulate);
        MatrixProduct<TLanes, TFloat, TIndex>.Compute(_secondGradient, _shape.Hidden, 1, weights.SecondTransposed, _firstGradient, padded, _shape.Hidden, _shape.Hidden, Epilogue.Mask, _first);
        MatrixProduct<TLanes, TFloat, TIndex>.Compute(Inputs, 1, _shape.Inputs, _firstGradient, gradient, _shape.Inputs, padded, _shape.Hidden, Epilogue.Accumulate);
        MatrixProduct<TLanes, TFloat, TIndex>.Compute(_firstGradient, _shape.Hidden, 1, weights.FirstTransposed, InputGradient, padded, _shape.Hidden, _shape.Inputs, Epilogue.Store);
        GC.KeepAlive(_memory);
    }

    /// <summary>Rows that are computed for so many samples: the matrix product takes four at a time.</summary>
    private static int Padded(int rows) => (rows + 3) / 4 * 4;

    private float Dot(float* a, float* b)
    {
        TFloat sum = default;
        for (var i = 0; i < _shape.Hidden; i += TLanes.Width)
            sum = TLanes.MultiplyAdd(TLanes.Load(a + i), TLanes.Load(b + i), sum);
        return TLanes.Sum(sum);
    }

    /// <summary>Gradient of the last matrix and of the second hidden layer before its ReLU.</summary>
    private void LastLayer(float* thirdTransposed, int rows, float* thirdGradient)
    {
        for (var i = 0; i < _shape.Hidden; i += TLanes.Width)
        {
            for (var output = 0; output < _shape.Outputs; output++)
            {
                var matrixGradient = thirdGradient + output * _shape.Hidden + i;
                var sum = TLanes.Load(matrixGradient);
                var weight = TLanes.Load(thirdTransposed + output * _shape.Hidden + i);
                for (var row = 0; row < rows; row++)
                {
                    var down = TLanes.Broadcast(OutputGradient[row * _shape.Outputs + output]);
                    var layer = TLanes.Load(_second + row * _shape.Hidden + i);
                    sum = TLanes.MultiplyAdd(down, layer, sum);
                    var target = _secondGradient + row * _shape.Hidden + i;
                    var share = TLanes.WherePositive(layer, TLanes.Multiply(down, weight));
                    TLanes.Store(output == 0 ? share : TLanes.Add(TLanes.Load(target), share), target);
                }
                TLanes.Store(sum, matrixGradient);
            }
        }
    }
}
