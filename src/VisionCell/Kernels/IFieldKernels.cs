using VisionCell.Volumes;

namespace VisionCell.Kernels;

/// <summary>
/// What a backend computes for neural fields and resampling. Everything is row-major; N is the number of samples. Positions are
/// <c>[N, 3]</c> in the order z, y, x: of a hash grid in units of its cube, 0 to 1; of a volume in voxels, 0 at the centre of the
/// first. Positions outside are moved onto the nearest face, and NaN counts as 0, so that no value reaches memory it should not.
/// Lengths that do not fit are an <see cref="ArgumentException"/>. Gradients of parameters are added to what the caller gives.
/// On the processor the same arguments give the same bits, whatever the number of threads; a GPU adds in any order, so that the last
/// bits of its gradients differ from run to run. The backends differ among each other by rounding.
/// </summary>
/// <typeparam name="T">Number type: float for what runs, double for the reference.</typeparam>
public interface IFieldKernels<T> : IRayKernels<T>
    where T : unmanaged
{
    /// <summary>What it runs on, for reports: <c>reference</c>, <c>cpu (avx-512, 2 threads)</c>, <c>cuda:0 (sm_90)</c>.</summary>
    string Name { get; }

    /// <summary>Interpolates the features of all levels.</summary>
    /// <param name="grid">The grid.</param>
    /// <param name="table"><c>[EntryCount, Features]</c>.</param>
    /// <param name="positions"><c>[N, 3]</c>.</param>
    /// <param name="features">Result, <c>[N, Channels]</c>, level by level.</param>
    void Encode(HashGrid grid, ReadOnlySpan<T> table, ReadOnlySpan<T> positions, Span<T> features);

    /// <summary>Gradient of <see cref="Encode"/> with respect to the table.</summary>
    /// <param name="grid">The grid.</param>
    /// <param name="positions"><c>[N, 3]</c>.</param>
    /// <param name="featureGradient"><c>[N, Channels]</c>.</param>
    /// <param name="tableGradient"><c>[EntryCount, Features]</c>, added to.</param>
    void EncodeBackward(HashGrid grid, ReadOnlySpan<T> positions, ReadOnlySpan<T> featureGradient, Span<T> tableGradient);

    /// <summary>Gradient of <see cref="Encode"/> with respect to the positions; constant within a cell along its own axis.</summary>
    /// <param name="grid">The grid.</param>
    /// <param name="table"><c>[EntryCount, Features]</c>.</param>
    /// <param name="positions"><c>[N, 3]</c>.</param>
    /// <param name="featureGradient"><c>[N, Channels]</c>.</param>
    /// <param name="positionGradient">Result, <c>[N, 3]</c>.</param>
    void EncodePositionGradient(HashGrid grid, ReadOnlySpan<T> table, ReadOnlySpan<T> positions, ReadOnlySpan<T> featureGradient, Span<T> positionGradient);

    /// <summary>The perceptron of every row.</summary>
    /// <param name="perceptron">Widths.</param>
    /// <param name="weights"><c>[ParameterCount]</c>.</param>
    /// <param name="inputs"><c>[N, Inputs]</c>.</param>
    /// <param name="outputs">Result, <c>[N, Outputs]</c>.</param>
    void PerceptronForward(Perceptron perceptron, ReadOnlySpan<T> weights, ReadOnlySpan<T> inputs, Span<T> outputs);

    /// <summary>Gradient of <see cref="PerceptronForward"/>; the forward pass is computed again rather than kept.</summary>
    /// <param name="perceptron">Widths.</param>
    /// <param name="weights"><c>[ParameterCount]</c>.</param>
    /// <param name="inputs"><c>[N, Inputs]</c>.</param>
    /// <param name="outputGradient"><c>[N, Outputs]</c>.</param>
    /// <param name="weightGradient"><c>[ParameterCount]</c>, added to.</param>
    /// <param name="inputGradient">Result, <c>[N, Inputs]</c>.</param>
    void PerceptronBackward(Perceptron perceptron, ReadOnlySpan<T> weights, ReadOnlySpan<T> inputs, ReadOnlySpan<T> outputGradient, Span<T> weightGradient, Span<T> inputGradient);

    /// <summary>Encoding and perceptron in one: the field at each position.</summary>
    /// <param name="grid">The grid; its channels are the inputs of the perceptron.</param>
    /// <param name="perceptron">Widths.</param>
    /// <param name="table"><c>[EntryCount, Features]</c>.</param>
    /// <param name="weights"><c>[ParameterCount]</c>.</param>
    /// <param name="positions"><c>[N, 3]</c>.</param>
    /// <param name="outputs">Result, <c>[N, Outputs]</c>.</param>
    void FieldForward(HashGrid grid, Perceptron perceptron, ReadOnlySpan<T> table, ReadOnlySpan<T> weights, ReadOnlySpan<T> positions, Span<T> outputs);

    /// <summary>Gradient of <see cref="FieldForward"/> with respect to table and weights, for any loss.</summary>
    /// <param name="grid">The grid.</param>
    /// <param name="perceptron">Widths.</param>
    /// <param name="table"><c>[EntryCount, Features]</c>.</param>
    /// <param name="weights"><c>[ParameterCount]</c>.</param>
    /// <param name="positions"><c>[N, 3]</c>.</param>
    /// <param name="outputGradient"><c>[N, Outputs]</c>.</param>
    /// <param name="tableGradient"><c>[EntryCount, Features]</c>, added to.</param>
    /// <param name="weightGradient"><c>[ParameterCount]</c>, added to.</param>
    void FieldBackward(HashGrid grid, Perceptron perceptron, ReadOnlySpan<T> table, ReadOnlySpan<T> weights, ReadOnlySpan<T> positions, ReadOnlySpan<T> outputGradient, Span<T> tableGradient, Span<T> weightGradient);

    /// <summary>The loss 1/N Σₙ wₙ Σ (outputₙ − targetₙ)² and its gradient, the forward pass computed once.</summary>
    /// <param name="grid">The grid.</param>
    /// <param name="perceptron">Widths.</param>
    /// <param name="table"><c>[EntryCount, Features]</c>.</param>
    /// <param name="weights"><c>[ParameterCount]</c>.</param>
    /// <param name="positions"><c>[N, 3]</c>.</param>
    /// <param name="targets"><c>[N, Outputs]</c>.</param>
    /// <param name="sampleWeights">w, <c>[N]</c>; empty where every sample counts 1.</param>
    /// <param name="tableGradient"><c>[EntryCount, Features]</c>, added to.</param>
    /// <param name="weightGradient"><c>[ParameterCount]</c>, added to.</param>
    /// <returns>The loss.</returns>
    double FieldLoss(HashGrid grid, Perceptron perceptron, ReadOnlySpan<T> table, ReadOnlySpan<T> weights, ReadOnlySpan<T> positions, ReadOnlySpan<T> targets, ReadOnlySpan<T> sampleWeights, Span<T> tableGradient, Span<T> weightGradient);

    /// <summary>One update of Adam in place; the gradient is zero afterwards. All spans have the same length.</summary>
    /// <param name="update">Number of the update and its rates.</param>
    /// <param name="parameters">p.</param>
    /// <param name="gradient">g, cleared.</param>
    /// <param name="first">m.</param>
    /// <param name="second">v.</param>
    void Adam(AdamStep update, Span<T> parameters, Span<T> gradient, Span<T> first, Span<T> second);

    /// <summary>Trilinear interpolation of a volume at any positions.</summary>
    /// <param name="shape">Shape of the volume, every axis at least 1.</param>
    /// <param name="volume"><c>[Z, Y, X]</c>.</param>
    /// <param name="positions"><c>[N, 3]</c>, voxels.</param>
    /// <param name="values">Result, <c>[N]</c>.</param>
    void Sample(Shape3 shape, ReadOnlySpan<T> volume, ReadOnlySpan<T> positions, Span<T> values);

    /// <summary>Backward warp: result(p) = volume(p + displacement(p)), trilinear.</summary>
    /// <param name="shape">Shape of the volume and of the result.</param>
    /// <param name="volume"><c>[Z, Y, X]</c>.</param>
    /// <param name="displacement"><c>[Z, Y, X, 3]</c>, voxels, in the order z, y, x.</param>
    /// <param name="result">Result, <c>[Z, Y, X]</c>.</param>
    void Warp(Shape3 shape, ReadOnlySpan<T> volume, ReadOnlySpan<T> displacement, Span<T> result);
}
