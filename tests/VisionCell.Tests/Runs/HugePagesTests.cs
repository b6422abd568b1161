using System.Globalization;
using VisionCell.Runs;

namespace VisionCell.Tests.Runs;

/// <summary>The advice reaches the memory that arrays are made in, and no mapping beside it.</summary>
public unsafe class HugePagesTests
{
    private static readonly string[] Maps =
    [
        "00001000-00002000 r-xp 00000000 fe:00 12 /usr/bin/dotnet",
        "00002000-00003000 rw-p 00000000 00:00 0 ",
        "00003000-00008000 ---p 00000000 00:00 0 ",
        "00009000-0000a000 rw-p 00000000 00:00 0 ",
        "0000a000-0000b000 r--p 00000000 fe:00 13 /usr/lib/a name with blanks",
        "0000b000-0000c000 rw-p 00000000 00:00 0 [heap]",
        "0000c000-0000d000 rw-p 00000000 00:00 0",
    ];

    [Theory]
    [InlineData(0x2000, 0x2000, 0x8000)]
    [InlineData(0x7fff, 0x2000, 0x8000)]
    [InlineData(0x9800, 0x9000, 0xa000)]
    [InlineData(0xc800, 0xc000, 0xd000)]
    [InlineData(0x1800, 0, 0)]
    [InlineData(0x8000, 0, 0)]
    [InlineData(0xa800, 0, 0)]
    [InlineData(0xb800, 0, 0)]
    [InlineData(0xf000, 0, 0)]
    public void A_range_ends_at_gaps_and_at_what_has_a_name(int address, int start, int end) =>
        Assert.Equal(((ulong)start, (ulong)end), HugePages.RangeOf((ulong)address, Maps));

    [Fact]
    public void Arrays_made_afterwards_have_the_advice()
    {
        Assert.SkipUnless(Directory.Exists("/sys/kernel/mm/transparent_hugepage"), "this kernel has no transparent huge pages");
        Assert.True(HugePages.Ask());
        fixed (byte* array = new byte[32 << 20])
            Assert.Contains(" hg", FlagsOf((ulong)array + (16 << 20)), StringComparison.Ordinal);
    }

    // smaps: a line with addresses, then lines with names, the flags among them.
    private static string FlagsOf(ulong address)
    {
        var isInside = false;
        foreach (var line in File.ReadLines("/proc/self/smaps"))
        {
            var word = line.Split(' ')[0];
            if (word.Split('-') is [var from, var to] && ulong.TryParse(from, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var first))
                isInside = address >= first && address < ulong.Parse(to, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            else if (isInside && word == "VmFlags:")
                return line;
        }
        return "";
    }
}
