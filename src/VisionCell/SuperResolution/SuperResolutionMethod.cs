using System.Numerics.Tensors;
using System.Security.Cryptography;
using System.Text.Json;
using VisionCell.Acquisition;
using VisionCell.Augmentation;
using VisionCell.Learning;
using VisionCell.Reconstruction;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.SuperResolution;

/// <summary>
/// Self-supervised super-resolution along z, learnt from nothing but the sparse stack: the network learns on the stack's own
/// sections, with one lateral axis degraded exactly as z is, and is then applied to planes across the stack (the idea of
/// Weigert et al., "Isotropic reconstruction of 3D fluorescence microscopy images using convolutional neural networks", MICCAI
/// 2017, arXiv:1704.01510). Assumes that the specimen looks alike across and within sections; where it does not, it errs.
/// </summary>
public sealed class SuperResolutionMethod : IReconstructionMethod
{
    // From this many sections on one is kept out of training to choose the weights by.
    private const int SectionsToValidate = 6;
    private const int SharedRows = 6;

    private readonly SuperResolutionConfiguration _configuration;
    private ComputePrecision _precision = ComputePrecision.Best();
    private Mixture? _mixture;
    private Weights? _weights;
    private DetailGain _detailGain;
    private (float Low, float High) _range;

    /// <summary>Creates an untrained method.</summary>
    /// <param name="configuration">Network and training; null for the defaults.</param>
    /// <exception cref="BadInputException">A value of the configuration is out of range.</exception>
    public SuperResolutionMethod(SuperResolutionConfiguration? configuration = null) =>
        _configuration = (configuration ?? new SuperResolutionConfiguration()).Validated();

    /// <inheritdoc/>
    public string Name => "superresolution";

    /// <inheritdoc/>
    public string Device => _precision.ToString();

    /// <inheritdoc/>
    public bool PlacesSections => true;

    /// <inheritdoc/>
    public Halo? Halo => new Halo(PlaneReconstruction.HaloSections + SharedRows + FineDetail.Reach, GapReconstruction.HaloPixels * 2);

    /// <summary>The share of pretrained networks in the result (<see cref="Mixture"/>).</summary>
    public IReadOnlyDictionary<string, double> Findings => new Dictionary<string, double> { ["pretrainedShare"] = Math.Round(_mixture?.Share ?? 0, 3) };

    /// <inheritdoc/>
    public void Train(SparseVolume sparse, TrainingOptions options)
    {
        if (sparse.Sampling.ExactPitch == 1)
            throw new BadInputException("sections lie a pixel apart: there is no row between sections to learn; the stack is isotropic as it is");
        _precision = ComputePrecision.Best(options.Device, options.Notice);
        for (var z = 1; z < sparse.Sections; z++)
        {
            if (sparse.Centre(z) - sparse.Centre(z - 1) < 1 - 1e-6)
                throw new BadInputException($"sections {z - 1} and {z} lie {sparse.Centre(z) - sparse.Centre(z - 1):0.##} pixels apart, closer than the rows that are to be filled in; leave one of them out, or use 'linear'");
        }
        var standardisation = Standardisation.Of(sparse.Observed);
        var standardised = standardisation.Apply(sparse.Observed);
        _range = (TensorPrimitives.Min(sparse.Observed.Data), TensorPrimitives.Max(sparse.Observed.Data));
        var seen = Enumerable.Range(0, sparse.Sections).Where(sparse.IsObserved).ToArray();
        var held = seen.Length >= SectionsToValidate ? seen[seen.Length / 2] : -1;
        var scale = _configuration.MatchScale ? LateralScale.Match(standardised, sparse) : LateralScale.Plain(sparse);
        var rows = new SectionGrid(sparse).Sampling;
        var gaps = sparse.IsEven ? null : Enumerable.Range(1, sparse.Sections - 1).Select(z => (sparse.Centre(z) - sparse.Centre(z - 1)) / sparse.MeanPitch).ToArray();
        var examples = new LateralSections(standardised, [.. seen.Where(z => z != held)], rows, scale, _configuration, gaps);
        var network = new SectionNetwork(_configuration, rows, _precision.Compute);

        var task = new ProjectedLoss(network, rows, _precision.Device);
        var parts = _configuration.BatchSize % 2 == 0 ? 2 : 1;
        var settings = new TrainerSettings(
            Name,
            $"{JsonSerializer.Serialize(_configuration)} {sparse.Sampling} {Convert.ToHexStringLower(SHA256.HashData(sparse.Observed.Bytes))} {string.Join(',', sparse.Observed.Unobserved.Order())} {string.Join(',', gaps ?? [])}",
            _configuration.LearningRate,
            _configuration.WarmUpSteps,
            _configuration.WeightDecay,
            _configuration.GradientNorm,
            _configuration.AverageDecay,
            TimeSpan.FromMinutes(_configuration.DefaultMinutes),
            Parts: parts);
        var half = HalfScale.Of(sparse);
        var priors = half is null || options.FromScratch ? [] : NetworkPrior<GapConfiguration>.Unknowing(options.Prior, sparse.Observed);
        var tuning = priors.Count == 0 ? null : StackExamples.Of(standardised, sparse, _configuration.IntensityJitter, _precision.Device);
        var phases = new TrainingPhases(options, settings.DefaultBudget, tuning is null ? 0 : _configuration.AdaptationShare, priors.Count);
        var validation = held < 0 ? [] : HeldOutPlanes(standardised, held, rows, scale);

        Dispose();
        try
        {
            _weights = Trainer.Train(
                network.Initialise(options.Seed, _precision.Device),
                random => examples.Draw(random, _configuration.BatchSize / parts),
                (weights, fine) => task.Loss(weights, fine, examples.PatchRows, examples.PatchWidth),
                validation.Count == 0 ? null : weights => task.GainOverLinear(weights, validation),
                validation.Count == 0 ? settings : settings with { Pictures = weights => [task.Picture(weights, validation[0])] },
                phases.First);
            for (var i = 0; tuning is not null && i < priors.Count; i++)
            {
                using var before = priors[i];
                priors[i] = before with { Weights = GapAdaptation.Run(before, tuning, _precision, settings.Identity, phases.Further(i, before.Name)) };
            }
            _mixture = Mixture.Of(half, priors, new PlaneReconstruction(network, _weights, _precision, standardisation), standardisation, _precision, options.Cancellation);
            _detailGain = default;
            _detailGain = MissingDetail(sparse, options.Cancellation);
        }
        catch
        {
            foreach (var prior in priors)
                prior.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public Volume<float> Reconstruct(SparseVolume sparse, Box block, CancellationToken cancellation = default)
    {
        var (mixture, slab) = (Trained, DataConsistency.Slab(sparse, block));
        var result = Filled(mixture, sparse, slab, cancellation);
        TensorPrimitives.Clamp(result.Data, _range.Low, _range.High, result.Data);
        DataConsistency.Project(result, sparse, slab);
        return DataConsistency.Cut(result, slab, block);
    }

    /// <summary>A slab with its detail amplified.</summary>
    private Volume<float> Filled(Mixture mixture, SparseVolume sparse, Box slab, CancellationToken cancellation)
    {
        if (!_detailGain.IsAny)
            return mixture.Fill(sparse, slab, cancellation);
        var window = FineDetail.Window(sparse, slab);
        var wide = mixture.Fill(sparse, window, cancellation);
        DataConsistency.Project(wide, sparse, window);
        FineDetail.Amplify(wide, _detailGain);
        return wide.Shape == slab.Shape ? wide : wide.Crop(slab.From(window));
    }

    /// <summary>By how much detail has to be amplified to be no less than linear interpolation's, measured on four columns.</summary>
    private DetailGain MissingDetail(SparseVolume sparse, CancellationToken cancellation)
    {
        const int Edge = 48, Rows = 256;
        var shape = sparse.Observed.Shape;
        var (height, width) = (Math.Min(Edge, shape.Y / 2), Math.Min(Edge, shape.X / 2));
        var sections = Math.Min(sparse.Sections, Math.Max(4, (int)(Rows / sparse.MeanPitch) + 1));
        var parts = new[] { (1, 1), (1, 3), (3, 1), (3, 3) }.Select(part => new Box(0, shape.Y * part.Item1 / 4 - height / 2, shape.X * part.Item2 / 4 - width / 2, new Shape3(sparse.RowsOf(0, sections).Rows, height, width)));
        return FineDetail.Missing(sparse, sections, parts, box => Reconstruct(sparse, box, cancellation), cancellation);
    }

    /// <inheritdoc/>
    public Volume<float>? Uncertainty(SparseVolume sparse, Box block, CancellationToken cancellation = default)
    {
        var (mixture, slab) = (Trained, DataConsistency.Slab(sparse, block));
        return mixture.ExpectedError(sparse, slab, cancellation) is { } error ? DataConsistency.Cut(error, slab, block) : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _weights?.Dispose();
        _mixture?.Dispose();
    }

    private Mixture Trained => _mixture ?? throw new InvalidOperationException("train the method before reconstructing with it");

    /// <summary>A section that is not trained on, with either lateral axis taken for z: rows <c>[H, W]</c>.</summary>
    private static List<(float[] Fine, int Rows, int Width)> HeldOutPlanes(Volume<float> standardised, int section, AxialSampling sampling, LateralScale scale)
    {
        var (height, width) = (standardised.Shape.Y, standardised.Shape.X);
        var planes = new List<(float[], int, int)>();
        foreach (var (alongX, length, across, distance) in new[] { (false, height, width, scale.Y), (true, width, height, scale.X) })
        {
            if (sampling.SectionsIn((int)((length - 1) / distance) + 1) is not (>= 2 and var count))
                continue;
            var rows = sampling.FineRows(count);
            var fine = new float[rows * across];
            ScaledRows.Copy(standardised.Section(section), width, alongX, 0, distance, 0, 0, rows, across, fine);
            planes.Add((fine, rows, across));
        }
        return planes;
    }
}
