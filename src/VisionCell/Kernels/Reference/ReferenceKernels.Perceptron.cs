namespace VisionCell.Kernels.Reference;

/// <content>The perceptron; its gradient by the chain rule, layer by layer.</content>
internal sealed partial class ReferenceKernels
{
    /// <inheritdoc/>
    public void PerceptronForward(Perceptron perceptron, ReadOnlySpan<double> weights, ReadOnlySpan<double> inputs, Span<double> outputs)
    {
        perceptron.Validated();
        var samples = Lengths.Rows(inputs.Length, perceptron.Inputs, nameof(inputs));
        Lengths.Require(weights.Length, perceptron.ParameterCount, nameof(weights));
        Lengths.Require(outputs.Length, (long)samples * perceptron.Outputs, nameof(outputs));
        for (var sample = 0; sample < samples; sample++)
        {
            var layers = Layers(perceptron, weights, inputs.Slice(sample * perceptron.Inputs, perceptron.Inputs));
            layers.Output.CopyTo(outputs[(sample * perceptron.Outputs)..]);
        }
    }

    /// <inheritdoc/>
    public void PerceptronBackward(Perceptron perceptron, ReadOnlySpan<double> weights, ReadOnlySpan<double> inputs, ReadOnlySpan<double> outputGradient, Span<double> weightGradient, Span<double> inputGradient)
    {
        perceptron.Validated();
        var samples = Lengths.Rows(inputs.Length, perceptron.Inputs, nameof(inputs));
        Lengths.Require(weights.Length, perceptron.ParameterCount, nameof(weights));
        Lengths.Require(weightGradient.Length, perceptron.ParameterCount, nameof(weightGradient));
        Lengths.Require(outputGradient.Length, (long)samples * perceptron.Outputs, nameof(outputGradient));
        Lengths.Require(inputGradient.Length, inputs.Length, nameof(inputGradient));
        var (second, third) = (perceptron.SecondOffset, perceptron.ThirdOffset);
        for (var sample = 0; sample < samples; sample++)
        {
            var input = inputs.Slice(sample * perceptron.Inputs, perceptron.Inputs);
            var layers = Layers(perceptron, weights, input);
            var down = outputGradient.Slice(sample * perceptron.Outputs, perceptron.Outputs).ToArray();
            down = Back(weights[third..], layers.Second, down, weightGradient[third..]);
            Mask(down, layers.Second);
            down = Back(weights[second..third], layers.First, down, weightGradient[second..third]);
            Mask(down, layers.First);
            down = Back(weights[..second], input, down, weightGradient[..second]);
            down.CopyTo(inputGradient[(sample * perceptron.Inputs)..]);
        }
    }

    private static (double[] First, double[] Second, double[] Output) Layers(Perceptron perceptron, ReadOnlySpan<double> weights, ReadOnlySpan<double> input)
    {
        var first = Linear(weights[..perceptron.SecondOffset], input, perceptron.Hidden);
        Mask(first, first);
        var second = Linear(weights[perceptron.SecondOffset..perceptron.ThirdOffset], first, perceptron.Hidden);
        Mask(second, second);
        return (first, second, Linear(weights[perceptron.ThirdOffset..], second, perceptron.Outputs));
    }

    /// <summary>Wᵀ x.</summary>
    private static double[] Linear(ReadOnlySpan<double> matrix, ReadOnlySpan<double> input, int outputs)
    {
        var result = new double[outputs];
        for (var from = 0; from < input.Length; from++)
        {
            for (var to = 0; to < outputs; to++)
                result[to] += input[from] * matrix[from * outputs + to];
        }
        return result;
    }

    /// <summary>W · gradient; adds the outer product of input and gradient to the gradient of the matrix.</summary>
    private static double[] Back(ReadOnlySpan<double> matrix, ReadOnlySpan<double> input, ReadOnlySpan<double> gradient, Span<double> matrixGradient)
    {
        var result = new double[input.Length];
        for (var from = 0; from < input.Length; from++)
        {
            for (var to = 0; to < gradient.Length; to++)
            {
                result[from] += matrix[from * gradient.Length + to] * gradient[to];
                matrixGradient[from * gradient.Length + to] += input[from] * gradient[to];
            }
        }
        return result;
    }

    /// <summary>Zero where the layer is not above zero: ReLU itself, and its gradient.</summary>
    private static void Mask(Span<double> values, ReadOnlySpan<double> layer)
    {
        for (var i = 0; i < values.Length; i++)
        {
            if (!(layer[i] > 0))
                values[i] = 0;
        }
    }
}
