using TorchSharp;
using VisionCell.Learning;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace VisionCell.SuperResolution;

/// <summary>
/// Fills the gap between two sections from the three on either side of it, in 3D context: the six sections enter as channels,
/// <c>[N, 6, Y, X]</c>, every <c>stride</c>-th pixel (the others as further channels); a U-Net of residual blocks (as in
/// <see cref="SectionNetwork"/>) turns them into K images, of which the row at each position in the gap is a weighted sum, the
/// weights being a small function of the position, the distance of the sections and their thickness. So one network serves every
/// anisotropy factor, thin and thick sections, and positions between. The sum is added to linear interpolation.
/// It cannot learn from a sparse stack, in which no gap has a truth: it is trained on isotropic volumes of other specimens.
/// Values are standardised grey values.
/// </summary>
internal sealed class GapNetwork(GapConfiguration configuration, ScalarType compute)
{
    private const int Conditions = 12;
    private const int PositionFeatures = 5;
    private const int Hidden = 48;

    private readonly ResidualUNet _body = new(configuration.Channels, configuration.Blocks, Conditions);

    private int Stride => configuration.LateralStride;

    /// <summary>Lateral lengths must be a multiple of this; others are padded by repeating the border.</summary>
    public int LateralMultiple => Stride * _body.Multiple;

    /// <summary>Fresh weights.</summary>
    public Weights Initialise(int seed, Device device)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)seed, CPU);
        var weights = new Weights();
        var channels = configuration.Channels;
        weights.AddConvolution("head", [channels[0], Gap.Sections * Stride * Stride, 3, 3], generator, 1, device);
        _body.AddTo(weights, generator, device);
        weights.AddConvolution("tail", [configuration.Images * Stride * Stride, channels[0], 3, 3], generator, 1, device);
        weights.AddConvolution("position0", [Hidden, PositionFeatures], generator, 1, device);
        weights.AddConvolution("position1", [Hidden, Hidden], generator, 1, device);
        weights.AddConvolution("position2", [configuration.Images, Hidden], generator, 0, device);
        return weights;
    }

    /// <summary>Fills gaps.</summary>
    /// <param name="weights">The network's weights.</param>
    /// <param name="sections">Standardised grey values of three sections before and three after the gap, <c>[N, 6, Y, X]</c>, fp32.</param>
    /// <param name="gap">The gap: distance and thickness of its sections, and where rows are wanted.</param>
    /// <returns>Standardised grey values of the rows, <c>[N, T, Y, X]</c>, fp32.</returns>
    public Tensor Forward(Weights weights, Tensor sections, Gap gap)
    {
        using var scope = NewDisposeScope();
        var layers = new Layers(weights, compute);
        var (height, width) = (sections.shape[2], sections.shape[3]);
        var (below, right) = (-height & (LateralMultiple - 1), -width & (LateralMultiple - 1));
        var x = Layers.Gather(pad(sections.to(compute), [0, right, 0, below], PaddingModes.Replicate), Stride, Stride); // (N, 4 · s², h, w)
        var condition = tensor(gap.Conditions(Conditions), [1, Conditions]).to(sections.device);
        x = _body.Forward(layers, layers.Convolve("head", x, [1, 1], [1, 1]), condition);
        x = layers.Convolve("tail", relu(x), [1, 1], [1, 1]); // (N, s² · K, h, w)

        var (n, h, w, rows) = (x.shape[0], x.shape[2], x.shape[3], gap.Positions.Count);
        var mix = tensor(gap.PositionFeatures(), [rows, PositionFeatures]).to(sections.device);
        mix = layers.Connect("position2", relu(layers.Connect("position1", relu(layers.Connect("position0", mix))))); // (T, K)
        x = x.permute(0, 2, 3, 1).reshape(n, h, w * Stride * Stride, configuration.Images).permute(0, 3, 1, 2); // (N, K, h, w · s²), channels last
        x = Layers.Convolve(x, mix.reshape(rows, configuration.Images, 1, 1), null, [1, 1], [0, 0]); // (N, T, h, w · s²)
        x = x.reshape(n, rows, h, w, Stride, Stride).permute(0, 1, 2, 4, 3, 5).reshape(n, rows, h * Stride, w * Stride);
        x = x.narrow(2, 0, height).narrow(3, 0, width).to(ScalarType.Float32);

        return x.Plus(gap.Linear(sections)).MoveToOuterDisposeScope();
    }
}
