using System.Numerics.Tensors;
using VisionCell.Acquisition;
using VisionCell.Reconstruction;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Diffusion;

/// <summary>
/// Restores what a regression blurs: a sample of what may lie between the sections, or the mean of several with how far they lie apart.
/// A sample has the sharpness of the specimen and is one of many that fit the sections, so its details are no finding: the expected error
/// says where they are not. Docs: docs/guide/diffusion.md.
/// </summary>
public sealed class DiffusionMethod : IReconstructionMethod
{
    private readonly DiffusionModel _model;
    private readonly bool _mean;
    private SpreadModel? _errors;

    /// <summary>Creates a method.</summary>
    /// <param name="model">The model; not disposed with this.</param>
    /// <param name="mean">Whether the mean of the samples is the result; else the first of them.</param>
    internal DiffusionMethod(DiffusionModel model, bool mean) => (_model, _mean) = (model, mean);

    /// <inheritdoc/>
    public string Name => _mean ? "diffusion-mean" : "diffusion";

    /// <inheritdoc/>
    public string Device => _model.Device;

    /// <summary>The scale of the noise that makes samples as sharp as the stack's sections.</summary>
    /// <inheritdoc/>
    public IReadOnlyDictionary<string, double> Findings => new Dictionary<string, double> { ["temperature"] = Math.Round(_model.Temperature, 3) };

    /// <inheritdoc/>
    public void Train(SparseVolume sparse, TrainingOptions options)
    {
        _model.Train(sparse, options);
        _errors = HalfScale.Of(sparse) is { } half ? Calibrated(half, options.Cancellation) : null;
    }

    /// <inheritdoc/>
    public Volume<float> Reconstruct(SparseVolume sparse, Box block, CancellationToken cancellation = default)
    {
        var slab = DataConsistency.Slab(sparse, block);
        return DataConsistency.Cut(_mean ? Copy(_model.Moments(sparse, slab, cancellation).Mean) : _model.Samples(sparse, slab, [0], cancellation)[0], slab, block);
    }

    /// <summary>A sample by number: those of neighbouring blocks fit together.</summary>
    /// <param name="sparse">What was observed.</param>
    /// <param name="block">A box inside the isotropic grid.</param>
    /// <param name="sample">Number, 0 or more; an odd one has the noise of the one before with its sign changed.</param>
    /// <param name="cancellation">Stops between gaps.</param>
    public Volume<float> Sample(SparseVolume sparse, Box block, int sample, CancellationToken cancellation = default)
    {
        var slab = DataConsistency.Slab(sparse, block);
        return DataConsistency.Cut(_model.Samples(sparse, slab, [sample], cancellation)[0], slab, block);
    }

    /// <summary>What is expected behind the noise in every step of a sample, the last of which is the sample.</summary>
    public IReadOnlyList<Volume<float>> Steps(SparseVolume sparse, Box block, int sample, CancellationToken cancellation = default)
    {
        var slab = DataConsistency.Slab(sparse, block);
        return [.. _model.Steps(sparse, slab, sample, cancellation).Select(step => DataConsistency.Cut(step, slab, block))];
    }

    /// <summary>The standard deviation of the samples at each voxel, grey values.</summary>
    public Volume<float> Spread(SparseVolume sparse, Box block, CancellationToken cancellation = default)
    {
        var slab = DataConsistency.Slab(sparse, block);
        return DataConsistency.Cut(Copy(_model.Moments(sparse, slab, cancellation).Spread), slab, block);
    }

    /// <inheritdoc/>
    public Volume<float>? Uncertainty(SparseVolume sparse, Box block, CancellationToken cancellation = default)
    {
        if (_errors is null)
            return null;
        var spread = Spread(sparse, block, cancellation);
        _errors.Apply(sparse, block, spread);
        return spread;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // The model belongs to the set that it was taken from.
    }

    private static Volume<float> Copy(Volume<float> volume) => volume.Map(v => v);

    private static Volume<float> Mean(Volume<float>[] samples)
    {
        foreach (var sample in samples.Skip(1))
            TensorPrimitives.Add(samples[0].Data, sample.Data, samples[0].Data);
        TensorPrimitives.Multiply(samples[0].Data, 1f / samples.Length, samples[0].Data);
        return samples[0];
    }

    /// <summary>What error to expect at which spread, from half the scale, where the stack itself knows the answer.</summary>
    private SpreadModel Calibrated(HalfScale half, CancellationToken cancellation)
    {
        var samples = _model.Samples(half.Sparse, Box.Of(half.Sparse.IsotropicShape), [.. Enumerable.Range(0, _model.Configuration.Samples)], cancellation);
        float[][] said = [.. samples.Select(half.Sample)];
        var spread = new float[half.Held.Data.Length];
        MemberWeights.Spread(said, spread);
        return SpreadModel.Fit(spread, _mean ? half.Sample(Mean(samples)) : said[0], half.Held.Data, half.Difference).Scaled(half.ErrorRatio);
    }
}
