using TorchSharp;
using VisionCell.Learning;
using VisionCell.Preprocessing;
using static TorchSharp.torch;

namespace VisionCell.Tests.Preprocessing;

public sealed class BlindSpotNetworkTests
{
    /// <summary>A network with random weights in every layer, those that start at zero too.</summary>
    private static (BlindSpotNetwork Network, Weights Weights, BlindSpotConfiguration Configuration) Random(int[] channels, int[] blocks)
    {
        var configuration = new BlindSpotConfiguration { Channels = channels, Blocks = blocks };
        var network = new BlindSpotNetwork(configuration, 3, ScalarType.Float32);
        var weights = network.Initialise(1, CPU);
        using var generator = new Generator(5, CPU);
        foreach (var tensor in weights.Tensors.Values)
        {
            using var values = randn(tensor.shape, generator: generator);
            tensor.copy_(values);
            tensor.Scale(0.2);
        }
        return (network, weights, configuration);
    }

    [Theory]
    [InlineData(new[] { 4 }, new[] { 1 })]
    [InlineData(new[] { 4, 6 }, new[] { 1, 1 })]
    [InlineData(new[] { 4, 6, 6 }, new[] { 0, 1, 2 })]
    [InlineData(new[] { 4, 4, 4, 4 }, new[] { 0, 0, 0, 1 })]
    public void It_gives_the_section_in_its_own_size_and_sees_no_further_than_it_says(int[] channels, int[] blocks)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var (network, weights, configuration) = Random(channels, blocks);
        using var disposed = weights;
        var multiple = configuration.Multiple;
        var (height, width) = (8 * multiple, (2 * network.Reach / multiple + 4) * multiple);
        using var generator = new Generator(7, CPU);
        var x = randn([1, 3, height, width], generator: generator);
        var before = network.Forward(weights, x);
        Assert.Equal([1, 1, height, width], before.shape);

        // One column changes: outputs further than the reach do not, and some near it do.
        var column = width / 2;
        var changed = x.clone();
        changed.narrow(3, column, 1).Shift(1);
        var difference = (network.Forward(weights, changed) - before).abs().amax([0, 1, 2]).data<float>().ToArray();
        Assert.True(difference[column] > 1e-4);
        for (var i = 0; i < width; i++)
        {
            if (Math.Abs(i - column) > network.Reach)
                Assert.Equal(0, difference[i]);
        }
    }

    [Fact]
    public void Before_the_first_step_it_says_the_mean()
    {
        using var scope = NewDisposeScope();
        var network = new BlindSpotNetwork(new BlindSpotConfiguration(), 1, ScalarType.Float32);
        using var weights = network.Initialise(1, CPU);
        Assert.Equal(0, network.Forward(weights, randn([2, 1, 32, 32])).abs().max().Number());
    }
}
