using static TorchSharp.torch;

namespace VisionCell.Learning;

/// <summary>
/// The form that the networks of this library share: a U-Net (Ronneberger et al., arXiv:1505.04597) of residual blocks without normalisation, between
/// head and tail, which are its user's, as is how it goes from one resolution to the next.
/// </summary>
/// <param name="channels">Channels of each level; each further level has a lower resolution.</param>
/// <param name="blocks">Residual blocks of each level, on the way down and up alike.</param>
internal sealed class UNet(IReadOnlyList<int> channels, IReadOnlyList<int> blocks)
{
    /// <summary>Number of resolutions.</summary>
    public int Levels => channels.Count;

    /// <summary>Adds fresh weights.</summary>
    /// <param name="weights">Where to.</param>
    /// <param name="generator">Of their values.</param>
    /// <param name="device">Where they lie.</param>
    /// <param name="scaling">Adds what leads from a level to the next and back.</param>
    /// <param name="further">Adds what a block of that name and so many channels has beyond its convolutions.</param>
    public void AddTo(Weights weights, Generator generator, Device device, Action<int> scaling, Action<string, int>? further = null)
    {
        for (var level = 0; level < Levels; level++)
        {
            AddBlocks("down", level);
            if (level == Levels - 1)
                break;
            scaling(level);
            AddBlocks("up", level);
        }

        void AddBlocks(string way, int level)
        {
            for (var block = 0; block < blocks[level]; block++)
            {
                Layers.AddResidual(weights, $"{way}{level}.{block}", channels[level], generator, device);
                further?.Invoke($"{way}{level}.{block}", channels[level]);
            }
        }
    }

    /// <summary>Applies the network to <c>[N, channels[0], Y, X]</c>; the same comes out.</summary>
    /// <param name="layers">Its weights.</param>
    /// <param name="x">Images.</param>
    /// <param name="shrink">From a level to the next, lower one.</param>
    /// <param name="grow">Back to a level, from what came from below and what the level had on the way down.</param>
    /// <param name="shift">What is added to the channels of a block of that name (<see cref="Layers.Residual"/>); null for nothing.</param>
    public Tensor Forward(Layers layers, Tensor x, Func<int, Tensor, Tensor> shrink, Func<int, Tensor, Tensor, Tensor> grow, Func<string, Tensor?>? shift = null)
    {
        var skipped = new Stack<Tensor>();
        for (var level = 0; level < Levels; level++)
        {
            x = Blocks("down", level, x);
            if (level == Levels - 1)
                break;
            skipped.Push(x);
            x = shrink(level, x);
        }
        for (var level = Levels - 2; level >= 0; level--)
            x = Blocks("up", level, grow(level, x, skipped.Pop()));
        return x;

        Tensor Blocks(string way, int level, Tensor input)
        {
            for (var block = 0; block < blocks[level]; block++)
                input = layers.Residual($"{way}{level}.{block}", input, shift?.Invoke($"{way}{level}.{block}"));
            return input;
        }
    }
}
