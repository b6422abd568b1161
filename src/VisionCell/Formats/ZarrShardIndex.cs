using System.Buffers.Binary;

namespace VisionCell.Formats;

/// <summary>
/// The index of a shard, a file that holds many chunks (Zarr v3, codec sharding_indexed 1.0, zarr-specs.readthedocs.io): offset and length of each
/// chunk, 64 bits each, little-endian, both all ones where there is none; behind them, as index codec, their CRC-32C.
/// </summary>
internal static class ZarrShardIndex
{
    private const int EntryBytes = 16;
    private const int SumBytes = sizeof(uint);

    /// <summary>Reads an index; null where there is no such shard.</summary>
    /// <param name="file">The shard.</param>
    /// <param name="sharding">How it is stored.</param>
    /// <param name="count">Number of chunks.</param>
    /// <returns>First byte and number of bytes of each chunk; null where it is missing.</returns>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public static (long Offset, int Length)?[]? Read(string file, ZarrSharding sharding, int count)
    {
        var bytes = checked(count * EntryBytes + SumBytes * sharding.IndexCodecs.Count);
        using var stored = ZarrFiles.Read(file, sharding.IndexAtEnd ? -bytes : 0, bytes);
        if (stored is null)
            return null;
        using var index = PooledBytes.Rent(bytes);
        stored.Span.CopyTo(index.Span);
        foreach (var codec in sharding.IndexCodecs.Reverse())
        {
            using var next = PooledBytes.Rent(index.Length);
            index.Length = codec.Decode(index, next.Span);
            next.Span[..index.Length].CopyTo(index.Span);
        }
        var entries = new (long, int)?[count];
        for (var i = 0; i < count; i++)
        {
            var offset = BinaryPrimitives.ReadUInt64LittleEndian(index.Span[(EntryBytes * i)..]);
            var length = BinaryPrimitives.ReadUInt64LittleEndian(index.Span[(EntryBytes * i + sizeof(ulong))..]);
            if (offset != ulong.MaxValue || length != ulong.MaxValue)
                entries[i] = length > 0 ? checked(((long)offset, (int)length)) : throw new InvalidDataException($"chunk {i} of it has no bytes");
        }
        return entries;
    }

    /// <summary>The index of chunks that lie one behind the other from the beginning of the file on, with its check sum.</summary>
    /// <param name="lengths">Number of bytes of each; 0 where there is none.</param>
    public static byte[] Of(ReadOnlySpan<int> lengths)
    {
        var index = new byte[lengths.Length * EntryBytes + SumBytes];
        var offset = 0UL;
        for (var i = 0; i < lengths.Length; i++)
        {
            var isMissing = lengths[i] == 0;
            BinaryPrimitives.WriteUInt64LittleEndian(index.AsSpan(EntryBytes * i), isMissing ? ulong.MaxValue : offset);
            BinaryPrimitives.WriteUInt64LittleEndian(index.AsSpan(EntryBytes * i + sizeof(ulong)), isMissing ? ulong.MaxValue : (ulong)lengths[i]);
            offset += (ulong)lengths[i];
        }
        BinaryPrimitives.WriteUInt32LittleEndian(index.AsSpan(^SumBytes), ZarrCodec.Crc32C(index.AsSpan(..^SumBytes)));
        return index;
    }
}
