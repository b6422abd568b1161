using VisionCell.Formats;

namespace VisionCell.Tests.Formats;

/// <summary>The system's zstd and the managed port are one format, and neither lets damage pass.</summary>
public class ZstdTests
{
    private static byte[] Data { get; } = [.. Enumerable.Range(0, 100_000).Select(i => (byte)(i / 7 * (i % 13)))];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_one_writes_the_other_reads(bool isNative)
    {
        using Zstd native = new Zstd.Native(), managed = new Zstd.Managed();
        var (writer, reader) = isNative ? (native, managed) : (managed, native);
        foreach (var length in new[] { 0, 1, 1000, Data.Length })
        {
            var (stored, back) = (new byte[Zstd.Bound(length)], new byte[length]);
            var n = writer.Compress(Data.AsSpan(0, length), stored, 1, hasChecksum: true);
            Assert.Equal(length, reader.Decompress(stored.AsSpan(0, n), back));
            Assert.True(Data.AsSpan(0, length).SequenceEqual(back));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Damage_and_a_buffer_that_is_too_small_are_errors(bool isNative)
    {
        using Zstd zstd = isNative ? new Zstd.Native() : new Zstd.Managed();
        var stored = new byte[Zstd.Bound(Data.Length)];
        var n = zstd.Compress(Data, stored, 1, hasChecksum: true);
        Assert.Throws<InvalidDataException>(() => zstd.Decompress(stored.AsSpan(0, n), new byte[Data.Length - 1]));
        Assert.Throws<InvalidDataException>(() => zstd.Decompress(stored.AsSpan(0, n - 5), new byte[Data.Length]));
        // The last four bytes are the sum.
        stored[n - 1] ^= 1;
        Assert.Throws<InvalidDataException>(() => zstd.Decompress(stored.AsSpan(0, n), new byte[Data.Length]));
    }
}
