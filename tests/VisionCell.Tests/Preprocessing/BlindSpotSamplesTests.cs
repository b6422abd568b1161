using System.Collections.Frozen;
using VisionCell.Preprocessing;
using VisionCell.Volumes;

namespace VisionCell.Tests.Preprocessing;

public sealed class BlindSpotSamplesTests
{
    /// <summary>Sections whose values say where they stood, counted as they are read.</summary>
    private sealed class Labelled(int count, int height, int width) : ISectionSource
    {
        public List<int> Reads { get; } = [];

        public int Count => count;

        public int Height => height;

        public int Width => width;

        public static float Label(int z, int y, int x) => 10_000 * z + 100 * y + x;

        public void Read(int z, Span<float> destination)
        {
            Reads.Add(z);
            for (var i = 0; i < destination.Length; i++)
                destination[i] = Label(z, i / width, i % width);
        }
    }

    [Theory]
    [InlineData(5, 10, 2, new int[0], new[] { 3, 4, 5, 6, 7 })]
    [InlineData(0, 10, 2, new int[0], new[] { 2, 1, 0, 1, 2 })]
    [InlineData(1, 10, 3, new int[0], new[] { 4, 3, 0, 1, 2, 3, 4 })]
    [InlineData(9, 10, 2, new int[0], new[] { 7, 8, 9, 8, 7 })]
    [InlineData(5, 10, 2, new[] { 4, 6 }, new[] { 3, 3, 5, 7, 7 })]
    [InlineData(1, 2, 1, new int[0], new[] { 0, 1, 0 })]
    public void What_does_not_exist_or_is_damaged_is_replaced_from_the_other_side(int z, int count, int neighbours, int[] excluded, int[] expected) =>
        Assert.Equal(expected, BlindSpotSamples.Around(z, count, neighbours, excluded.ToFrozenSet()));

    [Fact]
    public void A_section_is_never_its_own_neighbour()
    {
        var random = new Random(1);
        for (var trial = 0; trial < 500; trial++)
        {
            var count = random.Next(2, 12);
            var excluded = Enumerable.Range(0, count).Where(_ => random.Next(3) == 0).Take(count - 2).ToFrozenSet();
            var z = random.Next(count);
            var neighbours = random.Next(1, 5);
            var shown = BlindSpotSamples.Around(z, count, neighbours, excluded);
            Assert.Equal(z, shown[neighbours]);
            for (var i = 0; i < shown.Length; i++)
            {
                if (i == neighbours)
                    continue;
                Assert.NotEqual(z, shown[i]);
                Assert.InRange(shown[i], 0, count - 1);
                Assert.DoesNotContain(shown[i], excluded.ToArray());
            }
        }
    }

    [Theory]
    [InlineData(long.MaxValue)] // the whole stack is held
    [InlineData(12_000)] // crops of it are
    public void Patches_show_one_place_in_all_sections_mirrored_or_turned_alike(long largestPool)
    {
        const int edge = 8;
        var source = new Labelled(9, 30, 40);
        var samples = BlindSpotSamples.Collect(new AlignedViews(source), 1, new HashSet<int> { 4 }, 1, largestPool, 16, CancellationToken.None);
        var patches = new float[20 * 3 * edge * edge];
        samples.Draw(new Random(2), edge, mayTranspose: true, heldOut: false, patches);
        var ways = new HashSet<(int, int)>();
        for (var n = 0; n < 20; n++)
        {
            var places = new List<(int Z, (int, int) Corner, (int, int) Right, (int, int) Down)>();
            for (var p = 0; p < 3; p++)
            {
                var patch = patches.AsSpan((n * 3 + p) * edge * edge, edge * edge).ToArray().Select(v => (int)Math.Round(v * samples.Deviation + samples.Mean)).ToArray();
                (int Y, int X) Place(int i) => (patch[i] % 10_000 / 100, patch[i] % 100);
                var (corner, right, down) = (Place(0), Place(1), Place(edge));
                places.Add((patch[0] / 10_000, corner, (right.Y - corner.Y, right.X - corner.X), (down.Y - corner.Y, down.X - corner.X)));
                var last = Place(edge * edge - 1);
                Assert.Equal(edge - 1, Math.Abs(last.Y - corner.Y));
                Assert.Equal(edge - 1, Math.Abs(last.X - corner.X));
            }
            Assert.All(places, p => Assert.Equal((places[0].Corner, places[0].Right, places[0].Down), (p.Corner, p.Right, p.Down)));
            Assert.DoesNotContain(4, places.Select(p => p.Z));
            Assert.DoesNotContain(places[1].Z, new[] { places[0].Z, places[2].Z });
            ways.Add(places[0].Right);
        }
        Assert.Equal(4, ways.Count);
        Assert.DoesNotContain(4, source.Reads);
    }

    [Theory]
    [InlineData(5, 0)]
    [InlineData(20, 1)]
    [InlineData(48, 3)]
    public void Sections_held_out_are_never_learnt_from(int sections, int expected)
    {
        var samples = BlindSpotSamples.Collect(new AlignedViews(new Labelled(sections, 8, 8)), 1, FrozenSet<int>.Empty, 1, long.MaxValue, 16, CancellationToken.None);
        Assert.Equal(expected > 0, samples.HoldsOut);
        HashSet<int> Middles(bool heldOut)
        {
            var patches = new float[400 * 3 * 64];
            samples.Draw(new Random(1), 8, false, heldOut, patches);
            return [.. Enumerable.Range(0, 400).Select(n => (int)Math.Round(patches[(n * 3 + 1) * 64] * samples.Deviation + samples.Mean) / 10_000)];
        }
        var learnt = Middles(heldOut: false);
        var held = expected > 0 ? Middles(heldOut: true) : [];
        Assert.Equal(expected, held.Count);
        Assert.Equal(sections, learnt.Count + held.Count);
        Assert.Empty(learnt.Intersect(held));
    }

    [Fact]
    public void Of_a_large_stack_no_more_than_the_pool_is_held()
    {
        var source = new Labelled(1000, 64, 64);
        var samples = BlindSpotSamples.Collect(new AlignedViews(source), 2, FrozenSet<int>.Empty, 1, largestPool: 100_000, cropEdge: 16, CancellationToken.None);
        var held = Enumerable.Range(0, samples.Count).SelectMany(samples.Planes).Distinct().Sum(p => p.Length);
        Assert.InRange(held, 60_000, 100_000);
        Assert.InRange(source.Reads.Count, 5, 500);
    }

    [Fact]
    public void The_hash_tells_stacks_apart_and_the_seed_decides_the_crops()
    {
        string Hash(int sections, int seed, long pool) => BlindSpotSamples.Collect(new AlignedViews(new Labelled(sections, 64, 64)), 1, FrozenSet<int>.Empty, seed, pool, 16, CancellationToken.None).Hash;
        Assert.Equal(Hash(20, 1, 10_000), Hash(20, 1, 10_000));
        Assert.NotEqual(Hash(20, 1, 10_000), Hash(20, 2, 10_000));
        Assert.Equal(Hash(20, 1, long.MaxValue), Hash(20, 2, long.MaxValue));
        Assert.NotEqual(Hash(20, 1, long.MaxValue), Hash(21, 1, long.MaxValue));
    }

    [Theory]
    [InlineData(10, 10, 10, 3)]
    [InlineData(20, 10, 10, 2)]
    [InlineData(30, 10, 10, 1)]
    [InlineData(50, 4, 4, 0)]
    [InlineData(50, 10, 10, 1)]
    public void Thin_sections_see_more_of_each_other(double z, double y, double x, int expected) =>
        Assert.Equal(expected, BlindSpotConfiguration.NeighboursFor(new VoxelSize(z, y, x)));
}
