using VisionCell.Volumes;

namespace VisionCell.Kernels;

/// <summary>
/// A small multilayer perceptron without biases: two hidden layers with ReLU, a linear last layer; y = W3ᵀ relu(W2ᵀ relu(W1ᵀ x)).
/// Small enough that a processor keeps its weights and a tile of activations in the first caches and a GPU keeps them in registers
/// ("fully fused": Müller, Rousselle, Novák, Keller, arXiv:2106.12372, section 4). Every matrix is stored <c>[from, to]</c> row-major,
/// one after another: <c>W1 [Inputs, Hidden]</c>, <c>W2 [Hidden, Hidden]</c>, <c>W3 [Hidden, Outputs]</c>.
/// </summary>
/// <param name="Inputs">Length of an input, a multiple of 16 up to 128.</param>
/// <param name="Hidden">Width of both hidden layers, a multiple of 16 up to 128.</param>
/// <param name="Outputs">Length of an output, 1 to 16.</param>
public sealed record Perceptron(int Inputs = 32, int Hidden = 64, int Outputs = 1)
{
    /// <summary>Numbers in all matrices.</summary>
    public int ParameterCount => Inputs * Hidden + Hidden * Hidden + Hidden * Outputs;

    /// <summary>Where W2 begins; W1 begins at 0.</summary>
    internal int SecondOffset => Inputs * Hidden;

    /// <summary>Where W3 begins.</summary>
    internal int ThirdOffset => Inputs * Hidden + Hidden * Hidden;

    /// <summary>Checks all values.</summary>
    /// <exception cref="BadInputException">A value is out of range; the message names it, its limit and the value.</exception>
    public Perceptron Validated()
    {
        Require(Inputs is >= 16 and <= 128 && Inputs % 16 == 0, "inputs", Inputs, "a multiple of 16 up to 128");
        Require(Hidden is >= 16 and <= 128 && Hidden % 16 == 0, "hidden", Hidden, "a multiple of 16 up to 128");
        Require(Outputs is >= 1 and <= 16, "outputs", Outputs, "1 to 16");
        return this;
    }

    private static void Require(bool holds, string name, int value, string limit)
    {
        if (!holds)
            throw new BadInputException($"perceptron: {name} is {value}; allowed: {limit}");
    }
}
