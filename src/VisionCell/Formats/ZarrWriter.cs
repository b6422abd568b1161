using System.Buffers.Binary;
using System.Runtime.CompilerServices;

using VisionCell.Volumes;

namespace VisionCell.Formats;

/// <summary>
/// Writes one array as Zarr v2 or v3: cubic chunks, zstd, and a check sum of each chunk (zstd's own, in shards CRC-32C), so that damage is found on
/// reading. Chunks at the end are filled up with zeros, as the format asks. Every chunk is written, so that one that is missing means loss.
/// </summary>
/// <remarks>
/// A file, chunk or shard, depends on its voxels alone and is renamed into place when it is whole: any number of processes may write, the same file too.
/// </remarks>
internal static class ZarrWriter
{
    private const string Unfinished = ".tmp";

    /// <summary>Number of files, chunks or shards, of an array.</summary>
    public static long FileCount(Shape3 shape, OmeZarrOptions options) => Grid(shape, options.FileEdge).Count;

    /// <summary>How many of them there are on disk.</summary>
    public static long FilesIn(string folder, OmeZarrOptions options) =>
        Directory.Exists(Root(folder, options)) ? Directory.EnumerateFiles(Root(folder, options), "*", SearchOption.AllDirectories).LongCount(file => char.IsAsciiDigit(Path.GetFileName(file)[0])) : 0;

    public static void Write(Volume volume, string folder, OmeZarrOptions options, ProgressCounter counter, CancellationToken cancellationToken)
    {
        WriteBlock(volume, (0, 0, 0), folder, options, counter, cancellationToken);
        ZarrDescription.Write(folder, volume.Shape, volume.VoxelType, options);
    }

    /// <summary>Writes the files of a block, which begins with one.</summary>
    /// <param name="block">A whole number of files along each axis, but at the end of the array.</param>
    /// <param name="first">Index of its first file along z, y, x.</param>
    /// <param name="folder">Folder of the array.</param>
    /// <param name="options">How it is written.</param>
    /// <param name="counter">Counts files.</param>
    /// <param name="cancellationToken">Stops between chunks.</param>
    public static void WriteBlock(Volume block, (int Z, int Y, int X) first, string folder, OmeZarrOptions options, ProgressCounter counter, CancellationToken cancellationToken)
    {
        var grid = Grid(block.Shape, options.FileEdge);
        for (var z = 0; z < grid.Z; z++)
        {
            for (var y = 0; y < grid.Y; y++)
                Directory.CreateDirectory(FolderOf(folder, first.Z + z, first.Y + y, options));
        }
        var parallel = new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Environment.ProcessorCount };
        if (options.Shard is null)
        {
            Parallel.For(0L, grid.Count, parallel, i =>
            {
                var (z, y, x) = PlaceOf(i, grid);
                using var chunk = Compressed(block, z * options.Chunk, y * options.Chunk, x * options.Chunk, options);
                Place(FolderOf(folder, first.Z + z, first.Y + y, options), $"{first.X + x}", [chunk.Memory]);
                counter.Add();
            });
            return;
        }
        // The chunks of a shard are made side by side, the shards one after the other: the memory is that of one.
        for (var i = 0L; i < grid.Count; i++)
        {
            var (z, y, x) = PlaceOf(i, grid);
            var chunks = ChunksOfShard(block, z * options.FileEdge, y * options.FileEdge, x * options.FileEdge, options, parallel);
            PlaceShard(FolderOf(folder, first.Z + z, first.Y + y, options), $"{first.X + x}", chunks);
            counter.Add();
            foreach (var chunk in chunks)
                chunk?.Dispose();
        }
    }

    /// <summary>Folder of the files of an index along z and y.</summary>
    public static string FolderOf(string folder, int z, int y, OmeZarrOptions options) => Path.Combine(Root(folder, options), $"{z}", $"{y}");

    /// <summary>Writes a shard of stored chunks; null for those that lie wholly behind the end of the array.</summary>
    public static void PlaceShard(string folder, string name, IReadOnlyList<PooledBytes?> chunks) =>
        Place(folder, name, [.. chunks.Where(c => c is not null).Select(c => c!.Memory), ZarrShardIndex.Of([.. chunks.Select(c => c?.Length ?? 0)])]);

    /// <summary>Removes what processes that were killed have left.</summary>
    public static void RemoveUnfinished(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder, $"*{Unfinished}", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 }).ToArray())
            File.Delete(file);
    }

    /// <summary>The chunks of a shard; null for those that lie wholly behind the end of the array.</summary>
    private static PooledBytes?[] ChunksOfShard(Volume block, int z, int y, int x, OmeZarrOptions options, ParallelOptions parallel)
    {
        var per = options.FileEdge / options.Chunk;
        var grid = new Shape3(per, per, per);
        var chunks = new PooledBytes?[grid.Count];
        Parallel.For(0L, grid.Count, parallel, i =>
        {
            var (iz, iy, ix) = PlaceOf(i, grid);
            var (atZ, atY, atX) = (z + iz * options.Chunk, y + iy * options.Chunk, x + ix * options.Chunk);
            if (atZ < block.Shape.Z && atY < block.Shape.Y && atX < block.Shape.X)
                chunks[i] = Compressed(block, atZ, atY, atX, options);
        });
        return chunks;
    }

    /// <summary>A chunk as it is stored, its first voxel at a place in the block.</summary>
    private static PooledBytes Compressed(Volume block, int z, int y, int x, OmeZarrOptions options)
    {
        var size = SectionBytes.Size(block.VoxelType);
        var edge = options.Chunk;
        using var voxels = PooledBytes.Rent(edge * edge * edge * size);
        Gather(block, new Box(z, y, x, new Shape3(edge, edge, edge)), size, voxels.Span);
        var isSharded = options.Shard is not null;
        var stored = PooledBytes.Rent(Zstd.Bound(voxels.Length) + sizeof(uint));
        stored.Length = Zstd.Current.Compress(voxels.Span, stored.Span, options.CompressionLevel, hasChecksum: !isSharded);
        if (isSharded)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(stored.Array.AsSpan(stored.Length), ZarrCodec.Crc32C(stored.Span));
            stored.Length += sizeof(uint);
        }
        return stored;
    }

    // A reader, or another process that writes the same file, sees the whole of it or none: AtomicWrite without its flush, which would cost more
    // than the compression; a file that a failing machine loses is found by the count and the check sums when the image is completed.
    private static void Place(string folder, string name, IReadOnlyList<ReadOnlyMemory<byte>> parts)
    {
        var temporary = Path.Combine(folder, $".{name}.{Guid.NewGuid():N}{Unfinished}");
        try
        {
            using (var file = File.OpenHandle(temporary, FileMode.CreateNew, FileAccess.Write))
                RandomAccess.Write(file, parts, 0);
            File.Move(temporary, Path.Combine(folder, name), overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private static string Root(string folder, OmeZarrOptions options) => options.Version == OmeZarrVersion.V05 ? Path.Combine(folder, "c") : folder;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Gather(Volume volume, Box box, int size, Span<byte> buffer)
    {
        var shape = volume.Shape;
        var (depth, height, width) = (Math.Min(box.Shape.Z, shape.Z - box.Z), Math.Min(box.Shape.Y, shape.Y - box.Y), Math.Min(box.Shape.X, shape.X - box.X));
        if (depth < box.Shape.Z || height < box.Shape.Y || width < box.Shape.X)
            buffer.Clear();
        for (var z = 0; z < depth; z++)
        {
            var section = SectionBytes.Of(volume, box.Z + z);
            for (var y = 0; y < height; y++)
            {
                section.Slice(((box.Y + y) * shape.X + box.X) * size, width * size)
                    .CopyTo(buffer[((z * box.Shape.Y + y) * box.Shape.X * size)..]);
            }
        }
    }

    /// <summary>Index along z, y, x of the file or chunk of a number.</summary>
    public static (int Z, int Y, int X) PlaceOf(long i, Shape3 grid)
    {
        var (zy, x) = Math.DivRem(i, grid.X);
        var (z, y) = Math.DivRem(zy, grid.Y);
        return ((int)z, (int)y, (int)x);
    }

    /// <summary>Number of files of an edge along z, y, x.</summary>
    public static Shape3 Grid(Shape3 shape, int edge) => new((shape.Z + edge - 1) / edge, (shape.Y + edge - 1) / edge, (shape.X + edge - 1) / edge);
}
