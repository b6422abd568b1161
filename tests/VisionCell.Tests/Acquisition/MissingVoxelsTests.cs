using VisionCell.Acquisition;
using VisionCell.Volumes;

namespace VisionCell.Tests.Acquisition;

public sealed class MissingVoxelsTests
{
    private static readonly Shape3 _shape = new(20, 4, 6);

    [Fact]
    public void Sections_and_regions_are_told_apart_and_gathered_into_runs()
    {
        var mask = Mask((5, 2, 3), (6, 0, 0));
        var missing = MissingVoxels.Of(_shape, [12, 3, 4], mask);
        Assert.Equal([(3, 4), (12, 1)], missing.Runs);
        Assert.Equal(3 * 24 + 2, missing.Count);
        Assert.True(missing[3, 0, 0] && missing[5, 2, 3] && missing[6, 0, 0]);
        Assert.False(missing[5, 0, 0] || missing[7, 0, 0]);
        Assert.True(missing.Touches(5, new Box(0, 2, 3, new Shape3(1, 2, 2))));
        Assert.False(missing.Touches(5, new Box(0, 0, 0, new Shape3(1, 2, 6))));
    }

    [Fact]
    public void A_mask_of_a_whole_section_is_the_section()
    {
        var whole = Mask([.. from y in Enumerable.Range(0, 4) from x in Enumerable.Range(0, 6) select (7, y, x)]);
        Assert.Equal(MissingVoxels.Of(_shape, [7]).Packed(), MissingVoxels.Of(_shape, [], whole).Packed());
        Assert.NotEqual(MissingVoxels.Of(_shape, [7]).Packed(), MissingVoxels.Of(_shape, [], Mask((7, 1, 1))).Packed());
    }

    [Theory]
    [InlineData("12,40-42", new[] { 12, 40, 41, 42 })]
    [InlineData("3", new[] { 3 })]
    public void Lists_are_read(string text, int[] expected) => Assert.Equal(expected, MissingVoxels.Parse(text));

    [Theory]
    [InlineData("12;13")]
    [InlineData("5-3")]
    [InlineData("-1")]
    [InlineData("")]
    [InlineData("1-2-3")]
    public void Lists_of_something_else_are_refused(string text) =>
        Assert.Contains("12,40-42", Assert.Throws<BadInputException>(() => MissingVoxels.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void What_cannot_be_filled_in_is_refused_with_a_reason()
    {
        string Refused(IEnumerable<int> sections, Volume<float>? mask = null) => Assert.Throws<BadInputException>(() => MissingVoxels.Of(_shape, sections, mask)).Message;
        Assert.Contains("nothing is missing", Refused([]), StringComparison.Ordinal);
        Assert.Contains("nothing is missing", Refused([], Mask()), StringComparison.Ordinal);
        Assert.Contains("section 20 in a stack of 20", Refused([20]), StringComparison.Ordinal);
        Assert.Contains("nothing lies before it", Refused([0]), StringComparison.Ordinal);
        Assert.Contains("nothing lies behind it", Refused([18, 19]), StringComparison.Ordinal);
        var other = new Volume<float>(new Shape3(20, 4, 5), new VoxelSize(10, 10, 10), default, Provenance.Of("mask"));
        Assert.Contains("20 x 4 x 5", Refused([3], other), StringComparison.Ordinal);
    }

    private static Volume<float> Mask(params (int Z, int Y, int X)[] marked)
    {
        var mask = new Volume<float>(_shape, new VoxelSize(10, 10, 10), default, Provenance.Of("mask"));
        foreach (var (z, y, x) in marked)
            mask[z, y, x] = 1;
        return mask;
    }
}
