using System.Text.Json.Nodes;

using VisionCell.Volumes;

namespace VisionCell.Formats;

/// <summary>
/// Writes one array as Zarr v2 or v3: cubic chunks, zstd with its check sum, so that damage is found on reading. Chunks at
/// the end are filled up with zeros, as the format asks. Every chunk is written, so that one that is missing means loss.
/// </summary>
internal static class ZarrWriter
{
    private const string Unfinished = ".tmp";

    public static long ChunkCount(Shape3 shape, int chunk) => Grid(shape, chunk).Count;

    /// <summary>How many chunks there are on disk.</summary>
    public static long ChunksIn(string folder, OmeZarrOptions options) =>
        Directory.Exists(Root(folder, options)) ? Directory.EnumerateFiles(Root(folder, options), "*", SearchOption.AllDirectories).LongCount(file => char.IsAsciiDigit(Path.GetFileName(file)[0])) : 0;

    public static void Write(Volume volume, string folder, OmeZarrOptions options, ProgressCounter counter, CancellationToken cancellationToken)
    {
        WriteChunks(volume, (0, 0, 0), folder, options, counter, cancellationToken);
        WriteMetadata(folder, volume.Shape, volume.VoxelType, options);
    }

    /// <summary>Writes the chunks of a block, which begins with a chunk.</summary>
    /// <param name="block">A whole number of chunks along each axis, but at the end of the array.</param>
    /// <param name="first">Index of its first chunk along z, y, x.</param>
    /// <param name="folder">Folder of the array.</param>
    /// <param name="options">Chunk edge and compression.</param>
    /// <param name="counter">Counts chunks.</param>
    /// <param name="cancellationToken">Stops between chunks.</param>
    public static void WriteChunks(Volume block, (int Z, int Y, int X) first, string folder, OmeZarrOptions options, ProgressCounter counter, CancellationToken cancellationToken)
    {
        var (shape, chunk, size) = (block.Shape, options.Chunk, SectionBytes.Size(block.VoxelType));
        var grid = Grid(shape, chunk);
        var root = Root(folder, options);
        for (var z = 0; z < grid.Z; z++)
        {
            for (var y = 0; y < grid.Y; y++)
                Directory.CreateDirectory(Path.Combine(root, $"{first.Z + z}", $"{first.Y + y}"));
        }
        Parallel.For(
            0L,
            grid.Count,
            new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Environment.ProcessorCount },
            () => NewWorker(options, chunk * chunk * chunk * size),
            (i, _, worker) =>
            {
                var (zy, x) = Math.DivRem(i, grid.X);
                var (z, y) = Math.DivRem(zy, grid.Y);
                Gather(block, new Box((int)z * chunk, (int)y * chunk, (int)x * chunk, new Shape3(chunk, chunk, chunk)), size, worker.Buffer);
                Place(Path.Combine(root, $"{first.Z + z}", $"{first.Y + y}"), $"{first.X + x}", worker.Compressor.Wrap(worker.Buffer));
                counter.Add();
                return worker;
            },
            worker => worker.Compressor.Dispose());
    }

    /// <summary>Removes what processes that were killed have left.</summary>
    public static void RemoveUnfinished(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder, $"*{Unfinished}", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 }).ToArray())
            File.Delete(file);
    }

    /// <summary>Writes the description of an array.</summary>
    public static void WriteMetadata(string folder, Shape3 shape, VoxelType type, OmeZarrOptions options)
    {
        Directory.CreateDirectory(folder);
        if (options.Version == OmeZarrVersion.V04)
            OmeZarr.Save(Path.Combine(folder, ".zarray"), Version2(shape, type, options));
        else
            OmeZarr.Save(Path.Combine(folder, "zarr.json"), Version3(shape, type, options));
    }

    // A reader, or another process that writes the same chunk, sees the whole of it or none: AtomicWrite without its flush, which would cost more
    // than the compression; a chunk that a failing machine loses is found by the count and the check sums when the image is completed.
    private static void Place(string folder, string name, ReadOnlySpan<byte> chunk)
    {
        var temporary = Path.Combine(folder, $".{name}.{Guid.NewGuid():N}{Unfinished}");
        try
        {
            using (var file = File.Create(temporary, 1))
                file.Write(chunk);
            File.Move(temporary, Path.Combine(folder, name), overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private static string Root(string folder, OmeZarrOptions options) => options.Version == OmeZarrVersion.V05 ? Path.Combine(folder, "c") : folder;

    private static (ZstdSharp.Compressor Compressor, byte[] Buffer) NewWorker(OmeZarrOptions options, int bytes)
    {
        var compressor = new ZstdSharp.Compressor(options.CompressionLevel);
        compressor.SetParameter(ZstdSharp.Unsafe.ZSTD_cParameter.ZSTD_c_checksumFlag, 1);
        return (compressor, new byte[bytes]);
    }

    private static void Gather(Volume volume, Box box, int size, byte[] buffer)
    {
        var shape = volume.Shape;
        var (depth, height, width) = (Math.Min(box.Shape.Z, shape.Z - box.Z), Math.Min(box.Shape.Y, shape.Y - box.Y), Math.Min(box.Shape.X, shape.X - box.X));
        if (depth < box.Shape.Z || height < box.Shape.Y || width < box.Shape.X)
            Array.Clear(buffer);
        for (var z = 0; z < depth; z++)
        {
            var section = SectionBytes.Of(volume, box.Z + z);
            for (var y = 0; y < height; y++)
            {
                section.Slice(((box.Y + y) * shape.X + box.X) * size, width * size)
                    .CopyTo(buffer.AsSpan((z * box.Shape.Y + y) * box.Shape.X * size));
            }
        }
    }

    private static Shape3 Grid(Shape3 shape, int chunk) => new((shape.Z + chunk - 1) / chunk, (shape.Y + chunk - 1) / chunk, (shape.X + chunk - 1) / chunk);

    private static JsonArray Triple(int z, int y, int x) => [z, y, x];

    private static JsonObject Version2(Shape3 shape, VoxelType type, OmeZarrOptions options) => new()
    {
        ["zarr_format"] = 2,
        ["shape"] = Triple(shape.Z, shape.Y, shape.X),
        ["chunks"] = Triple(options.Chunk, options.Chunk, options.Chunk),
        ["dtype"] = type switch { VoxelType.UInt8 => "|u1", VoxelType.UInt16 => "<u2", _ => "<f4" },
        ["compressor"] = new JsonObject { ["id"] = "zstd", ["level"] = options.CompressionLevel },
        ["fill_value"] = 0,
        ["order"] = "C",
        ["filters"] = null,
        ["dimension_separator"] = "/",
    };

    private static JsonObject Version3(Shape3 shape, VoxelType type, OmeZarrOptions options) => new()
    {
        ["zarr_format"] = 3,
        ["node_type"] = "array",
        ["shape"] = Triple(shape.Z, shape.Y, shape.X),
        ["data_type"] = type switch { VoxelType.UInt8 => "uint8", VoxelType.UInt16 => "uint16", _ => "float32" },
        ["chunk_grid"] = new JsonObject
        {
            ["name"] = "regular",
            ["configuration"] = new JsonObject { ["chunk_shape"] = Triple(options.Chunk, options.Chunk, options.Chunk) },
        },
        ["chunk_key_encoding"] = new JsonObject { ["name"] = "default", ["configuration"] = new JsonObject { ["separator"] = "/" } },
        ["fill_value"] = 0,
        ["codecs"] = new JsonArray(
            new JsonObject { ["name"] = "bytes", ["configuration"] = new JsonObject { ["endian"] = "little" } },
            new JsonObject { ["name"] = "zstd", ["configuration"] = new JsonObject { ["level"] = options.CompressionLevel, ["checksum"] = true } }),
        ["dimension_names"] = new JsonArray("z", "y", "x"),
        ["attributes"] = new JsonObject(),
    };
}
