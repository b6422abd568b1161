using System.Globalization;
using System.Numerics.Tensors;
using VisionCell.Volumes;

namespace VisionCell.Acquisition;

/// <summary>
/// How sections sample the specimen along z. On the isotropic grid (unit: one fine voxel), section i is the mean of the
/// <see cref="Thickness"/> rows that start at row i * <see cref="Pitch"/>. Decimation by r is pitch r and thickness 1 (thin
/// sections with gaps); pooling by r is pitch r and thickness r (thick sections without gaps). The same model degrades training
/// data, simulates sparse stacks, and projects reconstructions back onto what was observed.
/// </summary>
public sealed record AxialSampling
{
    /// <summary>Creates a sampling.</summary>
    /// <param name="pitch">Distance between the starts of neighbouring sections, in fine voxels; at least 1.</param>
    /// <param name="thickness">Fine voxels that one section averages; 1 to <paramref name="pitch"/>.</param>
    /// <exception cref="BadInputException">A value is out of range.</exception>
    public AxialSampling(int pitch, int thickness)
    {
        if (pitch < 1)
            throw new BadInputException($"anisotropy factor {pitch}: must be a whole number of at least 1");
        if (thickness < 1 || thickness > pitch)
            throw new BadInputException($"section thickness of {thickness} fine voxels: must be 1 to the pitch of {pitch}");
        Pitch = pitch;
        Thickness = thickness;
    }

    /// <summary>Distance between the starts of neighbouring sections, in fine voxels: the anisotropy factor.</summary>
    public int Pitch { get; }

    /// <summary>Fine voxels that one section averages.</summary>
    public int Thickness { get; }

    /// <summary>Whether sections are single fine rows, so that an observed row is known exactly.</summary>
    public bool IsDecimation => Thickness == 1;

    /// <summary>Thin sections: one of every <paramref name="factor"/> fine rows is kept.</summary>
    public static AxialSampling Decimate(int factor) => new(factor, 1);

    /// <summary>Thick sections: each is the mean of <paramref name="factor"/> fine rows.</summary>
    public static AxialSampling Pool(int factor) => new(factor, factor);

    /// <summary>Reads <c>decimate:8</c> or <c>pool:4</c>.</summary>
    /// <exception cref="BadInputException">The text is neither.</exception>
    public static AxialSampling Parse(string text)
    {
        var parts = text.Split(':');
        if (parts.Length == 2 && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var factor) && factor >= 2)
        {
            switch (parts[0])
            {
                case "decimate": return Decimate(factor);
                case "pool": return Pool(factor);
            }
        }
        throw new BadInputException($"degradation '{text}': give decimate:N (one of N sections kept) or pool:N (N sections averaged) with a whole N of at least 2");
    }

    /// <summary>Number of whole sections that fit into that many fine rows.</summary>
    public int SectionsIn(int fineRows) => fineRows < Thickness ? 0 : (fineRows - Thickness) / Pitch + 1;

    /// <summary>Number of fine rows that this many sections span.</summary>
    public int FineRows(int sections) => (sections - 1) * Pitch + Thickness;

    /// <summary>Centre of section i on the fine grid, in fine rows.</summary>
    public double Centre(int section) => section * (double)Pitch + (Thickness - 1) / 2.0;

    /// <summary>Whether a fine row is, by itself, one of the sections.</summary>
    public bool IsObserved(int fineRow) => IsDecimation && fineRow % Pitch == 0;

    /// <summary>Samples fine rows into sections.</summary>
    /// <param name="fine">Rows <c>[H, W]</c> with H at least <see cref="FineRows"/> of the sections asked for.</param>
    /// <param name="width">Row length W.</param>
    /// <param name="sections">Result <c>[n, W]</c>.</param>
    public void Acquire(ReadOnlySpan<float> fine, int width, Span<float> sections)
    {
        var count = sections.Length / width;
        for (var i = 0; i < count; i++)
        {
            var section = sections.Slice(i * width, width);
            fine.Slice(i * Pitch * width, width).CopyTo(section);
            for (var t = 1; t < Thickness; t++)
                TensorPrimitives.Add(section, fine.Slice((i * Pitch + t) * width, width), section);
            if (Thickness > 1)
                TensorPrimitives.Multiply(section, 1f / Thickness, section);
        }
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
        var unobserved = Enumerable.Range(0, sections).Where(i => Enumerable.Range(i * Pitch, Thickness).Any(isotropic.Unobserved.Contains)).ToArray();
        var provenance = isotropic.Provenance.With(ToString()) with { Sections = unobserved.Length > 0 ? new SectionLayout(sections, null, unobserved) : null };
        var observed = new Volume<float>(shape with { Z = sections }, new VoxelSize(size.Z * Pitch, size.Y, size.X), origin, provenance);
        Acquire(isotropic.Data, shape.SectionCount, observed.Data);
        return new SparseVolume(observed, this);
    }

    /// <inheritdoc/>
    public override string ToString() =>
        IsDecimation ? $"decimate:{Pitch}" : Thickness == Pitch ? $"pool:{Pitch}" : $"pitch:{Pitch},thickness:{Thickness}";
}
