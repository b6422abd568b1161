using System.Numerics.Tensors;
using VisionCell.Acquisition;
using VisionCell.Augmentation;
using VisionCell.Learning;
using VisionCell.Volumes;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace VisionCell.Diffusion;

/// <summary>
/// What is to be expected of the residual that a regression leaves between sections: a denoiser says of a sample in which noise drowns everything
/// what it expects on average (Karras et al., arXiv:2206.00364, section 2: D(x; σ) is the conditional mean), and the most likely noise is none at all. One
/// evaluation comes as close as the mean of eight samples (docs/benchmarks/diffusion.md).
/// </summary>
internal sealed class ExpectedResidual : IDisposable
{
    // Of the noise in which nothing shows any more (docs/benchmarks/diffusion.md).
    private const double Level = 0.2;

    // Of the gap (GapSymmetries): 1, 2, 4 and 8 gained 0.24, 0.25, 0.25 and 0.25 dB at decimate:8 and 0.27, 0.30, 0.32 and 0.32 at decimate:4.
    private const int Symmetries = 4;

    private readonly Weights _weights;
    private readonly DiffusionNetwork _network;
    private readonly ComputePrecision _precision;
    private readonly Standardisation _standardisation;

    private ExpectedResidual(NetworkPrior<DiffusionConfiguration> prior, ComputePrecision precision, Standardisation standardisation) =>
        (_weights, _network, _precision, _standardisation) = (prior.Weights.To(precision.Device), new DiffusionNetwork(prior.Configuration, precision.Compute), precision, standardisation);

    /// <summary>Pixels about a block past which the weights of the receptive field no longer show.</summary>
    public const int Halo = GapSampling.Halo;

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
    public Volume<float> AddedTo(SparseVolume sparse, Volume<float> regression, Box window, CancellationToken cancellation)
    {
        var result = regression.Map(v => v);
        foreach (var (gap, rows, sections) in GapsOfStack.Of(sparse, window.Z, window.Shape.Z))
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            using var noGradient = no_grad();
            Tensor Image(Volume<float> volume, int[] planes, Box box) =>
                tensor(GapsOfStack.Standardised(volume, planes, box, _standardisation), [1, planes.Length, window.Shape.Y, window.Shape.X]).to(_precision.Device);
            int[] planes = [.. rows.Select(r => r - window.Z)];
            var expected = GapSymmetries.Mean(Expected, [Image(sparse.Observed, sections, window), Image(regression, planes, Box.Of(regression.Shape))], gap, Symmetries);
            float[] values = [.. expected.cpu().contiguous().data<float>()];
            for (var t = 0; t < rows.Length; t++)
            {
                var target = result.Section(planes[t]);
                TensorPrimitives.MultiplyAdd(values.AsSpan(t * target.Length, target.Length), _standardisation.Deviation, target, target);
            }
        }
        return result;
    }

    /// <summary>The rows of the residual that are to be expected, standardised: of sections and rows of the regression.</summary>
    private Tensor Expected(Tensor[] images, Gap gap)
    {
        var condition = _network.Condition(images[0], images[1], gap);
        var nothing = zeros([images[0].shape[0], Math.Min(gap.Positions.Count, _network.Modes), images[0].shape[2], images[0].shape[3]], device: images[0].device);
        return SineModes.Rows(_network.Denoise(_weights, nothing, condition, gap, Level * _network.Schedule.Most), gap.Positions.Count);
    }

    /// <inheritdoc/>
    public void Dispose() => _weights.Dispose();
}
