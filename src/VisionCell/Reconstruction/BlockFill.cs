using VisionCell.Acquisition;
using VisionCell.Volumes;

namespace VisionCell.Reconstruction;

/// <summary>Fills the isotropic grid of a stack block by block, so that the memory of a method stays bounded whatever the size of the volume.</summary>
public static class BlockFill
{
    // Blocks of this many voxels along y and x keep a network's memory near 1 GB.
    private const int BlockEdge = 256;

    /// <summary>Fills the whole grid.</summary>
    /// <param name="sparse">What was observed.</param>
    /// <param name="name">What the result says of its origin.</param>
    /// <param name="blockOf">A block of it.</param>
    /// <param name="progress">Share done, 0 to 1.</param>
    /// <param name="cancellation">Stops between blocks.</param>
    public static Volume<float> Run(SparseVolume sparse, string name, Func<Box, Volume<float>> blockOf, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        var shape = sparse.IsotropicShape;
        var result = sparse.NewIsotropic(Box.Of(shape), name);
        var blocks =
            from y in Enumerable.Range(0, (shape.Y + BlockEdge - 1) / BlockEdge)
            from x in Enumerable.Range(0, (shape.X + BlockEdge - 1) / BlockEdge)
            select new Box(0, y * BlockEdge, x * BlockEdge, new Shape3(shape.Z, Math.Min(BlockEdge, shape.Y - y * BlockEdge), Math.Min(BlockEdge, shape.X - x * BlockEdge)));
        var done = 0L;
        foreach (var block in blocks)
        {
            cancellation.ThrowIfCancellationRequested();
            result.Paste(blockOf(block), block);
            done += block.Shape.Count;
            progress?.Report(done / (double)shape.Count);
        }
        return result;
    }
}
