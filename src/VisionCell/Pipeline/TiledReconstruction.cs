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

    /// <summary>Tiles begin at multiples of this many voxels, as the chunks of the image do and the grids of the networks.</summary>
    public const int Multiple = 64;

    /// <summary>The tiles of a volume, row by row.</summary>
    /// <param name="shape">The volume.</param>
    /// <param name="splitRows">Whether a tile may end before the volume does along z.</param>
    public IReadOnlyList<Box> Of(Shape3 shape, bool splitRows)
    {
        var slabs = splitRows ? (shape.Z + Rows - 1) / Rows : 1;
        var depth = slabs == 1 ? shape.Z : ((shape.Z + slabs - 1) / slabs + Multiple - 1) / Multiple * Multiple;
        return [..
            from z in Enumerable.Range(0, (shape.Z + depth - 1) / depth)
            from y in Enumerable.Range(0, (shape.Y + Edge - 1) / Edge)
            from x in Enumerable.Range(0, (shape.X + Edge - 1) / Edge)
            select new Box(z * depth, y * Edge, x * Edge, new Shape3(Math.Min(depth, shape.Z - z * depth), Math.Min(Edge, shape.Y - y * Edge), Math.Min(Edge, shape.X - x * Edge)))];
    }
}

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
    /// <returns>How long blocks were read, and tiles written.</returns>
    public static (TimeSpan Read, TimeSpan Write) Fill(
        StackSource stack, SparseVolume? sparse, Halo? halo, IReadOnlyList<Box> tiles, Func<SparseVolume, Box, Volume<float>> fill, VoxelType type, OmeZarrTiles image, IProgress<double>? progress, CancellationToken cancellation)
    {
        var (read, write) = (new Stopwatch(), new Stopwatch());
        for (var i = 0; i < tiles.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            if (!image.IsWritten(tiles[i]))
            {
                read.Start();
                var (part, box) = sparse is null ? View(stack, halo!.Value, tiles[i], cancellation) : (sparse, tiles[i]);
                read.Stop();
                var filled = fill(part, box).ConvertTo(type);
                write.Start();
                image.Write(filled, tiles[i], cancellation);
                write.Stop();
                // The collector sees the machine's memory and would let many tiles lie about that are done with.
                if (sparse is null)
                    GC.Collect();
            }
            progress?.Report((i + 1.0) / tiles.Count);
        }
        return (read.Elapsed, write.Elapsed);
    }

    /// <summary>The part of the stack that a tile depends on, and the tile's place in it.</summary>
    private static (SparseVolume Part, Box Box) View(StackSource stack, Halo halo, Box tile, CancellationToken cancellation)
    {
        var (first, end) = stack.Outline.SectionsAbout(tile.Z, tile.Shape.Z, halo.Sections);
        // The part begins where the tiles' grid has a line, so that networks see the same pixels in the same places.
        var (y, x) = (Math.Max(0, tile.Y - halo.Pixels) / Tiling.Multiple * Tiling.Multiple, Math.Max(0, tile.X - halo.Pixels) / Tiling.Multiple * Tiling.Multiple);
        var (height, width) = (Math.Min(stack.Shape.Y, tile.Y + tile.Shape.Y + halo.Pixels) - y, Math.Min(stack.Shape.X, tile.X + tile.Shape.X + halo.Pixels) - x);
        var (part, row) = stack.Part(first, end - first, y, height, x, width, cancellation);
        return (part, new Box(tile.Z - row, tile.Y - y, tile.X - x, tile.Shape));
    }
}
