using VisionCell.Volumes;

namespace VisionCell.Acquisition;

/// <summary>What a microscope gave: thick or gapped sections, and how they sample the specimen along z.</summary>
/// <param name="Observed">The sections <c>[n, Y, X]</c>; its z voxel size is the distance between sections.</param>
/// <param name="Sampling">How section i samples the isotropic grid.</param>
public sealed record SparseVolume(Volume<float> Observed, AxialSampling Sampling)
{
    /// <summary>Number of sections.</summary>
    public int Sections => Observed.Shape.Z;

    /// <summary>Whether sections are evenly spaced, as most methods take for granted.</summary>
    public bool IsEven => Observed.SectionPositions is null;

    /// <summary>Whether a section was observed; a replaced or excluded one is neither learnt from nor scored.</summary>
    public bool IsObserved(int section) => !Observed.Unobserved.Contains(section);

    /// <summary>Where the first section begins within the first fine row, rows; not 0 only in a part of a stack (<see cref="Part"/>).</summary>
    public double Phase { get; init; }

    /// <summary>
    /// The stack that this is a part of, and where it begins in it: what is computed in the whole's coordinates comes out the same to the last bit,
    /// however a stack is cut. Null where this is a stack of its own.
    /// </summary>
    public (SparseVolume Stack, int Section, int Row)? Whole { get; init; }

    /// <summary>Whether every section begins and ends with a fine row, a whole number of rows after the one before.</summary>
    public bool IsOnRows => IsEven && Sampling.IsWhole && Phase == 0;

    /// <summary>Centre of a section on the fine grid, in fine rows: where it truly lies.</summary>
    public double Centre(int section) => Phase + (Observed.SectionPositions is { } positions
        ? Sampling.Centre(0) + (positions[section] - positions[0]) / IsotropicVoxelSize.Z
        : Sampling.Centre(section));

    /// <summary>The fine rows that a section is the mean of.</summary>
    public RowSpan Rows(int section) => RowSpan.Of(Centre(section) - Sampling.Centre(0), Sampling.ExactThickness);

    /// <summary>Whether a fine row is, by itself, one of the observed sections.</summary>
    public bool IsObservedRow(int row) => Sampling.IsDecimation && SectionBefore(row) is var (section, _) && IsObserved(section) && Rows(section) is { Weights.Count: 1 } rows && rows.First == row;

    /// <summary>Mean distance of neighbouring sections, fine rows.</summary>
    public double MeanPitch => IsEven || Sections < 2 ? Sampling.ExactPitch : (Centre(Sections - 1) - Centre(0)) / (Sections - 1);

    /// <summary>Shape of the isotropic volume to be reconstructed: from the first fine row of the first section to the last of the last.</summary>
    public Shape3 IsotropicShape => Observed.Shape with { Z = Rows(Sections - 1).End };

    /// <summary>Voxel size of the isotropic volume, nm.</summary>
    public VoxelSize IsotropicVoxelSize => new(Observed.VoxelSize.Z / Sampling.ExactPitch, Observed.VoxelSize.Y, Observed.VoxelSize.X);

    /// <summary>Position of the first fine voxel, nm.</summary>
    public Position IsotropicOrigin => Observed.Origin with { Z = Observed.Origin.Z - Centre(0) * IsotropicVoxelSize.Z };

    /// <summary>The last section whose centre is not behind a position, and the share of the way to the next one; the first section before its centre.</summary>
    public (int Section, double Way) SectionBefore(double row)
    {
        // Positions ascend: halving finds the place.
        var (low, high) = (0, Sections - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            (low, high) = Centre(middle) <= row + 1e-6 ? (middle, high) : (low, middle - 1);
        }
        var way = low + 1 < Sections ? (row - Centre(low)) / (Centre(low + 1) - Centre(low)) : 0;
        return (low, Math.Clamp(way, 0, 1));
    }

    /// <summary>The smallest run of sections that encloses fine rows: the one that begins with or before the first of them, the one behind the last.</summary>
    /// <param name="row">First row.</param>
    /// <param name="rows">Their number.</param>
    /// <param name="margin">Further sections on either side.</param>
    public (int First, int End) SectionsAbout(int row, int rows, int margin = 0)
    {
        var (first, last) = (SectionBefore(row + Sampling.Centre(0)).Section, SectionBefore(row + rows - 1 + Sampling.Centre(0)).Section + 1);
        return (Math.Max(0, first - margin), Math.Min(Sections, last + 1 + margin));
    }

    /// <summary>The same with only observed sections counted: it begins and ends with one, unless the stack does.</summary>
    /// <param name="row">First row.</param>
    /// <param name="rows">Their number.</param>
    /// <param name="margin">Further observed sections on either side.</param>
    public (int First, int End) ObservedSectionsAbout(int row, int rows, int margin)
    {
        var (first, end) = SectionsAbout(row, rows);
        return (Further(first, -1), Further(end - 1, 1) + 1);

        int Further(int section, int step)
        {
            for (var missing = margin + 1; section > 0 && section < Sections - 1; section += step)
            {
                if (IsObserved(section) && --missing == 0)
                    return section;
            }
            return section;
        }
    }

    /// <summary>The fine rows that a run of sections spans.</summary>
    public (int Row, int Rows) RowsOf(int first, int end) => (Rows(first).First, Rows(end - 1).End - Rows(first).First);

    /// <summary>The sections that lie wholly within fine rows.</summary>
    public IEnumerable<int> SectionsWithin(int row, int rows) =>
        Enumerable.Range(0, Sections).Where(i => Rows(i) is var own && own.First >= row && own.End <= row + rows);

    /// <summary>A part of the stack, on the same fine grid.</summary>
    /// <param name="sections">The sections <c>[n, Y, X]</c>, with their layout.</param>
    /// <param name="first">Index of the first of them in this stack.</param>
    /// <returns>The part, and the fine row of this stack that is its first.</returns>
    public (SparseVolume Part, int FirstRow) Part(Volume<float> sections, int first)
    {
        var start = Centre(first) - Sampling.Centre(0);
        var row = Rows(first).First;
        var whole = Whole is { } outer ? outer with { Section = outer.Section + first, Row = outer.Row + row } : (this, first, row);
        return (new SparseVolume(sections, Sampling) { Phase = Math.Max(0, start - row), Whole = whole }, row);
    }

    /// <summary>An all-zero volume on the isotropic grid, or on a box of it.</summary>
    public Volume<float> NewIsotropic(Box box, string step)
    {
        var size = IsotropicVoxelSize;
        var origin = IsotropicOrigin;
        origin = new Position(origin.Z + box.Z * size.Z, origin.Y + box.Y * size.Y, origin.X + box.X * size.X);
        return new Volume<float>(box.Shape, size, origin, Observed.Provenance.With(step) with { Sections = null });
    }

    /// <summary>
    /// A stack as it came from the microscope, taken as a sampling of an isotropic grid whose voxel is the lateral pixel.
    /// </summary>
    /// <param name="stack">The sections; its voxel size says the anisotropy.</param>
    /// <param name="thickSections">True where a section averages its whole pitch (pooling), false where it is thin (decimation).</param>
    /// <exception cref="BadInputException">The voxel is not square in plane, or z is smaller than it.</exception>
    public static SparseVolume FromStack(Volume stack, bool thickSections = false)
    {
        var size = stack.VoxelSize;
        if (Math.Abs(size.Y - size.X) > 1e-3 * size.X)
            throw new BadInputException($"voxel size {size}: y and x differ; resample the sections to square pixels first");
        var factor = size.Z / size.X;
        // What is a whole number but for the rounding of a calibration is meant as one.
        if (Math.Abs(factor - Math.Round(factor)) <= 0.01 * Math.Round(factor))
            factor = Math.Round(factor);
        if (factor < 1)
            throw new BadInputException($"voxel size {size}: z is {factor:0.###} times x, sections lie closer than pixels; give the distance between sections with --voxel-size");
        if (thickSections && stack.SectionPositions is not null)
            throw new BadInputException("sections at uneven z positions cannot be taken for thick ones, which leave no gaps; leave --thick out");
        return new SparseVolume(stack.ToFloat32(), thickSections ? AxialSampling.Pool(factor) : AxialSampling.Decimate(factor));
    }

    /// <summary>
    /// The sparse stack to work on: simulated from an isotropic volume, or, without a degradation, the stack itself.
    /// </summary>
    /// <param name="volume">An isotropic volume with a degradation, an anisotropic stack without.</param>
    /// <param name="degradation"><c>decimate:8</c>, <c>pool:4</c>, or empty.</param>
    /// <exception cref="BadInputException">Volume and degradation do not go together, or either does not suit.</exception>
    public static SparseVolume Of(Volume volume, string degradation)
    {
        var size = volume.VoxelSize;
        if (degradation.Length == 0)
        {
            return size.IsIsotropic()
                ? throw new BadInputException($"voxel size {size} is isotropic already, so that there is no gap to fill: give a degradation such as decimate:8 to simulate one, or the real distance between sections")
                : FromStack(volume);
        }
        var sampling = AxialSampling.Parse(degradation);
        return size.IsIsotropic()
            ? sampling.Acquire(volume.ToFloat32())
            : throw new BadInputException($"voxel size {size}: {degradation} holds sections of an isotropic volume out; for a stack that is itself sparse leave the degradation empty");
    }
}
