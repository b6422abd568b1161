using VisionCell.Volumes;

namespace VisionCell.Tests.Volumes;

public class MemorySizeTests
{
    [Theory]
    [InlineData("1024", 1_024_000_000)]
    [InlineData("0.5", 500_000)]
    [InlineData("4G", 4_000_000_000)]
    [InlineData("4GB", 4_000_000_000)]
    [InlineData("4GiB", 4L << 30)]
    [InlineData("4gi", 4L << 30)]
    [InlineData("512M", 512_000_000)]
    [InlineData("1.5 T", 1_500_000_000_000)]
    [InlineData("64k", 64_000)]
    [InlineData("300B", 300)]
    public void An_amount_is_read_and_a_number_alone_is_megabytes(string text, long bytes) => Assert.Equal(bytes, MemorySize.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("much")]
    [InlineData("-1G")]
    [InlineData("4 G B")]
    [InlineData("4X")]
    [InlineData("1e3")]
    [InlineData("0")]
    [InlineData("99999999T")]
    public void What_is_no_amount_is_refused_by_name(string text) =>
        Assert.Contains($"'{text}'", Assert.Throws<BadInputException>(() => MemorySize.Parse(text)).Message, StringComparison.Ordinal);
}
