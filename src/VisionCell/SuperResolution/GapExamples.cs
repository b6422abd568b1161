using System.Numerics.Tensors;
using VisionCell.Acquisition;
using VisionCell.Volumes;

namespace VisionCell.SuperResolution;

/// <summary>
/// Training examples for <see cref="GapNetwork"/> from isotropic volumes: a box in one of the 48 orientations of the cube, sampled into four
/// sections as a microscope would (<see cref="AxialSampling"/>), and the rows between the two in the middle. Every step has
/// another distance of sections, thin or thick.
/// </summary>
internal sealed class GapExamples
{
    private readonly Volume<float>[] _volumes;
    private readonly GapTraining _training;

    /// <param name="volumes">Isotropic volumes; each is standardised by its own mean and deviation.</param>
    /// <param name="training">Distances, patch and batch size, augmentation.</param>
    /// <exception cref="BadInputException">A volume is too small for a patch, or has no structure.</exception>
    public GapExamples(IEnumerable<Volume<float>> volumes, GapTraining training)
    {
        _training = training;
        _volumes = [.. volumes.Select(v => Standardisation.Of(v).Apply(v))];
        var longest = new AxialSampling(training.Distances.Max(), 1).FineRows(GapNetwork.Sections);
        foreach (var volume in _volumes)
        {
            var edges = new[] { volume.Shape.Z, volume.Shape.Y, volume.Shape.X }.Order().ToArray();
            if (edges[1] < training.Patch || edges[2] < longest)
                throw new BadInputException($"'{volume.Provenance.Source}' has {volume.Shape} voxels: two axes must have at least {training.Patch} and one {longest}");
        }
    }

    /// <summary>One step's examples.</summary>
    /// <param name="random">Source of randomness.</param>
    /// <returns>Sections <c>[N, 4, P, P]</c>, rows of the gap <c>[N, T, P, P]</c>, and the gap.</returns>
    public (float[] Sections, float[] Rows, Gap Gap) Draw(Random random)
    {
        var distance = _training.Distances[random.Next(_training.Distances.Count)];
        var sampling = random.NextDouble() < _training.ThickShare ? AxialSampling.Pool(distance) : AxialSampling.Decimate(distance);
        var (first, gap) = Rows(sampling);
        var (patch, rows) = (_training.Patch * _training.Patch, gap.Positions.Count);
        var fineRows = sampling.FineRows(GapNetwork.Sections);
        var (sections, wanted) = (new float[_training.Batch * GapNetwork.Sections * patch], new float[_training.Batch * rows * patch]);
        var seeds = Enumerable.Range(0, _training.Batch).Select(_ => random.Next()).ToArray();
        Parallel.For(0, _training.Batch, n =>
        {
            var own = new Random(seeds[n]);
            var fine = new float[fineRows * patch];
            Copy(own, fine, fineRows);
            var sign = own.NextDouble() < _training.InversionShare ? -1 : 1;
            TensorPrimitives.Multiply(fine, (float)(sign * (1 + _training.IntensityJitter * Normal(own))), fine);
            TensorPrimitives.Add(fine, (float)(_training.IntensityJitter * Normal(own)), fine);
            sampling.Acquire(fine, patch, sections.AsSpan(n * GapNetwork.Sections * patch, GapNetwork.Sections * patch));
            fine.AsSpan(first * patch, rows * patch).CopyTo(wanted.AsSpan(n * rows * patch));
            if (own.NextDouble() < _training.NoiseShare)
                AddNoise(own, sections.AsSpan(n * GapNetwork.Sections * patch, GapNetwork.Sections * patch), (float)(own.NextDouble() * _training.LargestNoise));
        });
        return (sections, wanted, gap);
    }

    /// <summary>
    /// The fine rows between the centres of the second and the third section: the first of them, and the gap. A row that is itself
    /// an observed section is left out; a row at the centre of a thick section belongs to the gap behind it.
    /// </summary>
    public static (int First, Gap Gap) Rows(AxialSampling sampling)
    {
        var (from, to) = (sampling.Centre(GapNetwork.Sections / 2 - 1), sampling.Centre(GapNetwork.Sections / 2));
        var first = sampling.IsDecimation ? (int)from + 1 : (int)Math.Ceiling(from);
        var positions = Enumerable.Range(first, (int)Math.Ceiling(to) - first).Select(row => (row - from) / sampling.Pitch);
        return (first, new Gap(sampling.Pitch, sampling.Thickness, [.. positions]));
    }

    /// <summary>One box in a random orientation, at random also enlarged or reduced, <c>[rows, P, P]</c>.</summary>
    private void Copy(Random random, float[] fine, int rows)
    {
        var edge = _training.Patch;
        int[] order = [0, 1, 2];
        int[] wanted = [rows, edge, edge];
        while (true)
        {
            // Volumes are drawn by their number of voxels.
            var pick = random.NextInt64(_volumes.Sum(v => v.Shape.Count));
            var volume = _volumes.First(v => (pick -= v.Shape.Count) < 0);
            random.Shuffle(order);
            var zoom = random.NextDouble() < _training.ZoomShare ? Math.Pow(_training.LargestZoom, 2 * random.NextDouble() - 1) : 1;
            int[] lengths = [volume.Shape.Z, volume.Shape.Y, volume.Shape.X];
            if (Enumerable.Range(0, 3).Any(a => lengths[order[a]] < (wanted[a] - 1) * zoom + 2))
                continue;
            var axes = new (double Start, double Step)[3];
            for (var a = 0; a < 3; a++)
            {
                var span = (wanted[a] - 1) * zoom;
                var at = random.NextDouble() * (lengths[order[a]] - 1 - span);
                // At its own size nothing is interpolated.
                at = zoom == 1 ? Math.Round(at) : at;
                axes[order[a]] = random.Next(2) == 0 ? (at, zoom) : (at + span, -zoom);
            }
            Sample(volume, order, axes, wanted, fine);
            return;
        }
    }

    /// <summary>Samples along lines that follow the axes in the given order, linearly between voxels.</summary>
    private static void Sample(Volume<float> volume, int[] order, (double Start, double Step)[] axes, int[] counts, float[] target)
    {
        int[] strides = [volume.Shape.SectionCount, volume.Shape.X, 1];
        int[] last = [volume.Shape.Z - 2, volume.Shape.Y - 2, volume.Shape.X - 2];
        // Offset of the lower neighbour and weight of the upper one, for each index along each axis of the result.
        var lines = new (int Offset, float Weight)[3][];
        for (var a = 0; a < 3; a++)
        {
            var axis = order[a];
            lines[a] = new (int, float)[counts[a]];
            for (var i = 0; i < counts[a]; i++)
            {
                var position = axes[axis].Start + i * axes[axis].Step;
                var lower = Math.Clamp((int)position, 0, last[axis]);
                lines[a][i] = (lower * strides[axis], (float)(position - lower));
            }
        }
        var whole = lines.All(line => line.All(p => p.Weight is 0 or 1));
        var (sz, sy, sx) = (strides[order[0]], strides[order[1]], strides[order[2]]);
        var data = volume.Data;
        var k = 0;
        foreach (var (z, wz) in lines[0])
        {
            foreach (var (y, wy) in lines[1])
            {
                if (whole)
                {
                    var line = z + (wz == 1 ? sz : 0) + y + (wy == 1 ? sy : 0);
                    foreach (var (x, wx) in lines[2])
                        target[k++] = data[line + x + (wx == 1 ? sx : 0)];
                    continue;
                }
                foreach (var (x, wx) in lines[2])
                {
                    var at = z + y + x;
                    target[k++] = Between(
                        Between(Between(data[at], data[at + sx], wx), Between(data[at + sy], data[at + sy + sx], wx), wy),
                        Between(Between(data[at + sz], data[at + sz + sx], wx), Between(data[at + sz + sy], data[at + sz + sy + sx], wx), wy),
                        wz);
                }
            }
        }

        static float Between(float a, float b, float weight) => a + (b - a) * weight;
    }

    private static void AddNoise(Random random, Span<float> values, float deviation)
    {
        foreach (ref var value in values)
            value += deviation * (float)Normal(random);
    }

    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
