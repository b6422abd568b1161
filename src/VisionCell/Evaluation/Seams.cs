using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>
/// Steps where tiles of a volume <c>[Z, Y, X]</c> meet: the mean absolute difference of voxels on either side of a border over that of neighbours
/// up to eight voxels beside it, within sections. 1 where tiles meet without a step. No truth is needed, and the volume may lie on disk.
/// </summary>
public static class Seams
{
    private const int Most = 48;
    private const int Beside = 8;

    /// <summary>The seam of a volume that was made in tiles; NaN where there is a single one.</summary>
    /// <param name="read">Reads a box.</param>
    /// <param name="tiles">The tiles; of very many, borders spread evenly over them are looked at.</param>
    /// <param name="cancellation">Stops between borders.</param>
    public static double Of(Func<Box, Volume<float>> read, IReadOnlyList<Box> tiles, CancellationToken cancellation = default)
    {
        Box[] across = [.. tiles.Where(t => t.X > 0 && t.Shape.X >= Beside), .. tiles.Where(t => t.Y > 0 && t.Shape.Y >= Beside)];
        var alongX = tiles.Count(t => t.X > 0 && t.Shape.X >= Beside);
        var step = Math.Max(1, (across.Length + Most - 1) / Most);
        var (border, inside) = (0.0, 0.0);
        for (var i = 0; i < across.Length; i += step)
        {
            cancellation.ThrowIfCancellationRequested();
            var tile = across[i];
            var voxels = read(i < alongX
                ? new Box(tile.Z, tile.Y, tile.X - Beside, tile.Shape with { X = 2 * Beside })
                : new Box(tile.Z, tile.Y - Beside, tile.X, tile.Shape with { Y = 2 * Beside }));
            for (var k = 1; k < 2 * Beside; k++)
            {
                var difference = Difference(voxels, k, i < alongX);
                if (k == Beside)
                    border += difference;
                else
                    inside += difference / (2 * Beside - 2);
            }
        }
        return border / inside;
    }

    /// <summary>The same of a volume in memory, for borders at every multiple of an edge along y and x; null where there is none.</summary>
    /// <param name="volume"><c>[Z, Y, X]</c>.</param>
    /// <param name="edge">Edge of the tiles, voxels; at least 16.</param>
    /// <param name="cancellation">Stops between borders.</param>
    /// <exception cref="BadInputException">The edge is smaller.</exception>
    public static double? Of(Volume<float> volume, int edge, CancellationToken cancellation = default)
    {
        if (edge < 2 * Beside)
            throw new BadInputException($"tiles of {edge} voxels: seams are told from what lies {Beside} voxels on either side of them; give at least {2 * Beside}");
        var shape = volume.Shape;
        Box[] tiles = [..
            from y in Enumerable.Range(0, (shape.Y + edge - 1) / edge)
            from x in Enumerable.Range(0, (shape.X + edge - 1) / edge)
            select new Box(0, y * edge, x * edge, new Shape3(shape.Z, Math.Min(edge, shape.Y - y * edge), Math.Min(edge, shape.X - x * edge)))];
        return Of(volume.Crop, tiles, cancellation) is var seam && double.IsFinite(seam) ? seam : null;
    }

    /// <summary>Sum of the absolute differences of two neighbouring planes.</summary>
    private static double Difference(Volume<float> voxels, int k, bool alongX)
    {
        var (shape, sum) = (voxels.Shape, 0.0);
        for (var z = 0; z < shape.Z; z++)
        {
            for (var j = 0; j < (alongX ? shape.Y : shape.X); j++)
                sum += Math.Abs(alongX ? voxels[z, j, k] - voxels[z, j, k - 1] : voxels[z, k, j] - voxels[z, k - 1, j]);
        }
        return sum;
    }
}
