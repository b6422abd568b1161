using VisionCell.Acquisition;
using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>
/// Which z rows of an isotropic volume count in a score. Rows that a method was given are no proof of anything: counting them adds
/// 0.5 to 3 dB of PSNR (medulla-1, bone and nt volumes, November 2026), so every score names its region.
/// </summary>
public sealed class ScoredRegion
{
    private readonly bool[] _scored;

    private ScoredRegion(bool[] scored, int firstPlaneRow, int planeRows, string description)
    {
        _scored = scored;
        Rows = [.. Enumerable.Range(0, scored.Length).Where(z => scored[z])];
        FirstPlaneRow = firstPlaneRow;
        PlaneRows = planeRows;
        Description = description;
    }

    /// <summary>Number of fine rows of the volumes that this region fits: their extent along z.</summary>
    public int FineRows => _scored.Length;

    /// <summary>The rows that count, ascending.</summary>
    public IReadOnlyList<int> Rows { get; }

    /// <summary>First row of the xz and yz planes on which SSIM maps are computed.</summary>
    public int FirstPlaneRow { get; }

    /// <summary>Number of rows of these planes.</summary>
    public int PlaneRows { get; }

    /// <summary>The region in words, for reports.</summary>
    public string Description { get; }

    /// <summary>Whether a row counts.</summary>
    public bool IsScored(int fineRow) => _scored[fineRow];

    /// <summary>
    /// The rows that a sparse acquisition leaves open. Decimation: every row that is not itself a section; the xz and yz planes
    /// span all rows, since held-out rows lie between observed ones. Thicker sections: every row from the start of the second
    /// section to the end of the last but one, so that no row is extrapolated; planes span these rows alone.
    /// </summary>
    /// <param name="sampling">How the sections sample the fine grid.</param>
    /// <param name="sections">Number of sections acquired.</param>
    /// <exception cref="BadInputException">No row would be left to score.</exception>
    public static ScoredRegion HeldOut(AxialSampling sampling, int sections)
    {
        if (sections < 2)
            throw new BadInputException($"{sections} section(s): a score needs at least 2");
        var rows = sampling.FineRows(sections);
        var scored = new bool[rows];
        if (sampling.IsDecimation)
        {
            for (var z = 0; z < rows; z++)
                scored[z] = !sampling.IsObserved(z);
            var count = scored.Count(s => s);
            if (count == 0)
                throw new BadInputException($"{sampling}: every row is observed, so none is held out; give a factor of at least 2");
            return new ScoredRegion(scored, 0, rows, $"{count} held-out of {rows} z rows ({sampling}, {sections} observed sections not counted)");
        }
        if (sections < 3)
            throw new BadInputException($"{sampling} of {sections} sections: scored are the rows of all sections but the first and the last, so at least 3 are needed");
        // The section before and the one behind may end within a row: it is not counted.
        var first = (int)Math.Ceiling(sampling.ExactPitch);
        var last = (int)Math.Floor(sampling.ExactPitch * (sections - 2) + sampling.ExactThickness) - 1;
        scored.AsSpan(first, last - first + 1).Fill(true);
        return new ScoredRegion(scored, first, last - first + 1, $"{last - first + 1} of {rows} z rows ({sampling}, rows {first} to {last}: without the first and the last section)");
    }

    /// <summary>The same for the first sections of a stack, wherever they lie.</summary>
    /// <param name="sparse">The stack.</param>
    /// <param name="sections">How many of its sections.</param>
    /// <exception cref="BadInputException">No row would be left to score.</exception>
    public static ScoredRegion HeldOut(SparseVolume sparse, int sections)
    {
        if (sparse.IsEven)
            return HeldOut(sparse.Sampling, sections);
        var (_, rows) = sparse.RowsOf(0, sections);
        bool[] scored = [.. Enumerable.Range(0, rows).Select(row => !sparse.IsObservedRow(row))];
        var count = scored.Count(s => s);
        return count > 0
            ? new ScoredRegion(scored, 0, rows, $"{count} held-out of {rows} z rows ({sections} sections at positions of their own not counted)")
            : throw new BadInputException($"every one of {rows} rows is observed, so none is held out");
    }

    /// <summary>The same without rows of the truth that were not observed themselves: a replaced section proves nothing.</summary>
    /// <exception cref="BadInputException">No row would be left to score.</exception>
    public ScoredRegion Without(IReadOnlySet<int> unobserved)
    {
        var dropped = Rows.Count(unobserved.Contains);
        if (dropped == 0)
            return this;
        if (dropped == Rows.Count)
            throw new BadInputException($"{Description}: none of them was observed, so that there is nothing to score");
        return new ScoredRegion([.. _scored.Select((scored, z) => scored && !unobserved.Contains(z))], FirstPlaneRow, PlaneRows, $"{Description}; {dropped} of them replaced, not counted");
    }

    /// <summary>Every row.</summary>
    public static ScoredRegion All(int fineRows)
    {
        if (fineRows < 1)
            throw new BadInputException($"{fineRows} z rows: at least 1 is needed");
        var scored = new bool[fineRows];
        Array.Fill(scored, true);
        return new ScoredRegion(scored, 0, fineRows, $"all {fineRows} z rows");
    }

    /// <inheritdoc/>
    public override string ToString() => Description;
}
