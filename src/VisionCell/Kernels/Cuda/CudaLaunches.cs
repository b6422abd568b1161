using System.Runtime.CompilerServices;
using VisionCell.Volumes;

namespace VisionCell.Kernels.Cuda;

/// <summary>
/// Launches of the kernels on memory that is already on the GPU (a tensor's own, for one) and on a stream of the caller. Shapes and
/// meaning of every argument are those of <see cref="IFieldKernels{T}"/>; addresses must be aligned to 16 bytes. Nothing waits. Where
/// <c>byLevel</c> is asked for or a grid is given to the perceptron, features and their gradient lie as <c>[Levels, N, Features]</c>, so
/// that the threads of a warp reach neighbouring bytes.
/// Sums over samples are atomic, so that the last bits of a gradient differ from run to run.
/// </summary>
internal sealed unsafe partial class CudaLaunches(CudaDevice device, nint stream = 0)
{
    private const string Field = "field.cu";
    private const string Layers = "perceptron.cu";
    private const uint Threads = 128;

    public void Encode(HashGrid grid, int samples, nint table, nint positions, nint features, bool byLevel = false)
    {
        var (n, rows, g) = ((uint)samples, new CudaRows(grid, samples, byLevel), new CudaGrid(grid));
        var arguments = new CudaArguments().Add(&n).Add(&positions).Add(&table).Add(&features).Add(&rows).Add(&g);
        Launch(device.Function(Field, $"encode_{grid.Features}"), (Blocks(samples), (uint)grid.Levels.Length), Threads, arguments);
    }

    public void EncodeBackward(HashGrid grid, int samples, nint positions, nint featureGradient, nint tableGradient, bool byLevel = false)
    {
        var (n, rows, g) = ((uint)samples, new CudaRows(grid, samples, byLevel), new CudaGrid(grid));
        var arguments = new CudaArguments().Add(&n).Add(&positions).Add(&featureGradient).Add(&tableGradient).Add(&rows).Add(&g);
        Launch(device.Function(Field, $"encode_backward_{grid.Features}"), (Blocks(samples), (uint)grid.Levels.Length), Threads, arguments);
    }

    public void EncodePositionGradient(HashGrid grid, int samples, nint table, nint positions, nint featureGradient, nint positionGradient)
    {
        var (n, features, g) = ((uint)samples, (uint)grid.Features, new CudaGrid(grid));
        var arguments = new CudaArguments().Add(&n).Add(&positions).Add(&table).Add(&featureGradient).Add(&positionGradient).Add(&features).Add(&g);
        Launch(device.Function(Field, "position_gradient"), (Blocks(samples), 1), Threads, arguments);
    }

    public void Adam(AdamStep update, int count, nint parameters, nint gradient, nint first, nint second)
    {
        var n = (uint)count;
        var (beta1, beta2, rate, correction, epsilon) = ((float)update.Beta1, (float)update.Beta2, (float)update.Rate, (float)update.SecondCorrection, (float)update.Epsilon);
        var arguments = new CudaArguments().Add(&n).Add(&parameters).Add(&gradient).Add(&first).Add(&second).Add(&beta1).Add(&beta2).Add(&rate).Add(&correction).Add(&epsilon);
        Launch(device.Function(Field, "adam"), (Blocks(count), 1), Threads, arguments);
    }

    /// <summary>Numbers that <see cref="FieldLoss"/> leaves, whose sum is the loss.</summary>
    public static int LossParts(int outputs) => (int)Blocks(outputs);

    /// <summary>The loss of outputs and its gradient, which may take the place of the outputs.</summary>
    /// <param name="samples">N.</param>
    /// <param name="width">Outputs of a sample.</param>
    /// <param name="outputs"><c>[N, width]</c>.</param>
    /// <param name="targets"><c>[N, width]</c>.</param>
    /// <param name="sampleWeights"><c>[N]</c>, or 0 where every sample counts 1.</param>
    /// <param name="gradient">Result, <c>[N, width]</c>.</param>
    /// <param name="parts">Result, <see cref="LossParts"/> numbers.</param>
    public void FieldLoss(int samples, int width, nint outputs, nint targets, nint sampleWeights, nint gradient, nint parts)
    {
        var (n, w, share) = ((uint)(samples * width), (uint)width, 1f / samples);
        var arguments = new CudaArguments().Add(&n).Add(&w).Add(&share).Add(&outputs).Add(&targets).Add(&sampleWeights).Add(&gradient).Add(&parts);
        Launch(device.Function(Field, "field_loss"), (Blocks(samples * width), 1), Threads, arguments);
    }

    public void Sample(Shape3 shape, int samples, nint volume, nint positions, nint values) => Resample("sample_trilinear", shape, samples, volume, positions, values);

    public void Warp(Shape3 shape, nint volume, nint displacement, nint result) => Resample("warp_trilinear", shape, (int)shape.Count, volume, displacement, result);

    /// <summary>Numbers of <see cref="PackWeights"/>, 4 bytes each.</summary>
    public static int PackedCount(Perceptron perceptron) => perceptron.Inputs * perceptron.Hidden + perceptron.Hidden * perceptron.Hidden;

    /// <summary>Weights to halves in the order in which the others read them; once after each change of the weights.</summary>
    public void PackWeights(Perceptron perceptron, nint weights, nint packed)
    {
        var arguments = new CudaArguments().Add(&weights).Add(&packed);
        Launch(device.Function(Layers, "pack_weights", Defines(perceptron)), (Blocks(PackedCount(perceptron)), 1), Threads, arguments);
    }

    public void PerceptronForward(Perceptron perceptron, int samples, nint weights, nint packed, nint inputs, nint outputs, HashGrid? byLevel = null)
    {
        var (n, third) = ((uint)samples, weights + sizeof(float) * perceptron.ThirdOffset);
        var arguments = new CudaArguments().Add(&n).Add(&inputs).Add(&packed).Add(&third).Add(&outputs);
        Launch(device.Function(Layers, "perceptron_forward", Defines(perceptron, byLevel)), ((n + 63) / 64, 1), Threads, arguments);
    }

    public void PerceptronBackward(Perceptron perceptron, int samples, nint weights, nint packed, nint inputs, nint outputGradient, nint weightGradient, nint inputGradient, HashGrid? byLevel = null)
    {
        // Two warps a block above a width of 64, else four: WARPS in the source.
        var warps = perceptron.Hidden > 64 ? 2u : 4u;
        var (n, third) = ((uint)samples, weights + sizeof(float) * perceptron.ThirdOffset);
        // As many blocks as run at once: each adds its sums to memory once, at its end.
        var blocks = Math.Min((n + 16 * warps - 1) / (16 * warps), (uint)(2 * device.Multiprocessors));
        var arguments = new CudaArguments().Add(&n).Add(&inputs).Add(&packed).Add(&third).Add(&outputGradient).Add(&weightGradient).Add(&inputGradient);
        Launch(device.Function(Layers, "perceptron_backward", Defines(perceptron, byLevel)), (blocks, 1), 32 * warps, arguments);
    }

    private void Resample(string kernel, Shape3 shape, int count, nint volume, nint positions, nint values)
    {
        var (n, depth, height, width) = ((uint)count, (uint)shape.Z, (uint)shape.Y, (uint)shape.X);
        var arguments = new CudaArguments().Add(&n).Add(&volume).Add(&positions).Add(&values).Add(&depth).Add(&height).Add(&width);
        Launch(device.Function(Field, kernel), (Blocks(count), 1), Threads, arguments);
    }

    private void Launch(nint function, (uint X, uint Y) blocks, uint threads, CudaArguments arguments)
    {
        // The driver refuses a launch of nothing.
        if (blocks.X == 0)
            return;
        device.Launch(function, blocks, threads, stream, arguments);
    }

    private static uint Blocks(int count) => ((uint)count + Threads - 1) / Threads;

    private static string[] Defines(Perceptron perceptron, HashGrid? byLevel = null) =>
        [$"-DIN={perceptron.Inputs}", $"-DHIDDEN={perceptron.Hidden}", $"-DOUT={perceptron.Outputs}", .. byLevel is null ? [] : new[] { $"-DFEATURES={byLevel.Features}" }];
}

/// <summary>The struct <c>Rows</c> of field.cu: numbers from one sample to the next and from one level to the next.</summary>
internal readonly struct CudaRows(HashGrid grid, int samples, bool byLevel)
{
    public readonly uint Row = (uint)(byLevel ? grid.Features : grid.Channels);
    public readonly uint Step = (uint)(byLevel ? samples * grid.Features : grid.Features);
}

/// <summary>A level as field.cu has it.</summary>
internal struct CudaLevel
{
    public float Scale;
    public uint Nodes;
    public uint Offset;
    public uint Size;
    public uint IsDense;
}

/// <summary>As many levels as field.cu has.</summary>
[InlineArray(HashGrid.MostLevels)]
internal struct CudaLevels
{
    private CudaLevel _first;
}

/// <summary>The struct <c>Grid</c> of field.cu, passed by value.</summary>
internal struct CudaGrid
{
    public uint Count;
    public CudaLevels Levels;

    public CudaGrid(HashGrid grid)
    {
        Count = (uint)grid.Levels.Length;
        for (var i = 0; i < grid.Levels.Length; i++)
        {
            var level = grid.Levels[i];
            Levels[i] = new CudaLevel { Scale = level.Scale, Nodes = (uint)level.Nodes, Offset = (uint)level.Offset, Size = (uint)level.Size, IsDense = level.IsDense ? 1u : 0u };
        }
    }
}
