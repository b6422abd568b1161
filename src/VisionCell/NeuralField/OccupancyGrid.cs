using VisionCell.Kernels;
using VisionCell.Volumes;

namespace VisionCell.NeuralField;

/// <summary>Where a field has anything: cells over its bounds, asked anew now and then at a random place in each.</summary>
internal sealed class OccupancyGrid
{
    /// <summary>Cells along the longest edge.</summary>
    private const int Edge = 64;

    /// <summary>Cells that are asked at once.</summary>
    private const int Chunk = 1 << 16;

    /// <summary>What was known of a cell fades by this (arXiv:2201.05989, appendix E.2).</summary>
    private const float Fade = 0.95f;

    private readonly HashField _field;
    private readonly RayMarch _march;
    private readonly uint[] _occupancy;

    /// <summary>All cells marked.</summary>
    /// <param name="field">The field.</param>
    /// <param name="stepNm">Step of rays, nm.</param>
    public OccupancyGrid(HashField field, double stepNm)
    {
        _field = field;
        var far = field.InCube(field.Bounds.Upper);
        _march = new RayMarch(new Shape3(Cells(far.Z), Cells(far.Y), Cells(far.X)), far, stepNm).Validated();
        _occupancy = _march.Full();
        Known = new float[_march.Cells.Count];
        Array.Fill(Known, float.MaxValue);
    }

    /// <summary>The most found in each cell, fading; all that a checkpoint needs.</summary>
    public float[] Known { get; }

    /// <summary>Share of cells that are marked.</summary>
    public double Share => _occupancy.Sum(w => (double)uint.PopCount(w)) / (32.0 * _occupancy.Length);

    /// <summary>Asks every cell at a random place and marks those above a threshold.</summary>
    /// <param name="threshold">In units of the value.</param>
    /// <param name="random">Chooses places.</param>
    public void Update(double threshold, Random random)
    {
        var (cells, found) = (_march.Cells, new float[Known.Length]);
        var cube = new float[3 * Chunk];
        var numbers = new float[Chunk * _field.Outputs];
        for (var first = 0; first < found.Length; first += Chunk)
        {
            var length = Math.Min(Chunk, found.Length - first);
            for (var i = 0; i < length; i++)
            {
                var cell = first + i;
                cube[3 * i] = (float)((cell / cells.SectionCount + random.NextSingle()) / cells.Z * _march.Extent.Z);
                cube[3 * i + 1] = (float)((cell / cells.X % cells.Y + random.NextSingle()) / cells.Y * _march.Extent.Y);
                cube[3 * i + 2] = (float)((cell % cells.X + random.NextSingle()) / cells.X * _march.Extent.X);
            }
            var (values, _) = _field.Evaluate(cube.AsSpan(0, 3 * length), numbers.AsSpan(0, length * _field.Outputs));
            values.CopyTo(found, first);
        }
        // Before the first update nothing is known.
        if (Known[0] == float.MaxValue)
            Array.Clear(Known);
        _field.Backend.UpdateOccupancy(Fade, (float)threshold, found, Known, _occupancy);
    }

    /// <summary>Takes what a checkpoint knew.</summary>
    public void Restore(ReadOnlySpan<float> known, double threshold)
    {
        known.CopyTo(Known);
        if (Known[0] != float.MaxValue)
            _field.Backend.UpdateOccupancy(1, (float)threshold, known, Known, _occupancy);
    }

    /// <summary>How rays are cut into samples, and the cells that count.</summary>
    public (RayMarch March, uint[] Occupancy) Marching(uint? seed, bool everywhere)
    {
        var march = _march with { Seed = seed ?? 0, IsStratified = seed is not null };
        return (march, everywhere ? march.Full() : _occupancy);
    }

    /// <summary>The samples of rays.</summary>
    /// <param name="rays"><c>[R, 8]</c>, directions of length 1 nm in units of the cube, so that depth counts in nm.</param>
    /// <param name="seed">Of places in steps; null for the middle of each.</param>
    /// <param name="everywhere">Whether cells that are not marked count as well.</param>
    public RaySamples March(float[] rays, uint? seed, bool everywhere = false)
    {
        var (march, occupancy) = Marching(seed, everywhere);
        var counts = new int[rays.Length / RayMarch.RayWidth];
        _field.Backend.CountSamples(march, occupancy, rays, counts);
        var offsets = RayMarch.Offsets(counts);
        var samples = new RaySamples(offsets, new float[3 * offsets[^1]], new float[2 * offsets[^1]]);
        _field.Backend.MarchRays(march, occupancy, rays, offsets, samples.Positions, samples.Samples);
        return samples;
    }

    private static int Cells(double edge) => Math.Max(1, (int)Math.Ceiling(Edge * edge));
}

/// <summary>Samples of rays as the kernels have them.</summary>
/// <param name="Offsets"><c>[R + 1]</c>.</param>
/// <param name="Positions">In units of the cube, <c>[N, 3]</c>.</param>
/// <param name="Samples">Depth and length, nm, <c>[N, 2]</c>.</param>
internal sealed record RaySamples(int[] Offsets, float[] Positions, float[] Samples)
{
    /// <summary>N.</summary>
    public int Count => Offsets[^1];

    /// <summary>Length of a ray within the field and its marked cells, nm.</summary>
    public double LengthOf(int ray)
    {
        var sum = 0.0;
        for (var i = Offsets[ray]; i < Offsets[ray + 1]; i++)
            sum += Samples[2 * i + 1];
        return sum;
    }
}
