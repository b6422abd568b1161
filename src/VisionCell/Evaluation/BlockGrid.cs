using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>
/// Blocks of a volume, in which errors are added up on their own: neighbouring voxels err alike, so that blocks, not voxels, are what
/// statistics may draw from. The last block along an axis may be smaller.
/// </summary>
/// <param name="shape">The volume.</param>
public sealed class BlockGrid(Shape3 shape)
{
    /// <summary>Edge of a block, voxels: at 10 nm the 640 nm that most neurites are thinner than.</summary>
    public const int Edge = 64;

    /// <summary>Blocks along z, y, x.</summary>
    public Shape3 Blocks { get; } = new((shape.Z + Edge - 1) / Edge, (shape.Y + Edge - 1) / Edge, (shape.X + Edge - 1) / Edge);

    /// <summary>Number of blocks.</summary>
    public int Count => (int)Blocks.Count;

    /// <summary>The block that a voxel lies in.</summary>
    public int Of(int z, int y, int x) => (z / Edge * Blocks.Y + y / Edge) * Blocks.X + x / Edge;
}

/// <summary>Sums of a measure by block, and how many voxels each is of.</summary>
/// <param name="Sums">One a block.</param>
/// <param name="Counts">One a block.</param>
public sealed record BlockSums(IReadOnlyList<double> Sums, IReadOnlyList<double> Counts)
{
    /// <summary>The mean over all blocks; null where no voxel counts.</summary>
    public double? Mean => Counts.Sum() is > 0 and var count ? Sums.Sum() / count : null;
}
