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

    // Fresh noise in every step asks for more of them.
    private const int NoisySteps = 8;

    private readonly double _temperature = sampling.Temperature ?? 1;
    private readonly double[] _levels = network.Schedule.Levels(sampling.Steps, sampling.Start * network.Schedule.Most);

    /// <summary>Adds a sample of the residual to each copy of a skeleton.</summary>
    /// <param name="sparse">The stack.</param>
    /// <param name="skeleton">The regression in the window, <c>[Z, Y, X]</c>, grey values: the result without residual.</param>
    /// <param name="window">Where it lies: from a section to a section, with <see cref="Halo"/> about what is wanted.</param>
    /// <param name="samples">Numbers of the samples; a sample 2k + 1 has the noise of 2k with the sign changed, so that their mean is close to the expected value.</param>
    /// <param name="cancellation">Stops between gaps.</param>
    /// <returns>One volume a sample, not projected onto the sections.</returns>
    public Volume<float>[] Draw(SparseVolume sparse, Volume<float> skeleton, Box window, IReadOnlyList<int> samples, CancellationToken cancellation) =>
        Draw(sparse.Observed, GapsOfStack.Of(sparse, window.Z, window.Shape.Z), skeleton, window, samples, null, null, cancellation);

    /// <summary>The same for gaps that are given.</summary>
    /// <param name="stack">The stack.</param>
    /// <param name="gaps">Gaps whose rows lie in the window.</param>
    /// <param name="skeleton">The regression in the window, <c>[Z, Y, X]</c>, grey values.</param>
    /// <param name="window">Where it lies.</param>
    /// <param name="samples">Numbers of the samples.</param>
    /// <param name="known">What is known of the rows, grey values <c>[Z, Y, X]</c>, NaN where nothing is: kept in every step. Null where nothing is.</param>
    /// <param name="noise">
    /// Standard deviation of the white noise in each row that is known, grey values: the row is then a noisy sample itself, and sampling goes on from it. Null for none.
    /// </param>
    /// <param name="cancellation">Stops between gaps.</param>
    public Volume<float>[] Draw(
        Volume<float> stack, IEnumerable<StackGap> gaps, Volume<float> skeleton, Box window, IReadOnlyList<int> samples, Volume<float>? known, IReadOnlyList<double>? noise, CancellationToken cancellation)
    {
        Volume<float>[] results = [.. samples.Select(_ => skeleton.Map(v => v))];
        foreach (var gap in gaps)
        {
            cancellation.ThrowIfCancellationRequested();
            using var work = Conditioned(stack, skeleton, window, gap, known, noise);
            for (var s = 0; s < samples.Count; s++)
            {
                using var modes = Draw(work, samples[s]);
                work.AddTo(results[s], skeleton, modes);
            }
        }
        return results;
    }

    /// <summary>Adds what is expected of the residual in each step of a sample to copies of a skeleton, as many as there are steps, the last of which is the sample.</summary>
    /// <inheritdoc cref="Draw(SparseVolume, Volume{float}, Box, IReadOnlyList{int}, CancellationToken)"/>
    public Volume<float>[] DrawSteps(SparseVolume sparse, Volume<float> skeleton, Box window, int sample, CancellationToken cancellation)
    {
        Volume<float>[] results = [.. Enumerable.Range(0, sampling.Steps).Select(_ => skeleton.Map(v => v))];
        foreach (var gap in GapsOfStack.Of(sparse, window.Z, window.Shape.Z))
        {
            cancellation.ThrowIfCancellationRequested();
            using var work = Conditioned(sparse.Observed, skeleton, window, gap, null, null);
            Draw(work, sample, (step, modes) => work.AddTo(results[step], skeleton, modes)).Dispose();
        }
        return results;
    }

    private Work Conditioned(Volume<float> stack, Volume<float> skeleton, Box window, StackGap gap, Volume<float>? known, IReadOnlyList<double>? noise)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var (height, width) = (window.Shape.Y, window.Shape.X);
        int[] rows = [.. gap.Rows.Select(r => r - window.Z)];
        Tensor RowsOf(Volume<float> volume) => tensor(GapsOfStack.Standardised(volume, rows, Box.Of(volume.Shape), standardisation), [1, rows.Length, height, width]).to(precision.Device);
        var sections = tensor(GapsOfStack.Standardised(stack, gap.Sections, window, standardisation), [1, Gap.Sections, height, width]).to(precision.Device);
        var regression = RowsOf(skeleton);
        OpenCvSharp.Mat PowerOf(int section) => StructureLimit.Power(stack.Crop(window with { Z = gap.Sections[section], Shape = window.Shape with { Z = 1 } }).Data, height, width);
        return new Work(gap, window, stack.Shape.X, network.Condition(sections, regression, gap.Gap).DetachFromDisposeScope(), known is null ? null : (RowsOf(known) - regression).DetachFromDisposeScope(),
            noise is null ? null : [.. noise.Select(n => Math.Clamp(n / standardisation.Deviation, network.Schedule.Least, network.Schedule.Most))], standardisation, PowerOf(Gap.Sections / 2 - 1), PowerOf(Gap.Sections / 2));
    }

    /// <summary>The modes of one sample of a gap's residual, <c>[1, K, Y, X]</c>, standardised; the caller's.</summary>
    private Tensor Draw(Work work, int sample, Action<int, Tensor>? seen = null)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var levels = work.Noise is null ? _levels : LevelsFrom(work.Noise);
        // From noisy rows all samples start at the same place: fresh noise tells them apart.
        var sampler = new Sampler(work.Noise is null ? sampling.Kind : SamplerKind.Ancestral, (x, sigma) => network.Denoise(weights, x, work.Condition, work.Gap.Gap, sigma));
        var noise = Noise(work, sample, 0).Scale(_temperature);
        // What is known lies, at every level, as far from its value as the start does: on the path that a deterministic solver takes to it. What is known
        // with noise of its own lacks what is more than that, and is free where the level is below it.
        Tensor Constrain(Tensor x, double sigma)
        {
            using var inner = NewDisposeScope();
            var rows = work.Gap.Rows.Length;
            double[] own = work.Noise ?? new double[rows];
            Tensor OfRows(Func<double, double> value) => tensor(own.Select(n => (float)value(n)).ToArray(), [1, rows, 1, 1]).to(x.device);
            var there = (SineModes.Rows(noise, rows) * OfRows(n => Math.Sqrt(Math.Max(0, sigma * sigma - n * n)))).Plus(work.Known!);
            return SineModes.Of(where(work.Known!.isnan().logical_or(OfRows(n => n > sigma ? 1 : 0) > 0), SineModes.Rows(x, rows), there), network.Modes).MoveToOuterDisposeScope();
        }
        return sampler.Run(noise.clone().Scale(levels[0]), levels, step => Noise(work, sample, step + 1).Scale(_temperature), work.Known is null ? null : Constrain, seen).DetachFromDisposeScope();
    }

    /// <summary>From the noisiest row down to none, through the noise of every other.</summary>
    private double[] LevelsFrom(double[] noise) => [.. network.Schedule.Levels(NoisySteps, noise.Max()).Concat(noise).Distinct().OrderDescending()];

    /// <summary>Unit noise of a gap's modes, <c>[1, K, Y, X]</c>.</summary>
    private Tensor Noise(Work work, int sample, int step)
    {
        var (rows, window) = (work.Gap.Rows, work.Window);
        var (height, width) = (window.Shape.Y, window.Shape.X);
        var values = new float[rows.Length * height * width];
        var source = new CounterRandom((ulong)(uint)seed).Stream((ulong)(sample / 2)).Stream((ulong)step);
        Parallel.For(0, rows.Length, t =>
        {
            // Whole lines, so that a voxel's number does not depend on the window.
            var line = new float[work.LineLength];
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

    /// <summary>A gap ready to be sampled; what is known is a residual, NaN where nothing is, with the noise of each row where it has some, standardised.</summary>
    private sealed record Work(StackGap Gap, Box Window, int LineLength, Tensor Condition, Tensor? Known, double[]? Noise, Standardisation Standardisation, OpenCvSharp.Mat Before, OpenCvSharp.Mat After) : IDisposable
    {
        /// <summary>Adds modes <c>[1, K, Y, X]</c> of the residual to a volume of the window that holds the regression, no more than the sections about the gap allow.</summary>
        public void AddTo(Volume<float> volume, Volume<float> regression, Tensor modes)
        {
            using var scope = NewDisposeScope();
            using var noGradient = no_grad();
            float[] rows = [.. SineModes.Rows(modes, Gap.Rows.Length).cpu().contiguous().data<float>()];
            Parallel.For(0, Gap.Rows.Length, t =>
            {
                var target = volume.Section(Gap.Rows[t] - Window.Z);
                TensorPrimitives.MultiplyAdd(rows.AsSpan(t * target.Length, target.Length), Standardisation.Deviation, target, target);
                StructureLimit.Apply(target, regression.Section(Gap.Rows[t] - Window.Z), Before, After, Gap.Gap.Positions[t]);
            });
        }

        /// <inheritdoc/>
        public void Dispose()
        {
            Condition.Dispose();
            Known?.Dispose();
            Before.Dispose();
            After.Dispose();
        }
    }
}
