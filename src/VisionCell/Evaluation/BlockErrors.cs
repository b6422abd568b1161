using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>
/// Errors of a method by block of <see cref="BlockGrid"/>, for each seed, so that methods can be compared block by block long after their volumes are gone.
/// Blocks in which nothing counts are left out.
/// </summary>
/// <param name="Edge">Edge of a block, voxels.</param>
/// <param name="Seeds">The seeds.</param>
/// <param name="Counts">Scored voxels of each block.</param>
/// <param name="SquaredErrors">Sum of squared errors, <c>[seed][block]</c>, grey values squared.</param>
/// <param name="DataRange">Grey values that PSNR refers to.</param>
public sealed record BlockErrors(int Edge, IReadOnlyList<int> Seeds, IReadOnlyList<double> Counts, IReadOnlyList<IReadOnlyList<double>> SquaredErrors, double DataRange)
{
    /// <summary>Errors of one seed.</summary>
    /// <exception cref="BadInputException">Grids or region do not fit.</exception>
    public static BlockErrors Of(Volume<float> reconstruction, Volume<float> reference, ScoredRegion region, double dataRange, int seed, CancellationToken cancellation = default)
    {
        var sums = Psnr.SquaredErrorByBlock(reconstruction, reference, region, cancellation);
        int[] counted = [.. Enumerable.Range(0, sums.Counts.Count).Where(b => sums.Counts[b] > 0)];
        return new BlockErrors(BlockGrid.Edge, [seed], [.. counted.Select(b => sums.Counts[b])], [[.. counted.Select(b => sums.Sums[b])]], dataRange);
    }

    /// <summary>The same with the seeds of another, of the same blocks.</summary>
    public BlockErrors And(BlockErrors other) => this with { Seeds = [.. Seeds, .. other.Seeds], SquaredErrors = [.. SquaredErrors, .. other.SquaredErrors] };
}
