using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>
/// Seeded watershed of <c>[Z, Y, X]</c>: basins grow from seeds, lowest voxels first, to their six neighbours, until they meet; no line is left between them.
/// Source: Meyer, "Topographic distance and watershed lines", Signal Processing 38, 1994, doi:10.1016/0165-1684(94)90060-4. Heights of 0 to 1 in 256 steps, voxels of
/// one step in the order in which they were reached, so that the result is the same each time.
/// </summary>
internal static class Watershed
{
    private const int Levels = 256;

    /// <summary>Seeds at the local maxima of a map: voxels that none within a box about them exceeds; those that touch share a seed.</summary>
    /// <param name="map"><c>[Z, Y, X]</c>.</param>
    /// <param name="shape">Its shape.</param>
    /// <param name="radius">Half width of the box along z, y, x.</param>
    /// <param name="cancellation">Stops between axes.</param>
    /// <returns>Number of each voxel's seed from 1; 0 is none; and how many there are.</returns>
    public static (int[] Seeds, int Count) SeedsOf(float[] map, Shape3 shape, Shape3 radius, CancellationToken cancellation)
    {
        var largest = (float[])map.Clone();
        var plane = shape.SectionCount;
        Largest(largest, shape.Z * shape.Y, line => line * shape.X, 1, shape.X, radius.X, cancellation);
        Largest(largest, shape.Z * shape.X, line => line / shape.X * plane + line % shape.X, shape.X, shape.Y, radius.Y, cancellation);
        Largest(largest, plane, line => line, plane, shape.Z, radius.Z, cancellation);
        var seeds = new int[map.Length];
        var (count, front) = (0, new Stack<int>());
        for (var i = 0; i < map.Length; i++)
        {
            if (seeds[i] != 0 || map[i] <= 0 || map[i] < largest[i])
                continue;
            seeds[i] = ++count;
            front.Push(i);
            while (front.TryPop(out var at))
            {
                foreach (var next in Neighbours(at, shape))
                {
                    if (next >= 0 && seeds[next] == 0 && map[next] > 0 && map[next] == largest[next])
                    {
                        seeds[next] = count;
                        front.Push(next);
                    }
                }
            }
        }
        return (seeds, count);
    }

    /// <summary>Grows seeds over all voxels, in place.</summary>
    /// <param name="labels">Seeds from 1, 0 elsewhere; becomes the basin of each voxel. Without any seed all stay 0.</param>
    /// <param name="heights">0 to 1.</param>
    /// <param name="shape">Of both.</param>
    /// <param name="cancellation">Stops between levels.</param>
    public static void Grow(int[] labels, float[] heights, Shape3 shape, CancellationToken cancellation)
    {
        var queues = Enumerable.Range(0, Levels).Select(_ => new Queue<int>()).ToArray();
        int Level(int i) => Math.Clamp((int)(heights[i] * Levels), 0, Levels - 1);
        for (var i = 0; i < labels.Length; i++)
        {
            if (labels[i] != 0)
                queues[Level(i)].Enqueue(i);
        }
        for (var level = 0; level < Levels; level++)
        {
            cancellation.ThrowIfCancellationRequested();
            while (queues[level].TryDequeue(out var at))
            {
                foreach (var next in Neighbours(at, shape))
                {
                    if (next < 0 || labels[next] != 0)
                        continue;
                    labels[next] = labels[at];
                    queues[Math.Max(level, Level(next))].Enqueue(next);
                }
            }
        }
    }

    /// <summary>Indices of the six neighbours; -1 outside.</summary>
    private static Six Neighbours(int index, Shape3 shape)
    {
        var (plane, x) = (shape.SectionCount, index % shape.X);
        var (z, y) = (index / plane, index / shape.X % shape.Y);
        var six = new Six();
        six[0] = z > 0 ? index - plane : -1;
        six[1] = z < shape.Z - 1 ? index + plane : -1;
        six[2] = y > 0 ? index - shape.X : -1;
        six[3] = y < shape.Y - 1 ? index + shape.X : -1;
        six[4] = x > 0 ? index - 1 : -1;
        six[5] = x < shape.X - 1 ? index + 1 : -1;
        return six;
    }

    /// <summary>The largest value within a radius along one axis, in place.</summary>
    private static void Largest(float[] values, int lines, Func<int, int> start, int stride, int length, int radius, CancellationToken cancellation) =>
        Parallel.For(0, radius == 0 ? 0 : lines, new ParallelOptions { CancellationToken = cancellation }, () => new float[length], (line, _, own) =>
        {
            var first = start(line);
            for (var i = 0; i < length; i++)
                own[i] = values[first + i * stride];
            for (var i = 0; i < length; i++)
            {
                var largest = own[i];
                for (var k = Math.Max(0, i - radius); k <= Math.Min(length - 1, i + radius); k++)
                    largest = Math.Max(largest, own[k]);
                values[first + i * stride] = largest;
            }
            return own;
        }, _ => { });

    [System.Runtime.CompilerServices.InlineArray(6)]
    private struct Six
    {
        private int _first;
    }
}
