using System.Numerics.Tensors;
using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>
/// Structural similarity in three dimensions of volumes <c>[Z, Y, X]</c>: the index of <see cref="Ssim"/> with a Gaussian window of 11 x 11 x 11
/// voxels, in float64, as scikit-image's <c>structural_similarity</c> of volumes computes it. Unlike the planes' it sees a step from section to
/// section and a smear along z in the same window. The outer 5 voxels of the map are left out; for thick sections the window sees only the rows that the
/// region names for planes.
/// Tiles of 32 x 64 voxels run through all sections, each with a ring of the last 11 filtered ones: 0.8 MB a thread, whatever the volume's size.
/// </summary>
public static class VolumeSsim
{
    private const int Radius = SsimWindow.Radius;
    private const int Window = SsimWindow.Width;
    private const int Moments = SsimWindow.Moments;
    private const int TileY = 32; // BlockGrid.Edge is a multiple of both
    private const int TileX = 64;

    /// <summary>Mean over the scored voxels.</summary>
    /// <param name="reconstruction">What is judged, <c>[Z, Y, X]</c>.</param>
    /// <param name="reference">The truth on the same grid.</param>
    /// <param name="region">Which voxels count; the window sees all.</param>
    /// <param name="dataRange">R, grey values.</param>
    /// <param name="cancellation">Stops between sections of tiles.</param>
    /// <returns>-1 to 1; null where an axis is shorter than the window or none of the map's voxels is scored.</returns>
    /// <exception cref="BadInputException">Grids, region or range do not fit.</exception>
    public static double? Compute(Volume<float> reconstruction, Volume<float> reference, ScoredRegion region, double dataRange, CancellationToken cancellation = default) =>
        ByBlock(reconstruction, reference, region, dataRange, cancellation).Mean;

    /// <summary>The same by block; no voxel counts where an axis is shorter than the window.</summary>
    /// <inheritdoc cref="Compute"/>
    public static BlockSums ByBlock(Volume<float> reconstruction, Volume<float> reference, ScoredRegion region, double dataRange, CancellationToken cancellation = default)
    {
        VolumeChecks.RequireSameGrid(reconstruction, reference);
        VolumeChecks.RequireFits(region, reference.Shape);
        VolumeChecks.RequireRange(dataRange);
        var shape = reference.Shape;
        var grid = new BlockGrid(shape);
        var (sums, counts) = (new double[grid.Count], new double[grid.Count]);
        if (Math.Min(region.PlaneRows, Math.Min(shape.Y, shape.X)) < Window)
            return new BlockSums(sums, counts);
        var tiles = (from y in Enumerable.Range(0, (shape.Y + TileY - 1) / TileY)
                     from x in Enumerable.Range(0, (shape.X + TileX - 1) / TileX)
                     select (Y: y * TileY, X: x * TileX)).ToArray();
        var gate = new Lock();
        Parallel.For(0, tiles.Length, new ParallelOptions { CancellationToken = cancellation }, () => new Tile(dataRange), (i, _, tile) =>
        {
            // The map of a tile covers its voxels but for the outer ones of the volume.
            var (y, x) = (Math.Max(Radius, tiles[i].Y), Math.Max(Radius, tiles[i].X));
            var (height, width) = (Math.Min(tiles[i].Y + TileY, shape.Y - Radius) - y, Math.Min(tiles[i].X + TileX, shape.X - Radius) - x);
            if (height <= 0 || width <= 0)
                return tile;
            var (own, ownCounts) = (new double[grid.Blocks.Z], new double[grid.Blocks.Z]);
            tile.Run(reconstruction, reference, region, y, x, height, width, (z, sum, count) =>
            {
                own[z / BlockGrid.Edge] += sum;
                ownCounts[z / BlockGrid.Edge] += count;
            }, cancellation);
            lock (gate)
            {
                for (var z = 0; z < own.Length; z++)
                {
                    sums[grid.Of(z * BlockGrid.Edge, y, x)] += own[z];
                    counts[grid.Of(z * BlockGrid.Edge, y, x)] += ownCounts[z];
                }
            }
            return tile;
        }, _ => { });
        return new BlockSums(sums, counts);
    }

    /// <summary>Buffers of one tile.</summary>
    private sealed class Tile(double dataRange)
    {
        private const int Stride = Moments * TileX;
        private readonly double _c1 = 0.01 * dataRange * (0.01 * dataRange);
        private readonly double _c2 = 0.03 * dataRange * (0.03 * dataRange);
        private readonly double[] _row = new double[Moments * (TileX + 2 * Radius)];          // a, b, ab, aa + bb of one row
        private readonly double[] _along = new double[(TileY + 2 * Radius) * Stride];         // [y, moment, x] of one section
        private readonly double[] _ring = new double[Window * TileY * Stride];                // [section, y, moment, x]
        private readonly double[] _moments = new double[Stride];                              // [moment, x] of one row of the map
        private readonly double[] _weights = new double[TileX];

        public void Run(Volume<float> a, Volume<float> b, ScoredRegion region, int y, int x, int height, int width, Action<int, double, double> add, CancellationToken cancellation)
        {
            Span<int> offsets = stackalloc int[Window];
            for (var r = 0; r < region.PlaneRows; r++)
            {
                cancellation.ThrowIfCancellationRequested();
                var z = region.FirstPlaneRow + r;
                for (var v = 0; v < height + 2 * Radius; v++)
                    Along(a.Data.AsSpan(a.Index(z, y - Radius + v, x - Radius), width + 2 * Radius), b.Data.AsSpan(b.Index(z, y - Radius + v, x - Radius), width + 2 * Radius), v);
                for (var v = 0; v < height; v++)
                {
                    for (var k = 0; k < Window; k++)
                        offsets[k] = (v + k) * Stride;
                    SsimWindow.Across(_along, offsets, _ring.AsSpan((r % Window * TileY + v) * Stride, Stride));
                }
                var centre = z - Radius;
                if (r < 2 * Radius || !region.IsScored(centre))
                    continue;
                var (sum, count) = (0.0, 0.0);
                for (var v = 0; v < height; v++)
                {
                    var weights = Weights(region, centre, y + v, x, width);
                    for (var k = 0; k < Window; k++)
                        offsets[k] = ((r - 2 * Radius + k) % Window * TileY + v) * Stride;
                    SsimWindow.Across(_ring, offsets, _moments);
                    sum += SsimWindow.Sum(_moments, TileX, weights, width, _c1, _c2).Ssim;
                    count += weights.IsEmpty ? width : TensorPrimitives.Sum(weights);
                }
                add(centre, sum, count);
            }
        }

        private ReadOnlySpan<double> Weights(ScoredRegion region, int z, int y, int x, int width)
        {
            if (region.Mask is not { } mask)
                return default;
            for (var i = 0; i < width; i++)
                _weights[i] = mask[z, y, x + i] == 0 ? 0 : 1;
            return _weights.AsSpan(0, width);
        }

        private void Along(ReadOnlySpan<float> a, ReadOnlySpan<float> b, int v)
        {
            var count = a.Length;
            var u = _row.AsSpan(0, count);
            var w = _row.AsSpan(count, count);
            var product = _row.AsSpan(2 * count, count);
            var squares = _row.AsSpan(3 * count, count);
            TensorPrimitives.ConvertTruncating(a, u);
            TensorPrimitives.ConvertTruncating(b, w);
            TensorPrimitives.Multiply(u, w, product);
            TensorPrimitives.Multiply(u, u, squares);
            TensorPrimitives.MultiplyAdd(w, w, squares, squares);
            for (var m = 0; m < Moments; m++)
                SsimWindow.Along(_row.AsSpan(m * count, count), _along.AsSpan(v * Stride + m * TileX, count - 2 * Radius));
        }
    }
}
