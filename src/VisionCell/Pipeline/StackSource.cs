using VisionCell.Acquisition;
using VisionCell.Formats;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Pipeline;

/// <summary>A sparse stack that is in memory, or, where it is an OME-Zarr image too large for that, on disk and read by blocks.</summary>
public sealed class StackSource
{
    private readonly SparseVolume? _whole;
    private readonly OmeZarrImage? _image;
    private readonly Provenance _provenance;

    private StackSource(SparseVolume? whole, OmeZarrImage? image, SparseVolume outline, Shape3 shape, VoxelType type, Provenance provenance, string hash) =>
        (_whole, _image, Outline, Shape, VoxelType, _provenance, Hash) = (whole, image, outline, shape, type, provenance, hash);

    /// <summary>Where the sections lie; of their voxels only one each.</summary>
    public SparseVolume Outline { get; }

    /// <summary>Sections, and their pixels.</summary>
    public Shape3 Shape { get; }

    /// <summary>How a voxel is stored.</summary>
    public VoxelType VoxelType { get; }

    /// <summary>Hash of the content (<see cref="ContentHash"/>).</summary>
    public string Hash { get; }

    /// <summary>Whether all of it is in memory.</summary>
    public bool IsInMemory => _whole is not null;

    /// <summary>Shape of the isotropic volume to be reconstructed.</summary>
    public Shape3 IsotropicShape => Shape with { Z = Outline.IsotropicShape.Z };

    /// <summary>Where the isotropic volume comes from.</summary>
    /// <param name="step">What is done to the stack.</param>
    public Provenance IsotropicProvenance(string step) => _provenance.With(step) with { Sections = null };

    /// <summary>A stack in memory.</summary>
    /// <param name="stack">As read; its voxel type is that of the result.</param>
    /// <param name="sparse">The same with its sampling.</param>
    public static StackSource Of(Volume stack, SparseVolume sparse) =>
        new(sparse, null, sparse, sparse.Observed.Shape, stack.VoxelType, sparse.Observed.Provenance, ContentHash.Of(stack));

    /// <summary>A stack on disk.</summary>
    /// <param name="path">An OME-Zarr image.</param>
    /// <param name="voxelSize">Voxel size, nm, which has been settled.</param>
    /// <param name="positions">Centre of each section, nm; null for what the image says.</param>
    /// <param name="thick">Whether sections are as thick as they are apart.</param>
    /// <exception cref="BadInputException">It cannot be read, or its voxels do not suit (<see cref="SparseVolume.FromStack"/>).</exception>
    public static StackSource Open(string path, VoxelSize voxelSize, IReadOnlyList<double>? positions, bool thick)
    {
        var image = OmeZarr.Open(path);
        var (info, shape) = (image.Info, image.Info.Shape);
        using var reader = image.OpenSections(voxelSize);
        var layout = positions is null ? reader.Provenance.Sections : new SectionLayout(shape.Z, positions, reader.Provenance.Sections?.Unobserved);
        var provenance = reader.Provenance with { Sections = layout };
        var outline = SparseVolume.FromStack(new Volume<float>(new Shape3(shape.Z, 1, 1), voxelSize, info.Origin, provenance), thick);
        return new StackSource(null, image, outline, shape, info.VoxelType, provenance, ContentHash.OfSections(shape, info.VoxelType, voxelSize, info.Origin, layout, reader.ReadBytes));
    }

    /// <summary>The whole, in memory.</summary>
    public SparseVolume Whole(CancellationToken cancellation = default) => _whole ?? Part(0, Shape.Z, 0, Shape.Y, 0, Shape.X, cancellation).Part;

    /// <summary>What to train on: the whole, or of a larger stack a block from the middle.</summary>
    /// <param name="voxels">Largest number of voxels.</param>
    /// <param name="cancellation">Stops the reading.</param>
    public SparseVolume Excerpt(long voxels, CancellationToken cancellation = default)
    {
        if (_whole is not null || Shape.Count <= voxels)
            return Whole(cancellation);
        // As long along each axis as the others allow: first sections as large as a cube of the budget has them, then as many as fit.
        var edge = (int)Math.Cbrt(voxels);
        var sections = Math.Min(Shape.Z, edge);
        var (height, width) = (Math.Min(Shape.Y, (int)Math.Sqrt(voxels / (double)sections)), Math.Min(Shape.X, (int)Math.Sqrt(voxels / (double)sections)));
        sections = (int)Math.Min(Shape.Z, voxels / ((long)height * width));
        // Where it lies on the grid does not matter to what is learnt.
        return Part((Shape.Z - sections) / 2, sections, (Shape.Y - height) / 2, height, (Shape.X - width) / 2, width, cancellation).Part with { Phase = 0, Whole = null };
    }

    /// <summary>A block of sections with the sampling of the whole, and the fine row of the whole that is its first.</summary>
    public (SparseVolume Part, int FirstRow) Part(int first, int sections, int y, int height, int x, int width, CancellationToken cancellation = default)
    {
        var box = new Box(first, y, x, new Shape3(sections, height, width));
        if (_whole is not null)
            return Outline.Part(_whole.Observed.Crop(box), first);
        var size = Outline.Observed.VoxelSize;
        var read = _image!.Read(0, box, size, null, cancellation).ToFloat32();
        return Outline.Part((Volume<float>)read.WithProvenance(read.Provenance with { Sections = _provenance.Sections?.Crop(first, sections) }), first);
    }
}
