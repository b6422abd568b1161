using VisionCell.Volumes;

namespace VisionCell.Kernels;

/// <summary>Checks of span lengths: everything behind them works on raw pointers.</summary>
internal static class Lengths
{
    /// <summary>N of <c>[N, width]</c>.</summary>
    public static int Rows(int length, int width, string name) => length % width == 0
        ? length / width
        : throw new ArgumentException($"{name}: length {length} is no multiple of {width}", name);

    /// <summary>Requires a length.</summary>
    public static void Require(int length, long expected, string name)
    {
        if (length != expected)
            throw new ArgumentException($"{name}: length {length}, expected {expected}", name);
    }

    /// <summary>Checks a volume.</summary>
    public static void Require(int length, Shape3 shape, string name)
    {
        if (shape.Z < 1 || shape.Y < 1 || shape.X < 1)
            throw new ArgumentException($"a volume of {shape} is empty", name);
        Require(length, shape.Count, name);
    }

    /// <summary>Checks that a perceptron reads what a grid writes.</summary>
    public static void Require(HashGrid grid, Perceptron perceptron)
    {
        perceptron.Validated();
        if (grid.Channels != perceptron.Inputs)
            throw new ArgumentException($"the perceptron has {perceptron.Inputs} inputs, the grid {grid.Channels} channels", nameof(perceptron));
    }
}
