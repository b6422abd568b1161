using VisionCell.Learning;
using static TorchSharp.torch;

namespace VisionCell.Preprocessing;

/// <summary>
/// A <see cref="UNet"/> for blind-spot training: a section and its neighbours enter as channels, <c>[N, C, Y, X]</c>, the section leaves
/// denoised, <c>[N, 1, Y, X]</c>. After Höck et al., "N2V2: Fixing Noise2Void checkerboard artifacts with modified sampling
/// strategies and a tweaked network architecture", arXiv:2211.08512: nothing of the input is added to the output, no skip connection
/// at full resolution, and down-sampling by a blurred stride (Zhang, "Making convolutional networks shift-invariant again",
/// arXiv:1904.11486). Up-sampling repeats pixels, so that it prefers none of the four. Values are standardised grey values.
/// </summary>
/// <param name="configuration">Channels and blocks.</param>
/// <param name="inputs">Sections that enter.</param>
/// <param name="compute">Element type of activations.</param>
internal sealed class BlindSpotNetwork(BlindSpotConfiguration configuration, int inputs, ScalarType compute)
{
    private readonly UNet _body = new(configuration.Channels, configuration.Blocks);

    /// <summary>Pixels beyond which an output does not depend on the input.</summary>
    public int Reach
    {
        get
        {
            var reach = 2; // head and tail
            for (var level = 0; level < _body.Levels; level++)
            {
                var step = 1 << level;
                var last = level == _body.Levels - 1;
                reach += 2 * step * configuration.Blocks[level] * (last ? 1 : 2);
                // The blur reaches two pixels, the repetition one.
                reach += last ? 0 : 3 * step;
            }
            return reach;
        }
    }

    /// <summary>Fresh weights.</summary>
    public Weights Initialise(int seed, Device device)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)seed, CPU);
        var weights = new Weights();
        var channels = configuration.Channels;
        Add("head", channels[0], inputs, 3);
        _body.AddTo(weights, generator, device, level =>
        {
            Add($"shrink{level}", channels[level + 1], channels[level], 1);
            Add($"grow{level}", channels[level], channels[level + 1], 1);
        });
        Add("tail", 1, channels[0], 3, gain: 0);
        return weights;

        void Add(string name, int outputs, int from, int size, double gain = 1) =>
            weights.AddConvolution(name, [outputs, from, size, size], generator, gain, device);
    }

    /// <summary>Denoises sections.</summary>
    /// <param name="weights">The network's weights.</param>
    /// <param name="sections">Standardised grey values, <c>[N, C, Y, X]</c>, fp32; lengths are multiples of the configuration's.</param>
    /// <returns>Standardised grey values of the section in the middle channel, <c>[N, 1, Y, X]</c>, fp32.</returns>
    public Tensor Forward(Weights weights, Tensor sections)
    {
        using var scope = NewDisposeScope();
        var layers = new Layers(weights, compute);
        var x = Convolve("head", sections, 1); // (N, C0, Y, X)
        x = _body.Forward(
            layers, x,
            (level, image) => Convolve($"shrink{level}", Blur(image), 0),
            (level, below, beside) => Repeat(Convolve($"grow{level}", below, 0)) is var grown && level == 0 ? grown : grown.Plus(beside));
        // In fp32 whatever the rest computes in: bf16 would round grey values to a sixtieth of the stack's standard deviation.
        x = Layers.Convolve(x.to(ScalarType.Float32), weights["tail.weight"], weights["tail.bias"], [1, 1], [1, 1]);
        return x.MoveToOuterDisposeScope();

        Tensor Convolve(string name, Tensor input, int margin) => layers.Convolve(name, input, [1, 1], [margin, margin]);
    }

    /// <summary>Every second pixel of the image blurred by [1 3 3 1] / 8 along both axes, <c>[N, C, Y, X]</c> to half of it.</summary>
    private static Tensor Blur(Tensor x)
    {
        float[] line = [1 / 8f, 3 / 8f, 3 / 8f, 1 / 8f];
        var channels = (int)x.shape[1];
        var kernel = new float[channels * 16];
        for (var i = 0; i < kernel.Length; i++)
            kernel[i] = line[i / 4 % 4] * line[i % 4];
        return Layers.Convolve(x, tensor(kernel, [channels, 1, 4, 4]).to(x.device), null, [2, 2], [1, 1], channels);
    }

    /// <summary>Each pixel twice along both axes, <c>[N, C, Y, X]</c> to <c>[N, C, 2 Y, 2 X]</c>, channels stored last.</summary>
    private static Tensor Repeat(Tensor x)
    {
        var (n, c, h, w) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3]);
        return x.permute(0, 2, 3, 1).reshape(n, h, 1, w, 1, c).expand(n, h, 2, w, 2, c).reshape(n, 2 * h, 2 * w, c).permute(0, 3, 1, 2);
    }
}
