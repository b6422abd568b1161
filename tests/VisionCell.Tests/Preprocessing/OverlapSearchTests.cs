using VisionCell.Preprocessing;
using VisionCell.Volumes;

namespace VisionCell.Tests.Preprocessing;

/// <summary>Sections that lie so far apart that little of them is common.</summary>
public sealed class OverlapSearchTests
{
    [Theory]
    [InlineData(0, 0)]
    [InlineData(30, -28)]
    [InlineData(-35, 31)]
    [InlineData(3, 39)]
    public void A_shift_of_up_to_half_the_section_is_found(int y, int x)
    {
        var (still, moved) = Views(y, x, 0);
        var found = OverlapSearch.Find(still.Section(0), moved.Section(0), 72, 72, 45);
        Assert.Equal((-y, -x), (found.Y, found.X));
        Assert.Equal(Math.Sqrt((72.0 - Math.Abs(y)) * (72 - Math.Abs(x)) / (72 * 72)), found.Score, 3);
    }

    [Fact]
    public void Neighbouring_sections_half_a_section_apart_are_aligned()
    {
        var (still, moved) = Views(33, -34, 1);
        var stack = new Volume<float>(new Shape3(2, 72, 72), still.VoxelSize, default, still.Provenance);
        still.Section(0).CopyTo(stack.Section(0));
        moved.Section(0).CopyTo(stack.Section(1));
        var match = SectionAlignment.Estimate(new VolumeSections(stack), new AlignmentConfiguration(maxShift: 45, keepSlowMotion: false)).Matches.Single();
        var (toY, toX) = match.Map.Apply(52, 19);
        Assert.Equal(PairMethod.Overlap, match.Method);
        Assert.True(match.IsReliable);
        Assert.InRange(toY, 52 - 33 - 1.0, 52 - 33 + 1.0);
        Assert.InRange(toX, 19 + 34 - 1.0, 19 + 34 + 1.0);
    }

    [Fact]
    public void Sections_that_have_nothing_in_common_are_not_matched()
    {
        var stack = PreprocessingFixture.Noisy(new Volume<float>(new Shape3(2, 72, 72), new VoxelSize(10, 10, 10), default, Provenance.Of("noise")), 20, 1);
        Assert.False(SectionAlignment.Estimate(new VolumeSections(stack), new AlignmentConfiguration(maxShift: 45)).Matches.Single().IsReliable);
    }

    /// <summary>Two views of 72 pixels of the sample, the second one (y, x) further down and right, and some sections further on.</summary>
    private static (Volume<float> Still, Volume<float> Moved) Views(int y, int x, int sections)
    {
        var sample = PreprocessingFixture.Sample(1 + sections, 116);
        Volume<float> At(int z, int top, int left) => sample.Crop(new Box(z, top, left, new Shape3(1, 72, 72)));
        return (At(0, Math.Max(0, -y), Math.Max(0, -x)), At(sections, Math.Max(0, y), Math.Max(0, x)));
    }
}
