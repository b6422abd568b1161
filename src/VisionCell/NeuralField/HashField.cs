using VisionCell.Kernels;
using VisionCell.Kernels.Simd;
using VisionCell.Volumes;

namespace VisionCell.NeuralField;

/// <summary>
/// A scalar field over a box in nanometres: multiresolution hash grid and perceptron, trained by Adam on batches of positions and
/// targets. Source: instant-ngp, arXiv:2201.05989. The cube of the grid has the longest edge of the box, so that cells are cubes
/// whatever the voxel size. Values are in the units of the data; inside, the perceptron gives (value − offset) / scale, about −1 to 1.
/// </summary>
public sealed partial class HashField
{
    /// <summary>Positions that a query computes at once: 8 MB of features and less.</summary>
    private const int Chunk = 1 << 16;

    private readonly IFieldKernels<float> _kernels;
    private readonly HashGrid _grid;
    private readonly Perceptron _perceptron;
    private readonly float[] _table;
    private readonly float[] _weights;
    private Optimiser? _optimiser;
    private float[] _positions = [];

    /// <summary>Makes an untrained field.</summary>
    /// <param name="configuration">Grid, widths, learning rates.</param>
    /// <param name="bounds">The box, nm.</param>
    /// <param name="voxelSize">Voxel size of the data, kept for queries and in the file, nm.</param>
    /// <param name="offset">Value that counts as 0: the mean of the data.</param>
    /// <param name="scale">Difference that counts as 1: the standard deviation of the data.</param>
    /// <param name="seed">Of the first weights.</param>
    /// <param name="kernels">What computes; all cores of this processor where none is given.</param>
    /// <exception cref="BadInputException">The configuration is out of range, scale is not positive, or the table needs more memory than there is.</exception>
    public HashField(HashFieldConfiguration configuration, FieldBounds bounds, VoxelSize voxelSize, double offset, double scale, int seed, IFieldKernels<float>? kernels = null)
    {
        Configuration = configuration.Validated();
        if (!double.IsFinite(offset) || !(scale > 0 && double.IsFinite(scale)))
            throw new BadInputException($"neural field: offset {offset} and scale {scale}; both must be finite and the scale positive (constant data have no field to fit)");
        (Bounds, VoxelSize, Offset, Scale) = (bounds, voxelSize, offset, scale);
        _kernels = kernels ?? SimdKernels.Create();
        _grid = new HashGrid(configuration.Grid);
        _perceptron = new Perceptron(_grid.Channels, configuration.HiddenWidth, configuration.Emits ? 2 : 1).Validated();
        RequireMemory(_grid, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        (_table, _weights) = (new float[_grid.ParameterCount], new float[_perceptron.ParameterCount]);
        Initialise(new Random(seed));
    }

    /// <summary>What it was made with.</summary>
    public HashFieldConfiguration Configuration { get; }

    /// <summary>The box, nm.</summary>
    public FieldBounds Bounds { get; }

    /// <summary>Voxel size of the data, nm.</summary>
    public VoxelSize VoxelSize { get; }

    /// <summary>Value that counts as 0.</summary>
    public double Offset { get; }

    /// <summary>Difference that counts as 1.</summary>
    public double Scale { get; }

    /// <summary>Numbers that make up the field.</summary>
    public int ParameterCount => _table.Length + _weights.Length;

    /// <summary>One step of Adam on a batch.</summary>
    /// <param name="positions">N positions, nm.</param>
    /// <param name="targets">N values in the units of the data.</param>
    /// <param name="sampleWeights">N weights of the squared errors; empty where all count 1.</param>
    /// <param name="rate">Factor of the learning rates, for a schedule.</param>
    /// <returns>Mean weighted squared error before the step, in units of <see cref="Scale"/>².</returns>
    /// <exception cref="BadInputException">A target or weight is not finite.</exception>
    public double Step(ReadOnlySpan<Position> positions, ReadOnlySpan<float> targets, ReadOnlySpan<float> sampleWeights, double rate = 1)
    {
        if (targets.Length != positions.Length)
            throw new ArgumentException($"{targets.Length} targets for {positions.Length} positions", nameof(targets));
        if (Outputs > 1 || Configuration.Activation != FieldActivation.Linear)
            throw new InvalidOperationException("this field is no plain function of position; train it with FieldTraining");
        var normalised = Training.Targets(targets.Length);
        for (var i = 0; i < targets.Length; i++)
            normalised[i] = (float)((targets[i] - Offset) / Scale);
        var loss = _kernels.FieldLoss(_grid, _perceptron, _table, _weights, ToCube(positions), normalised, sampleWeights, Training.TableGradient, Training.WeightGradient);
        if (!double.IsFinite(loss))
        {
            Forget();
            throw new BadInputException("neural field: the error of a batch is not a number; the targets or their weights hold NaN or infinity, or the learning rate is too high");
        }
        Update(rate);
        return loss;
    }

    /// <summary>The field at any positions.</summary>
    /// <param name="positions">N positions, nm; outside the cube of the grid they count as on its face.</param>
    /// <param name="values">Result, N values.</param>
    public void Evaluate(ReadOnlySpan<Position> positions, Span<float> values)
    {
        if (values.Length != positions.Length)
            throw new ArgumentException($"room for {values.Length} values of {positions.Length} positions", nameof(values));
        for (var first = 0; first < positions.Length; first += Chunk)
        {
            var length = Math.Min(Chunk, positions.Length - first);
            var part = values.Slice(first, length);
            var numbers = Outputs == 1 ? part : new float[length * Outputs];
            Numbers(ToCube(positions.Slice(first, length)), numbers);
            for (var i = 0; i < length; i++)
                part[i] = ValueOf(numbers[i * Outputs]);
        }
    }

    /// <summary>The analytic gradient of the field.</summary>
    /// <param name="positions">N positions, nm.</param>
    /// <param name="gradient">Result, <c>[N, 3]</c>: change of the value a nanometre along z, y, x.</param>
    public void Gradient(ReadOnlySpan<Position> positions, Span<float> gradient)
    {
        if (gradient.Length != 3 * positions.Length)
            throw new ArgumentException($"room for {gradient.Length} numbers, {3 * positions.Length} needed", nameof(gradient));
        Fetch();
        var perNanometre = (float)(1 / Bounds.LongestEdge);
        var unused = new float[_weights.Length];
        for (var first = 0; first < positions.Length; first += Chunk)
        {
            var length = Math.Min(Chunk, positions.Length - first);
            var cube = ToCube(positions.Slice(first, length));
            var (features, featureGradient) = (new float[length * _grid.Channels], new float[length * _grid.Channels]);
            var slopes = new float[length * Outputs];
            _kernels.Encode(_grid, _table, cube, features);
            _kernels.PerceptronForward(_perceptron, _weights, features, slopes);
            for (var i = 0; i < slopes.Length; i++)
                slopes[i] = i % Outputs == 0 ? SlopeOf(slopes[i]) : 0;
            _kernels.PerceptronBackward(_perceptron, _weights, features, slopes, unused, featureGradient);
            var part = gradient.Slice(3 * first, 3 * length);
            _kernels.EncodePositionGradient(_grid, _table, cube, featureGradient, part);
            foreach (ref var value in part)
                value *= perNanometre;
        }
    }

    /// <summary>The field on a regular grid of voxel centres.</summary>
    /// <param name="box">The box, nm, inside <see cref="Bounds"/>; it is cut into as many voxels as fit, rounded to the nearest.</param>
    /// <param name="voxelSize">Voxel size, nm, finer or coarser than the data's.</param>
    /// <param name="cancellation">Ends the query between chunks.</param>
    /// <exception cref="BadInputException">The box reaches outside or is smaller than half a voxel.</exception>
    public Volume<float> Query(FieldBounds box, VoxelSize voxelSize, CancellationToken cancellation = default)
    {
        if (!Bounds.Contains(box))
            throw new BadInputException($"the box from {box.Lower} to {box.Upper} nm reaches outside the field, which covers {Bounds.Lower} to {Bounds.Upper} nm");
        var shape = new Shape3(Voxels(box.Upper.Z - box.Lower.Z, voxelSize.Z), Voxels(box.Upper.Y - box.Lower.Y, voxelSize.Y), Voxels(box.Upper.X - box.Lower.X, voxelSize.X));
        var origin = new Position(box.Lower.Z + voxelSize.Z / 2, box.Lower.Y + voxelSize.Y / 2, box.Lower.X + voxelSize.X / 2);
        var volume = new Volume<float>(shape, voxelSize, origin, Provenance.Of("neural field").With($"queried at {voxelSize}"));
        var positions = new Position[Math.Min(Chunk, volume.Data.Length)];
        for (var first = 0; first < volume.Data.Length; first += Chunk)
        {
            cancellation.ThrowIfCancellationRequested();
            var length = Math.Min(Chunk, volume.Data.Length - first);
            for (var i = 0; i < length; i++)
            {
                var index = first + i;
                positions[i] = new Position(
                    origin.Z + index / shape.SectionCount * voxelSize.Z,
                    origin.Y + index / shape.X % shape.Y * voxelSize.Y,
                    origin.X + index % shape.X * voxelSize.X);
            }
            Evaluate(positions.AsSpan(0, length), volume.Data.AsSpan(first, length));
        }
        return volume;
    }

    /// <summary>Checks that the table, its gradient and both moments fit.</summary>
    internal static void RequireMemory(HashGrid grid, long available)
    {
        var needed = 4L * sizeof(float) * grid.ParameterCount;
        if (needed > available)
            throw new BadInputException($"neural field: training a table of {grid.EntryCount:N0} entries takes {needed / 1e9:F1} GB, this machine has {available / 1e9:F1} GB; lower log2TableSize (now {grid.Configuration.Log2TableSize})");
    }

    private static int Voxels(double edge, double voxel) => checked((int)Math.Round(edge / voxel));

    /// <summary>Positions in units of the cube, <c>[N, 3]</c>; valid until the next call.</summary>
    private ReadOnlySpan<float> ToCube(ReadOnlySpan<Position> positions)
    {
        if (_positions.Length < 3 * positions.Length)
            _positions = new float[3 * positions.Length];
        var edge = Bounds.LongestEdge;
        for (var i = 0; i < positions.Length; i++)
        {
            _positions[3 * i] = (float)((positions[i].Z - Bounds.Lower.Z) / edge);
            _positions[3 * i + 1] = (float)((positions[i].Y - Bounds.Lower.Y) / edge);
            _positions[3 * i + 2] = (float)((positions[i].X - Bounds.Lower.X) / edge);
        }
        return _positions.AsSpan(0, 3 * positions.Length);
    }

    /// <summary>Table uniform within ±1e-4 (arXiv:2201.05989, section 4), weights uniform within ±√(6 / inputs) (He).</summary>
    private void Initialise(Random random)
    {
        foreach (ref var value in _table.AsSpan())
            value = (random.NextSingle() * 2 - 1) * 1e-4f;
        for (var i = 0; i < _weights.Length; i++)
        {
            var inputs = i < _perceptron.Inputs * _perceptron.Hidden ? _perceptron.Inputs : _perceptron.Hidden;
            _weights[i] = (random.NextSingle() * 2 - 1) * MathF.Sqrt(6f / inputs);
        }
    }

    /// <summary>What only training needs: gradients and moments.</summary>
    private sealed class Optimiser(int table, int weights, int outputs)
    {
        private float[] _targets = [];

        public int Steps { get; set; }

        public float[] TableGradient { get; } = new float[table];

        public float[] TableFirst { get; } = new float[table];

        public float[] TableSecond { get; } = new float[table];

        public float[] WeightGradient { get; } = new float[weights];

        public float[] WeightFirst { get; } = new float[weights];

        public float[] WeightSecond { get; } = new float[weights];

        public Span<float> Targets(int samples)
        {
            if (_targets.Length < samples * outputs)
                _targets = new float[samples * outputs];
            return _targets.AsSpan(0, samples * outputs);
        }

        /// <summary>Drops the gradient of a batch that can't be used.</summary>
        public void Forget()
        {
            Array.Clear(TableGradient);
            Array.Clear(WeightGradient);
        }
    }
}
