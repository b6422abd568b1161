using VisionCell.Learning;
using VisionCell.Volumes;

namespace VisionCell.Tests.Learning;

public sealed class LinearPredictionTests
{
    private static readonly Box _window = new(0, 5, 7, new Shape3(1, 20, 16));

    [Fact]
    public void A_pattern_that_moves_steadily_is_predicted_though_a_straight_line_blurs_it()
    {
        var random = new Random(1);
        var texture = Enumerable.Range(0, 40 * 80).Select(_ => 100 + 40 * random.NextSingle()).ToArray();
        // One pixel a section along x.
        var stack = Stack(16, (z, y, x) => texture[y * 80 + x + z + 10]);
        var predicted = new LinearPrediction(stack, _ => true, 1).Predict(8, [7, 6, 5, 4], [9, 10, 11, 12], _window)!;
        double error = 0, line = 0;
        for (var i = 0; i < predicted.Length; i++)
        {
            var (y, x) = (5 + i / 16, 7 + i % 16);
            error += Math.Pow(predicted[i] - stack[8, y, x], 2);
            line += Math.Pow((stack[7, y, x] + stack[9, y, x]) / 2 - stack[8, y, x], 2);
        }
        Assert.True(error < 1e-4 * line, $"filter {error}, straight line {line}");
    }

    [Fact]
    public void Sections_that_were_not_observed_are_neither_learnt_from_nor_looked_at()
    {
        var clean = Stack(20, (z, y, x) => 100 + 20 * MathF.Sin(0.3f * x + 0.1f * z) * MathF.Cos(0.2f * y));
        var broken = new Volume<float>((float[])clean.Data.Clone(), clean.Shape, clean.VoxelSize, clean.Origin, clean.Provenance with { Sections = new SectionLayout(20, null, [3, 14]) });
        broken.Section(3).Fill(10_000);
        broken.Section(14).Fill(float.NaN);
        bool Seen(int z) => z is not (3 or 14);
        Assert.Equal(
            new LinearPrediction(new Volume<float>(clean.Data, clean.Shape, clean.VoxelSize, clean.Origin, broken.Provenance), Seen, 1).Predict(9, [8, 7, 6], [10, 11, 12], _window),
            new LinearPrediction(broken, Seen, 1).Predict(9, [8, 7, 6], [10, 11, 12], _window));
    }

    [Fact]
    public void Where_there_is_no_place_to_learn_from_nothing_is_said()
    {
        var stack = Stack(6, (z, y, x) => z + y + x);
        Assert.Null(new LinearPrediction(stack, _ => false, 1).Predict(3, [2], [4], _window));
        Assert.NotNull(new LinearPrediction(stack, _ => true, 1).Predict(3, [2], [4], _window));
    }

    private static Volume<float> Stack(int sections, Func<int, int, int, float> value)
    {
        var stack = new Volume<float>(new Shape3(sections, 40, 44), new VoxelSize(10, 10, 10), default, Provenance.Of("pattern"));
        for (var z = 0; z < sections; z++)
        {
            for (var y = 0; y < 40; y++)
            {
                for (var x = 0; x < 44; x++)
                    stack[z, y, x] = value(z, y, x);
            }
        }
        return stack;
    }
}
