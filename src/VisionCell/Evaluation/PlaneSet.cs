using System.Numerics.Tensors;
using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>The family of planes that a two-dimensional measure runs over.</summary>
public enum PlaneFamily
{
    /// <summary>Sections, <c>[Y, X]</c>, one for each scored row.</summary>
    Xy,

    /// <summary><c>[Z, X]</c>, one for each y.</summary>
    Xz,

    /// <summary><c>[Z, Y]</c>, one for each x.</summary>
    Yz,
}

/// <summary>The planes of one family within a scored region, copied out in float64; xz and yz span the rows that the region names for planes.</summary>
internal sealed class PlaneSet(Shape3 shape, ScoredRegion region, PlaneFamily family)
{
    /// <summary>Number of planes.</summary>
    public int Count { get; } = family switch { PlaneFamily.Xy => region.Rows.Count, PlaneFamily.Xz => shape.Y, _ => shape.X };

    /// <summary>Rows of a plane.</summary>
    public int Height { get; } = family == PlaneFamily.Xy ? shape.Y : region.PlaneRows;

    /// <summary>Columns of a plane.</summary>
    public int Width { get; } = family == PlaneFamily.Yz ? shape.Y : shape.X;

    /// <summary>Voxels of a plane.</summary>
    public int Pixels => Height * Width;

    /// <summary>Planes that are worth gathering at a time: along x neighbours share cache lines.</summary>
    public int Batch { get; } = family == PlaneFamily.Yz ? 8 : 1;

    /// <summary>Copies planes first … first + count - 1 into <c>[count, height, width]</c>.</summary>
    public void Gather(Volume<float> volume, int first, int count, Span<double> planes)
    {
        if (family == PlaneFamily.Xy)
        {
            TensorPrimitives.ConvertTruncating<float, double>(volume.Section(region.Rows[first]), planes);
            return;
        }
        for (var r = 0; r < Height; r++)
        {
            var z = region.FirstPlaneRow + r;
            if (family == PlaneFamily.Xz)
            {
                TensorPrimitives.ConvertTruncating<float, double>(volume.Data.AsSpan(volume.Index(z, first, 0), Width), planes.Slice(r * Width, Width));
                continue;
            }
            for (var y = 0; y < Width; y++)
            {
                var source = volume.Data.AsSpan(volume.Index(z, y, first), count);
                for (var p = 0; p < source.Length; p++)
                    planes[(p * Height + r) * Width + y] = source[p];
            }
        }
    }

    /// <summary>The weight of each pixel of one plane, 0 or 1, <c>[height, width]</c>.</summary>
    public void Weights(int plane, Span<double> weights)
    {
        if (family == PlaneFamily.Xy)
        {
            region.Weights(region.Rows[plane], weights);
            return;
        }
        for (var r = 0; r < Height; r++)
        {
            var row = weights.Slice(r * Width, Width);
            var z = region.FirstPlaneRow + r;
            row.Fill(region.IsScored(z) ? 1 : 0);
            for (var i = 0; region.Mask is not null && i < Width; i++)
            {
                if (!(family == PlaneFamily.Xz ? region.IsScored(z, plane, i) : region.IsScored(z, i, plane)))
                    row[i] = 0;
            }
        }
    }

    /// <summary>A measure of a pair of planes.</summary>
    /// <typeparam name="TWork">Buffers that a thread keeps.</typeparam>
    public delegate double? Measure<TWork>(TWork work, ReadOnlySpan<double> a, ReadOnlySpan<double> b, ReadOnlySpan<double> weights);

    /// <summary>The mean of a measure over the planes that have one; null where none has.</summary>
    /// <param name="a">What is judged.</param>
    /// <param name="b">The truth.</param>
    /// <param name="work">Makes a thread's buffers.</param>
    /// <param name="measure">Of one plane: its pixels, the truth's and the weights <c>[height, width]</c>.</param>
    /// <param name="cancellation">Stops between planes.</param>
    public double? Mean<TWork>(Volume<float> a, Volume<float> b, Func<TWork> work, Measure<TWork> measure, CancellationToken cancellation)
    {
        var values = new double?[Count];
        var options = new ParallelOptions { CancellationToken = cancellation };
        Parallel.For(0, (Count + Batch - 1) / Batch, options, () => (A: new double[Batch * Pixels], B: new double[Batch * Pixels], Weights: new double[Pixels], Work: work()), (block, _, own) =>
        {
            var first = block * Batch;
            var count = Math.Min(Batch, Count - first);
            Gather(a, first, count, own.A);
            Gather(b, first, count, own.B);
            for (var p = 0; p < count; p++)
            {
                Weights(first + p, own.Weights);
                values[first + p] = measure(own.Work, own.A.AsSpan(p * Pixels, Pixels), own.B.AsSpan(p * Pixels, Pixels), own.Weights);
            }
            return own;
        }, _ => { });
        var (sum, known) = (0.0, 0);
        foreach (var value in values)
        {
            sum += value ?? 0;
            known += value is null ? 0 : 1;
        }
        return known == 0 ? null : sum / known;
    }
}
