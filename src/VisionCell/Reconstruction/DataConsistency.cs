using System.Numerics.Tensors;
using VisionCell.Acquisition;
using VisionCell.Volumes;

namespace VisionCell.Reconstruction;

/// <summary>
/// Hard data consistency: the smallest change (least squares) to a reconstruction after which sampling it again gives exactly what was
/// observed. With A the means that sections are of rows, the change is Aᵀ(AAᵀ)⁻¹ of the residual, observed minus sampled. Where no two
/// sections share a row, each residual is simply added to the rows of its section, and a thin section that lies on a row replaces it; where
/// neighbours share one, AAᵀ is tridiagonal and is solved by elimination (Thomas' algorithm). Rows in gaps are not touched.
/// </summary>
public static class DataConsistency
{
    /// <summary>Projects fine rows in place.</summary>
    /// <param name="fine">Rows <c>[H, W]</c>, H = <see cref="AxialSampling.FineRows"/> of the sections.</param>
    /// <param name="observed">Sections <c>[n, W]</c> in the same units.</param>
    /// <param name="width">Row length W.</param>
    /// <param name="sampling">How the sections sample the rows.</param>
    public static void Project(Span<float> fine, ReadOnlySpan<float> observed, int width, AxialSampling sampling)
    {
        var rows = Enumerable.Range(0, observed.Length / width).Select(sampling.Rows).ToArray();
        var residuals = observed.ToArray();
        Project(fine, residuals, width, rows, Elimination.Of(rows));
    }

    /// <summary>Projects rows of the isotropic volume in place: onto all observed sections that lie wholly within them.</summary>
    /// <param name="isotropic">The part that <paramref name="slab"/> names.</param>
    /// <param name="sparse">What was observed.</param>
    /// <param name="slab">Where it lies.</param>
    public static void Project(Volume<float> isotropic, SparseVolume sparse, Box slab)
    {
        int[] sections = [.. sparse.SectionsWithin(slab.Z, slab.Shape.Z).Where(sparse.IsObserved)];
        RowSpan[] rows = [.. sections.Select(i => sparse.Rows(i).From(slab.Z))];
        var elimination = Elimination.Of(rows);
        var (width, plane) = (slab.Shape.X, isotropic.Shape.SectionCount);
        Parallel.For(0, slab.Shape.Y, y =>
        {
            var (fine, residuals) = (new float[slab.Shape.Z * width], new float[sections.Length * width]);
            for (var z = 0; z < slab.Shape.Z; z++)
                isotropic.Data.AsSpan(z * plane + y * width, width).CopyTo(fine.AsSpan(z * width));
            for (var i = 0; i < sections.Length; i++)
                sparse.Observed.Data.AsSpan(sparse.Observed.Index(sections[i], slab.Y + y, slab.X), width).CopyTo(residuals.AsSpan(i * width));
            Project(fine, residuals, width, rows, elimination);
            for (var z = 0; z < slab.Shape.Z; z++)
                fine.AsSpan(z * width, width).CopyTo(isotropic.Data.AsSpan(z * plane + y * width));
        });
    }

    /// <summary>Projects a whole isotropic volume in place.</summary>
    public static void Project(Volume<float> isotropic, SparseVolume sparse) => Project(isotropic, sparse, Box.Of(isotropic.Shape));

    /// <summary>The same, with the sections' values in place of residuals, which they become.</summary>
    private static void Project(Span<float> fine, Span<float> residuals, int width, RowSpan[] rows, Elimination elimination)
    {
        var sampled = new float[width];
        for (var i = 0; i < rows.Length; i++)
        {
            // A row that is itself a section becomes it to the last bit.
            if (elimination.IsAlone(i) && rows[i].Weights.Count == 1)
            {
                residuals.Slice(i * width, width).CopyTo(fine.Slice(rows[i].First * width, width));
                residuals.Slice(i * width, width).Clear();
                continue;
            }
            var residual = residuals.Slice(i * width, width);
            rows[i].Mean(fine, width, sampled);
            TensorPrimitives.Subtract(residual, sampled, residual);
        }
        elimination.Solve(residuals, width);
        for (var i = 0; i < rows.Length; i++)
        {
            for (var t = 0; t < rows[i].Weights.Count; t++)
            {
                var row = fine.Slice((rows[i].First + t) * width, width);
                TensorPrimitives.MultiplyAdd(residuals.Slice(i * width, width), rows[i].Weights[t], row, row);
            }
        }
    }

    /// <summary>The elimination of AAᵀ, whose neighbours alone are coupled.</summary>
    /// <param name="Diagonal">What each equation is divided by.</param>
    /// <param name="Coupling">Row i with row i + 1.</param>
    private sealed record Elimination(float[] Diagonal, float[] Coupling)
    {
        public static Elimination Of(RowSpan[] rows)
        {
            var (diagonal, coupling) = (new double[rows.Length], new double[rows.Length]);
            for (var i = 0; i < rows.Length; i++)
            {
                diagonal[i] = rows[i].Weights.Sum(w => (double)w * w);
                if (i + 1 < rows.Length)
                {
                    for (var row = rows[i + 1].First; row < rows[i].End; row++)
                        coupling[i] += (double)rows[i].Weights[row - rows[i].First] * rows[i + 1].Weights[row - rows[i + 1].First];
                }
                if (i > 0)
                    diagonal[i] -= coupling[i - 1] * coupling[i - 1] / diagonal[i - 1];
            }
            return new Elimination([.. diagonal.Select(d => (float)d)], [.. coupling.Select(c => (float)c)]);
        }

        public bool IsAlone(int i) => Coupling[i] == 0 && (i == 0 || Coupling[i - 1] == 0);

        /// <summary>Solves for each column, in place.</summary>
        public void Solve(Span<float> values, int width)
        {
            for (var i = 1; i < Diagonal.Length; i++)
            {
                if (Coupling[i - 1] != 0)
                    TensorPrimitives.MultiplyAdd(values.Slice((i - 1) * width, width), -Coupling[i - 1] / Diagonal[i - 1], values.Slice(i * width, width), values.Slice(i * width, width));
            }
            for (var i = Diagonal.Length - 1; i >= 0; i--)
            {
                var own = values.Slice(i * width, width);
                if (Coupling[i] != 0)
                    TensorPrimitives.MultiplyAdd(values.Slice((i + 1) * width, width), -Coupling[i], own, own);
                TensorPrimitives.Divide(own, Diagonal[i], own);
            }
        }
    }

    /// <summary>A block from the section before it to the one behind it, which a row in the gap before that needs as well.</summary>
    public static Box Slab(SparseVolume sparse, Box block)
    {
        // Where neighbours share a row each depends on the next, a tenth as much from one to the next.
        const int SharedRows = 6;
        if (!block.IsInside(sparse.IsotropicShape))
            throw new BadInputException($"block {block.Shape} at ({block.Z}, {block.Y}, {block.X}) does not lie inside the isotropic volume of {sparse.IsotropicShape}");
        var (first, end) = sparse.SectionsAbout(block.Z, block.Shape.Z, sparse.IsOnRows ? 0 : SharedRows);
        var (row, rows) = sparse.RowsOf(first, end);
        return new Box(row, block.Y, block.X, block.Shape with { Z = rows });
    }

    /// <summary>The block that a slab was made about.</summary>
    public static Volume<float> Cut(Volume<float> slab, Box box, Box block) =>
        box == block ? slab : slab.Crop(new Box(block.Z - box.Z, 0, 0, block.Shape));
}
