using VisionCell.Diffusion;
using static TorchSharp.torch;

namespace VisionCell.Tests.Diffusion;

public sealed class SineModesTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(16)]
    public void Rows_come_back_from_their_modes(int rows)
    {
        using var scope = NewDisposeScope();
        var x = randn([2, rows, 5, 6]);
        Assert.True((SineModes.Rows(SineModes.Of(x, 16), rows) - x).abs().max().item<float>() < 1e-5);
    }

    [Fact]
    public void Modes_are_orthonormal_so_that_white_noise_stays_white()
    {
        var matrix = SineModes.Matrix(19, 16);
        for (var a = 0; a < 16; a++)
        {
            for (var b = 0; b < 16; b++)
                Assert.Equal(a == b ? 1 : 0, Enumerable.Range(0, 19).Sum(t => matrix[a, t] * matrix[b, t]), 5);
        }
    }

    [Fact]
    public void Of_more_rows_than_modes_the_slow_changes_remain()
    {
        using var scope = NewDisposeScope();
        var slow = tensor(Enumerable.Range(1, 29).Select(t => (float)Math.Sin(3 * Math.PI * t / 30)).ToArray(), [1, 29, 1, 1]);
        Assert.True((SineModes.Rows(SineModes.Of(slow, 16), 29) - slow).abs().max().item<float>() < 1e-5);
    }
}
