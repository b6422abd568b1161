using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace VisionCell.Learning;

/// <summary>
/// What the convolutional networks of this library are made of, as functions of a set of weights: images <c>[N, C, Y, X]</c> with
/// their channels stored last, in which convolutions of few channels are twice as fast on the CPU.
/// </summary>
/// <param name="weights">The network's weights, fp32.</param>
/// <param name="compute">Element type of activations.</param>
internal readonly struct Layers(Weights weights, ScalarType compute)
{
    /// <summary>The convolution <paramref name="name"/>; the border is filled with zeros.</summary>
    /// <param name="name">Name of the layer.</param>
    /// <param name="input"><c>[N, C, Y, X]</c>.</param>
    /// <param name="strides">Strides along y and x.</param>
    /// <param name="margins">Zeros on either side along y and x.</param>
    /// <param name="shift">Added to the channels, <c>[1, out]</c> for all images or <c>[N, out]</c>, fp32; null for none.</param>
    public Tensor Convolve(string name, Tensor input, long[] strides, long[] margins, Tensor? shift = null)
    {
        var (weight, bias) = (weights[$"{name}.weight"], weights[$"{name}.bias"]);
        // What is the same for all images is part of the bias.
        if (shift is null || shift.shape[0] == 1)
            return Convolve(input.to(compute), weight, shift is null ? bias : bias.Plus(shift.squeeze(0)), strides, margins);
        return Convolve(input.to(compute), weight, bias, strides, margins).Plus(shift.to(compute).reshape(shift.shape[0], -1, 1, 1));
    }

    /// <summary>
    /// A convolution in the element type of its input, as far as libtorch computes it rightly there. libtorch 2.10's bf16 convolutions
    /// on the CPU (oneDNN; measured on an AMD Zen 5, November 2026; a report of the kind: github.com/pytorch/pytorch/issues/163347)
    /// are wrong, up to NaN, where channels are stored first and are no multiple of 16; and with channels last the gradient of the
    /// input is wrong for an odd number of outputs, and for one channel a group. One input channel has no layout of its own. So
    /// channels are stored last, and what is left is computed in fp32.
    /// </summary>
    /// <param name="input"><c>[N, C, Y, X]</c>.</param>
    /// <param name="weight"><c>[out, C / groups, kernel]</c>, fp32.</param>
    /// <param name="bias"><c>[out]</c>, fp32, or null.</param>
    /// <param name="strides">Strides along y and x.</param>
    /// <param name="margins">Zeros on either side along y and x.</param>
    /// <param name="groups">Groups of channels.</param>
    public static Tensor Convolve(Tensor input, Tensor weight, Tensor? bias, long[] strides, long[] margins, long groups = 1)
    {
        var type = input.dtype;
        var safe = type != ScalarType.BFloat16 || input.device.type != TorchSharp.DeviceType.CPU || (groups == 1 && weight.shape[1] > 1 && weight.shape[0] % 2 == 0);
        var compute = safe ? type : ScalarType.Float32;
        var result = conv2d(ChannelsLast(input.to(compute)), weight.to(compute), bias?.to(compute), strides, margins, groups: groups);
        return safe ? result : ChannelsLast(result.to(type));
    }

    /// <summary>A residual block without normalisation (Lim et al., "Enhanced deep residual networks", arXiv:1707.02921): x + b(relu(a(x))), 3x3 each.</summary>
    /// <param name="name">Its convolutions are <c>NAME.a</c> and <c>NAME.b</c>.</param>
    /// <param name="input"><c>[N, C, Y, X]</c>.</param>
    /// <param name="shift">Added to the channels of the first, <c>[1, C]</c> or <c>[N, C]</c>; null for none.</param>
    public Tensor Residual(string name, Tensor input, Tensor? shift = null) =>
        input.Plus(Convolve($"{name}.b", relu(Convolve($"{name}.a", input, [1, 1], [1, 1], shift)), [1, 1], [1, 1]));

    /// <summary>
    /// The fully connected layer <paramref name="name"/>, in fp32: <c>[N, in]</c> to <c>[N, out]</c>. For few numbers: it multiplies and
    /// sums, as the last bit of a small product of matrices depends on where in memory they lie, and so differs from run to run.
    /// </summary>
    public Tensor Connect(string name, Tensor input)
    {
        var (weight, bias) = (weights[$"{name}.weight"], weights[$"{name}.bias"]);
        return (input.unsqueeze(1) * weight.unsqueeze(0)).sum(2).Plus(bias); // (N, out)
    }

    /// <summary>Adds the weights of a residual block; its branch starts at zero, so that the block starts as the identity.</summary>
    public static void AddResidual(Weights weights, string name, int channels, Generator generator, Device device)
    {
        weights.AddConvolution($"{name}.a", [channels, channels, 3, 3], generator, 1, device);
        weights.AddConvolution($"{name}.b", [channels, channels, 3, 3], generator, 0, device);
    }

    /// <summary>The same tensor stored with its channels last; itself where it already is.</summary>
    public static Tensor ChannelsLast(Tensor x) => x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);

    /// <summary>Lays blocks of <paramref name="y"/> x <paramref name="x"/> pixels out as channels, <c>[N, C, Y, X]</c> to <c>[N, y · x · C, Y / y, X / x]</c>, channels stored last.</summary>
    public static Tensor Gather(Tensor image, int y, int x)
    {
        var (n, c, h, w) = (image.shape[0], image.shape[1], image.shape[2] / y, image.shape[3] / x);
        return image.reshape(n, c, h, y, w, x).permute(0, 2, 4, 3, 5, 1).reshape(n, h, w, y * x * c).permute(0, 3, 1, 2);
    }

    /// <summary>The inverse of <see cref="Gather"/> (Shi et al., arXiv:1609.05158): <c>[N, y · x · C, Y, X]</c> to <c>[N, C, Y · y, X · x]</c>.</summary>
    public static Tensor Spread(Tensor image, int y, int x)
    {
        var (n, c, h, w) = (image.shape[0], image.shape[1] / (y * x), image.shape[2], image.shape[3]);
        return image.permute(0, 2, 3, 1).reshape(n, h, w, y, x, c).permute(0, 1, 3, 2, 4, 5).reshape(n, h * y, w * x, c).permute(0, 3, 1, 2);
    }
}
