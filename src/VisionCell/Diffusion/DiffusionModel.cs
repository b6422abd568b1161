using System.Numerics.Tensors;
using VisionCell.Acquisition;
using VisionCell.Augmentation;
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
    private (SparseVolume Stack, Box Slab, Volume<float> Mean, Volume<float> Spread)? _moments;

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
                throw new KnownSpecimenException("diffusion", "--diffusion-prior");
            using var regression = regressionFor(sparse.Observed, _precision);
            // The rows of thick sections are never known.
            var examples = sparse.Sampling.IsDecimation ? StackExamples.Of(standardisation.Apply(sparse.Observed), sparse, Configuration.IntensityJitter, _precision.Device) : null;
            var tuning = examples is null ? null : new DiffusionTuning(examples, regression, _precision);
            var prior = tuning?.Best(priors) ?? priors[0];
            _weights = tuning?.Run(prior, $"{ContentHash.Of(sparse.Observed)} {sparse.Sampling}", phases.Further(0, prior.Name)) ?? prior.Weights.To(_precision.Device);
            SetSampling(new DiffusionNetwork(prior.Configuration, _precision.Compute), sparse, standardisation, options);
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

    /// <summary>
    /// Mean and standard deviation of the samples of a slab, drawn in pairs, so that no more than one is held at a time; those of the last slab are
    /// kept, since the mean, its error and that of a single sample all need them.
    /// </summary>
    public (Volume<float> Mean, Volume<float> Spread) Moments(SparseVolume sparse, Box slab, CancellationToken cancellation)
    {
        if (_moments is not var (stack, last, _, _) || !ReferenceEquals(stack, sparse) || last != slab)
        {
            _moments = null;
            // From the first sample, so that large grey values take nothing from the digits.
            Volume<float>? origin = null;
            var (sum, squares) = (sparse.NewIsotropic(slab, "mean"), sparse.NewIsotropic(slab, "spread"));
            for (var number = 0; number < Configuration.Samples; number += 2)
            {
                foreach (var sample in Samples(sparse, slab, [number, number + 1], cancellation))
                {
                    origin ??= sample.Map(v => v);
                    TensorPrimitives.Subtract(sample.Data, origin.Data, sample.Data);
                    TensorPrimitives.Add(sum.Data, sample.Data, sum.Data);
                    TensorPrimitives.MultiplyAdd(sample.Data, sample.Data, squares.Data, squares.Data);
                }
            }
            TensorPrimitives.Multiply(sum.Data, 1f / Configuration.Samples, sum.Data);
            for (var i = 0; i < squares.Data.Length; i++)
                squares.Data[i] = MathF.Sqrt(Math.Max(0, squares.Data[i] / Configuration.Samples - sum.Data[i] * sum.Data[i]));
            TensorPrimitives.Add(sum.Data, origin!.Data, sum.Data);
            _moments = (sparse, slab, sum, squares);
        }
        return (_moments.Value.Mean, _moments.Value.Spread);
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
        (_stack, _weights, _sampling, _moments) = (null, null, null, null);
    }

    private GapSampling Trained => _sampling ?? throw new InvalidOperationException("train the method before reconstructing with it");

    /// <summary>Draws with a halo about the slab, and cuts it off.</summary>
    private Volume<float>[] InWindow(SparseVolume sparse, Box slab, Func<Volume<float>, Box, Volume<float>[]> draw, CancellationToken cancellation)
    {
        var window = slab.Widened(GapSampling.Halo, sparse.Observed.Shape);
        var drawn = draw(skeleton.Reconstruct(sparse, window, cancellation), window);
        return window == slab ? drawn : [.. drawn.Select(volume => volume.Crop(slab.From(window)))];
    }

    private static void Finish(Volume<float> volume, SparseVolume sparse, Box slab)
    {
        TensorPrimitives.Clamp(volume.Data, TensorPrimitives.Min(sparse.Observed.Data), TensorPrimitives.Max(sparse.Observed.Data), volume.Data);
        DataConsistency.Project(volume, sparse, slab);
    }

    private void SetSampling(DiffusionNetwork network, SparseVolume sparse, Standardisation standardisation, TrainingOptions options)
    {
        GapSampling At(double temperature) => new(network, _weights!, _precision, standardisation, Configuration.Sampling with { Temperature = temperature }, options.Seed);
        // Thick sections are smoother than the rows they are the means of, and say nothing of their sharpness.
        Temperature = Configuration.Sampling.Temperature ?? (sparse.Sampling.IsDecimation ? SharpTemperature(sparse, At, options.Cancellation) : 1);
        _sampling = At(Temperature);
    }

    /// <summary>The temperature at which the rows of a sample have, within the plane, nearly the fine detail of the sections about them.</summary>
    private double SharpTemperature(SparseVolume sparse, Func<double, GapSampling> at, CancellationToken cancellation)
    {
        const int Gaps = 3, Edge = 192;
        var (shape, middle) = (sparse.Observed.Shape, Math.Max(0, (sparse.Sections - Gaps - 1) / 2));
        var (height, width) = (Math.Min(Edge, shape.Y), Math.Min(Edge, shape.X));
        var (row, rows) = sparse.RowsOf(middle, Math.Min(sparse.Sections, middle + Gaps + 1));
        var window = new Box(row, (shape.Y - height) / 2, (shape.X - width) / 2, new Shape3(rows, height, width));
        var regression = skeleton.Reconstruct(sparse, window, cancellation);
        int[] between = [.. Enumerable.Range(0, rows).Where(z => !sparse.IsObservedRow(row + z))];
        var sections = sparse.Observed.Crop(new Box(middle, window.Y, window.X, new Shape3(Math.Min(Gaps + 1, sparse.Sections - middle), height, width)));
        return Sharpness.Temperature(
            temperature => Sharpness.Of(at(temperature).Draw(sparse, regression, window, [0], cancellation)[0], between, cancellation), Sharpness.Wanted * Sharpness.Wanted * Sharpness.Of(sections, null, cancellation), 0.6, 1.3);
    }
}
