using System.Diagnostics;
using VisionCell.Acquisition;
using VisionCell.Formats;
using VisionCell.Reconstruction;
using VisionCell.Volumes;

namespace VisionCell.Pipeline;

/// <summary>How large a reconstruction's tiles are, and up to what size a stack is held in memory.</summary>
public sealed record Tiling
{
    /// <summary>Edge of a tile along y and x, voxels; a multiple of <see cref="Multiple"/>.</summary>
    public int Edge { get; init; } = 256;

    /// <summary>Most fine rows of a tile: a network's memory stays near 1 GB whatever the size of the volume.</summary>
    public int Rows { get; init; } = 512;

    /// <summary>Voxels of a stack that are held in memory (4 bytes each); of a larger one blocks are read, and it is trained on a block of this size.</summary>
    public long InMemory { get; init; } = 1L << 28;

    /// <summary>How images are written; where in shards, their edge divides that of the tiles, so that no two tiles share a file.</summary>
    public OmeZarrOptions Image { get; init; } = new();

    /// <summary>Tiles begin at multiples of this many voxels, as the chunks of the image do and the grids of the networks.</summary>
    public const int Multiple = 64;

    /// <summary>The tiles of a volume, row by row.</summary>
    /// <param name="shape">The volume.</param>
    /// <param name="splitRows">Whether a tile may end before the volume does along z.</param>
    /// <exception cref="BadInputException">Shards do not fit the tiles.</exception>
    public IReadOnlyList<Box> Of(Shape3 shape, bool splitRows)
    {
        if (Edge % Image.FileEdge != 0)
            throw new BadInputException($"shards of {Image.FileEdge} voxels: tiles of {Edge} voxels do not hold whole ones; give a divisor of {Edge}");
        var file = Math.Max(Multiple, Image.FileEdge);
        // Of the next level too a tile then holds whole files, which it writes while its voxels are at hand.
        var step = Rows % (2 * file) == 0 ? 2 * file : file;
        var slabs = splitRows ? (shape.Z + Rows - 1) / Rows : 1;
        var depth = slabs == 1 ? shape.Z : ((shape.Z + slabs - 1) / slabs + step - 1) / step * step;
        return [..
            from z in Enumerable.Range(0, (shape.Z + depth - 1) / depth)
            from y in Enumerable.Range(0, (shape.Y + Edge - 1) / Edge)
            from x in Enumerable.Range(0, (shape.X + Edge - 1) / Edge)
            select new Box(z * depth, y * Edge, x * Edge, new Shape3(Math.Min(depth, shape.Z - z * depth), Math.Min(Edge, shape.Y - y * Edge), Math.Min(Edge, shape.X - x * Edge)))];
    }
}

/// <summary>Where the time of filling tiles went.</summary>
/// <param name="Read">Reading blocks of the stack.</param>
/// <param name="Write">Compressing and writing tiles.</param>
/// <param name="Waited">For how long nothing was computed because of either.</param>
internal readonly record struct TileTimes(TimeSpan Read, TimeSpan Write, TimeSpan Waited);

/// <summary>
/// Fills an isotropic volume tile by tile, from a stack in memory or on disk to an image on disk. A tile is computed with all that its values
/// depend on about it (<see cref="Halo"/>), so that neighbours agree where they meet and nothing has to be blended; <see cref="Evaluation.Seams"/> measures it.
/// </summary>
internal static class TiledReconstruction
{
    /// <summary>Fills all tiles that are not written yet.</summary>
    /// <param name="stack">What was observed.</param>
    /// <param name="sparse">The same in memory; null where blocks are to be read.</param>
    /// <param name="halo">What a tile depends on about it; needed where blocks are to be read.</param>
    /// <param name="tiles">The tiles.</param>
    /// <param name="fill">Fills a box of the isotropic grid of a stack or a part of one.</param>
    /// <param name="type">How its voxels are stored.</param>
    /// <param name="image">Where they are written.</param>
    /// <param name="progress">Share done, 0 to 1.</param>
    /// <param name="cancellation">Stops; what is written stays.</param>
    /// <returns>How long it took to read blocks and to write tiles, and how long computing stood still for either.</returns>
    public static TileTimes Fill(
        StackSource stack, SparseVolume? sparse, Halo? halo, IReadOnlyList<Box> tiles, Func<SparseVolume, Box, Volume<float>> fill, VoxelType type, OmeZarrTiles image, IProgress<double>? progress, CancellationToken cancellation)
    {
        var (read, write, waited) = (new Stopwatch(), new Stopwatch(), new Stopwatch());
        (SparseVolume Part, Box Box) Read(Box tile)
        {
            read.Start();
            var view = View(stack, halo!.Value, tile, cancellation);
            read.Stop();
            return view;
        }
        void Write(Volume voxels, Box tile)
        {
            write.Start();
            image.Write(voxels, tile, cancellation);
            write.Stop();
        }
        // One block ahead is read and one tile behind is written while a tile is computed: three tiles are in memory, one of them as floats.
        Box[] missing = [.. tiles.Where(tile => !image.IsWritten(tile))];
        Task<(SparseVolume Part, Box Box)> Ahead(int i) =>
            i == missing.Length ? Task.FromResult<(SparseVolume, Box)>(default) : sparse is not null ? Task.FromResult((sparse, missing[i])) : Task.Run(() => Read(missing[i]), cancellation);
        var (next, written) = (Ahead(0), Task.CompletedTask);
        try
        {
            for (var i = 0; i < missing.Length; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                waited.Start();
                var (part, box) = next.GetAwaiter().GetResult();
                waited.Stop();
                next = Ahead(i + 1);
                var (tile, filled) = (missing[i], fill(part, box).ConvertTo(type));
                waited.Start();
                written.GetAwaiter().GetResult();
                waited.Stop();
                progress?.Report((tiles.Count - missing.Length + i) / (double)tiles.Count);
                written = Task.Run(() => Write(filled, tile), cancellation);
                // The collector sees the machine's memory and would let many tiles lie about that are done with.
                if (sparse is null)
                    GC.Collect();
            }
            waited.Start();
            written.GetAwaiter().GetResult();
            waited.Stop();
            progress?.Report(1);
            return new TileTimes(read.Elapsed, write.Elapsed, waited.Elapsed);
        }
        finally
        {
            // Nothing goes on behind the back of who sees this end, whatever ends it.
            Task.WhenAll(next, written).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).Wait(CancellationToken.None);
        }
    }

    /// <summary>The part of the stack that a tile depends on, and the tile's place in it.</summary>
    private static (SparseVolume Part, Box Box) View(StackSource stack, Halo halo, Box tile, CancellationToken cancellation)
    {
        var (first, end) = stack.Outline.ObservedSectionsAbout(tile.Z, tile.Shape.Z, halo.Sections);
        // The part begins where the tiles' grid has a line, so that networks see the same pixels in the same places.
        var (y, x) = (Math.Max(0, tile.Y - halo.Pixels) / Tiling.Multiple * Tiling.Multiple, Math.Max(0, tile.X - halo.Pixels) / Tiling.Multiple * Tiling.Multiple);
        var (height, width) = (Math.Min(stack.Shape.Y, tile.Y + tile.Shape.Y + halo.Pixels) - y, Math.Min(stack.Shape.X, tile.X + tile.Shape.X + halo.Pixels) - x);
        var (part, row) = stack.Part(first, end - first, y, height, x, width, cancellation);
        return (part, new Box(tile.Z - row, tile.Y - y, tile.X - x, tile.Shape));
    }
}
