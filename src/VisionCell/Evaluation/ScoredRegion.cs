using VisionCell.Acquisition;
using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>
/// Which voxels of an isotropic volume count in a score: z rows, and within them a mask. Rows that a method was given are no proof of
/// anything: counting them adds 0.5 to 3 dB of PSNR (medulla-1, bone and nt volumes, November 2026), so every score names its region.
/// </summary>
public sealed class ScoredRegion
{
    private readonly bool[] _scored;

    private ScoredRegion(bool[] scored, int firstPlaneRow, int planeRows, string description, Volume<byte>? mask = null)
    {
        _scored = scored;
        Mask = mask;
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

    /// <summary>Voxels <c>[Z, Y, X]</c> that count within these rows: those that are not 0; null where all do.</summary>
    public Volume<byte>? Mask { get; }

    /// <summary>Whether a row counts.</summary>
    public bool IsScored(int fineRow) => _scored[fineRow];

    /// <summary>Whether a voxel counts.</summary>
    public bool IsScored(int z, int y, int x) => _scored[z] && (Mask is null || Mask[z, y, x] != 0);

    /// <summary>The weight of each pixel of a scored section, 0 or 1.</summary>
    /// <param name="z">Its row.</param>
    /// <param name="weights">Result <c>[Y, X]</c>.</param>
    /// <returns>Their sum.</returns>
    public double Weights(int z, Span<double> weights)
    {
        if (Mask is null)
        {
            weights.Fill(1);
            return weights.Length;
        }
        var mask = Mask.Section(z);
        var sum = 0;
        for (var i = 0; i < mask.Length; i++)
        {
            weights[i] = mask[i] == 0 ? 0 : 1;
            sum += mask[i] == 0 ? 0 : 1;
        }
        return sum;
    }

    /// <summary>The same without voxels that a mask leaves out.</summary>
    /// <param name="mask"><c>[Z, Y, X]</c> on the grid that is scored; 0 does not count.</param>
    /// <exception cref="BadInputException">The mask has another number of rows, or nothing would be left to score.</exception>
    public ScoredRegion WithMask(Volume<byte> mask)
    {
        if (mask.Shape.Z != FineRows)
            throw new BadInputException($"mask has {mask.Shape.Z} z rows, the scored region {FineRows}: crop the mask to the rows that are scored");
        if (Mask is not null && Mask.Shape != mask.Shape)
            throw new BadInputException($"mask of {mask.Shape} within a mask of {Mask.Shape}: both must have the same shape");
        var both = Mask is null ? mask : new Volume<byte>([.. mask.Data.Zip(Mask.Data, (a, b) => (byte)(a != 0 && b != 0 ? 1 : 0))], mask.Shape, mask.VoxelSize, mask.Origin, mask.Provenance);
        var counted = Rows.Sum(z => (long)both.Shape.SectionCount - both.Section(z).Count((byte)0));
        return counted > 0
            ? new ScoredRegion(_scored, FirstPlaneRow, PlaneRows, $"{Description}; {counted} voxels of a mask", both)
            : throw new BadInputException($"{Description}: the mask leaves none of their voxels, so that there is nothing to score");
    }

    /// <summary>The same without pixels near the edges of sections, where a method sees only one side.</summary>
    /// <param name="shape">Of the volume.</param>
    /// <param name="border">Pixels left out on each side along y and x.</param>
    /// <exception cref="BadInputException">Nothing would be left to score.</exception>
    public ScoredRegion WithoutBorder(Shape3 shape, int border)
    {
        if (border == 0)
            return this;
        if (border < 0 || 2 * border >= Math.Min(shape.Y, shape.X))
            throw new BadInputException($"border of {border} pixels: must be 0 to {(Math.Min(shape.Y, shape.X) - 1) / 2} for sections of {shape.Y} x {shape.X}");
        var mask = new Volume<byte>(shape, new VoxelSize(1, 1, 1), default, Provenance.Of("border"));
        for (var z = 0; z < shape.Z; z++)
        {
            for (var y = border; y < shape.Y - border; y++)
                mask.Data.AsSpan(mask.Index(z, y, border), shape.X - 2 * border).Fill(1);
        }
        return WithMask(mask);
    }

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
        return new ScoredRegion([.. _scored.Select((scored, z) => scored && !unobserved.Contains(z))], FirstPlaneRow, PlaneRows, $"{Description}; {dropped} of them replaced, not counted", Mask);
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
