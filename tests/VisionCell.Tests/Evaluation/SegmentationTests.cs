using System.Text.Json;
using VisionCell.Evaluation;
using VisionCell.Volumes;

namespace VisionCell.Tests.Evaluation;

/// <summary>Each step of the segmentation by what it must do, the whole on a specimen whose cells are known, and its scores against hand-made partitions and scikit-image.</summary>
public class SegmentationTests
{
    private static readonly VoxelSize _cube = new(10, 10, 10);

    private static LabelVolume Labels(Shape3 shape, Func<int, int, int, int> value) => LabelVolume.Of(EvaluationFixture.Volume(shape, (z, y, x) => value(z, y, x)));

    [Fact]
    public void A_partition_agrees_with_itself_by_whatever_names()
    {
        var labels = Labels(new Shape3(4, 8, 8), (z, y, x) => 1 + x / 4 + 2 * (y / 4));
        var renamed = Labels(labels.Shape, (z, y, x) => 90 - 7 * (x / 4 + 2 * (y / 4)));
        var score = SegmentationScore.Of(renamed, labels);
        Assert.Equal((0.0, 0.0, 0.0, 1.0, 1.0, 4, 4), (score.Split, score.Merge, score.AdaptedRand, score.Dice, score.IntersectionOverUnion, score.Segments, score.Objects));
    }

    [Fact]
    public void An_object_cut_in_half_costs_a_bit_of_split_and_two_run_together_a_bit_of_merge()
    {
        var shape = new Shape3(2, 8, 8);
        var whole = Labels(shape, (_, _, _) => 1);
        var halves = Labels(shape, (_, _, x) => 1 + x / 4);
        var cut = SegmentationScore.Of(halves, whole);
        Assert.Equal((1.0, 0.0), (cut.Split, cut.Merge));
        Assert.Equal((0.5, 2 / 3.0), (cut.IntersectionOverUnion, cut.Dice));
        // Of 128 * 127 pairs, 2 * 64 * 63 stay together.
        Assert.Equal(2 * 64 * 63 / (128.0 * 127), cut.Recall, 1e-12);
        Assert.Equal(1, cut.Precision);
        var merged = SegmentationScore.Of(whole, halves);
        Assert.Equal((0.0, 1.0, 1.0), (merged.Split, merged.Merge, merged.Recall));
        // What is unlabelled does not count, whatever was made of it.
        var open = Labels(shape, (_, y, x) => y < 4 ? 1 + x / 4 : 0);
        Assert.Equal(0, SegmentationScore.Of(Labels(shape, (_, y, x) => y < 4 ? 1 + x / 4 : 5 + y), open).VariationOfInformation);
    }

    [Fact]
    public void Scores_agree_with_scikit_image()
    {
        var golden = JsonDocument.Parse(File.ReadAllText(Path.Combine(Path.GetDirectoryName(EvaluationFixture.GoldenPath())!, "more.json"))).RootElement;
        var shape = new Shape3(9, 20, 23);
        var score = SegmentationScore.Of(
            Labels(shape, (z, y, x) => (((x + y / 9) / 6 + 4 * (y / 8) + 16 * (z / 4)) % 29) + 1),
            Labels(shape, (z, y, x) => (x / 8 + 3 * (y / 7) + 9 * (z / 5)) % 15));
        foreach (var (name, value) in new[] { ("split", score.Split), ("merge", score.Merge), ("adaptedRand", score.AdaptedRand), ("randPrecision", score.Precision), ("randRecall", score.Recall), ("dice", score.Dice), ("iou", score.IntersectionOverUnion) })
            Assert.Equal(golden.GetProperty(name).GetDouble(), value, 1e-9);
    }

    [Fact]
    public void Distances_are_those_of_trying_every_voxel()
    {
        var (shape, size) = (new Shape3(7, 11, 13), new VoxelSize(25, 8, 10));
        static bool IsMember(int i) => i * 7919 % 97 == 3;
        var found = DistanceTransform.Of(shape, size, IsMember, TestContext.Current.CancellationToken);
        var members = Enumerable.Range(0, found.Length).Where(IsMember).ToArray();
        for (var i = 0; i < found.Length; i++)
        {
            var (z, y, x) = (i / 143, i / 13 % 11, i % 13);
            var nearest = members.Min(m => Math.Sqrt(Math.Pow((m / 143 - z) * 25, 2) + Math.Pow((m / 13 % 11 - y) * 8, 2) + Math.Pow((m % 13 - x) * 10, 2)));
            Assert.Equal(nearest, found[i], 1e-3);
        }
        Assert.All(DistanceTransform.Of(shape, size, _ => false, TestContext.Current.CancellationToken), d => Assert.True(d > 1e8));
    }

    [Fact]
    public void The_largest_eigenvalue_is_that_of_known_matrices()
    {
        Assert.Equal(5, MembraneMap.LargestEigenvalue(1, 5, -2, 0, 0, 0), 1e-12);
        Assert.Equal(3, MembraneMap.LargestEigenvalue(2, 2, 0, 1, 0, 0), 1e-12);
        Assert.Equal(4, MembraneMap.LargestEigenvalue(4, 4, 4, 0, 0, 0), 1e-12);
        // All entries 1: 3 and twice 0.
        Assert.Equal(3, MembraneMap.LargestEigenvalue(1, 1, 1, 1, 1, 1), 1e-9);
    }

    [Fact]
    public void Basins_meet_on_the_ridge_between_seeds()
    {
        var shape = new Shape3(3, 5, 9);
        var heights = EvaluationFixture.Volume(shape, (_, _, x) => x == 4 ? 0.9 : 0.1).Data;
        var seeds = new int[shape.Count];
        (seeds[0], seeds[^1]) = (1, 2);
        Watershed.Grow(seeds, heights, shape, TestContext.Current.CancellationToken);
        for (var i = 0; i < seeds.Length; i++)
        {
            if (i % 9 != 4)
                Assert.Equal(i % 9 < 4 ? 1 : 2, seeds[i]);
        }
        Assert.DoesNotContain(0, seeds);
    }

    [Fact]
    public void Weak_boundaries_go_and_strong_ones_stay()
    {
        var shape = new Shape3(2, 4, 12);
        int[] labels = [.. Enumerable.Range(0, 96).Select(i => 1 + i % 12 / 4)];
        // Between 1 and 2 hardly anything, between 2 and 3 a membrane.
        float[] heights = [.. Enumerable.Range(0, 96).Select(i => (i % 12) switch { 4 => 0.1f, 8 => 0.9f, _ => 0f })];
        Assert.Equal(2, RegionMerging.Run(labels, 3, heights, shape, 0.5, TestContext.Current.CancellationToken));
        Assert.All(Enumerable.Range(0, 96), i => Assert.Equal(i % 12 < 8 ? 1 : 2, labels[i]));
    }

    [Fact]
    public void Cells_with_dark_walls_are_told_apart_and_the_same_each_time()
    {
        // Slanted cells of about 200 nm with walls of 30 nm, and noise.
        var shape = new Shape3(64, 60, 66);
        static int Cell(int z, int y, int x) => 1 + (x + z / 8) / 22 + 4 * ((y + z / 16) / 20) + 20 * (z / 32);
        static bool IsWall(int z, int y, int x) => (x + z / 8) % 22 < 3 || (y + z / 16) % 20 < 3 || z % 32 < 3;
        var noise = EvaluationFixture.Noise(shape, 12, 3, _cube);
        var volume = EvaluationFixture.Volume(shape, (z, y, x) => (IsWall(z, y, x) ? 60 : 170) + noise[z, y, x], _cube);
        var labels = Labels(shape, (z, y, x) => IsWall(z, y, x) ? 0 : Cell(z, y, x));
        var segments = MembraneSegmentation.Run(volume, cancellation: TestContext.Current.CancellationToken);
        var score = SegmentationScore.Of(segments, labels);
        Assert.True(score.VariationOfInformation < 0.35 && score.Dice > 0.93, $"{score}");
        Assert.Equal(segments.Data, MembraneSegmentation.Run(volume, cancellation: TestContext.Current.CancellationToken).Data);
        // Blurred along z the walls across it are lost: cells run together.
        var blurred = EvaluationFixture.Volume(shape, (z, y, x) => Enumerable.Range(-8, 17).Average(k => volume[Math.Clamp(z + k, 0, 63), y, x]), _cube);
        Assert.True(SegmentationScore.Of(blurred, labels, cancellation: TestContext.Current.CancellationToken).Merge > score.Merge + 0.3);
    }

    [Fact]
    public void A_volume_that_shows_nothing_is_one_segment_at_most()
    {
        var flat = EvaluationFixture.Volume(new Shape3(12, 13, 14), (_, _, _) => 7, _cube);
        Assert.InRange(MembraneSegmentation.Run(flat, cancellation: TestContext.Current.CancellationToken).Count, 0, 1);
    }

    [Fact]
    public void Labels_that_are_none_are_refused()
    {
        var half = EvaluationFixture.Volume(new Shape3(2, 2, 2), (_, _, _) => 0.5);
        Assert.Contains("whole numbers", Assert.Throws<BadInputException>(() => LabelVolume.Of(half)).Message, StringComparison.Ordinal);
        Assert.Contains("no voxel is labelled", Assert.Throws<BadInputException>(() => LabelVolume.Of(half.Map(_ => 0f))).Message, StringComparison.Ordinal);
        var labels = Labels(new Shape3(2, 2, 2), (z, _, _) => z);
        Assert.Contains("2 x 2 x 3", Assert.Throws<BadInputException>(() => SegmentationScore.Of(Labels(new Shape3(2, 2, 3), (_, _, _) => 1), labels)).Message, StringComparison.Ordinal);
        Assert.Contains("first 1 sections", Assert.Throws<BadInputException>(() => labels.Take(1)).Message, StringComparison.Ordinal);
        Assert.Contains("MembraneSigmaNm 0", Assert.Throws<BadInputException>(() => MembraneSegmentation.Run(half, new SegmentationConfiguration { MembraneSigmaNm = 0 })).Message, StringComparison.Ordinal);
    }
}
