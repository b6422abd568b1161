using System.Numerics.Tensors;
using VisionCell.Acquisition;
using VisionCell.Augmentation;
using VisionCell.Evaluation;
using VisionCell.Learning;
using VisionCell.Reconstruction;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Diffusion;

/// <summary>
/// A diffusion model of what a regression leaves between the sections of a stack, trained on other specimens and tuned to the stack, and the
/// samples that it gives.
/// </summary>
/// <param name="skeleton">The regression; trained with this where it is not yet. Not disposed with this.</param>
/// <param name="regressionFor">A regression that was not trained on a stack, whose sections are given, to tune by.</param>
/// <param name="configuration">Sampling and training.</param>
/// <param name="device">Where to compute.</param>
internal sealed class DiffusionModel(
    IReconstructionMethod skeleton, Func<Volume<float>, ComputePrecision, IGapRegression> regressionFor, DiffusionMethodConfiguration configuration, string device = "auto") : IDisposable
{
    private SparseVolume? _stack;
    private ComputePrecision _precision = ComputePrecision.Best(device);
    private GapSampling? _sampling;
    private Weights? _weights;

    /// <summary>Sampling and training.</summary>
    public DiffusionMethodConfiguration Configuration { get; } = configuration.Validated();

    /// <summary>Where it computes.</summary>
    public string Device => _precision.ToString();

    /// <summary>The scale of the noise.</summary>
    public double Temperature { get; private set; } = 1;

    /// <summary>Trains the regression and tunes the model; once a stack, whoever asks.</summary>
    /// <exception cref="BadInputException">No network is at hand that does not know the specimen.</exception>
    public void Train(SparseVolume sparse, TrainingOptions options)
    {
        if (ReferenceEquals(_stack, sparse))
            return;
        var phases = new TrainingPhases(options, TimeSpan.FromMinutes(Configuration.DefaultMinutes), Configuration.TuningShare, 1, DiffusionMethodConfiguration.RelativeStep);
        skeleton.Train(sparse, phases.First);
        Dispose();
        _precision = ComputePrecision.Best(device, options.Notice);
        var standardisation = Standardisation.Of(sparse.Observed);
        var priors = NetworkPrior<DiffusionConfiguration>.Unknowing(options.DiffusionPrior, sparse.Observed);
        try
        {
            if (priors.Count == 0)
                throw new BadInputException("every diffusion network at hand was trained on this very specimen, and what it has seen must not be scored: train one on other specimens with 'visioncell pretrain --network diffusion' and give it with --diffusion-prior");
            using var regression = regressionFor(sparse.Observed, _precision);
            // The rows of thick sections are never known.
            var examples = sparse.Sampling.IsDecimation ? StackExamples.Of(standardisation.Apply(sparse.Observed), sparse, Configuration.IntensityJitter, _precision.Device) : null;
            var tuning = examples is null ? null : new DiffusionTuning(examples, regression, _precision);
            var prior = tuning?.Best(priors) ?? priors[0];
            _weights = tuning?.Run(prior, $"{ContentHash.Of(sparse.Observed)} {sparse.Sampling}", phases.Further(0, prior.Name)) ?? prior.Weights.To(_precision.Device);
            SetSampling(new DiffusionNetwork(prior.Configuration, _precision.Compute), standardisation, HalfScale.Of(sparse), options);
            _stack = sparse;
        }
        finally
        {
            foreach (var prior in priors)
                prior.Dispose();
        }
    }

    /// <summary>Samples of a slab, projected onto the sections.</summary>
    /// <param name="sparse">What was observed.</param>
    /// <param name="slab">A block that begins at a section and ends at one.</param>
    /// <param name="numbers">Numbers of the samples; the same number gives samples of neighbouring blocks that fit together.</param>
    /// <param name="cancellation">Stops between gaps.</param>
    public Volume<float>[] Samples(SparseVolume sparse, Box slab, IReadOnlyList<int> numbers, CancellationToken cancellation)
    {
        var samples = InWindow(sparse, slab, (skeleton, window) => Trained.Draw(sparse, skeleton, window, numbers, cancellation), cancellation);
        foreach (var sample in samples)
            Finish(sample, sparse, slab);
        return samples;
    }

    /// <summary>What is expected behind the noise in every step of one sample of a slab, the last of which is the sample.</summary>
    public IReadOnlyList<Volume<float>> Steps(SparseVolume sparse, Box slab, int number, CancellationToken cancellation)
    {
        var steps = InWindow(sparse, slab, (skeleton, window) => Trained.DrawSteps(sparse, skeleton, window, number, cancellation), cancellation);
        foreach (var step in steps)
            Finish(step, sparse, slab);
        return steps;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _weights?.Dispose();
        (_stack, _weights, _sampling) = (null, null, null);
    }

    private GapSampling Trained => _sampling ?? throw new InvalidOperationException("train the method before reconstructing with it");

    /// <summary>Draws with a halo about the slab, and cuts it off.</summary>
    private Volume<float>[] InWindow(SparseVolume sparse, Box slab, Func<Volume<float>, Box, Volume<float>[]> draw, CancellationToken cancellation)
    {
        var (from, shape) = ((Y: Math.Max(0, slab.Y - GapSampling.Halo), X: Math.Max(0, slab.X - GapSampling.Halo)), sparse.Observed.Shape);
        var window = new Box(slab.Z, from.Y, from.X, new Shape3(
            slab.Shape.Z, Math.Min(shape.Y, slab.Y + slab.Shape.Y + GapSampling.Halo) - from.Y, Math.Min(shape.X, slab.X + slab.Shape.X + GapSampling.Halo) - from.X));
        var drawn = draw(skeleton.Reconstruct(sparse, window, cancellation), window);
        return window == slab ? drawn : [.. drawn.Select(volume => volume.Crop(new Box(0, slab.Y - from.Y, slab.X - from.X, slab.Shape)))];
    }

    private static void Finish(Volume<float> volume, SparseVolume sparse, Box slab)
    {
        TensorPrimitives.Clamp(volume.Data, TensorPrimitives.Min(sparse.Observed.Data), TensorPrimitives.Max(sparse.Observed.Data), volume.Data);
        DataConsistency.Project(volume, sparse, slab);
    }

    private void SetSampling(DiffusionNetwork network, Standardisation standardisation, HalfScale? half, TrainingOptions options)
    {
        GapSampling At(double temperature) => new(network, _weights!, _precision, standardisation, Configuration.Sampling with { Temperature = temperature }, options.Seed);
        Temperature = Configuration.Sampling.Temperature ?? 1;
        _sampling = At(Temperature);
        if (half is null || Configuration.Sampling.Temperature is not null)
            return;
        Temperature = SharpTemperature(half, options.Cancellation);
        _sampling = At(Temperature);
    }

    /// <summary>
    /// The temperature at which samples have the fine detail of the truth at half the scale: two samples of opposite noise lie a detail e to
    /// either side of their mean m, and at temperature τ, in the linear range, have the power |m|² + τ² |e|².
    /// </summary>
    private double SharpTemperature(HalfScale half, CancellationToken cancellation)
    {
        const double Least = 0.5, Most = 1.3;
        float[][] said = [.. Samples(half.Sparse, Box.Of(half.Sparse.IsotropicShape), [0, 1], cancellation).Select(half.Sample)];
        var (mean, difference) = (new float[said[0].Length], new float[said[0].Length]);
        TensorPrimitives.Add(said[0], said[1], mean);
        TensorPrimitives.Multiply(mean, 0.5f, mean);
        TensorPrimitives.Subtract(said[0], mean, difference);
        var (wanted, sure, drawn) = (Detail(half.Held.Data), Detail(mean), Detail(difference));
        return drawn > 0 ? Math.Clamp(Math.Sqrt(Math.Max(0, wanted - sure) / drawn), Least, Most) : 1;

        // Power of the fine detail, section by section.
        double Detail(float[] sections)
        {
            var shape = half.Held.Shape;
            var section = new Volume<float>(shape with { Z = 1 }, half.Held.VoxelSize, half.Held.Origin, half.Held.Provenance);
            var sum = 0.0;
            for (var z = 0; z < shape.Z; z++)
            {
                sections.AsSpan(z * shape.SectionCount, shape.SectionCount).CopyTo(section.Data);
                sum += Math.Pow(HighFrequencyRatio.Deviation(section, ScoredRegion.All(1), cancellation), 2);
            }
            return sum / shape.Z;
        }
    }
}
