namespace VisionCell.Kernels;

/// <summary>
/// A field in training whose parameters, gradients and moments stay where its kernels run; only batches go there, and only losses come
/// back. Meaning and shapes are those of <see cref="IFieldKernels{T}"/>. What a processor computes needs none: it works on the caller's own memory.
/// </summary>
internal interface IFieldSession : IDisposable
{
    /// <summary>The perceptron's numbers at positions.</summary>
    void Forward(ReadOnlySpan<float> positions, Span<float> outputs);

    /// <summary>Adds the gradient of a loss with respect to these numbers.</summary>
    void Backward(ReadOnlySpan<float> positions, ReadOnlySpan<float> outputGradient);

    /// <summary>Adds the gradient of the mean weighted square distance from targets; the loss.</summary>
    double Loss(ReadOnlySpan<float> positions, ReadOnlySpan<float> targets, ReadOnlySpan<float> sampleWeights);

    /// <summary>Takes a volume that <see cref="Follow"/> draws from, <c>[Z, Y, X]</c>, and the weights of its voxels.</summary>
    void Target(ReadOnlySpan<float> volume, ReadOnlySpan<float> weights);

    /// <summary>Adds the gradient of the distance from places drawn of the target; the loss.</summary>
    double Follow(TargetDraw draw, int count);

    /// <summary>Adds the gradient of the squared errors of rays; the loss.</summary>
    double Learn(RayObservations rays, FieldOutput output);

    /// <summary>One step of Adam; the gradients are zero afterwards.</summary>
    /// <param name="table">Of the table.</param>
    /// <param name="weights">Of the perceptron.</param>
    /// <param name="open">Numbers of the table that take part, the first ones.</param>
    void Update(AdamStep table, AdamStep weights, int open);

    /// <summary>Drops the gradients.</summary>
    void Forget();

    /// <summary>Copies table, weights and the moments of both to the caller.</summary>
    void Read(FieldState state);
}

/// <summary>What opens sessions.</summary>
internal interface IFieldSessions
{
    /// <summary>Takes a state over.</summary>
    IFieldSession Open(HashGrid grid, Perceptron perceptron, FieldState state);
}

/// <summary>All that a training changes, on the host.</summary>
/// <param name="Table">Of the grid.</param>
/// <param name="Weights">Of the perceptron.</param>
/// <param name="TableFirst">First moments.</param>
/// <param name="TableSecond">Second moments.</param>
/// <param name="WeightFirst">First moments.</param>
/// <param name="WeightSecond">Second moments.</param>
internal sealed record FieldState(float[] Table, float[] Weights, float[] TableFirst, float[] TableSecond, float[] WeightFirst, float[] WeightSecond);

/// <summary>What makes values of the perceptron's numbers: the struct <c>Output</c> of training.cu.</summary>
/// <param name="Kind">0 itself, 1 log(1 + eˣ), 2 eˣ.</param>
/// <param name="Width">1, or 2 with an emission.</param>
/// <param name="Offset">Value that counts as 0.</param>
/// <param name="Scale">Difference that counts as 1.</param>
internal readonly record struct FieldOutput(uint Kind, uint Width, float Offset, float Scale);

/// <summary>Rays and what was seen along them.</summary>
/// <param name="March">Box, steps, seed.</param>
/// <param name="Occupancy">Cells that count.</param>
/// <param name="Rays"><c>[R, 8]</c>.</param>
/// <param name="Targets"><c>[R]</c>.</param>
/// <param name="IsEmission">Whether they are light that is emitted and absorbed; else line integrals.</param>
/// <param name="IsMean">Whether the mean along the ray counts.</param>
/// <param name="Background">What lies behind.</param>
/// <param name="Weight">Of their mean squared error.</param>
/// <param name="Share">Factor of an error: of an integral, or of a mean.</param>
internal sealed record RayObservations(RayMarch March, uint[] Occupancy, float[] Rays, float[] Targets, bool IsEmission, bool IsMean, float Background, double Weight, double Share);
