using VisionCell.Preprocessing;

namespace VisionCell.Tests.Preprocessing;

/// <summary>A network can only be blind to a pixel that is not in its input: what masking must never leave.</summary>
public sealed class BlindSpotMaskingTests
{
    private const int Edge = 21;

    /// <summary>A patch in which each value says where it stood: 100 y + x.</summary>
    private static float[] Labelled() => [.. Enumerable.Range(0, Edge * Edge).Select(i => 100f * (i / Edge) + i % Edge)];

    private static (float[] Hidden, long[] Positions) Hide(BlindSpotConfiguration configuration, int seed)
    {
        var masking = new BlindSpotMasking(configuration);
        var hidden = new float[Edge * Edge];
        var positions = new long[masking.CountFor(Edge)];
        masking.Hide(Labelled(), hidden, Edge, new Random(seed), positions);
        return (hidden, positions);
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
                var (dy, dx) = ((int)hidden[position] / 100 - (int)position / Edge, (int)hidden[position] % 100 - (int)position % Edge);
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
        foreach (var position in positions.Select(p => (int)p))
        {
            var (y, x) = (position / Edge, position % Edge);
            var around = Labelled().Where((_, i) => i != position && Math.Abs(i / Edge - y) <= 1 && Math.Abs(i % Edge - x) <= 1).Order().ToArray();
            Assert.Equal((around[(around.Length - 1) / 2] + around[around.Length / 2]) / 2, hidden[position]);
        }
    }

    [Theory]
    [InlineData(StripeAxis.X, BlindSpotReplacement.Uniform)]
    [InlineData(StripeAxis.X, BlindSpotReplacement.Median)]
    [InlineData(StripeAxis.Y, BlindSpotReplacement.Uniform)]
    [InlineData(StripeAxis.Y, BlindSpotReplacement.Median)]
    public void Along_a_stripe_nothing_of_the_line_is_left(StripeAxis stripes, BlindSpotReplacement replacement)
    {
        // Every line has one value, as a stripe has.
        float[] striped = [.. Enumerable.Range(0, Edge * Edge).Select(i => (float)(stripes == StripeAxis.X ? i / Edge : i % Edge))];
        var masking = new BlindSpotMasking(new BlindSpotConfiguration { Stripes = stripes, StripeReach = 5, Replacement = replacement, ReplacementWindow = 3 });
        var hidden = new float[striped.Length];
        var positions = new long[masking.CountFor(Edge)];
        // With one value a line, the median may average the lines on either side into the own value: shift it off.
        for (var i = 0; i < striped.Length; i++)
            striped[i] = striped[i] * striped[i];
        masking.Hide(striped, hidden, Edge, new Random(3), positions);
        foreach (var position in positions.Select(p => (int)p))
        {
            var (y, x) = (position / Edge, position % Edge);
            for (var d = -5; d <= 5; d++)
            {
                var (i, j) = stripes == StripeAxis.X ? (y, x + d) : (y + d, x);
                if (i >= 0 && i < Edge && j >= 0 && j < Edge)
                    Assert.NotEqual(striped[position], hidden[i * Edge + j]);
            }
        }
    }

    [Fact]
    public void A_seed_hides_the_same_pixels()
    {
        var configuration = new BlindSpotConfiguration();
        Assert.Equal(Hide(configuration, 1).Hidden, Hide(configuration, 1).Hidden);
        Assert.NotEqual(Hide(configuration, 1).Hidden, Hide(configuration, 2).Hidden);
    }
}
