using TorchSharp;
using VisionCell.Acquisition;
using VisionCell.Learning;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace VisionCell.SuperResolution;

/// <summary>
/// A <see cref="UNet"/> that works on the grid of the sections: a plane across the stack enters with one row a section, <c>[N, 1, n, W]</c>, and the
/// <c>pitch</c> fine rows that start at each section leave as channels, which are then laid out as rows,
/// <c>[N, 1, n · pitch, W]</c> (Shi et al., arXiv:1609.05158). Nothing is computed on an interpolated grid, which makes a step
/// seven times as fast as the same network after interpolation. Down-sampling is lateral only. The output is a residual that is
/// added to linear interpolation; the last layer starts at zero, so that training starts from linear interpolation.
/// Values are standardised grey values.
/// </summary>
internal sealed class SectionNetwork
{
    private readonly SuperResolutionConfiguration _configuration;
    private readonly AxialSampling _sampling;
    private readonly ScalarType _compute;
    private readonly UNet _body;

    public SectionNetwork(SuperResolutionConfiguration configuration, AxialSampling sampling, ScalarType compute)
    {
        _configuration = configuration;
        _sampling = sampling;
        _compute = compute;
        _body = new UNet(configuration.Channels, configuration.Blocks);
    }

    /// <summary>How sections sample the rows that the network restores.</summary>
    public AxialSampling Sampling => _sampling;

    // The unknown rows of a gap lie between two sections, those of a thick section around its centre: an even or an odd kernel is
    // the one that is symmetric about them.
    private int HeadRows => _sampling.Thickness == _sampling.Pitch ? 5 : 4;

    // Two columns more on either side than one stride covers, so that neighbouring outputs see each other's edges.
    private int HeadColumns => _configuration.LateralStride + 4;

    /// <summary>Lateral lengths must be a multiple of this; others are padded by repeating the border.</summary>
    private int LateralMultiple => _configuration.LateralStride << (_body.Levels - 1);

    /// <summary>Fresh weights.</summary>
    public Weights Initialise(int seed, Device device)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)seed, CPU);
        var weights = new Weights();
        var channels = _configuration.Channels;
        Add("head", channels[0], 1, HeadRows, HeadColumns);
        _body.AddTo(weights, generator, device, level =>
        {
            Add($"shrink{level}", channels[level + 1], channels[level], 3, 4);
            Add($"grow{level}", channels[level] * 2, channels[level + 1], 3, 3);
            Add($"merge{level}", channels[level], channels[level] * 2, 1, 1);
        });
        Add("tail", _sampling.Pitch * _configuration.LateralStride, channels[0], 3, 3, gain: 0);
        return weights;

        void Add(string name, int outputs, int inputs, int rows, int columns, double gain = 1) =>
            weights.AddConvolution(name, [outputs, inputs, rows, columns], generator, gain, device);
    }

    /// <summary>Restores fine rows.</summary>
    /// <param name="weights">The network's weights.</param>
    /// <param name="sections">Standardised grey values, <c>[N, 1, n, W]</c>, fp32.</param>
    /// <param name="linear">Linear interpolation of the same, <c>[N, 1, H, W]</c>, H = fine rows of n sections.</param>
    /// <returns>Standardised grey values of the fine rows, <c>[N, 1, H, W]</c>, fp32, not yet projected onto the sections.</returns>
    public Tensor Forward(Weights weights, Tensor sections, Tensor linear)
    {
        using var scope = NewDisposeScope();
        var (batch, rows, width) = (sections.shape[0], sections.shape[2], sections.shape[3]);
        var padding = (LateralMultiple - width % LateralMultiple) % LateralMultiple;
        var behind = HeadRows / 2;
        var layers = new Layers(weights, _compute);
        var x = pad(sections, [2, 2 + padding, HeadRows - 1 - behind, behind], PaddingModes.Replicate);
        x = layers.Convolve("head", x, [1, _configuration.LateralStride], [0, 0]); // (N, C0, n, W')
        x = _body.Forward(
            layers, x,
            (level, image) => layers.Convolve($"shrink{level}", image, [1, 2], [1, 1]),
            (level, below, beside) => layers.Convolve($"merge{level}", cat([Layers.Spread(layers.Convolve($"grow{level}", below, [1, 1], [1, 1]), 1, 2), beside], 1), [1, 1], [0, 0]));
        x = layers.Convolve("tail", x, [1, 1], [1, 1]); // (N, pitch · stride, n, W')
        x = Layers.Spread(x, 1, _configuration.LateralStride); // (N, pitch, n, W + padding)
        x = x.to(ScalarType.Float32).narrow(3, 0, width).permute(0, 2, 1, 3).reshape(batch, 1, rows * _sampling.Pitch, width); // (N, 1, n · pitch, W)
        return linear.Plus(x.narrow(2, 0, linear.shape[2])).MoveToOuterDisposeScope();
    }
}
