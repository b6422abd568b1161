using VisionCell.Preprocessing;

namespace VisionCell.Tests.Preprocessing;

/// <summary>A network can only be blind to a pixel that is not in its input: what masking must never leave.</summary>
public sealed class BlindSpotMaskingTests
{
    private const int Edge = 21;

    /// <summary>A patch in which each value says where it stood: 100 y + x.</summary>
    private static float[] Labelled() => [.. Enumerable.Range(0, Edge * Edge).Select(i => 100f * (i / Edge) + i % Edge)];

    private static (float[] Hidden, int[] Positions) Hide(BlindSpotConfiguration configuration, int seed)
    {
        var hidden = new float[Edge * Edge];
        var positions = new List<int>();
        new BlindSpotMasking(configuration).Hide(Labelled(), hidden, Edge, new Random(seed), positions);
        return (hidden, [.. positions]);
    }

    [Theory]
    [InlineData(BlindSpotReplacement.Uniform)]
    [InlineData(BlindSpotReplacement.Median)]
    public void Hidden_pixels_and_they_alone_are_replaced_one_in_each_cell(BlindSpotReplacement replacement)
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var (hidden, positions) = Hide(new BlindSpotConfiguration { HiddenShare = 1.0 / 16, Replacement = replacement }, seed);
            Assert.Equal(36, positions.Length);
            Assert.Equal(36, positions.Select(p => (p / Edge / 4, p % Edge / 4)).Distinct().Count());
            for (var i = 0; i < hidden.Length; i++)
            {
                if (!positions.Contains(i))
                    Assert.Equal(Labelled()[i], hidden[i]);
            }
        }
    }

    [Fact]
    public void A_drawn_replacement_is_another_pixel_of_the_window_and_all_of_them_occur()
    {
        var offsets = new HashSet<(int, int)>();
        for (var seed = 0; seed < 60; seed++)
        {
            var (hidden, positions) = Hide(new BlindSpotConfiguration { ReplacementWindow = 5 }, seed);
            foreach (var position in positions)
            {
                var (dy, dx) = ((int)hidden[position] / 100 - position / Edge, (int)hidden[position] % 100 - position % Edge);
                Assert.InRange(dy, -2, 2);
                Assert.InRange(dx, -2, 2);
                offsets.Add((dy, dx));
            }
        }
        Assert.DoesNotContain((0, 0), offsets);
        Assert.Equal(24, offsets.Count);
    }

    [Fact]
    public void The_median_is_that_of_the_window_without_the_pixel()
    {
        var (hidden, positions) = Hide(new BlindSpotConfiguration { Replacement = BlindSpotReplacement.Median, ReplacementWindow = 3 }, 5);
        foreach (var position in positions)
        {
            var (y, x) = (position / Edge, position % Edge);
            var around = Labelled().Where((_, i) => i != position && Math.Abs(i / Edge - y) <= 1 && Math.Abs(i % Edge - x) <= 1).Order().ToArray();
            Assert.Equal((around[(around.Length - 1) / 2] + around[around.Length / 2]) / 2, hidden[position]);
        }
    }

    [Theory]
    [InlineData(StripeAxis.X, BlindSpotReplacement.Uniform, 3)]
    [InlineData(StripeAxis.X, BlindSpotReplacement.Median, 3)]
    [InlineData(StripeAxis.Y, BlindSpotReplacement.Uniform, 3)]
    [InlineData(StripeAxis.Y, BlindSpotReplacement.Median, 3)]
    [InlineData(StripeAxis.X, BlindSpotReplacement.Uniform, 40)]
    [InlineData(StripeAxis.Y, BlindSpotReplacement.Uniform, 40)]
    public void Along_a_stripe_nothing_of_the_line_is_left(StripeAxis stripes, BlindSpotReplacement replacement, int reach)
    {
        // Every line has one value, as a stripe has; squares, so that no value is the mean of those on either side.
        float[] striped = [.. Enumerable.Range(0, Edge * Edge).Select(i => stripes == StripeAxis.X ? i / Edge : i % Edge).Select(line => (float)(line * line))];
        var masking = new BlindSpotMasking(new BlindSpotConfiguration { Stripes = stripes, StripeReach = reach, Replacement = replacement, ReplacementWindow = 3, HiddenShare = 0.25 });
        var (lines, share) = (new HashSet<int>(), 0.0);
        for (var seed = 0; seed < 20; seed++)
        {
            var hidden = new float[striped.Length];
            var positions = new List<int>();
            masking.Hide(striped, hidden, Edge, new Random(seed), positions);
            Assert.NotEmpty(positions);
            share += hidden.Where((v, i) => v != striped[i]).Count() / (20.0 * striped.Length);
            foreach (var position in positions)
            {
                var (y, x) = (position / Edge, position % Edge);
                lines.Add(stripes == StripeAxis.X ? y : x);
                for (var d = -reach; d <= reach; d++)
                {
                    var (i, j) = stripes == StripeAxis.X ? (y, x + d) : (y + d, x);
                    if (i >= 0 && i < Edge && j >= 0 && j < Edge)
                        Assert.NotEqual(striped[position], hidden[i * Edge + j]);
                }
            }
        }
        Assert.InRange(share, 0.2, 0.3);
        Assert.Equal(Edge, lines.Count);
    }

    [Fact]
    public void A_seed_hides_the_same_pixels()
    {
        var configuration = new BlindSpotConfiguration();
        Assert.Equal(Hide(configuration, 1).Hidden, Hide(configuration, 1).Hidden);
        Assert.NotEqual(Hide(configuration, 1).Hidden, Hide(configuration, 2).Hidden);
    }
}
