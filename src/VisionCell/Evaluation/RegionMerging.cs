using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>
/// Merges neighbouring regions of <c>[Z, Y, X]</c> across the weakest boundary first, until the mean height of every boundary reaches a threshold. Source: mean-affinity
/// agglomeration, as in Funke et al., "Large scale image segmentation with structured loss based deep learning", IEEE TPAMI 41(7), 2019,
/// doi:10.1109/TPAMI.2018.2835450. A boundary's height is the mean, over the faces of voxels that two regions share, of the higher of the two voxels.
/// </summary>
internal static class RegionMerging
{
    /// <summary>Merges regions in place and numbers them anew from 1.</summary>
    /// <param name="labels">Regions from 1 to <paramref name="count"/>.</param>
    /// <param name="count">Their number.</param>
    /// <param name="heights">0 to 1.</param>
    /// <param name="shape">Of both.</param>
    /// <param name="threshold">Boundaries lower than this are removed.</param>
    /// <param name="cancellation">Stops between merges.</param>
    /// <returns>How many are left.</returns>
    public static int Run(int[] labels, int count, float[] heights, Shape3 shape, double threshold, CancellationToken cancellation)
    {
        var boundaries = Boundaries(labels, count, heights, shape);
        var parent = Enumerable.Range(0, count + 1).ToArray();
        // Entries whose boundary has changed since are skipped; of equal heights the regions with the lower numbers come first.
        var queue = new PriorityQueue<(int A, int B, double Mean), (double, int, int)>();
        void Enqueue(int a, int b)
        {
            var mean = boundaries[a][b].Mean;
            if (mean < threshold)
                queue.Enqueue((Math.Min(a, b), Math.Max(a, b), mean), (mean, Math.Min(a, b), Math.Max(a, b)));
        }
        for (var a = 1; a <= count; a++)
        {
            foreach (var b in boundaries[a].Keys.Where(b => b > a).Order())
                Enqueue(a, b);
        }
        while (queue.TryDequeue(out var next, out _))
        {
            cancellation.ThrowIfCancellationRequested();
            var (a, b, mean) = next;
            if (parent[a] != a || parent[b] != b || !boundaries[a].TryGetValue(b, out var boundary) || boundary.Mean != mean)
                continue;
            // The one with fewer neighbours goes.
            if (boundaries[a].Count < boundaries[b].Count)
                (a, b) = (b, a);
            parent[b] = a;
            boundaries[a].Remove(b);
            foreach (var (c, own) in boundaries[b])
            {
                boundaries[c].Remove(b);
                if (c == a)
                    continue;
                boundaries[a][c] = boundaries[c][a] = boundaries[a].TryGetValue(c, out var other) ? other.Plus(own) : own;
                Enqueue(a, c);
            }
            boundaries[b].Clear();
        }
        return Renumber(labels, parent);
    }

    private static Dictionary<int, Boundary>[] Boundaries(int[] labels, int count, float[] heights, Shape3 shape)
    {
        var boundaries = Enumerable.Range(0, count + 1).Select(_ => new Dictionary<int, Boundary>()).ToArray();
        void Add(int i, int j)
        {
            var (a, b) = (labels[i], labels[j]);
            if (a == b)
                return;
            var face = new Boundary(Math.Max(heights[i], heights[j]), 1);
            boundaries[a][b] = boundaries[b][a] = boundaries[a].TryGetValue(b, out var known) ? known.Plus(face) : face;
        }
        for (var z = 0; z < shape.Z; z++)
        {
            for (var y = 0; y < shape.Y; y++)
            {
                for (var x = 0; x < shape.X; x++)
                {
                    var i = (z * shape.Y + y) * shape.X + x;
                    if (x + 1 < shape.X)
                        Add(i, i + 1);
                    if (y + 1 < shape.Y)
                        Add(i, i + shape.X);
                    if (z + 1 < shape.Z)
                        Add(i, i + shape.SectionCount);
                }
            }
        }
        return boundaries;
    }

    private static int Renumber(int[] labels, int[] parent)
    {
        var (numbers, count) = (new int[parent.Length], 0);
        for (var i = 0; i < labels.Length; i++)
        {
            var root = labels[i];
            while (parent[root] != root)
                root = parent[root] = parent[parent[root]];
            if (root != 0 && numbers[root] == 0)
                numbers[root] = ++count;
            labels[i] = numbers[root];
        }
        return count;
    }

    private readonly record struct Boundary(double Sum, long Faces)
    {
        public double Mean => Sum / Faces;

        public Boundary Plus(Boundary other) => new(Sum + other.Sum, Faces + other.Faces);
    }
}
