using TorchSharp;
using VisionCell.Learning;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace VisionCell.Diffusion;

/// <summary>
/// Denoises what a regression leaves of the rows in a gap (residual diffusion, Mardani et al., "Residual corrective diffusion modeling",
/// arXiv:2309.15214): shown the three sections on either side, the regression's rows and the noisy residual, it tells the residual's
/// expected value. Rows enter and leave as <see cref="SineModes"/>, all of a gap at once, so that they are denoised jointly: a sample
/// does not flicker from row to row. Values are standardised grey values.
/// </summary>
internal sealed class DiffusionNetwork(DiffusionConfiguration configuration, ScalarType compute)
{
    private const int GapFeatures = 12;
    private const int DensityFeatures = 4;
    private const int NoiseFeatures = 8;
    private const int Features = GapFeatures + DensityFeatures + NoiseFeatures;

    private readonly ResidualUNet _body = new(configuration.Channels, configuration.Blocks, configuration.Embedding);

    private int Stride => configuration.LateralStride;

    /// <summary>Lateral lengths must be a multiple of this; others are padded by repeating the border.</summary>
    public int LateralMultiple => Stride * _body.Multiple;

    /// <summary>Modes that are modelled.</summary>
    public int Modes => configuration.Modes;

    /// <summary>Noise levels and scalings.</summary>
    public NoiseSchedule Schedule { get; } = new(configuration.DataDeviation);

    /// <summary>Fresh weights.</summary>
    public Weights Initialise(int seed, Device device)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)seed, CPU);
        var weights = new Weights();
        weights.AddConvolution("embedding0", [configuration.Embedding, Features], generator, 1, device);
        weights.AddConvolution("embedding1", [configuration.Embedding, configuration.Embedding], generator, 1, device);
        weights.AddConvolution("head", [configuration.Channels[0], (Gap.Sections + 2 * Modes) * Stride * Stride, 3, 3], generator, 1, device);
        _body.AddTo(weights, generator, device);
        weights.AddConvolution("tail", [Modes * Stride * Stride, configuration.Channels[0], 3, 3], generator, 0, device);
        return weights;
    }

    /// <summary>The part of the network's input that is the same at every noise level, computed once for a sampling.</summary>
    /// <param name="sections">Three sections before and three after the gap, <c>[N, 6, Y, X]</c>, fp32.</param>
    /// <param name="skeleton">The regression's rows, <c>[N, T, Y, X]</c>, fp32.</param>
    /// <param name="gap">The gap and its rows.</param>
    /// <returns>Sections and the modes of what the skeleton adds to linear interpolation, <c>[N, 6 + modes, Y', X']</c>, padded.</returns>
    public Tensor Condition(Tensor sections, Tensor skeleton, Gap gap)
    {
        using var scope = NewDisposeScope();
        var modes = SineModes.Of(skeleton - gap.Linear(sections), Modes);
        return Padded(cat([sections, WithAllModes(modes)], 1)).MoveToOuterDisposeScope();
    }

    /// <summary>The network F of EDM: <c>D = c_skip x + c_out F(c_in x; σ)</c>.</summary>
    /// <param name="weights">The network's weights.</param>
    /// <param name="noisy">c_in x: the noisy residual's modes, <c>[N, K, Y, X]</c>, fp32, unit variance.</param>
    /// <param name="condition">From <see cref="Condition"/>.</param>
    /// <param name="gap">The gap and its rows.</param>
    /// <param name="told">What is told of the noise (<see cref="NoiseSchedule.Told"/>), one number an image, or one for all.</param>
    /// <returns><c>[N, K, Y, X]</c>, fp32.</returns>
    public Tensor Forward(Weights weights, Tensor noisy, Tensor condition, Gap gap, IReadOnlyList<double> told)
    {
        using var scope = NewDisposeScope();
        var layers = new Layers(weights, compute);
        var (height, width, modes) = (noisy.shape[2], noisy.shape[3], noisy.shape[1]);
        var features = tensor([.. told.SelectMany(c => FeaturesOf(gap, c))], [told.Count, Features]).to(noisy.device);
        var embedding = layers.Connect("embedding1", relu(layers.Connect("embedding0", features)));
        var input = cat([condition, Padded(WithAllModes(noisy))], 1).to(compute);
        var x = layers.Convolve("head", Layers.Gather(input, Stride, Stride), [1, 1], [1, 1]);
        x = _body.Forward(layers, x, embedding);
        x = layers.Convolve("tail", relu(x), [1, 1], [1, 1]);
        x = Layers.Spread(x, Stride, Stride).narrow(1, 0, modes).narrow(2, 0, height).narrow(3, 0, width);
        return x.to(ScalarType.Float32).contiguous().MoveToOuterDisposeScope();
    }

    /// <summary>The expected residual's modes D(x; σ).</summary>
    /// <param name="weights">The network's weights.</param>
    /// <param name="noisy">The noisy residual's modes x, <c>[N, K, Y, X]</c>, fp32.</param>
    /// <param name="condition">From <see cref="Condition"/>.</param>
    /// <param name="gap">The gap and its rows.</param>
    /// <param name="sigma">Noise level of all images.</param>
    public Tensor Denoise(Weights weights, Tensor noisy, Tensor condition, Gap gap, double sigma)
    {
        using var scope = NewDisposeScope();
        var output = Forward(weights, noisy.clone().Scale(Schedule.Input(sigma)), condition, gap, [Schedule.Told(sigma)]);
        return output.Scale(Schedule.Output(sigma)).AddScaled(noisy, Schedule.Skip(sigma)).MoveToOuterDisposeScope();
    }

    /// <summary>Numbers of the gap, of how close its rows lie, and of the noise, as sines and cosines.</summary>
    private static IEnumerable<float> FeaturesOf(Gap gap, double told)
    {
        var density = Math.Log2((gap.Positions.Count + 1) / gap.Distance);
        return [.. gap.Conditions(GapFeatures), .. Waves(density, DensityFeatures), .. Waves(told, NoiseFeatures)];

        static IEnumerable<float> Waves(double value, int count) => Enumerable.Range(0, count / 2)
            .SelectMany(k => new[] { (float)Math.Sin(value * 0.5 * (k + 1)), (float)Math.Cos(value * 0.5 * (k + 1)) });
    }

    /// <summary>Zeros in the place of the modes that a gap of few rows does not have.</summary>
    private Tensor WithAllModes(Tensor modes) => modes.shape[1] == Modes ? modes
        : cat([modes, zeros([modes.shape[0], Modes - modes.shape[1], modes.shape[2], modes.shape[3]], device: modes.device)], 1);

    private Tensor Padded(Tensor image)
    {
        var (below, right) = (-image.shape[2] & (LateralMultiple - 1), -image.shape[3] & (LateralMultiple - 1));
        return below == 0 && right == 0 ? image : pad(image, [0, right, 0, below], PaddingModes.Replicate);
    }
}
