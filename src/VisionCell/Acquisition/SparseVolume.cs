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

    /// <summary>Centre of a section on the fine grid, in fine rows: where it truly lies.</summary>
    public double Centre(int section) => Observed.SectionPositions is { } positions
        ? Sampling.Centre(0) + (positions[section] - positions[0]) / IsotropicVoxelSize.Z
        : Sampling.Centre(section);

    /// <summary>Shape of the isotropic volume to be reconstructed: from the first fine row of the first section to the last of the last.</summary>
    public Shape3 IsotropicShape => Observed.Shape with { Z = IsEven ? Sampling.FineRows(Sections) : (int)Math.Round(Centre(Sections - 1)) + 1 };

    /// <summary>Voxel size of the isotropic volume, nm.</summary>
    public VoxelSize IsotropicVoxelSize => new(Observed.VoxelSize.Z / Sampling.Pitch, Observed.VoxelSize.Y, Observed.VoxelSize.X);

    /// <summary>Position of the first fine voxel, nm.</summary>
    public Position IsotropicOrigin => Observed.Origin with { Z = Observed.Origin.Z - Sampling.Centre(0) * IsotropicVoxelSize.Z };

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
    /// <exception cref="BadInputException">The voxel is not square in plane, or z is not a whole multiple of it.</exception>
    public static SparseVolume FromStack(Volume stack, bool thickSections = false)
    {
        var size = stack.VoxelSize;
        if (Math.Abs(size.Y - size.X) > 1e-3 * size.X)
            throw new BadInputException($"voxel size {size}: y and x differ; resample the sections to square pixels first");
        var factor = (int)Math.Round(size.Z / size.X);
        if (factor < 1 || Math.Abs(size.Z / size.X - factor) > 0.01 * factor)
            throw new BadInputException($"voxel size {size}: z is {size.Z / size.X:0.###} times x, not a whole multiple within 1 %; give the multiple that is closest with --voxel-size");
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
