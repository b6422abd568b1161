using System.Collections.Frozen;
using System.Numerics.Tensors;
using System.Text.Json;
using VisionCell.Learning;
using VisionCell.Runs;
using VisionCell.Volumes;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace VisionCell.Preprocessing;

/// <summary>
/// Denoising learnt from nothing but the noisy stack: a network predicts hidden pixels from the pixels around them and from the
/// neighbouring sections (<see cref="BlindSpotMasking"/>, <see cref="BlindSpotNetwork"/>). Noise that is independent from pixel to pixel
/// cannot be predicted, structure can; so that what the network gives is the structure. Assumes that independence (within a section,
/// but for stripes along a declared direction) and noise of zero mean; a stack that was resampled or filtered before has lost it.
/// Thread-safe once trained.
/// </summary>
public sealed class BlindSpotDenoising : IDisposable
{
    // Tiles of this edge plus the network's reach keep activations under 100 MB.
    private const int TileEdge = 512;

    // Pixels that the weight of the observed pixel is fitted to: its sixteenths then hold the variance of the noise to within a percent.
    private const int PixelsToFit = 1_000_000;

    private readonly BlindSpotConfiguration _configuration;
    private ComputePrecision _precision = ComputePrecision.Best();
    private IReadOnlySet<int> _excluded = FrozenSet<int>.Empty;
    private BlindSpotNetwork? _network;
    private Weights? _weights;
    private ObservedWeight? _observed;
    private float _mean;
    private float _deviation;
    private int _neighbours;

    /// <summary>Creates an untrained network.</summary>
    /// <param name="configuration">Network and training; null for the defaults.</param>
    /// <exception cref="BadInputException">A value of the configuration is out of range.</exception>
    public BlindSpotDenoising(BlindSpotConfiguration? configuration = null) => _configuration = (configuration ?? new BlindSpotConfiguration()).Validated();

    /// <summary>Where and in which precision it computes.</summary>
    public string Device => _precision.ToString();

    /// <summary>Sections on either side that the trained network sees.</summary>
    public int Neighbours => _neighbours;

    /// <summary>Learns from a stack.</summary>
    /// <param name="source">The stack; of one larger than 64 million voxels random crops are held.</param>
    /// <param name="voxelSize">Voxel size, nm; decides how many neighbouring sections are shown where the configuration does not say.</param>
    /// <param name="options">Time or steps, seed, checkpoints, progress, cancellation.</param>
    /// <param name="excluded">Sections that are neither learnt from nor shown as neighbours: damaged or made up.</param>
    /// <exception cref="BadInputException">Sections are too small, hold values that are not finite or no contrast, or are all excluded.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the state was saved where there is a checkpoint folder.</exception>
    public void Train(ISectionSource source, VoxelSize voxelSize, TrainingOptions options, IReadOnlySet<int>? excluded = null) => Train(new AlignedViews(source), voxelSize, options, excluded);

    /// <summary>As above, for sections that do not lie in one frame.</summary>
    internal void Train(ISectionViews source, VoxelSize voxelSize, TrainingOptions options, IReadOnlySet<int>? excluded = null)
    {
        _precision = ComputePrecision.Best(options.Device, options.Notice);
        _excluded = excluded ?? FrozenSet<int>.Empty;
        var shown = Enumerable.Range(0, source.Count).Count(z => !_excluded.Contains(z));
        _neighbours = shown < 2 ? 0 : Math.Min(_configuration.Neighbours ?? BlindSpotConfiguration.NeighboursFor(voxelSize), shown - 1);
        var edge = Math.Min(_configuration.PatchSize, Math.Min(source.Height, source.Width) / _configuration.Multiple * _configuration.Multiple);
        if (edge < 16)
            throw new BadInputException($"sections of {source.Height} x {source.Width} pixels: blind-spot denoising needs at least 16 x 16; use non-local means");
        var samples = BlindSpotSamples.Collect(source, _neighbours, _excluded, options.Seed, BlindSpotSamples.DefaultPool, BlindSpotSamples.DefaultCropEdge, options.Cancellation);
        (_mean, _deviation) = (samples.Mean, samples.Deviation);
        var network = _network = new BlindSpotNetwork(_configuration, 2 * _neighbours + 1, _precision.Compute);
        var settings = new TrainerSettings(
            "blind-spot",
            $"{JsonSerializer.Serialize(_configuration)} {_neighbours} {samples.Hash}",
            _configuration.LearningRate,
            _configuration.WarmUpSteps,
            _configuration.WeightDecay,
            _configuration.GradientNorm,
            _configuration.AverageDecay,
            TimeSpan.FromMinutes(_configuration.DefaultMinutes));
        var task = new HiddenPixels(network, samples, _configuration, _neighbours, edge, _precision.Device);
        _weights?.Dispose();
        _weights = null;
        _weights = Trainer.Train(network.Initialise(options.Seed, _precision.Device), task.Loss, samples.HoldsOut ? task.Gain : null, settings, options);
        _observed = _configuration.WeighObserved && _configuration.Stripes == StripeAxis.None ? FitObserved(samples) : null;
    }

    /// <summary>Denoises one section.</summary>
    /// <param name="source">The stack that was trained on, or one like it.</param>
    /// <param name="z">Which section, from 0.</param>
    /// <param name="destination">Receives grey values <c>[Height, Width]</c>.</param>
    /// <param name="cancellation">Stops between tiles.</param>
    /// <exception cref="InvalidOperationException">Not trained yet.</exception>
    public void Denoise(ISectionSource source, int z, Span<float> destination, CancellationToken cancellation = default)
    {
        var planes = BlindSpotSamples.Around(z, source.Count, _neighbours, _excluded).Select(i =>
        {
            var plane = new float[source.Height * source.Width];
            source.Read(i, plane);
            return plane;
        }).ToArray();
        Denoise(planes, source.Height, source.Width, destination, cancellation);
    }

    /// <summary>Denoises one section in its own frame.</summary>
    /// <param name="views">The stack.</param>
    /// <param name="z">Which section, from 0.</param>
    /// <param name="destination">Receives grey values <c>[Height, Width]</c>.</param>
    /// <returns>The section as it was.</returns>
    internal float[] Denoise(ISectionViews views, int z, Span<float> destination)
    {
        var planes = views.Read(z, BlindSpotSamples.Around(z, views.Count, _neighbours, _excluded));
        Denoise(planes, views.Height, views.Width, destination, CancellationToken.None);
        return planes[_neighbours];
    }

    /// <summary>Denoises all sections in order, each read once, as many held as the network sees.</summary>
    /// <param name="source">The stack.</param>
    /// <param name="write">Takes the number of each section and its grey values <c>[Height, Width]</c>, which are overwritten afterwards.</param>
    /// <param name="from">First section, where an interrupted run goes on.</param>
    /// <param name="cancellation">Stops between tiles.</param>
    /// <exception cref="InvalidOperationException">Not trained yet.</exception>
    public void DenoiseAll(ISectionSource source, Action<int, ReadOnlyMemory<float>> write, int from = 0, CancellationToken cancellation = default)
    {
        var held = new Dictionary<int, float[]>();
        var free = new Stack<float[]>();
        var result = new float[source.Height * source.Width];
        for (var z = from; z < source.Count; z++)
        {
            var shown = BlindSpotSamples.Around(z, source.Count, _neighbours, _excluded);
            foreach (var old in held.Keys.Except(shown).ToArray())
            {
                free.Push(held[old]);
                held.Remove(old);
            }
            foreach (var i in shown.Where(i => !held.ContainsKey(i)).Distinct().ToArray())
                source.Read(i, held[i] = free.TryPop(out var buffer) ? buffer : new float[result.Length]);
            Denoise([.. shown.Select(i => held[i])], source.Height, source.Width, result, cancellation);
            write(z, result);
        }
    }

    /// <summary>The stack with its sections denoised when they are read; safe to read from several threads.</summary>
    /// <exception cref="InvalidOperationException">Read before training.</exception>
    public ISectionSource Denoised(ISectionSource source) => new DenoisedSections(this, source);

    /// <inheritdoc/>
    public void Dispose() => _weights?.Dispose();

    /// <summary>Denoises the middle one of sections, grey values <c>[height, width]</c> each.</summary>
    private void Denoise(float[][] planes, int height, int width, Span<float> destination, CancellationToken cancellation)
    {
        if (_network is null || _weights is null)
            throw new InvalidOperationException("train the network before denoising with it");
        Predict(_network, _weights, planes, _mean, _deviation, height, width, destination, cancellation);
        _observed?.Apply(planes[planes.Length / 2], destination, height, width);
    }

    /// <summary>
    /// The network alone, tile by tile; tiles overlap by as far as it sees, so that no seam shows. The borders of the section are
    /// borders to the network, as those of a training patch are.
    /// </summary>
    private void Predict(
        BlindSpotNetwork network, Weights weights, float[][] planes, float mean, float deviation, int height, int width, Span<float> destination, CancellationToken cancellation)
    {
        foreach (var rows in Tiles(height, network.Reach))
        {
            foreach (var columns in Tiles(width, network.Reach))
            {
                cancellation.ThrowIfCancellationRequested();
                var (tileRows, tileColumns) = (rows.To - rows.From, columns.To - columns.From);
                var tile = new float[planes.Length * tileRows * tileColumns];
                for (var p = 0; p < planes.Length; p++)
                {
                    for (var y = 0; y < tileRows; y++)
                    {
                        var source = planes[p].AsSpan(Mirror(rows.From + y, height) * width, width);
                        var target = tile.AsSpan((p * tileRows + y) * tileColumns, tileColumns);
                        for (var x = 0; x < tileColumns; x++)
                            target[x] = (source[Mirror(columns.From + x, width)] - mean) / deviation;
                    }
                }
                using var scope = NewDisposeScope();
                using var noGradient = no_grad();
                var result = network.Forward(weights, tensor(tile, [1, planes.Length, tileRows, tileColumns]).to(_precision.Device)).cpu().data<float>().ToArray();
                for (var y = rows.Start; y < rows.End; y++)
                {
                    var source = result.AsSpan((y - rows.From) * tileColumns + columns.Start - columns.From, columns.End - columns.Start);
                    var target = destination.Slice(y * width + columns.Start, source.Length);
                    TensorPrimitives.Multiply(source, deviation, target);
                    TensorPrimitives.Add(target, mean, target);
                }
            }
        }
    }

    /// <summary>
    /// Divides a length into tiles: each gives [Start, End) and is computed from [From, To). They begin at multiples of what
    /// the network shrinks by, so that each pixel takes the same way through the network whatever the tile; the last may reach beyond the length.
    /// </summary>
    private IEnumerable<(int Start, int End, int From, int To)> Tiles(int length, int reach)
    {
        var multiple = _configuration.Multiple;
        var count = (length + TileEdge - 1) / TileEdge;
        var size = RoundUp((length + count - 1) / count);
        var halo = RoundUp(reach);
        for (var start = 0; start < length; start += size)
            yield return (start, Math.Min(length, start + size), Math.Max(0, start - halo), Math.Min(RoundUp(length), start + size + halo));

        int RoundUp(int value) => (value + multiple - 1) / multiple * multiple;
    }

    private ObservedWeight FitObserved(BlindSpotSamples samples)
    {
        var wanted = Math.Clamp(PixelsToFit / (samples.Height * samples.Width), 1, samples.Count);
        var examples = new List<(float[], float[])>();
        for (var i = 0; i < wanted; i++)
        {
            var planes = samples.Planes((int)((i + 0.5) * samples.Count / wanted)).ToArray();
            var predicted = new float[samples.Height * samples.Width];
            Predict(_network!, _weights!, planes, 0, 1, samples.Height, samples.Width, predicted, CancellationToken.None);
            examples.Add((Grey(planes[planes.Length / 2]), Grey(predicted)));
        }
        return ObservedWeight.Fit(examples, samples.Height, samples.Width);

        float[] Grey(float[] standardised)
        {
            var grey = new float[standardised.Length];
            TensorPrimitives.Multiply(standardised, samples.Deviation, grey);
            TensorPrimitives.Add(grey, samples.Mean, grey);
            return grey;
        }
    }

    /// <summary>Mirror about the outermost pixel, over and over where the border is wider than the section.</summary>
    private static int Mirror(int index, int length)
    {
        var period = Math.Max(1, 2 * (length - 1));
        index = Math.Abs(index) % period;
        return index < length ? index : period - index;
    }

    private sealed class DenoisedSections(BlindSpotDenoising denoising, ISectionSource source) : ISectionSource
    {
        public int Count => source.Count;

        public int Height => source.Height;

        public int Width => source.Width;

        public void Read(int z, Span<float> destination) => denoising.Denoise(source, z, destination);
    }

    /// <summary>The task that is trained on: mean squared error at hidden pixels.</summary>
    private sealed class HiddenPixels(BlindSpotNetwork network, BlindSpotSamples samples, BlindSpotConfiguration configuration, int neighbours, int edge, Device device)
    {
        // 65,000 pixels of patches of 64: two sets of weights see the same noise, so that far smaller differences than its own show.
        private const int HeldOutPatches = 16;

        private readonly BlindSpotMasking _masking = new(configuration);
        private readonly float[] _whole = new float[edge * edge];
        private readonly List<int> _learnt = [];

        public Tensor Loss(Weights weights, Random random) => Error(weights, random, configuration.BatchSize, heldOut: false);

        /// <summary>How far below the variance of the stack the error is in examples that are not learnt from, dB; always the same patches and pixels.</summary>
        public double Gain(Weights weights)
        {
            using var scope = NewDisposeScope();
            using var noGradient = no_grad();
            return -10 * Math.Log10(Error(weights, new Random(1), HeldOutPatches, heldOut: true).Number());
        }

        private Tensor Error(Weights weights, Random random, int count, bool heldOut)
        {
            var planes = 2 * neighbours + 1;
            var patches = new float[count * planes * _whole.Length];
            samples.Draw(random, edge, configuration.Stripes == StripeAxis.None, heldOut, patches);
            var positions = new List<long>();
            var observed = new List<float>();
            for (var n = 0; n < count; n++)
            {
                var middle = patches.AsSpan((n * planes + neighbours) * _whole.Length, _whole.Length);
                middle.CopyTo(_whole);
                _learnt.Clear();
                _masking.Hide(_whole, middle, edge, random, _learnt);
                foreach (var i in _learnt)
                {
                    positions.Add((long)n * _whole.Length + i);
                    observed.Add(_whole[i]);
                }
            }
            using var scope = NewDisposeScope();
            var predicted = network.Forward(weights, tensor(patches, [count, planes, edge, edge]).to(device));
            var error = predicted.reshape(-1).index_select(0, tensor(positions.ToArray()).to(device)) - tensor(observed.ToArray()).to(device);
            return error.Squared().mean().MoveToOuterDisposeScope();
        }
    }
}
