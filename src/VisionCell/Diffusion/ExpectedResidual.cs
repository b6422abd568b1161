using VisionCell.Acquisition;
using VisionCell.Augmentation;
using VisionCell.Learning;
using VisionCell.Volumes;

namespace VisionCell.Diffusion;

/// <summary>
/// What is to be expected of the residual that a regression leaves between sections: a denoiser says of a sample in which noise drowns everything
/// what it expects on average (Karras et al., arXiv:2206.00364, section 2: D(x; σ) is the conditional mean), and the most likely noise is none at all. One
/// evaluation comes as close as the mean of eight samples (docs/benchmarks/diffusion.md).
/// </summary>
internal sealed class ExpectedResidual : IDisposable
{
    // Of the noise in which nothing shows any more. On a part of medulla-1 (decimate:8) .1, .2, .35, .6 and 1 gained 0.17, 0.21, 0.18, 0.15 and 0.16 dB.
    private const double Level = 0.2;

    private readonly Weights _weights;
    private readonly GapSampling _sampling;

    private ExpectedResidual(NetworkPrior<DiffusionConfiguration> prior, ComputePrecision precision, Standardisation standardisation)
    {
        _weights = prior.Weights.To(precision.Device);
        // Without noise the seed says nothing, and blocks meet whatever they are cut from.
        _sampling = new GapSampling(
            new DiffusionNetwork(prior.Configuration, precision.Compute), _weights, precision, standardisation, new DiffusionSampling { Kind = SamplerKind.Ddim, Steps = 1, Start = Level, Temperature = 0 }, 0);
    }

    /// <summary>Pixels about a block past which the weights of the receptive field no longer show.</summary>
    public static int Halo => GapSampling.Halo;

    /// <summary>That of the network which knows a stack's own sections best of those that were not trained on them; null where there is none.</summary>
    /// <param name="sparse">The stack.</param>
    /// <param name="file">Weights to use in place of those that come with the library; null for these.</param>
    /// <param name="regression">A regression that was not trained on the stack, to choose by.</param>
    /// <param name="precision">Where to compute.</param>
    public static ExpectedResidual? For(SparseVolume sparse, string? file, IGapRegression regression, ComputePrecision precision)
    {
        var priors = NetworkPrior<DiffusionConfiguration>.Unknowing(file, sparse.Observed);
        try
        {
            if (priors.Count == 0)
                return null;
            var standardisation = Standardisation.Of(sparse.Observed);
            // The rows of thick sections are never known.
            var examples = priors.Count > 1 && sparse.Sampling.IsDecimation ? StackExamples.Of(standardisation.Apply(sparse.Observed), sparse, 0, precision.Device) : null;
            return new ExpectedResidual(examples is null ? priors[0] : new DiffusionTuning(examples, regression, precision).Best(priors), precision, standardisation);
        }
        finally
        {
            foreach (var prior in priors)
                prior.Dispose();
        }
    }

    /// <summary>A regression with what is expected of its residual, not projected onto the sections.</summary>
    /// <param name="sparse">The stack.</param>
    /// <param name="regression">The regression in the window, <c>[Z, Y, X]</c>, grey values.</param>
    /// <param name="window">Where it lies: from a section to a section, with <see cref="Halo"/> about what is wanted.</param>
    /// <param name="cancellation">Stops between gaps.</param>
    public Volume<float> AddedTo(SparseVolume sparse, Volume<float> regression, Box window, CancellationToken cancellation) => _sampling.Draw(sparse, regression, window, [0], cancellation)[0];

    /// <inheritdoc/>
    public void Dispose() => _weights.Dispose();
}
