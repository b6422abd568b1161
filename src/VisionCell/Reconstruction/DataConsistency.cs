using System.Numerics.Tensors;
using VisionCell.Acquisition;
using VisionCell.Volumes;

namespace VisionCell.Reconstruction;

/// <summary>
/// Hard data consistency: the smallest change (least squares) to a reconstruction after which sampling it again gives exactly
/// what was observed. Each section's residual, observed minus the mean of its rows, is added to those rows; a thin section
/// simply replaces its row. Rows in gaps are not touched.
/// </summary>
public static class DataConsistency
{
    /// <summary>Projects fine rows in place.</summary>
    /// <param name="fine">Rows <c>[H, W]</c>, H = <see cref="AxialSampling.FineRows"/> of the sections.</param>
    /// <param name="observed">Sections <c>[n, W]</c> in the same units.</param>
    /// <param name="width">Row length W.</param>
    /// <param name="sampling">How the sections sample the rows.</param>
    /// <param name="unobserved">Sections that were not observed, whose rows are left alone.</param>
    public static void Project(Span<float> fine, ReadOnlySpan<float> observed, int width, AxialSampling sampling, IReadOnlySet<int>? unobserved = null)
    {
        var residual = new float[width];
        for (var i = 0; i < observed.Length / width; i++)
        {
            if (unobserved?.Contains(i) == true)
                continue;
            var section = observed.Slice(i * width, width);
            var rows = fine.Slice(i * sampling.Pitch * width, sampling.Thickness * width);
            if (sampling.IsDecimation)
            {
                section.CopyTo(rows);
                continue;
            }
            sampling.Acquire(rows, width, residual);
            TensorPrimitives.Subtract(section, residual, residual);
            for (var t = 0; t < sampling.Thickness; t++)
            {
                var row = rows.Slice(t * width, width);
                TensorPrimitives.Add(row, residual, row);
            }
        }
    }

    /// <summary>Projects a slab of the isotropic volume in place, one that begins at a section and ends at one.</summary>
    public static void Project(Volume<float> isotropic, SparseVolume sparse, Box slab)
    {
        var observed = sparse.Observed.Crop(new Box(slab.Z / sparse.Sampling.Pitch, slab.Y, slab.X, slab.Shape with { Z = sparse.Sampling.SectionsIn(slab.Shape.Z) }));
        Project(isotropic.Data, observed.Data, isotropic.Shape.SectionCount, sparse.Sampling, observed.Unobserved);
    }

    /// <summary>Projects a whole isotropic volume in place.</summary>
    public static void Project(Volume<float> isotropic, SparseVolume sparse) =>
        Project(isotropic.Data, sparse.Observed.Data, isotropic.Shape.SectionCount, sparse.Sampling, sparse.Observed.Unobserved);

    /// <summary>A block from the section before it to the one behind it, which a row in the gap before that needs as well.</summary>
    public static Box Slab(SparseVolume sparse, Box block)
    {
        if (!block.IsInside(sparse.IsotropicShape))
            throw new BadInputException($"block {block.Shape} at ({block.Z}, {block.Y}, {block.X}) does not lie inside the isotropic volume of {sparse.IsotropicShape}");
        var sampling = sparse.Sampling;
        var first = Math.Min(block.Z / sampling.Pitch, sparse.Sections - 1);
        var last = Math.Min((block.Z + block.Shape.Z - 1) / sampling.Pitch + 1, sparse.Sections - 1);
        return new Box(first * sampling.Pitch, block.Y, block.X, block.Shape with { Z = sampling.FineRows(last - first + 1) });
    }

    /// <summary>The block that a slab was made about.</summary>
    public static Volume<float> Cut(Volume<float> slab, Box box, Box block) =>
        box == block ? slab : slab.Crop(new Box(block.Z - box.Z, 0, 0, block.Shape));
}
