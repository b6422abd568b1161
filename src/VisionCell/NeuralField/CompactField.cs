using System.Globalization;
using VisionCell.Kernels;
using VisionCell.Volumes;

namespace VisionCell.NeuralField;

/// <summary>
/// A field that stands for a volume in few bytes. Its levels are dense, so that nothing collides, each about twice as fine as the one before, the finest with a
/// node on every voxel; the perceptron adds the levels up. No gradient is followed: a level is the least-squares fit to what the coarser ones leave, rounded to
/// multiples of its step, so that finer levels make up for the rounding of coarser ones: a Laplacian pyramid (Burt, Adelson, IEEE Trans. Commun. 31, 1983,
/// doi:10.1109/TCOM.1983.1095851) on the hats of trilinear interpolation, gone through several times, the coarser levels then fitted to what the finest leaves,
/// which is mostly zeros. It is a field like any other: continuous, with a gradient, to be queried anywhere. Fitting takes about 60 bytes a voxel.
/// </summary>
/// <param name="Field">The field.</param>
/// <param name="Steps">Step of each level, of which its numbers are multiples, in the unit of the table.</param>
public sealed record CompactField(HashField Field, IReadOnlyList<double> Steps)
{
    private const int Levels = 8;

    // What the kernels take; the second feature stays 0 and costs nothing in the file.
    private const int Features = 2;
    private const int MostLog2 = 24;
    private const int Width = 16;

    // On a middle cube of 128³ voxels of medulla-1 (denoised by non-local means), PSNR at 0.8 bits a voxel: one pass 34.80, three 34.97, with rounding by what lies around 35.07, these steps 35.14.
    private const int Passes = 4;

    // Step of the levels from the finest on, in that of the finest: a coarse number reaches more voxels.
    private static readonly double[] CoarserSteps = [1, 0.75, 0.55, 0.35, 0.2];

    // From which fraction on a number of the two finest levels is rounded up: alone among zeros it costs more than it gives. The mean size of the numbers around, at
    // most 2 each, changes it by half.
    private const float Rounding = 0.25f;
    private const float UsualSize = 0.4f;

    /// <summary>Fits a field of the best quality that a file of so many bytes holds.</summary>
    /// <param name="volume">What it stands for, <c>[Z, Y, X]</c>; the fewer voxels hold noise, the better it does.</param>
    /// <param name="bytes">Most bytes of the file.</param>
    /// <param name="cancellation">Ends it between levels.</param>
    /// <exception cref="BadInputException">The volume is too large for one dense grid, holds NaN or one value only, or the file would need more bytes at any step.</exception>
    public static CompactField Within(Volume<float> volume, long bytes, CancellationToken cancellation = default)
    {
        // Header and weights.
        const int beside = 4096, trials = 12;
        var pyramid = new Pyramid(volume);
        var (step, best, bestStep) = (pyramid.Deviation / 4, (int[]?)null, 0.0);
        var (smallest, largest) = (0.0, double.PositiveInfinity);
        for (var trial = 0; trial < trials; trial++)
        {
            var numbers = pyramid.Numbers(step, cancellation);
            var size = TableCoding.Bytes(pyramid.Grid, numbers, cancellation).Length + beside;
            if (size <= bytes)
                (best, bestStep, largest) = (numbers, step, step);
            else
                smallest = step;
            if ((size <= bytes && size >= 0.98 * bytes) || largest / smallest < 1.001)
                break;
            // Bytes fall with about the 1.6th power of the step.
            var next = step * Math.Pow(size / (0.99 * bytes), 1 / 1.6);
            step = next > smallest && next < largest ? next : double.IsFinite(largest) ? (smallest + largest) / 2 : 2 * step;
        }
        return best is not null ? pyramid.Field(best, bestStep)
            : throw new BadInputException(string.Create(CultureInfo.InvariantCulture, $"compact field: {volume.Shape} voxels do not fit {bytes:N0} bytes; allow more"));
    }

    /// <summary>Fits a field.</summary>
    /// <param name="volume">What it stands for, <c>[Z, Y, X]</c>.</param>
    /// <param name="step">Step of the finest level, in the unit of the volume: about three times the error that it may make.</param>
    /// <param name="cancellation">Ends it between levels.</param>
    /// <exception cref="BadInputException">The volume is too large for one dense grid, holds NaN or one value only, or the step is not positive.</exception>
    public static CompactField Of(Volume<float> volume, double step, CancellationToken cancellation = default)
    {
        if (!(step > 0 && double.IsFinite(step)))
            throw new BadInputException(string.Create(CultureInfo.InvariantCulture, $"compact field: a step of {step}; it must be positive"));
        var pyramid = new Pyramid(volume);
        return pyramid.Field(pyramid.Numbers(step, cancellation), step);
    }

    /// <summary>Writes it.</summary>
    /// <param name="path">The file, which <see cref="HashField.Load"/> reads.</param>
    public void Save(string path) => Field.SaveCompact(path, Steps);

    /// <summary>Rounds the nodes of a level to multiples of a step, in place and as numbers of the table.</summary>
    private static void Round(float[] nodes, HashGridLevel level, double step, bool fine, Span<int> numbers)
    {
        var sizes = fine ? SizesAround(nodes, level.Nodes, (float)step) : [];
        for (var i = 0; i < nodes.Length; i++)
        {
            var up = fine ? Math.Clamp(Rounding + (sizes[i] - UsualSize) / 2, 0.1f, 0.5f) : 0.5f;
            var number = (int)Math.CopySign(Math.Floor(Math.Abs(nodes[i] / step) + up), nodes[i]);
            numbers[i * Features] = number;
            nodes[i] = (float)(number * step);
        }
    }

    /// <summary>Mean size of the 27 numbers about each, in steps and at most 2 each; a line's end counts the beginning of the next for its neighbour.</summary>
    private static float[] SizesAround(float[] nodes, int edge, float step)
    {
        var (sizes, mean) = (new float[nodes.Length], new float[nodes.Length]);
        for (var i = 0; i < nodes.Length; i++)
            sizes[i] = Math.Min(Math.Abs(nodes[i]) / step, 2);
        foreach (var apart in new[] { 1, edge, edge * edge })
        {
            for (var i = apart; i < nodes.Length - apart; i++)
                mean[i] = (sizes[i - apart] + sizes[i] + sizes[i + apart]) / 3;
            (sizes, mean) = (mean, sizes);
        }
        return sizes;
    }

    /// <summary>Weights of a perceptron that adds the first features of all levels: relu(x) − relu(−x).</summary>
    private static float[] Sum()
    {
        var shape = new Perceptron(Levels * Features, Width, 1);
        var weights = new float[shape.ParameterCount];
        for (var l = 0; l < Levels; l++)
            (weights[l * Features * Width], weights[l * Features * Width + 1]) = (1, -1);
        (weights[shape.SecondOffset], weights[shape.SecondOffset + Width + 1]) = (1, 1);
        (weights[shape.ThirdOffset], weights[shape.ThirdOffset + 1]) = (1, -1);
        return weights;
    }

    private static (double Mean, double Deviation) Moments(Volume<float> volume)
    {
        var (sum, squares) = (0.0, 0.0);
        foreach (var value in volume.Data)
            (sum, squares) = (sum + value, squares + (double)value * value);
        var mean = sum / volume.Data.Length;
        var deviation = Math.Sqrt(squares / volume.Data.Length - mean * mean);
        return deviation > 0 && double.IsFinite(deviation) ? (mean, deviation)
            : throw new BadInputException("compact field: the volume holds NaN or infinity, or a single value; repair it first, or keep the value");
    }

    /// <summary>The levels over one volume, for any step.</summary>
    private sealed class Pyramid
    {
        private readonly HashFieldConfiguration _configuration;
        private readonly FieldBounds _bounds;
        private readonly VoxelSize _voxel;
        private readonly double _mean;
        private readonly float[] _normalised;
        private readonly TrilinearHats[] _hats;

        public Pyramid(Volume<float> volume)
        {
            (_mean, Deviation) = Moments(volume);
            (_bounds, _voxel) = (FieldBounds.Of(volume.Shape, volume.VoxelSize, volume.Origin), volume.VoxelSize);
            var finest = (int)Math.Round(_bounds.LongestEdge / Math.Min(_voxel.Z, Math.Min(_voxel.Y, _voxel.X))) + 1;
            _configuration = new HashFieldConfiguration
            {
                Grid = new HashGridConfiguration { Levels = Levels, Features = Features, Log2TableSize = MostLog2, CoarsestResolution = Math.Max(1, finest >> (Levels - 1)), FinestResolution = finest },
                HiddenWidth = Width,
            };
            Grid = new HashGrid(_configuration.Grid);
            if (!Grid.Levels[^1].IsDense)
                throw new BadInputException($"compact field: {finest - 1} voxels along the longest edge; a grid with a node for each may have 254; cut the volume into parts");
            _normalised = new float[volume.Data.Length];
            for (var i = 0; i < _normalised.Length; i++)
                _normalised[i] = (float)((volume.Data[i] - _mean) / Deviation);
            _hats = [.. Enumerable.Range(0, Levels).Select(l => new TrilinearHats(Grid.Levels[l], volume.Shape, _voxel, _bounds.LongestEdge))];
        }

        public HashGrid Grid { get; }

        public double Deviation { get; }

        /// <summary>The table in steps.</summary>
        public int[] Numbers(double step, CancellationToken cancellation)
        {
            var (numbers, steps, detail) = (new int[Grid.ParameterCount], Steps(step), (float[]?)null);
            for (var pass = 0; pass < Passes; pass++)
            {
                // Coarser levels are fitted to what the detail of the pass before leaves, the detail to what they leave.
                var left = _normalised.AsSpan().ToArray();
                if (detail is not null)
                    _hats[^1].Add(-1, detail, left);
                for (var l = 0; l < Levels; l++)
                {
                    cancellation.ThrowIfCancellationRequested();
                    if (l == Levels - 1 && detail is not null)
                        _hats[l].Add(1, detail, left);
                    var nodes = _hats[l].Fit(left);
                    Round(nodes, Grid.Levels[l], steps[l], fine: l >= Levels - 2, numbers.AsSpan(Grid.Levels[l].Offset * Features));
                    if (l < Levels - 1)
                        _hats[l].Add(-1, nodes, left);
                    else
                        detail = nodes;
                }
            }
            return numbers;
        }

        public CompactField Field(int[] numbers, double step)
        {
            var field = new HashField(_configuration, _bounds, _voxel, _mean, Deviation, 0);
            field.Take(numbers, Steps(step), Sum());
            return new CompactField(field, Steps(step));
        }

        /// <summary>In units of the deviation, as the table is.</summary>
        private double[] Steps(double step) => [.. Enumerable.Range(0, Levels).Select(l => step / Deviation * CoarserSteps[Math.Min(Levels - 1 - l, CoarserSteps.Length - 1)])];
    }
}
