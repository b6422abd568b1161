using System.Numerics;
using TorchSharp;
using VisionCell.Acquisition;
using VisionCell.Learning;
using VisionCell.Volumes;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace VisionCell.Augmentation;

/// <summary>
/// Training examples for networks that fill gaps, from isotropic volumes: a box in one of the 48 orientations of the cube, at random also
/// turned and stretched, sampled into sections as a microscope would (<see cref="AxialSampling"/>), and the rows between the two in the
/// middle. Every step has another distance of sections, thin or thick. All voxels are read where the network trains.
/// </summary>
internal sealed class GapExamples : IDisposable
{
    // Where the volume is too small for most distortions, none is tried for ever.
    private const int MostAttempts = 50;

    private readonly GapTraining _training;
    private readonly Volume<float>[] _volumes;
    private readonly Tensor[] _copies;
    private readonly Device _device;

    /// <param name="volumes">Isotropic volumes; each is standardised by its own mean and deviation.</param>
    /// <param name="training">Distances, patch and batch size, augmentation.</param>
    /// <param name="device">Where examples are made.</param>
    /// <exception cref="BadInputException">A volume is too small for a patch, or has no structure.</exception>
    public GapExamples(IReadOnlyList<Volume<float>> volumes, GapTraining training, Device device)
    {
        (_training, _device) = (training, device);
        var longest = new AxialSampling(training.Distances.Max(), 1).FineRows(Gap.Sections);
        foreach (var volume in volumes)
        {
            var edges = new[] { volume.Shape.Z, volume.Shape.Y, volume.Shape.X }.Order().ToArray();
            if (edges[1] < training.Patch || edges[2] < longest)
                throw new BadInputException($"'{volume.Provenance.Source}' has {volume.Shape} voxels: two axes must have at least {training.Patch} and one {longest}");
        }
        _volumes = [.. volumes.Select(v => Standardisation.Of(v).Apply(v))];
        _copies = device.type == DeviceType.CPU ? [] : [.. _volumes.Select(v => tensor(v.Data, [1, 1, v.Shape.Z, v.Shape.Y, v.Shape.X], device: device).DetachFromDisposeScope())];
    }

    /// <summary>One step's examples.</summary>
    /// <param name="random">Source of randomness.</param>
    public GapBatch Draw(Random random)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var distance = _training.Distances[random.Next(_training.Distances.Count)];
        var sampling = random.NextDouble() < _training.ThickShare ? AxialSampling.Pool(distance) : AxialSampling.Decimate(distance);
        var (first, gap) = Rows(sampling);
        var gapRows = Enumerable.Range(first, gap.Positions.Count);
        // Of thin sections nothing between the others is needed.
        int[] rows = [.. sampling.IsDecimation ? Enumerable.Range(0, Gap.Sections).Select(i => i * distance).Concat(gapRows) : Enumerable.Range(0, sampling.FineRows(Gap.Sections))];
        var boxes = Enumerable.Range(0, _training.Batch).Select(_ => Place(random, sampling.FineRows(Gap.Sections))).OrderBy(b => b.Volume).ToArray();
        var fine = _copies.Length == 0 ? Read(boxes, rows) : ReadCopies(boxes, rows); // (N, R, P, P)

        fine = fine.Plus((fine.Squared() - One()) * Each(() => _training.ContrastJitter * Noise.Normal(random)));
        fine = (fine * Each(() => (random.NextDouble() < _training.InversionShare ? -1 : 1) * (1 + _training.IntensityJitter * Noise.Normal(random)))).Plus(Each(() => _training.IntensityJitter * Noise.Normal(random)));
        var sections = sampling.IsDecimation
            ? fine.narrow(1, 0, Gap.Sections).clone()
            : fine.reshape(_training.Batch, Gap.Sections, distance, _training.Patch, _training.Patch).mean([2]);
        var wanted = fine.narrow(1, sampling.IsDecimation ? Gap.Sections : first, gap.Positions.Count).contiguous();
        // TorchSharp's generators are those of the processor.
        using var generator = new Generator((ulong)random.Next(), CPU);
        for (var n = 0; n < _training.Batch; n++)
        {
            if (random.NextDouble() < _training.NoiseShare)
                sections.narrow(0, n, 1).AddScaled(randn([1, Gap.Sections, _training.Patch, _training.Patch], generator: generator).to(_device), random.NextDouble() * _training.LargestNoise);
            if (random.NextDouble() < _training.EndShare)
                EndStack(sections.narrow(0, n, 1), random.Next(1, Gap.Sections / 2), random.Next(2) == 0);
        }
        return new GapBatch(sections.DetachFromDisposeScope(), wanted.DetachFromDisposeScope(), gap);

        // A number of its own for each example.
        Tensor Each(Func<double> number) => tensor([.. Enumerable.Range(0, _training.Batch).Select(_ => (float)number())], [_training.Batch, 1, 1, 1]).to(_device);

        Tensor One() => tensor(1f).to(_device);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var copy in _copies)
            copy.Dispose();
    }

    /// <summary>
    /// The fine rows between the centres of the second and the third section: the first of them, and the gap. A row that is itself
    /// an observed section is left out; a row at the centre of a thick section belongs to the gap behind it.
    /// </summary>
    public static (int First, Gap Gap) Rows(AxialSampling sampling)
    {
        var (from, to) = (sampling.Centre(Gap.Sections / 2 - 1), sampling.Centre(Gap.Sections / 2));
        var first = sampling.IsDecimation ? (int)from + 1 : (int)Math.Ceiling(from);
        var positions = Enumerable.Range(first, (int)Math.Ceiling(to) - first).Select(row => (row - from) / sampling.Pitch);
        return (first, new Gap(sampling.Pitch, sampling.Thickness, [.. positions]));
    }

    /// <summary>A box of <c>[rows, P, P]</c> at random inside a volume.</summary>
    private (int Volume, OrientedBox Box) Place(Random random, int rows)
    {
        int[] counts = [rows, _training.Patch, _training.Patch];
        for (var attempt = 0; ; attempt++)
        {
            // Volumes are drawn by their number of voxels.
            var pick = random.NextInt64(_volumes.Sum(v => v.Shape.Count));
            var volume = Array.FindIndex(_volumes, v => (pick -= v.Shape.Count) < 0);
            var distorted = random.NextDouble() < _training.DistortedShare && attempt < MostAttempts;
            var axes = Orientation(random, distorted);
            // How far the box reaches from its corner to either side.
            var (low, high) = (Vector3.Zero, Vector3.Zero);
            for (var a = 0; a < 3; a++)
            {
                low += Vector3.Min(Vector3.Zero, axes[a] * (counts[a] - 1));
                high += Vector3.Max(Vector3.Zero, axes[a] * (counts[a] - 1));
            }
            var room = Last(volume) - (high - low);
            if (room.X < 0 || room.Y < 0 || room.Z < 0)
                continue;
            var corner = new Vector3(random.NextSingle(), random.NextSingle(), random.NextSingle()) * room - low;
            // On the grid nothing is interpolated.
            if (!distorted)
                corner = new Vector3(MathF.Round(corner.X), MathF.Round(corner.Y), MathF.Round(corner.Z));
            return (volume, new OrientedBox(corner, axes[0], axes[1], axes[2]));
        }
    }

    /// <summary>The axes (row, y, x) of an example, in voxels of the volume.</summary>
    private Vector3[] Orientation(Random random, bool distorted)
    {
        Vector3[] axes = [Vector3.UnitX, Vector3.UnitY, Vector3.UnitZ];
        random.Shuffle(axes);
        for (var a = 0; a < 3; a++)
            axes[a] *= random.Next(2) == 0 ? 1 : -1;
        if (!distorted)
            return axes;
        float Even() => 2 * random.NextSingle() - 1;
        var turn = Matrix4x4.CreateFromYawPitchRoll(Even() * (float)_training.LargestTurn, Even() * (float)_training.LargestTurn, Even() * (float)_training.LargestTurn);
        var zoom = MathF.Pow((float)_training.LargestZoom, Even());
        return [.. axes.Select(axis => Vector3.Transform(axis, turn) * zoom * MathF.Pow((float)_training.LargestStretch, Even()))];
    }

    /// <summary>Repeats the outermost section but <paramref name="missing"/> in their place, as super-resolution does at either end of a stack.</summary>
    private static void EndStack(Tensor sections, int missing, bool atFirst)
    {
        for (var i = 0; i < missing; i++)
        {
            var (lost, kept) = atFirst ? (i, missing) : (Gap.Sections - 1 - i, Gap.Sections - 1 - missing);
            sections.narrow(1, lost, 1).copy_(sections.narrow(1, kept, 1));
        }
    }

    /// <summary>The given rows of boxes, on the processor.</summary>
    private Tensor Read((int Volume, OrientedBox Box)[] boxes, int[] rows)
    {
        var length = rows.Length * _training.Patch * _training.Patch;
        var fine = new float[boxes.Length * length];
        Parallel.For(0, boxes.Length, n => boxes[n].Box.Read(_volumes[boxes[n].Volume], rows, _training.Patch, fine.AsSpan(n * length, length)));
        return tensor(fine, [boxes.Length, rows.Length, _training.Patch, _training.Patch]);
    }

    /// <summary>The same from the copies on the device, by its own interpolation.</summary>
    private Tensor ReadCopies((int Volume, OrientedBox Box)[] boxes, int[] rows)
    {
        var patch = _training.Patch;
        Tensor Numbers(IEnumerable<int> numbers, params long[] shape) => tensor([.. numbers.Select(i => (float)i)], shape, device: _device);
        var r = Numbers(rows, 1, rows.Length, 1, 1, 1);
        var (y, x) = (Numbers(Enumerable.Range(0, patch), 1, 1, patch, 1, 1), Numbers(Enumerable.Range(0, patch), 1, 1, 1, patch, 1));
        return cat([.. boxes.GroupBy(b => b.Volume).Select(group =>
        {
            // grid_sample has the first voxel at -1 and the last at 1.
            var scale = new Vector3(2) / Last(group.Key);
            Tensor Vectors(Func<OrientedBox, Vector3> of) => tensor([.. group.Select(b => of(b.Box)).SelectMany(v => new[] { v.X, v.Y, v.Z })], [group.Count(), 1, 1, 1, 3], device: _device);
            var grid = Vectors(b => b.Corner * scale - Vector3.One).Plus(Vectors(b => b.Rows * scale) * r).Plus(Vectors(b => b.Lines * scale) * y).Plus(Vectors(b => b.Columns * scale) * x); // (n, R, P, P, 3)
            return grid_sample(_copies[group.Key].expand(group.Count(), -1, -1, -1, -1), grid, GridSampleMode.Bilinear, GridSamplePaddingMode.Border, true).squeeze(1);
        })], 0);
    }

    private Vector3 Last(int volume) => new(_volumes[volume].Shape.X - 1, _volumes[volume].Shape.Y - 1, _volumes[volume].Shape.Z - 1);
}
