using System.Numerics.Tensors;
using VisionCell.Acquisition;
using VisionCell.Augmentation;
using VisionCell.Learning;
using VisionCell.Volumes;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace VisionCell.Diffusion;

/// <summary>
/// Draws samples of the residual in every gap of a block. Noise belongs to a voxel of the whole volume and a sample's number, whatever
/// block it is drawn for, so that blocks meet without seams.
/// </summary>
/// <param name="network">The network.</param>
/// <param name="weights">Its trained weights.</param>
/// <param name="precision">Where it runs.</param>
/// <param name="standardisation">Grey values of the stack.</param>
/// <param name="sampling">Sampler, steps, and where it starts.</param>
/// <param name="seed">Seed of all noise.</param>
internal sealed class GapSampling(DiffusionNetwork network, Weights weights, ComputePrecision precision, Standardisation standardisation, DiffusionSampling sampling, int seed)
{
    /// <summary>Pixels about a block past which the weights of the receptive field no longer show.</summary>
    public const int Halo = 64;

    private readonly double[] _levels = network.Schedule.Levels(sampling.Steps, sampling.Start * network.Schedule.Most);

    /// <summary>Adds a sample of the residual to each copy of a skeleton.</summary>
    /// <param name="sparse">The stack.</param>
    /// <param name="skeleton">The regression in the window, <c>[Z, Y, X]</c>, grey values: the result without residual.</param>
    /// <param name="window">Where it lies: from a section to a section, with <see cref="Halo"/> about what is wanted.</param>
    /// <param name="samples">Numbers of the samples; a sample 2k + 1 has the noise of 2k with the sign changed, so that their mean is close to the expected value.</param>
    /// <param name="cancellation">Stops between gaps.</param>
    /// <returns>One volume a sample, not projected onto the sections.</returns>
    public Volume<float>[] Draw(SparseVolume sparse, Volume<float> skeleton, Box window, IReadOnlyList<int> samples, CancellationToken cancellation)
    {
        Volume<float>[] results = [.. samples.Select(_ => skeleton.Map(v => v))];
        foreach (var gap in GapsOfStack.Of(sparse, window.Z, window.Shape.Z))
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            using var noGradient = no_grad();
            var (rows, height, width) = (gap.Rows.Length, window.Shape.Y, window.Shape.X);
            var sections = tensor(GapsOfStack.Standardised(sparse.Observed, gap.Sections, window, standardisation), [1, Gap.Sections, height, width]).to(precision.Device);
            var regression = tensor(GapsOfStack.Standardised(skeleton, [.. gap.Rows.Select(r => r - window.Z)], Box.Of(skeleton.Shape), standardisation), [1, rows, height, width]).to(precision.Device);
            var condition = network.Condition(sections, regression, gap.Gap);
            for (var s = 0; s < samples.Count; s++)
            {
                var drawn = Draw(condition, gap, window, sparse.Observed.Shape.X, samples[s]);
                for (var t = 0; t < rows; t++)
                {
                    var target = results[s].Section(gap.Rows[t] - window.Z);
                    TensorPrimitives.MultiplyAdd(drawn.AsSpan(t * height * width, height * width), standardisation.Deviation, target, target);
                }
            }
        }
        return results;
    }

    /// <summary>One sample of a gap's residual, <c>[T, Y, X]</c>, standardised.</summary>
    private float[] Draw(Tensor condition, StackGap gap, Box window, int lineLength, int sample)
    {
        using var scope = NewDisposeScope();
        var sampler = new Sampler(sampling.Kind, (x, sigma) => network.Denoise(weights, x, condition, gap.Gap, sigma));
        var start = Noise(gap.Rows, window, lineLength, sample, 0).Scale(_levels[0]);
        var modes = sampler.Run(start, _levels, step => Noise(gap.Rows, window, lineLength, sample, step + 1));
        return [.. SineModes.Rows(modes, gap.Rows.Length).cpu().contiguous().data<float>()];
    }

    /// <summary>Unit noise of a gap's modes, <c>[1, K, Y, X]</c>.</summary>
    private Tensor Noise(int[] rows, Box window, int lineLength, int sample, int step)
    {
        var (height, width) = (window.Shape.Y, window.Shape.X);
        var values = new float[rows.Length * height * width];
        var source = new CounterRandom((ulong)(uint)seed).Stream((ulong)(sample / 2)).Stream((ulong)step);
        Parallel.For(0, rows.Length, t =>
        {
            // Whole lines, so that a voxel's number does not depend on the window.
            var line = new float[lineLength];
            for (var y = 0; y < height; y++)
            {
                source.Stream((ulong)rows[t]).Stream((ulong)(window.Y + y)).Normal(line);
                line.AsSpan(window.X, width).CopyTo(values.AsSpan((t * height + y) * width, width));
            }
        });
        if (sample % 2 == 1)
            TensorPrimitives.Negate<float>(values, values);
        return SineModes.Of(tensor(values, [1, rows.Length, height, width]).to(precision.Device), network.Modes);
    }
}
