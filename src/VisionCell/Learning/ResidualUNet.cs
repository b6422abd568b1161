using static TorchSharp.torch;

namespace VisionCell.Learning;

/// <summary>
/// A U-Net (Ronneberger et al., arXiv:1505.04597) of residual blocks without normalisation, each of which is told a condition: a
/// vector from which a layer of its own makes what is added to the channels of its first convolution. Between head and tail, which
/// are its user's: <c>[N, channels[0], Y, X]</c> to the same.
/// </summary>
/// <param name="channels">Channels of each level; each further level has half the resolution.</param>
/// <param name="blocks">Residual blocks of each level, on the way down and up alike.</param>
/// <param name="conditions">Length of the condition.</param>
internal sealed class ResidualUNet(IReadOnlyList<int> channels, IReadOnlyList<int> blocks, int conditions)
{
    private static readonly string[] _parts = ["down", "up", "shrink", "grow", "merge"];

    private int Levels => channels.Count;

    /// <summary>Lengths along y and x must be a multiple of this.</summary>
    public int Multiple => 1 << (Levels - 1);

    /// <summary>Whether a tensor is the kernel of one of its convolutions, which <see cref="Muon"/> updates: not of a condition, a head or a tail.</summary>
    public static bool IsHidden(string name) =>
        name.EndsWith(".weight", StringComparison.Ordinal) && !name.EndsWith("condition.weight", StringComparison.Ordinal)
        && _parts.Any(part => name.StartsWith(part, StringComparison.Ordinal));

    /// <summary>Adds fresh weights.</summary>
    public void AddTo(Weights weights, Generator generator, Device device)
    {
        for (var level = 0; level < Levels; level++)
        {
            AddBlocks("down", level);
            if (level == Levels - 1)
                break;
            Add($"shrink{level}", channels[level + 1], channels[level], 4);
            Add($"grow{level}", channels[level] * 4, channels[level + 1], 1);
            Add($"merge{level}", channels[level], channels[level] * 2, 1);
            AddBlocks("up", level);
        }

        void Add(string name, int outputs, int inputs, int size) => weights.AddConvolution(name, [outputs, inputs, size, size], generator, 1, device);

        void AddBlocks(string way, int level)
        {
            for (var block = 0; block < blocks[level]; block++)
            {
                Layers.AddResidual(weights, $"{way}{level}.{block}", channels[level], generator, device);
                weights.AddConvolution($"{way}{level}.{block}.condition", [channels[level], conditions], generator, 0, device);
            }
        }
    }

    /// <summary>Applies the network.</summary>
    /// <param name="layers">Its weights.</param>
    /// <param name="x"><c>[N, channels[0], Y, X]</c>.</param>
    /// <param name="condition"><c>[1, conditions]</c> for all images, or <c>[N, conditions]</c>; fp32.</param>
    public Tensor Forward(Layers layers, Tensor x, Tensor condition)
    {
        var skipped = new Stack<Tensor>();
        for (var level = 0; level < Levels; level++)
        {
            x = Blocks("down", level, x);
            if (level == Levels - 1)
                break;
            skipped.Push(x);
            x = layers.Convolve($"shrink{level}", x, [2, 2], [1, 1]);
        }
        for (var level = Levels - 2; level >= 0; level--)
        {
            x = Layers.Spread(layers.Convolve($"grow{level}", x, [1, 1], [0, 0]), 2, 2);
            x = Blocks("up", level, layers.Convolve($"merge{level}", cat([x, skipped.Pop()], 1), [1, 1], [0, 0]));
        }
        return x;

        Tensor Blocks(string way, int level, Tensor input)
        {
            for (var block = 0; block < blocks[level]; block++)
            {
                var name = $"{way}{level}.{block}";
                input = layers.Residual(name, input, layers.Connect($"{name}.condition", condition));
            }
            return input;
        }
    }
}
