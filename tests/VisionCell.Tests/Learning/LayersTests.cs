using TorchSharp;
using VisionCell.Learning;
using static TorchSharp.torch;

namespace VisionCell.Tests.Learning;

/// <summary>
/// Convolutions in bf16 give what fp32 gives, results and gradients, whatever the channels and however the input is stored: on some
/// processors libtorch's own do not (<see cref="Layers"/>).
/// </summary>
public sealed class LayersTests
{
    // What bf16 rounds away: 8 bits of mantissa.
    private const double Tolerance = 0.02;

    [Theory]
    [InlineData(1, 48, 4, 8, 1)]
    [InlineData(1, 24, 3, 3, 1)]
    [InlineData(2, 8, 3, 3, 1)]
    [InlineData(7, 16, 3, 3, 1)]
    [InlineData(12, 7, 3, 3, 1)]
    [InlineData(16, 24, 3, 4, 1)]
    [InlineData(16, 5, 1, 1, 1)]
    [InlineData(24, 24, 3, 3, 1)]
    [InlineData(48, 40, 3, 3, 1)]
    [InlineData(64, 96, 4, 4, 1)]
    [InlineData(48, 48, 4, 4, 48)]
    public void Convolutions_in_bf16_agree_with_fp32(int inputs, int outputs, int rows, int columns, int groups)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5, CPU);
        var image = Rounded(rand([3, inputs, 11, 27], generator: generator) - 0.5);
        var weight = Rounded(rand([outputs, inputs / groups, rows, columns], generator: generator) - 0.5);
        var bias = Rounded(rand([outputs], generator: generator));
        var toward = Rounded(rand([3, outputs, 11 - rows + 1, 27 - columns + 1], generator: generator));
        foreach (var last in new[] { false, true })
        {
            var expected = Run(ScalarType.Float32, last);
            var actual = Run(ScalarType.BFloat16, last);
            for (var i = 0; i < expected.Length; i++)
            {
                var error = (actual[i] - expected[i]).abs().max().item<float>() / expected[i].abs().max().item<float>();
                Assert.True(error < Tolerance, $"{new[] { "result", "gradient of the input", "gradient of the weight", "gradient of the bias" }[i]}: {error:0.000} off, channels {(last ? "last" : "first")}");
            }
        }

        Tensor[] Run(ScalarType type, bool last)
        {
            var (x, w, b) = (Leaf(last ? Layers.ChannelsLast(image) : image), Leaf(weight), Leaf(bias));
            var y = Layers.Convolve(x.to(type), w, b, [1, 1], [0, 0], groups).to(ScalarType.Float32);
            y.mul(toward).sum().backward();
            return [y.detach(), x.grad!, w.grad!, b.grad!];
        }

        static Tensor Leaf(Tensor t) => t.detach().clone().requires_grad_(true);
        static Tensor Rounded(Tensor t) => t.to(ScalarType.BFloat16).to(ScalarType.Float32);
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 2)]
    [InlineData(4, 3)]
    public void Spreading_undoes_gathering(int y, int x)
    {
        using var scope = NewDisposeScope();
        var image = arange(2 * 3 * 4 * y * 5 * x, ScalarType.Float32).reshape(2, 3, 4 * y, 5 * x);
        var gathered = Layers.Gather(image, y, x);
        Assert.Equal([2, 3 * y * x, 4, 5], gathered.shape);
        Assert.True(Layers.Spread(gathered, y, x).equal(image).all().item<bool>());
        // A block becomes one pixel.
        Assert.Equal(image[1, 2, (2 * y) + y - 1, (3 * x) + x - 1].item<float>(), gathered[1, (y * x * 3) - 1, 2, 3].item<float>());
    }
}
