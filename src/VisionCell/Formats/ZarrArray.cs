using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

using VisionCell.Volumes;

namespace VisionCell.Formats;

/// <summary>
/// Reads a box of the last three axes (z, y, x) of a Zarr array whose other axes have length 1. A chunk that is not there is
/// all fill value unless its writer left none out; a chunk is read once, and only where the box touches it.
/// </summary>
internal sealed class ZarrArray
{
    private readonly string _folder;
    private readonly bool _isComplete;
    private readonly ZarrMetadata _metadata;

    /// <summary>Opens an array.</summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="isComplete">Its writer left no chunk out, so that a missing one is a loss and not fill value.</param>
    public ZarrArray(string folder, bool isComplete)
        : this(folder, ZarrMetadata.Of(folder), isComplete)
    {
    }

    /// <summary>Opens an array of which is known how it is stored.</summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="metadata">How it is stored.</param>
    /// <param name="isComplete">Its writer left no chunk out.</param>
    public ZarrArray(string folder, ZarrMetadata metadata, bool isComplete)
    {
        _folder = folder;
        _isComplete = isComplete;
        _metadata = metadata;
        var shape = _metadata.Shape;
        if (shape.AsSpan(..^3).ContainsAnyExcept(1))
            throw new BadInputException($"{folder}: holds {shape[..^3].Aggregate(1L, (a, b) => a * b)} channels or time points (shape {string.Join(" x ", shape)}); save the one to be used on its own");
        if (shape.Contains(0))
            throw new BadInputException($"{folder}: is empty (shape {string.Join(" x ", shape)})");
        Shape = new Shape3(shape[^3], shape[^2], shape[^1]);
    }

    public Shape3 Shape { get; }

    public int Rank => _metadata.Shape.Length;

    public VoxelType Type => _metadata.Type;

    /// <summary>Whether its chunks have lost detail.</summary>
    public bool IsLossy => _metadata.Codec.Codecs.Any(c => c.Name == "jpeg");

    /// <summary>Sections in a chunk.</summary>
    public int ChunkSections => (_metadata.Codec.Sharding?.Chunks ?? _metadata.Chunks)[^3];

    /// <summary>"zarr v2, chunks 64 x 64 x 64, zstd".</summary>
    public string Description
    {
        get
        {
            var codec = _metadata.Codec.Sharding?.Codec ?? _metadata.Codec;
            var names = codec.Codecs.Count == 0 ? "uncompressed" : string.Join(" + ", codec.Codecs.Select(c => c.Name));
            var chunks = string.Join(" x ", _metadata.Codec.Sharding?.Chunks ?? _metadata.Chunks);
            var shards = _metadata.Codec.Sharding is null ? "" : $" in shards of {string.Join(" x ", _metadata.Chunks)}";
            return $"{_metadata.Format}, chunks {chunks}{shards}, {names}";
        }
    }

    /// <summary>Fills <paramref name="target"/>, all of it, with the voxels from <paramref name="box"/>, whose shape it has.</summary>
    /// <exception cref="BadInputException">A chunk is damaged.</exception>
    public void Read(Box box, Volume target, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        var chunks = Spatial(_metadata.Chunks);
        var (z0, y0, x0) = (box.Z / chunks.Z, box.Y / chunks.Y, box.X / chunks.X);
        var grid = new Shape3(
            (box.Z + box.Shape.Z - 1) / chunks.Z - z0 + 1,
            (box.Y + box.Shape.Y - 1) / chunks.Y - y0 + 1,
            (box.X + box.Shape.X - 1) / chunks.X - x0 + 1);
        var options = new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Environment.ProcessorCount };
        var found = new List<Piece>[grid.Count];
        Parallel.For(0L, grid.Count, options, i =>
        {
            var (zy, x) = Math.DivRem(i, grid.X);
            var (z, y) = Math.DivRem(zy, grid.Y);
            found[i] = PiecesOf(z0 + (int)z, y0 + (int)y, x0 + (int)x, box);
        });
        Piece[] pieces = [.. found.SelectMany(p => p)];
        var counter = new ProgressCounter(progress, Math.Max(1, pieces.Length));
        Parallel.ForEach(pieces, options, piece =>
        {
            ReadGuard.Run(piece.File, piece.Name, () => Read(piece, box, target));
            counter.Add();
        });
    }

    /// <summary>What is to be read of the chunk or the shard of a number: itself, or those chunks in it that the box touches.</summary>
    private List<Piece> PiecesOf(int z, int y, int x, Box box)
    {
        var at = new int[Rank];
        (at[^3], at[^2], at[^1]) = (z, y, x);
        var file = Path.Combine(_folder, _metadata.KeyOf(at));
        var chunks = Spatial(_metadata.Chunks);
        var place = new Box(z * chunks.Z, y * chunks.Y, x * chunks.X, chunks);
        if (_metadata.ChunkEnd == ZarrChunkEnd.Cut && !ZarrFiles.IsRemote(file) && !File.Exists(file) && File.Exists(file + ".gz"))
            return [new Piece(file + ".gz", "a chunk", place, _metadata.Chunks, _metadata.Codec with { Codecs = [.. _metadata.Codec.Codecs, new ZarrCodec("gzip")] }, null)];
        if (_metadata.Codec.Sharding is not { } sharding)
            return [new Piece(file, $"a chunk of {_metadata.Format}", place, _metadata.Chunks, _metadata.Codec, null)];
        int[] per = [.. _metadata.Chunks.Select((n, i) => n / sharding.Chunks[i])];
        var index = ReadGuard.Run(file, "the index of a Zarr shard", () => ZarrShardIndex.Read(file, sharding, per.Aggregate(1, (a, b) => checked(a * b))));
        if (index is null)
            return [new Piece(file, "a Zarr shard", place, _metadata.Chunks, _metadata.Codec, (0, 0))];
        var (pieces, inner) = (new List<Piece>(), Spatial(sharding.Chunks));
        // Leading axes have length 1, so only the first chunk along each of them is in use: the first of the index.
        for (var i = 0; i < per[^3] * per[^2] * per[^1]; i++)
        {
            var (zy, ix) = Math.DivRem(i, per[^1]);
            var (iz, iy) = Math.DivRem(zy, per[^2]);
            var chunk = new Box(place.Z + iz * inner.Z, place.Y + iy * inner.Y, place.X + ix * inner.X, inner);
            if (Overlap(chunk, box, out _))
                pieces.Add(new Piece(file, $"chunk ({chunk.Z / inner.Z}, {chunk.Y / inner.Y}, {chunk.X / inner.X}) of a Zarr shard", chunk, sharding.Chunks, sharding.Codec, index[i] ?? (0, 0)));
        }
        return pieces;
    }

    private bool Read(Piece piece, Box box, Volume target)
    {
        using var data = piece.Part switch
        {
            null => ZarrFiles.Read(piece.File),
            (_, 0) => null,
            var (offset, length) => ZarrFiles.Read(piece.File, offset, length),
        };
        if (data is not null)
            Decode(data, piece, box, target);
        else if (_isComplete)
            throw new BadInputException($"{piece.File}: {(piece.Part is null ? "this chunk" : piece.Name)} is missing: the image is incomplete");
        else
            Fill(piece.Place, box, target);
        return true;
    }

    private void Decode(PooledBytes data, Piece piece, Box box, Volume target)
    {
        var size = SectionBytes.Size(Type);
        var codecs = piece.Codec.Codecs;
        var chunk = _metadata.ChunkEnd switch
        {
            ZarrChunkEnd.Filled => piece.Chunk,
            ZarrChunkEnd.Cut => Inside(piece.Place),
            _ => N5.TakeHeader(data, Inside(piece.Place), piece.Chunk),
        };
        var expected = chunk.Aggregate(1, (a, b) => a * b) * size;
        PooledBytes? decoded = null;
        try
        {
            for (var i = codecs.Count - 1; i >= 0; i--)
            {
                // What lies between two codecs may be a little longer than the chunk itself.
                var next = PooledBytes.Rent(i == 0 ? expected : checked(expected + expected / 8 + 4096));
                (var source, decoded) = (decoded, next);
                next.Length = codecs[i].Decode(source ?? data, next.Span);
                source?.Dispose();
            }
            var bytes = (decoded ?? data).Span;
            if (bytes.Length != expected)
                throw new InvalidDataException($"{bytes.Length:N0} bytes where a chunk has {expected:N0}");
            if (piece.Codec.BigEndian)
                SectionBytes.Swap(bytes, size);
            var strides = Strides(chunk, piece.Codec.Order);
            switch (target)
            {
                case Volume<byte> v:
                    Copy<byte>(bytes, strides, piece.Place, box, v);
                    break;
                case Volume<ushort> v:
                    Copy(MemoryMarshal.Cast<byte, ushort>(bytes), strides, piece.Place, box, v);
                    break;
                case Volume<float> v:
                    Copy(MemoryMarshal.Cast<byte, float>(bytes), strides, piece.Place, box, v);
                    break;
            }
        }
        finally
        {
            decoded?.Dispose();
        }
    }

    // Rows of a chunk are short: until it is compiled for good, the loop would take longer than the codec, and most commands are over by then.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Copy<T>(ReadOnlySpan<T> data, (int Z, int Y, int X) strides, Box chunk, Box box, Volume<T> target)
        where T : unmanaged, System.Numerics.INumber<T>
    {
        if (!Overlap(chunk, box, out var part))
            return;
        for (var z = part.Z; z < part.Z + part.Shape.Z; z++)
        {
            for (var y = part.Y; y < part.Y + part.Shape.Y; y++)
            {
                var from = (z - chunk.Z) * strides.Z + (y - chunk.Y) * strides.Y + (part.X - chunk.X) * strides.X;
                var row = target.Data.AsSpan(target.Index(z - box.Z, y - box.Y, part.X - box.X), part.Shape.X);
                if (strides.X == 1)
                {
                    data.Slice(from, row.Length).CopyTo(row);
                    continue;
                }
                for (var x = 0; x < row.Length; x++)
                    row[x] = data[from + x * strides.X];
            }
        }
    }

    private void Fill(Box chunk, Box box, Volume target)
    {
        if (!Overlap(chunk, box, out var part))
            return;
        var fill = _metadata.Fill;
        for (var z = part.Z; z < part.Z + part.Shape.Z; z++)
        {
            var section = SectionBytes.Of(target, z - box.Z);
            for (var y = part.Y; y < part.Y + part.Shape.Y; y++)
            {
                var start = ((y - box.Y) * box.Shape.X + part.X - box.X) * fill.Length;
                for (var x = 0; x < part.Shape.X; x++)
                    fill.CopyTo(section[(start + x * fill.Length)..]);
            }
        }
    }

    private static bool Overlap(Box a, Box b, out Box part)
    {
        var (z, y, x) = (Math.Max(a.Z, b.Z), Math.Max(a.Y, b.Y), Math.Max(a.X, b.X));
        var shape = new Shape3(
            Until(a.Z, a.Shape.Z, b.Z, b.Shape.Z) - z,
            Until(a.Y, a.Shape.Y, b.Y, b.Shape.Y) - y,
            Until(a.X, a.Shape.X, b.X, b.Shape.X) - x);
        part = new Box(z, y, x, shape);
        return shape is { Z: > 0, Y: > 0, X: > 0 };

        static int Until(long a, long aLength, long b, long bLength) => (int)Math.Min(Math.Min(a + aLength, b + bLength), int.MaxValue);
    }

    // Distance in elements between neighbours along z, y and x in a chunk whose axes are stored in the given order.
    private static (int Z, int Y, int X) Strides(int[] shape, int[] order)
    {
        var strides = new int[shape.Length];
        var stride = 1;
        for (var i = order.Length - 1; i >= 0; i--)
        {
            strides[order[i]] = stride;
            stride *= shape[order[i]];
        }
        return (strides[^3], strides[^2], strides[^1]);
    }

    /// <summary>Voxels along z, y, x of a chunk that lie inside the array.</summary>
    private int[] Inside(Box place) => Overlap(place, Box.Of(Shape), out var part) ? [part.Shape.Z, part.Shape.Y, part.Shape.X] : throw new InvalidDataException("a chunk outside the array");

    private static Shape3 Spatial(int[] shape) => new(shape[^3], shape[^2], shape[^1]);

    /// <summary>A chunk to be read.</summary>
    /// <param name="File">The file that it is, or lies in.</param>
    /// <param name="Name">What it is, for errors.</param>
    /// <param name="Place">Which voxels it holds.</param>
    /// <param name="Chunk">Its length along each axis of the array.</param>
    /// <param name="Codec">How it is stored.</param>
    /// <param name="Part">First byte and number of bytes in the file, 0 where it is missing; null for the whole file.</param>
    private sealed record Piece(string File, string Name, Box Place, int[] Chunk, ZarrChunkCodec Codec, (long Offset, int Length)? Part);
}
