using static TorchSharp.torch;

namespace VisionCell.Learning;

/// <summary>
/// A <see cref="UNet"/> in which each block is told a condition: a vector from which a layer of its own makes what is added to the
/// channels of its first convolution. Each further level has half the resolution.
/// </summary>
/// <param name="channels">Channels of each level.</param>
/// <param name="blocks">Residual blocks of each level, on the way down and up alike.</param>
/// <param name="conditions">Length of the condition.</param>
internal sealed class ResidualUNet(IReadOnlyList<int> channels, IReadOnlyList<int> blocks, int conditions)
{
    private static readonly string[] _parts = ["down", "up", "shrink", "grow", "merge"];

    private readonly UNet _body = new(channels, blocks);

    /// <summary>Lengths along y and x must be a multiple of this.</summary>
    public int Multiple => 1 << (_body.Levels - 1);

    /// <summary>Whether a tensor is the kernel of one of its convolutions, which <see cref="Muon"/> updates: not of a condition, a head or a tail.</summary>
    public static bool IsHidden(string name) =>
        name.EndsWith(".weight", StringComparison.Ordinal) && !name.EndsWith("condition.weight", StringComparison.Ordinal)
        && _parts.Any(part => name.StartsWith(part, StringComparison.Ordinal));

    /// <summary>Adds fresh weights.</summary>
    public void AddTo(Weights weights, Generator generator, Device device)
    {
        _body.AddTo(
            weights, generator, device,
            level =>
            {
                Add($"shrink{level}", channels[level + 1], channels[level], 4);
                Add($"grow{level}", channels[level] * 4, channels[level + 1], 1);
                Add($"merge{level}", channels[level], channels[level] * 2, 1);
            },
            (block, width) => weights.AddConvolution($"{block}.condition", [width, conditions], generator, 0, device));

        void Add(string name, int outputs, int inputs, int size) => weights.AddConvolution(name, [outputs, inputs, size, size], generator, 1, device);
    }

    /// <summary>Applies the network.</summary>
    /// <param name="layers">Its weights.</param>
    /// <param name="x"><c>[N, channels[0], Y, X]</c>.</param>
    /// <param name="condition"><c>[1, conditions]</c> for all images, or <c>[N, conditions]</c>; fp32.</param>
    public Tensor Forward(Layers layers, Tensor x, Tensor condition) => _body.Forward(
        layers, x,
        (level, image) => layers.Convolve($"shrink{level}", image, [2, 2], [1, 1]),
        (level, below, beside) => layers.Convolve($"merge{level}", cat([Layers.Spread(layers.Convolve($"grow{level}", below, [1, 1], [0, 0]), 2, 2), beside], 1), [1, 1], [0, 0]),
        block => layers.Connect($"{block}.condition", condition));
}
