using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>
/// How much each voxel of a volume <c>[Z, Y, X]</c> looks like a dark sheet: the largest eigenvalue of the Hessian of the volume blurred by a Gaussian,
/// where it is positive. Across a dark membrane grey values have a minimum, so that one curvature is large; a dark blob such as a mitochondrion has large
/// ones only along its rim. Source: Sato et al., "Tissue classification based on 3D local intensity structures", IEEE TVCG 6(2), 2000, doi:10.1109/2945.856997.
/// </summary>
internal static class MembraneMap
{
    /// <summary>The map, in units of its own 99th percentile, at most 1; all zero where nothing curves.</summary>
    /// <param name="volume"><c>[Z, Y, X]</c>, membranes dark.</param>
    /// <param name="sigmaNm">Standard deviation of the blur, nm.</param>
    /// <param name="cancellation">Stops between sections.</param>
    public static float[] Of(Volume<float> volume, double sigmaNm, CancellationToken cancellation)
    {
        var blurred = GaussianBlur.Of(volume, sigmaNm, cancellation);
        var (sizeZ, sizeY, sizeX) = volume.Shape;
        var plane = volume.Shape.SectionCount;
        var (hz, hy, hx) = (volume.VoxelSize.Z, volume.VoxelSize.Y, volume.VoxelSize.X);
        var map = new float[blurred.Length];
        Parallel.For(0, sizeZ, new ParallelOptions { CancellationToken = cancellation }, z =>
        {
            var (up, down) = (z == 0 ? 0 : -plane, z == sizeZ - 1 ? 0 : plane);
            for (var y = 0; y < sizeY; y++)
            {
                var (north, south) = (y == 0 ? 0 : -sizeX, y == sizeY - 1 ? 0 : sizeX);
                for (var x = 0; x < sizeX; x++)
                {
                    var (west, east) = (x == 0 ? 0 : -1, x == sizeX - 1 ? 0 : 1);
                    var i = (z * sizeY + y) * sizeX + x;
                    double At(int offset) => blurred[i + offset];
                    var centre = 2 * At(0);
                    map[i] = (float)Math.Max(0, LargestEigenvalue(
                        (At(up) + At(down) - centre) / (hz * hz),
                        (At(north) + At(south) - centre) / (hy * hy),
                        (At(west) + At(east) - centre) / (hx * hx),
                        (At(down + south) - At(down + north) - At(up + south) + At(up + north)) / (4 * hz * hy),
                        (At(down + east) - At(down + west) - At(up + east) + At(up + west)) / (4 * hz * hx),
                        (At(south + east) - At(south + west) - At(north + east) + At(north + west)) / (4 * hy * hx)));
                }
            }
        });
        var scale = Percentile(map, 0.99);
        for (var i = 0; i < map.Length; i++)
            map[i] = scale > 0 ? Math.Min(1, map[i] / scale) : 0;
        return map;
    }

    /// <summary>Otsu's threshold of values of 0 to 1: between the two classes whose means differ most (doi:10.1109/TSMC.1979.4310076).</summary>
    public static float Otsu(float[] map)
    {
        const int Bins = 256;
        var histogram = new long[Bins];
        foreach (var value in map)
            histogram[Math.Min(Bins - 1, (int)(value * Bins))]++;
        var total = histogram.Select((n, b) => (double)n * b).Sum();
        var (best, threshold, below, sum) = (-1.0, 0, 0L, 0.0);
        for (var b = 0; b < Bins - 1; b++)
        {
            below += histogram[b];
            sum += (double)histogram[b] * b;
            if (below == 0 || below == map.Length)
                continue;
            var difference = sum / below - (total - sum) / (map.Length - below);
            var between = (double)below * (map.Length - below) * difference * difference;
            if (between > best)
                (best, threshold) = (between, b);
        }
        return (threshold + 1f) / Bins;
    }

    /// <summary>Of at most 2^20 values spread evenly.</summary>
    private static float Percentile(float[] values, double share)
    {
        var samples = new float[Math.Min(values.Length, 1 << 20)];
        for (var i = 0; i < samples.Length; i++)
            samples[i] = values[(long)i * values.Length / samples.Length];
        Array.Sort(samples);
        return samples[(int)(share * (samples.Length - 1))];
    }

    /// <summary>Of a symmetric matrix of three rows, by the trigonometric solution of its characteristic equation (Smith, CACM 4, 1961, doi:10.1145/355578.366316).</summary>
    internal static double LargestEigenvalue(double zz, double yy, double xx, double zy, double zx, double yx)
    {
        var mean = (zz + yy + xx) / 3;
        var off = zy * zy + zx * zx + yx * yx;
        var (a, b, c) = (zz - mean, yy - mean, xx - mean);
        var p = Math.Sqrt((a * a + b * b + c * c + 2 * off) / 6);
        if (p == 0)
            return mean;
        var determinant = a * (b * c - yx * yx) - zy * (zy * c - yx * zx) + zx * (zy * yx - b * zx);
        var angle = Math.Acos(Math.Clamp(determinant / (2 * p * p * p), -1, 1)) / 3;
        return mean + 2 * p * Math.Cos(angle);
    }
}
