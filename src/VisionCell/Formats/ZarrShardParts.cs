using System.Buffers.Binary;

using VisionCell.Volumes;

namespace VisionCell.Formats;

/// <summary>
/// The coarser levels of shards that are written tile by tile. Of a coarser shard a tile holds a part: it is written as a small shard of its own, and the shard is put together of the parts' chunks as they are stored when all tiles are there. The bytes are those of a shard written at once.
/// </summary>
internal static class ZarrShardParts
{
    private static readonly ZarrSharding _sharding = new([], new ZarrChunkCodec([], BigEndian: false, [], null), [new ZarrCodec("crc32c")], IndexAtEnd: true);

    /// <summary>How the parts of a level are written: as large as what a tile of one shard leaves of it, else as a chunk; null where there are no shards.</summary>
    /// <param name="options">How the image is written.</param>
    /// <param name="level">The level, 0 the finest.</param>
    public static OmeZarrOptions? Of(OmeZarrOptions options, int level) =>
        options.Shard is not { } shard ? null
        : shard >> level is > 0 and var edge && edge << level == shard && edge % options.Chunk == 0 ? options with { Shard = edge }
        : options with { Shard = options.Chunk };

    /// <summary>Puts those shards of a level together that are not there and of which all parts are, whole.</summary>
    /// <param name="parts">Folder of the parts.</param>
    /// <param name="part">How they are written.</param>
    /// <param name="folder">Folder of the level.</param>
    /// <param name="shape">Number of voxels of the level along z, y, x.</param>
    /// <param name="options">How the image is written.</param>
    /// <param name="cancellationToken">Stops between shards.</param>
    public static void Assemble(string parts, OmeZarrOptions part, string folder, Shape3 shape, OmeZarrOptions options, CancellationToken cancellationToken)
    {
        var grid = ZarrWriter.Grid(shape, options.FileEdge);
        for (var i = 0L; i < grid.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (z, y, x) = ZarrWriter.PlaceOf(i, grid);
            var place = ZarrWriter.FolderOf(folder, z, y, options);
            if (File.Exists(Path.Combine(place, $"{x}")))
                continue;
            var chunks = Chunks(parts, part, (z * options.FileEdge, y * options.FileEdge, x * options.FileEdge), shape, options);
            if (chunks is not null)
            {
                Directory.CreateDirectory(place);
                ZarrWriter.PlaceShard(place, $"{x}", chunks);
            }
            foreach (var chunk in chunks ?? [])
                chunk?.Dispose();
        }
    }

    /// <summary>The stored chunks of a shard, null for those wholly behind the end of the array; null where a part is missing.</summary>
    private static PooledBytes?[]? Chunks(string parts, OmeZarrOptions part, (int Z, int Y, int X) first, Shape3 shape, OmeZarrOptions options)
    {
        var (count, inner) = (options.FileEdge / options.Chunk, part.FileEdge / options.Chunk);
        var chunks = new PooledBytes?[count * count * count];
        var indices = new Dictionary<string, (long Offset, int Length)?[]>();
        for (var i = 0; i < chunks.Length; i++)
        {
            var (z, y, x) = ZarrWriter.PlaceOf(i, new Shape3(count, count, count));
            var (atZ, atY, atX) = (first.Z + z * options.Chunk, first.Y + y * options.Chunk, first.X + x * options.Chunk);
            if (atZ >= shape.Z || atY >= shape.Y || atX >= shape.X)
                continue;
            var file = Path.Combine(ZarrWriter.FolderOf(parts, atZ / part.FileEdge, atY / part.FileEdge, part), $"{atX / part.FileEdge}");
            if (!indices.TryGetValue(file, out var index))
                indices[file] = index = Sound(file, () => ZarrShardIndex.Read(file, _sharding, inner * inner * inner)) ?? new (long, int)?[inner * inner * inner];
            if (index[(z % inner * inner + y % inner) * inner + x % inner] is var (offset, length))
                chunks[i] = Sound(file, () => Checked(ZarrFiles.Read(file, offset, length)));
            if (chunks[i] is not null)
                continue;
            foreach (var chunk in chunks)
                chunk?.Dispose();
            return null;
        }
        return chunks;
    }

    // What is damaged counts as missing.
    private static T? Sound<T>(string file, Func<T?> read)
        where T : class
    {
        try
        {
            return ReadGuard.Run(file, "part of a Zarr shard", read);
        }
        catch (BadInputException)
        {
            return null;
        }
    }

    private static PooledBytes? Checked(PooledBytes? chunk)
    {
        if (chunk is null || (chunk.Length > sizeof(uint) && ZarrCodec.Crc32C(chunk.Span[..^sizeof(uint)]) == BinaryPrimitives.ReadUInt32LittleEndian(chunk.Span[^sizeof(uint)..])))
            return chunk;
        chunk.Dispose();
        return null;
    }
}
