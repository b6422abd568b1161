using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>
/// Exact Euclidean distance of each voxel of <c>[Z, Y, X]</c> to the nearest of a set, nm, axis by axis as lower envelopes of parabolas. Source:
/// Felzenszwalb and Huttenlocher, "Distance transforms of sampled functions", Theory of Computing 8, 2012, doi:10.4086/toc.2012.v008a019.
/// </summary>
internal static class DistanceTransform
{
    private const float Far = 1e18f;

    /// <summary>The distances; 1e9 nm everywhere where the set is empty.</summary>
    /// <param name="shape">Of the volume.</param>
    /// <param name="voxelSize">Its voxels, nm.</param>
    /// <param name="isMember">Whether a voxel, by its index, is in the set.</param>
    /// <param name="cancellation">Stops between planes.</param>
    public static float[] Of(Shape3 shape, VoxelSize voxelSize, Func<int, bool> isMember, CancellationToken cancellation)
    {
        var squares = new float[shape.Count];
        for (var i = 0; i < squares.Length; i++)
            squares[i] = isMember(i) ? 0 : Far;
        var (sizeZ, sizeY, sizeX) = shape;
        Lines(squares, sizeZ * sizeY, line => line * sizeX, 1, sizeX, voxelSize.X, cancellation);
        Lines(squares, sizeZ * sizeX, line => line / sizeX * shape.SectionCount + line % sizeX, sizeX, sizeY, voxelSize.Y, cancellation);
        Lines(squares, shape.SectionCount, line => line, shape.SectionCount, sizeZ, voxelSize.Z, cancellation);
        for (var i = 0; i < squares.Length; i++)
            squares[i] = MathF.Sqrt(squares[i]);
        return squares;
    }

    private static void Lines(float[] values, int lines, Func<int, int> start, int stride, int length, double step, CancellationToken cancellation) =>
        Parallel.For(0, lines, new ParallelOptions { CancellationToken = cancellation }, () => (Line: new double[length], Sites: new int[length], Borders: new double[length + 1]), (line, _, own) =>
        {
            var first = start(line);
            for (var i = 0; i < length; i++)
                own.Line[i] = values[first + i * stride];
            var last = -1;
            for (var q = 0; q < length; q++)
            {
                if (own.Line[q] >= Far)
                    continue;
                // Where the parabola of q meets those before it; what lies behind its own site is covered.
                var border = double.NegativeInfinity;
                for (; last >= 0; last--)
                {
                    var p = own.Sites[last];
                    border = ((own.Line[q] - own.Line[p]) / (step * step) + (double)q * q - (double)p * p) / (2 * (q - p));
                    if (border > own.Borders[last])
                        break;
                    border = double.NegativeInfinity;
                }
                own.Sites[++last] = q;
                own.Borders[last] = border;
            }
            for (var (i, site) = (0, 0); last >= 0 && i < length; i++)
            {
                while (site < last && own.Borders[site + 1] < i)
                    site++;
                var distance = (i - own.Sites[site]) * step;
                values[first + i * stride] = (float)(distance * distance + own.Line[own.Sites[site]]);
            }
            return own;
        }, _ => { });
}
