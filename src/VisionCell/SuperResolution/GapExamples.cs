using System.Numerics;
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
    private const int MostAttempts = 50;

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
        var needed = new bool[sampling.FineRows(GapNetwork.Sections)];
        for (var row = 0; row < needed.Length; row++)
            needed[row] = !sampling.IsDecimation || row % distance == 0 || (row >= first && row < first + rows);
        var (sections, wanted) = (new float[_training.Batch * GapNetwork.Sections * patch], new float[_training.Batch * rows * patch]);
        var seeds = Enumerable.Range(0, _training.Batch).Select(_ => random.Next()).ToArray();
        Parallel.For(0, _training.Batch, n =>
        {
            var own = new Random(seeds[n]);
            var fine = new float[needed.Length * patch];
            Copy(own, fine, needed);
            var bend = (float)(_training.ContrastJitter * Normal(own));
            for (var i = 0; i < fine.Length; i++)
                fine[i] += bend * (fine[i] * fine[i] - 1);
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

    /// <summary>One box in a random orientation, at random also distorted, <c>[rows, P, P]</c>; rows that are not needed are left as they are.</summary>
    private void Copy(Random random, float[] fine, bool[] needed)
    {
        var edge = _training.Patch;
        int[] counts = [needed.Length, edge, edge];
        var axes = new Vector3[3];
        for (var attempt = 0; ; attempt++)
        {
            // Volumes are drawn by their number of voxels.
            var pick = random.NextInt64(_volumes.Sum(v => v.Shape.Count));
            var volume = _volumes.First(v => (pick -= v.Shape.Count) < 0);
            // Where the volume is too small for most distortions, none is tried for ever.
            var distorted = random.NextDouble() < _training.DistortedShare && attempt < MostAttempts;
            Orientation(random, distorted, axes);
            // The box from its corner: how far it reaches to either side along each axis of the volume.
            var (low, high) = (Vector3.Zero, Vector3.Zero);
            for (var a = 0; a < 3; a++)
            {
                low += Vector3.Min(Vector3.Zero, axes[a] * (counts[a] - 1));
                high += Vector3.Max(Vector3.Zero, axes[a] * (counts[a] - 1));
            }
            var room = new Vector3(volume.Shape.Z - 1, volume.Shape.Y - 1, volume.Shape.X - 1) - (high - low);
            if (room.X < 0 || room.Y < 0 || room.Z < 0)
                continue;
            var corner = new Vector3(random.NextSingle(), random.NextSingle(), random.NextSingle()) * room - low;
            if (distorted)
                Interpolate(volume, corner, axes, edge, needed, fine);
            else
                Pick(volume, corner, axes, edge, needed, fine);
            return;
        }
    }

    /// <summary>Where the axes of an example (row, y, x) lie in the volume (z, y, x as X, Y, Z of the vector).</summary>
    private void Orientation(Random random, bool distorted, Vector3[] axes)
    {
        int[] order = [0, 1, 2];
        random.Shuffle(order);
        for (var a = 0; a < 3; a++)
        {
            axes[a] = Vector3.Zero;
            axes[a][order[a]] = random.Next(2) == 0 ? 1 : -1;
        }
        if (!distorted)
            return;
        float Even() => 2 * random.NextSingle() - 1;
        var turn = Matrix4x4.CreateFromYawPitchRoll(Even() * (float)_training.LargestTurn, Even() * (float)_training.LargestTurn, Even() * (float)_training.LargestTurn);
        var zoom = MathF.Pow((float)_training.LargestZoom, Even());
        for (var a = 0; a < 3; a++)
            axes[a] = Vector3.Transform(axes[a], turn) * zoom * MathF.Pow((float)_training.LargestStretch, Even());
    }

    /// <summary>Voxels along axes that are those of the volume; nothing is interpolated.</summary>
    private static void Pick(Volume<float> volume, Vector3 corner, Vector3[] axes, int edge, bool[] needed, float[] target)
    {
        var (plane, line) = (volume.Shape.SectionCount, volume.Shape.X);
        int Step(Vector3 axis) => (int)axis.X * plane + (int)axis.Y * line + (int)axis.Z;
        var (sz, sy, sx) = (Step(axes[0]), Step(axes[1]), Step(axes[2]));
        var start = (int)MathF.Round(corner.X) * plane + (int)MathF.Round(corner.Y) * line + (int)MathF.Round(corner.Z);
        for (var z = 0; z < needed.Length; z++)
        {
            for (var y = 0; needed[z] && y < edge; y++)
            {
                var from = start + z * sz + y * sy;
                var row = target.AsSpan((z * edge + y) * edge, edge);
                for (var x = 0; x < edge; x++)
                    row[x] = volume.Data[from + x * sx];
            }
        }
    }

    /// <summary>Trilinear interpolation along any axes.</summary>
    private static void Interpolate(Volume<float> volume, Vector3 corner, Vector3[] axes, int edge, bool[] needed, float[] target)
    {
        var (plane, line, data) = (volume.Shape.SectionCount, volume.Shape.X, volume.Data);
        var most = new Vector3(volume.Shape.Z - 1, volume.Shape.Y - 1, volume.Shape.X - 1);
        var last = most - Vector3.One;
        for (var z = 0; z < needed.Length; z++)
        {
            for (var y = 0; needed[z] && y < edge; y++)
            {
                var from = corner + axes[0] * z + axes[1] * y;
                var row = target.AsSpan((z * edge + y) * edge, edge);
                for (var x = 0; x < edge; x++)
                {
                    // Rounding may lead out by a hair.
                    var at = Vector3.Clamp(from + axes[2] * x, Vector3.Zero, most);
                    var lower = Vector3.Min(new Vector3((int)at.X, (int)at.Y, (int)at.Z), last);
                    var w = at - lower;
                    var i = (int)lower.X * plane + (int)lower.Y * line + (int)lower.Z;
                    var front = Between(Between(data[i], data[i + 1], w.Z), Between(data[i + line], data[i + line + 1], w.Z), w.Y);
                    var back = Between(Between(data[i + plane], data[i + plane + 1], w.Z), Between(data[i + plane + line], data[i + plane + line + 1], w.Z), w.Y);
                    row[x] = Between(front, back, w.X);
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
