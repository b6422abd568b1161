using VisionCell.Preprocessing;
using VisionCell.Volumes;

namespace VisionCell.Tests.Preprocessing;

public class DamageTests
{
    private const int Sections = 30;
    private const int Edge = 112;

    [Fact]
    public void A_good_stack_is_not_blamed()
    {
        var report = Judge(PreprocessingFixture.Sample(Sections, Edge));
        Assert.True(report.Compared);
        Assert.Empty(report.Sections.Select(s => s.ToString()));
        Assert.Empty(report.Gaps);
    }

    [Theory]
    [InlineData("blank", DamageKind.Blank)]
    [InlineData("hole", DamageKind.Empty)]
    [InlineData("copy", DamageKind.Duplicate)]
    [InlineData("foreign", DamageKind.Unlike)]
    [InlineData("dirt", DamageKind.Unlike)]
    [InlineData("blurred", DamageKind.Blurred)]
    [InlineData("noisy", DamageKind.Noisy)]
    [InlineData("bright", DamageKind.Intensity)]
    public void Damage_put_in_is_found_named_and_nothing_else_is(string fault, DamageKind kind)
    {
        foreach (var z in new[] { 11, Sections - 1 })
        {
            var stack = PreprocessingFixture.Sample(Sections, Edge);
            Spoil(fault, stack, z);
            var found = Assert.Single(Judge(stack).Sections);
            Assert.Equal(z, found.Z);
            Assert.Contains(kind, found.Reasons.Select(r => r.Kind));
            Assert.Equal(kind != DamageKind.Intensity, found.IsLost);
        }
    }

    [Fact]
    public void Damage_is_found_among_sections_that_are_not_aligned_yet()
    {
        var random = new Random(4);
        var shifts = Enumerable.Range(0, Sections).Select(_ => (12 * random.NextDouble() - 6, 12 * random.NextDouble() - 6)).ToArray();
        var stack = PreprocessingFixture.Jitter(PreprocessingFixture.Sample(Sections, Edge + 16), shifts, 8);
        Assert.Empty(Judge(stack).Sections.Select(s => s.ToString()));
        Spoil("foreign", stack, 7);
        Spoil("blank", stack, 8);
        Spoil("blurred", stack, 20);
        Assert.Equal([7, 8, 20], Judge(stack).Sections.Select(s => s.Z));
    }

    [Theory]
    [InlineData("dirt", DamageKind.PartlyUnlike)]
    [InlineData("charging", DamageKind.Noisy)]
    public void Dirt_and_lines_show_among_sections_that_share_next_to_nothing(string fault, DamageKind kind)
    {
        // 120 nm apart, every other one turned round: neighbours say nothing of each other.
        var stack = PreprocessingFixture.Sample(9, 160, 12);
        for (var z = 1; z < 9; z += 2)
            stack.Section(z).Reverse();
        Assert.Empty(Judge(stack).Sections.Select(s => s.ToString()));
        Spoil(fault, stack, 4);
        var found = Assert.Single(Judge(stack).Sections);
        Assert.Equal((4, kind), (found.Z, found.Reasons[0].Kind));
        Assert.True(found.IsLost);
    }

    [Fact]
    public void What_changes_for_good_is_no_damage()
    {
        // From section 15 on the detector is noisier, brighter and of more contrast.
        var stack = PreprocessingFixture.Noisy(PreprocessingFixture.Sample(Sections, Edge), 2, 1);
        var noisier = PreprocessingFixture.Noisy(stack, 20, 2);
        for (var i = 15 * stack.Shape.SectionCount; i < stack.Data.Length; i++)
            stack.Data[i] = 30 + 1.6f * noisier.Data[i];
        Assert.Empty(Judge(stack).Sections.Select(s => s.ToString()));
        Spoil("blurred", stack, 20);
        Assert.Equal([20], Judge(stack).Sections.Select(s => s.Z));
    }

    [Fact]
    public void Sections_that_are_gone_leave_a_gap()
    {
        var whole = PreprocessingFixture.Sample(Sections + 4, Edge);
        var stack = PreprocessingFixture.Sample(Sections, Edge);
        for (var z = 0; z < Sections; z++)
            whole.Section(z < 14 ? z : z + 4).CopyTo(stack.Section(z));
        var report = Judge(stack);
        Assert.Equal(13, Assert.Single(report.Gaps).After);
        Assert.Empty(report.Sections.Select(s => s.ToString()));
    }

    [Fact]
    public void A_few_sections_cannot_be_compared_but_blanks_and_copies_show()
    {
        var stack = PreprocessingFixture.Sample(4, 64);
        stack.Section(1).Fill(7);
        stack.Section(2).CopyTo(stack.Section(3));
        var report = Judge(stack);
        Assert.False(report.Compared);
        Assert.Equal([(1, DamageKind.Blank), (3, DamageKind.Duplicate)], report.Sections.Select(s => (s.Z, s.Reasons[0].Kind)));
    }

    [Fact]
    public void Scanning_goes_on_where_it_stopped_with_the_same_features()
    {
        var source = new VolumeSections(PreprocessingFixture.Sample(6, 64));
        var whole = new SectionScanner(source);
        for (var z = 0; z < 4; z++)
            whole.Next();
        var from = new SectionScanner(source, 4);
        Assert.Equal(VisionCell.Runs.Configuration.ToJson(whole.Next()), VisionCell.Runs.Configuration.ToJson(from.Next()));
    }

    [Fact]
    public void Impossible_settings_are_refused()
    {
        Assert.Throws<BadInputException>(() => new DamageConfiguration(threshold: 0));
        Assert.Throws<BadInputException>(() => new DamageConfiguration(window: 1));
        Assert.Throws<BadInputException>(() => new SectionLikeness(8, 100));
    }

    internal static void Spoil(string fault, Volume<float> stack, int z)
    {
        var section = stack.Section(z);
        var random = new Random(z);
        var (height, width) = (stack.Shape.Y, stack.Shape.X);
        switch (fault)
        {
            case "blank":
                section.Fill(255);
                break;
            case "hole":
                section[..(section.Length / 3)].Clear();
                break;
            case "copy":
                stack.Section(z - 1).CopyTo(section);
                break;
            case "foreign":
                stack.Section((z + stack.Shape.Z / 2) % stack.Shape.Z).CopyTo(section);
                section.Reverse();
                break;
            case "dirt":
                for (var y = height / 4; y < 3 * height / 4; y++)
                {
                    for (var x = width / 4; x < 3 * width / 4; x++)
                        section[y * width + x] = 30 + 20 * random.NextSingle();
                }
                break;
            case "charging":
                for (var y = 0; y < height; y++)
                {
                    var band = 120 * (random.NextSingle() - 0.5f);
                    for (var x = 0; x < width; x++)
                        section[y * width + x] += band;
                }
                break;
            case "blurred":
                var sharp = section.ToArray();
                for (var y = 0; y < height; y++)
                {
                    for (var x = 0; x < width; x++)
                    {
                        var sum = 0f;
                        for (var k = 0; k < 25; k++)
                            sum += sharp[Math.Clamp(y + k / 5 - 2, 0, height - 1) * width + Math.Clamp(x + k % 5 - 2, 0, width - 1)];
                        section[y * width + x] = sum / 25;
                    }
                }
                break;
            case "noisy":
                foreach (ref var value in section)
                    value += 120 * (random.NextSingle() - 0.5f);
                break;
            default:
                foreach (ref var value in section)
                    value += 60;
                break;
        }
    }

    private static DamageReport Judge(Volume<float> stack)
    {
        var scanner = new SectionScanner(new VolumeSections(stack));
        return DamageDetection.Judge([.. Enumerable.Range(0, stack.Shape.Z).Select(_ => scanner.Next())], new DamageConfiguration());
    }
}
