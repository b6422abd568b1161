using System.Globalization;
using VisionCell.Volumes;

namespace VisionCell.Acquisition;

/// <summary>
/// How sections sample the specimen along z. On the isotropic grid (unit: one fine voxel), section i is the mean of the specimen from
/// i * pitch to i * pitch + thickness; where that begins or ends within a row, the row counts by the share that is covered. Decimation
/// by r is pitch r and thickness 1 (thin sections with gaps); pooling by r is pitch r and thickness r (thick sections without gaps).
/// r need not be whole. The same model degrades training data, simulates sparse stacks, and projects reconstructions back onto what
/// was observed.
/// </summary>
public sealed record AxialSampling
{
    // Positions are sums of floating-point numbers: what is closer to a whole row than this lies on it.
    private const double Rounding = 1e-6;

    private const int LargestFactor = 1000;

    /// <summary>Creates a sampling.</summary>
    /// <param name="pitch">Distance between the starts of neighbouring sections, in fine voxels; at least 1.</param>
    /// <param name="thickness">Fine voxels that one section averages; 1 to <paramref name="pitch"/>.</param>
    /// <exception cref="BadInputException">A value is out of range.</exception>
    public AxialSampling(double pitch, double thickness)
    {
        if (!(pitch >= 1) || !double.IsFinite(pitch))
            throw new BadInputException(FormattableString.Invariant($"anisotropy factor {pitch}: must be at least 1"));
        if (!(thickness >= 1) || thickness > pitch)
            throw new BadInputException(FormattableString.Invariant($"section thickness of {thickness} fine voxels: must be 1 to the pitch of {pitch}"));
        ExactPitch = pitch;
        ExactThickness = thickness;
    }

    /// <summary>Distance between the starts of neighbouring sections, in fine voxels: the anisotropy factor.</summary>
    public double ExactPitch { get; }

    /// <summary>Fine voxels that one section averages.</summary>
    public double ExactThickness { get; }

    /// <summary>Whether pitch and thickness are whole numbers, so that every section begins and ends with a row.</summary>
    public bool IsWhole => double.IsInteger(ExactPitch) && double.IsInteger(ExactThickness);

    /// <summary>The pitch as a whole number, for what lays a section out as rows.</summary>
    /// <exception cref="InvalidOperationException">It is none (<see cref="IsWhole"/>).</exception>
    public int Pitch => Whole(ExactPitch);

    /// <summary>The thickness as a whole number.</summary>
    /// <exception cref="InvalidOperationException">It is none (<see cref="IsWhole"/>).</exception>
    public int Thickness => Whole(ExactThickness);

    /// <summary>Whether sections are as thin as a fine row; where one lies on a row, that row is known exactly.</summary>
    public bool IsDecimation => ExactThickness == 1;

    /// <summary>Thin sections: one of every <paramref name="factor"/> fine rows is kept.</summary>
    public static AxialSampling Decimate(double factor) => new(factor, 1);

    /// <summary>Thick sections: each is the mean of <paramref name="factor"/> fine rows.</summary>
    public static AxialSampling Pool(double factor) => new(factor, factor);

    /// <summary>Reads <c>decimate:8</c>, <c>pool:4</c> or <c>decimate:2.5</c>.</summary>
    /// <exception cref="BadInputException">The text is none of the kind.</exception>
    public static AxialSampling Parse(string text)
    {
        var parts = text.Split(':');
        if (parts.Length == 2 && double.TryParse(parts[1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var factor) && factor > 1 && factor <= LargestFactor)
        {
            switch (parts[0])
            {
                case "decimate": return Decimate(factor);
                case "pool": return Pool(factor);
            }
        }
        throw new BadInputException($"degradation '{text}': give decimate:N (one of N sections kept) or pool:N (N sections averaged) with N above 1 and at most {LargestFactor}, whole or not");
    }

    /// <summary>Number of whole sections that fit into that many fine rows.</summary>
    public int SectionsIn(int fineRows) => fineRows < ExactThickness - Rounding ? 0 : (int)Math.Floor((fineRows - ExactThickness) / ExactPitch + Rounding) + 1;

    /// <summary>Number of fine rows that this many sections span, the last of them perhaps only in part.</summary>
    public int FineRows(int sections) => (int)Math.Ceiling((sections - 1) * ExactPitch + ExactThickness - Rounding);

    /// <summary>Centre of section i on the fine grid, in fine rows.</summary>
    public double Centre(int section) => section * ExactPitch + (ExactThickness - 1) / 2;

    /// <summary>Whether a fine row is, by itself, one of the sections.</summary>
    public bool IsObserved(int fineRow) => IsDecimation && Math.Abs(fineRow - Math.Round(fineRow / ExactPitch) * ExactPitch) < Rounding;

    /// <summary>The rows that section i is the mean of.</summary>
    public RowSpan Rows(int section) => RowSpan.Of(section * ExactPitch, ExactThickness);

    /// <summary>Samples fine rows into sections.</summary>
    /// <param name="fine">Rows <c>[H, W]</c> with H at least <see cref="FineRows"/> of the sections asked for.</param>
    /// <param name="width">Row length W.</param>
    /// <param name="sections">Result <c>[n, W]</c>.</param>
    public void Acquire(ReadOnlySpan<float> fine, int width, Span<float> sections)
    {
        for (var i = 0; i < sections.Length / width; i++)
            Rows(i).Mean(fine, width, sections.Slice(i * width, width));
    }

    /// <summary>Simulates the sparse stack that this sampling makes of an isotropic volume; incomplete sections at the end are dropped.</summary>
    /// <param name="isotropic">Fine volume <c>[Z, Y, X]</c>.</param>
    /// <exception cref="BadInputException">Fewer than two sections would remain.</exception>
    public SparseVolume Acquire(Volume<float> isotropic)
    {
        var shape = isotropic.Shape;
        var sections = SectionsIn(shape.Z);
        if (sections < 2)
            throw new BadInputException($"{this} of {shape.Z} sections leaves {sections}: at least 2 are needed; use a smaller factor or a larger volume");
        if (isotropic.SectionPositions is not null)
            throw new BadInputException("a volume whose sections lie at uneven z positions cannot stand for the truth of a simulated acquisition");
        var size = isotropic.VoxelSize;
        var origin = isotropic.Origin with { Z = isotropic.Origin.Z + Centre(0) * size.Z };
        // A section is observed where all rows that it averages are.
        var unobserved = Enumerable.Range(0, sections).Where(i => Rows(i).Indices.Any(isotropic.Unobserved.Contains)).ToArray();
        var provenance = isotropic.Provenance.With(ToString()) with { Sections = unobserved.Length > 0 ? new SectionLayout(sections, null, unobserved) : null };
        var observed = new Volume<float>(shape with { Z = sections }, new VoxelSize(size.Z * ExactPitch, size.Y, size.X), origin, provenance);
        Acquire(isotropic.Data, shape.SectionCount, observed.Data);
        return new SparseVolume(observed, this);
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        static string Text(double number) => number.ToString("0.######", CultureInfo.InvariantCulture);
        return IsDecimation ? $"decimate:{Text(ExactPitch)}" : ExactThickness == ExactPitch ? $"pool:{Text(ExactPitch)}" : $"pitch:{Text(ExactPitch)},thickness:{Text(ExactThickness)}";
    }

    private int Whole(double value) => double.IsInteger(value)
        ? (int)value
        : throw new InvalidOperationException($"{this}: sections do not begin and end with rows, which is taken for granted here");
}
