using VisionCell.Acquisition;
using VisionCell.Reconstruction;
using VisionCell.Volumes;

namespace VisionCell.Tests.Reconstruction;

public sealed class SpreadModelTests
{
    private static (float[] Spread, float[] Result, float[] Truth) Drawn(int seed, double constant, double slope)
    {
        var random = new Random(seed);
        var (spread, result, truth) = (new float[40_000], new float[40_000], new float[40_000]);
        for (var i = 0; i < spread.Length; i++)
        {
            spread[i] = (float)(10 * random.NextDouble());
            // A normal error whose mean absolute value is constant + slope · spread.
            var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
            truth[i] = (float)(100 * random.NextDouble());
            result[i] = truth[i] + (float)((constant + slope * spread[i]) / 0.7979 * normal);
        }
        return (spread, result, truth);
    }

    [Fact]
    public void It_finds_the_law_that_errors_follow()
    {
        var (spread, result, truth) = Drawn(1, 3, 0.5);
        var model = SpreadModel.Fit(spread, result, truth);
        Assert.Equal(3, model.Constant, 0.1);
        Assert.Equal(0.5, model.Slope, 0.03);
    }

    [Fact]
    public void Nine_of_ten_errors_lie_within_the_interval_whatever_their_distribution()
    {
        var (spread, result, truth) = Drawn(2, 2, 0.4);
        // Heavy tails: one error in eight is three times as large.
        for (var i = 0; i < result.Length; i += 8)
            result[i] = truth[i] + 3 * (result[i] - truth[i]);
        var model = SpreadModel.Fit(spread, result, truth);
        var inside = Enumerable.Range(0, spread.Length).Count(i => Math.Abs(result[i] - truth[i]) <= 1.6449 / 0.7979 * (model.Constant + model.Slope * spread[i]));
        Assert.InRange(inside / (double)spread.Length, 0.895, 0.905);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    public void Rows_of_a_thick_section_deviate_by_the_noise_that_their_mean_has_lost(int thickness)
    {
        var random = new Random(4);
        var (deviation, count) = (0.0, 0);
        for (var i = 0; i < 20_000; i++)
        {
            var rows = Enumerable.Range(0, thickness).Select(_ => 10 * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())).ToArray();
            var mean = rows.Average();
            deviation += rows.Sum(row => Math.Abs(row - mean));
            count += thickness;
        }
        // Together with the noise that lines within a section are judged with, of which it has the same share.
        var (known, own) = (0.79788 * 10 / Math.Sqrt(thickness) * Math.Sqrt(1 - 1.0 / thickness), SpreadModel.NoiseOfRows(10 / Math.Sqrt(thickness), thickness));
        Assert.Equal(deviation / count, Math.Sqrt(known * known + own * own), 0.1);

        var sparse = AxialSampling.Pool(thickness).Acquire(new Volume<float>(new Shape3(32, 2, 2), new VoxelSize(10, 10, 10), default, Provenance.Of("zero")));
        Assert.Equal(5, Applied(new SpreadModel(1, 0.5, 4), sparse, 5, 4), 1e-5f);
    }

    [Fact]
    public void Nothing_is_expected_to_err_where_it_was_observed_and_most_in_the_middle_of_a_gap()
    {
        var model = new SpreadModel(4, 0.5);
        var sparse = AxialSampling.Decimate(8).Acquire(new Volume<float>(new Shape3(33, 2, 2), new VoxelSize(10, 10, 10), default, Provenance.Of("zero")));
        float At(int row) => Applied(model, sparse, row, 2);
        Assert.Equal(0, At(16));
        Assert.Equal(5, At(20), 1e-5f);
        Assert.True(At(17) < At(18) && At(18) < At(20) && At(22) < At(20));
    }

    [Fact]
    public void Where_sections_differ_more_is_open()
    {
        var (spread, result, truth) = Drawn(3, 2, 0.4);
        var random = new Random(5);
        float[] difference = [.. spread.Select(_ => (float)(20 * random.NextDouble()))];
        for (var i = 0; i < result.Length; i++)
            result[i] = truth[i] + (result[i] - truth[i]) * (2 + 0.4f * spread[i] + 0.3f * difference[i]) / (2 + 0.4f * spread[i]);
        var model = SpreadModel.Fit(spread, result, truth, difference);
        Assert.Equal(2, model.Constant, 0.15);
        Assert.Equal(0.4, model.Slope, 0.04);
        Assert.Equal(0.3, model.Steepness, 0.03);
        // What explains nothing has no part, and nothing is expected to shrink with it.
        for (var i = 0; i < result.Length; i++)
            difference[i] = 10 - spread[i];
        Assert.Equal(0, SpreadModel.Fit(spread, Drawn(3, 2, 0.4).Result, truth, difference).Steepness);

        // Two sections that differ by 10 to the right of the middle.
        var volume = new Volume<float>(new Shape3(9, 8, 24), new VoxelSize(10, 10, 10), default, Provenance.Of("step"));
        for (var y = 0; y < 8; y++)
            volume.Section(8).Slice(y * 24 + 12, 12).Fill(10);
        var sparse = AxialSampling.Decimate(8).Acquire(volume);
        var box = new Box(4, 2, 0, new Shape3(1, 4, 24));
        var expected = new Volume<float>(box.Shape, volume.VoxelSize, default, Provenance.Of("zero"));
        new SpreadModel(1, 0.5, 0, 0.2).Apply(sparse, box, expected);
        Assert.Equal(1, expected[0, 0, 2], 1e-4f);
        Assert.Equal(3, expected[0, 0, 21], 1e-4f);
    }

    private static float Applied(SpreadModel model, SparseVolume sparse, int row, float spread)
    {
        var volume = new Volume<float>(new Shape3(1, 2, 2), new VoxelSize(10, 10, 10), default, Provenance.Of("spread")).Map(_ => spread);
        model.Apply(sparse, new Box(row, 0, 0, volume.Shape), volume);
        return volume.Data[0];
    }
}
