using System.Numerics.Tensors;
using VisionCell.Acquisition;
using VisionCell.Diffusion;
using VisionCell.Learning;
using VisionCell.Reconstruction;
using VisionCell.Runs;
using VisionCell.SuperResolution;
using VisionCell.Volumes;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace VisionCell.Pipeline;

/// <summary>
/// Fills in what a stack lacks, a section or a region of sections, and denoises sections that are noisier than the others, from the sections about it and
/// from what is known of the section itself, <c>[Z, Y, X]</c>, grey values. What to expect is the weighted mean of a straight line, the linear filter that predicts this stack's sections best
/// (<see cref="LinearPrediction"/>) and gap networks trained on other specimens and tuned to this stack; a diffusion model draws what that
/// leaves open, with the known voxels kept exact at every step (replacement: Song et al., arXiv:2011.13456, appendix I.2, on the path of a
/// deterministic solver), or from a noisy section on, which is itself a sample at the level of its noise. The weights, and what error to expect, are measured on sections in the middle of the stack that nothing was learnt
/// from, taken for missing in the same way.
/// </summary>
public sealed partial class Inpainting : IDisposable
{
    private const int Line = 0;
    private const int Networks = 2;

    // With fewer sections, weights and errors say more of chance than of the stack.
    private const int FewestHeld = 3;
    private const int MostJudged = 4;
    private const int MostClasses = 4;
    private const double MostTemperature = 1.3;

    private readonly Volume<float> _stack;
    private readonly MissingVoxels _missing;
    private readonly SparseVolume _dense;
    private readonly InpaintingConfiguration _configuration;
    private readonly ComputePrecision _precision;
    private readonly Standardisation _standardisation;
    private readonly (int First, int End) _held;
    private readonly Dictionary<(int Count, string Noise), Trust> _trust = [];
    private readonly Dictionary<int, double> _noise = [];
    private readonly LinearPrediction? _prediction;
    private GapFill? _regression;
    private Weights? _weights;
    private Func<double, GapSampling>? _sampling;

    private Inpainting(Volume<float> stack, MissingVoxels missing, TrainingOptions options, InpaintingConfiguration configuration)
    {
        if (missing.Shape != stack.Shape)
            throw new BadInputException($"what is missing is said of {missing.Shape} voxels, and the stack has {stack.Shape}");
        (_stack, _missing, _configuration) = (stack, missing, configuration);
        _dense = SparseVolume.FromStack(With(stack, Enumerable.Range(0, stack.Shape.Z).Where(missing.Touches)));
        _precision = ComputePrecision.Best(options.Device, options.Notice);
        _standardisation = Standardisation.Of(_dense.Observed);
        _held = Held();
        if (_dense.IsEven)
            _prediction = new LinearPrediction(_dense.Observed, z => _dense.IsObserved(z) && !(z >= _held.First && z < _held.End), options.Seed);
    }

    /// <summary>Sections that nothing was learnt from; none where the stack is too small to spare them.</summary>
    public IReadOnlyList<int> HeldOut => [.. Enumerable.Range(_held.First, _held.End - _held.First)];

    /// <summary>Whether the errors of all runs of missing sections could be measured.</summary>
    public bool CanJudge => _missing.Runs.All(run => _trust.ContainsKey(Kind(run.First, run.Count)));

    /// <summary>What is expected of runs of so many missing sections: shares of the straight line, the linear filter, and the networks.</summary>
    public IReadOnlyDictionary<int, IReadOnlyList<double>> Shares => _trust.DistinctBy(t => t.Key.Count).ToDictionary(t => t.Key.Count, t => t.Value.Weights.Mean);

    /// <summary>Standard deviation of the noise of each noisy section beyond that of the others, grey values.</summary>
    public IReadOnlyDictionary<int, double> Noise => _noise;

    /// <summary>Tunes the networks to a stack.</summary>
    /// <param name="stack">The stack; what is missing in it may hold anything.</param>
    /// <param name="missing">What is missing.</param>
    /// <param name="options">Time or steps (of the first network), seed, checkpoints, progress.</param>
    /// <param name="configuration">Null for the defaults.</param>
    /// <exception cref="BadInputException">The stack has too few whole sections or no structure, or all networks know the specimen.</exception>
    public static Inpainting Train(Volume<float> stack, MissingVoxels missing, TrainingOptions options, InpaintingConfiguration? configuration = null)
    {
        var inpainting = new Inpainting(stack, missing, options, (configuration ?? new InpaintingConfiguration()).Validated());
        try
        {
            inpainting.Tune(options);
            inpainting.Judge(options);
            return inpainting;
        }
        catch
        {
            inpainting.Dispose();
            throw;
        }
    }

    /// <summary>The stack with what is expected in place of what is missing: close, and blurred. Noisy sections are taken for missing.</summary>
    public Volume<float> Expected(IProgress<double>? progress = null, CancellationToken cancellation = default) =>
        Filled("inpaint (regression)", null, (gap, window) => [Expected(TrustIn(gap), Said(gap, window))], progress, cancellation)[0];

    /// <summary>The stack with one of the images that may be missing: as sharp as the sections, and one of many.</summary>
    /// <param name="number">Number of the sample; an odd one has the noise of the one before with its sign changed.</param>
    /// <param name="progress">Share done.</param>
    /// <param name="cancellation">Stops between tiles.</param>
    public Volume<float> Sample(int number, IProgress<double>? progress = null, CancellationToken cancellation = default) =>
        Filled($"inpaint (sample {number})", null, (gap, window) => Samples(TrustIn(gap), gap, window, Expected(TrustIn(gap), Said(gap, window)), [number], Known(window), cancellation), progress, cancellation)[0];

    /// <summary>
    /// The stack with the mean of several samples, and the absolute error to expect at each missing voxel (0 elsewhere), NaN where too few whole
    /// sections were left to measure it.
    /// </summary>
    public (Volume<float> Mean, Volume<float> Error) Mean(IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        var error = new Volume<float>(_stack.Shape, _stack.VoxelSize, _stack.Origin, _stack.Provenance.With("expected error"));
        var filled = Filled($"inpaint (mean of {_configuration.Samples})", error, (gap, window) =>
        {
            var trust = TrustIn(gap);
            var expected = Expected(trust, Said(gap, window));
            var known = Known(window);
            var samples = Samples(trust, gap, window, expected, Members, known, cancellation);
            var spread = samples[0].Map(v => v);
            MemberWeights.Spread([.. samples.Select(s => s.Data)], spread.Data);
            TensorPrimitives.Multiply(spread.Data, (float)(trust.Errors?.Slope ?? float.NaN), spread.Data);
            TensorPrimitives.Add(spread.Data, (float)(trust.Errors?.Constant ?? float.NaN), spread.Data);
            var mean = expected.Map(v => v);
            trust.Result.Combine(Results(expected, samples, trust, known), mean.Data);
            return [mean, spread];
        }, progress, cancellation);
        return (filled[0], filled[1]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _regression?.Dispose();
        _weights?.Dispose();
    }

    private int[] Members => [.. Enumerable.Range(0, _configuration.Samples)];

    /// <summary>The gap that a run of sections leaves, with the nearest whole sections about it.</summary>
    private StackGap GapAbout(int first, int count)
    {
        var (before, after) = Whole(first, count);
        if (before.Length == 0 || after.Length == 0)
            throw new BadInputException($"sections {first} to {first + count - 1}: no whole section lies {(before.Length == 0 ? "before" : "behind")} them to fill them in from");
        var (from, to) = (_dense.Centre(before[0]), _dense.Centre(after[0]));
        int[] rows = [.. Enumerable.Range(first, count)];
        return new StackGap(new Gap(to - from, 1, [.. rows.Select(z => (_dense.Centre(z) - from) / (to - from))]), rows, [.. Spaced(before, count + 1).Reverse(), .. Spaced(after, count + 1)]);
    }

    /// <summary>Whole sections before and behind a run, nearest first.</summary>
    private (int[] Before, int[] After) Whole(int first, int count) => (
        [.. Enumerable.Range(0, first).Reverse().Where(_dense.IsObserved)],
        [.. Enumerable.Range(first + count, _stack.Shape.Z - first - count).Where(_dense.IsObserved)]);

    /// <summary>Three sections as far apart as the gap is wide, as the networks know them; beyond the ends the last is repeated.</summary>
    private static int[] Spaced(int[] nearest, int stride)
    {
        var chosen = new int[Gap.Sections / 2];
        for (var (i, at) = (0, 0); i < chosen.Length; i++)
        {
            chosen[i] = nearest[at];
            var next = Array.FindIndex(nearest, at, z => Math.Abs(z - nearest[at]) >= stride);
            at = next < 0 ? at : next;
        }
        return chosen;
    }

    /// <summary>What was measured for runs as long as a gap; for others the networks alone, taken at their word.</summary>
    private Trust TrustIn(StackGap gap) => _trust.GetValueOrDefault(Kind(gap.Rows[0], gap.Rows.Length)) ?? new Trust(MemberWeights.Only(Networks, Networks + 1), MemberWeights.Only(1, 2));

    /// <summary>What is the same of runs that are judged together: how long they are, and how noisy.</summary>
    private (int Count, string Noise) Kind(int first, int count) => (count, _missing.IsNoisy(first) && _noise.ContainsKey(first) ? string.Join(' ', NoiseOf(first, count)) : "");

    private double[] NoiseOf(int first, int count) => [.. Enumerable.Range(first, count).Select(z => _noise[z])];

    private static Volume<float> Expected(Trust trust, Volume<float>[] said)
    {
        var result = said[Line].Map(v => v);
        trust.Weights.Combine([.. said.Select(s => s.Data)], result.Data);
        return result;
    }

    /// <summary>What the straight line, the linear filter and the networks say of a gap, grey values.</summary>
    private Volume<float>[] Said(StackGap gap, Box window)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var (height, width, size) = (window.Shape.Y, window.Shape.X, window.Shape.SectionCount);
        var sections = tensor(GapsOfStack.Standardised(_stack, gap.Sections, window, _standardisation), [1, Gap.Sections, height, width]).to(_precision.Device);
        Volume<float> Grey(Tensor rows) => new Volume<float>([.. rows.cpu().contiguous().data<float>()], window.Shape, _stack.VoxelSize, _stack.Origin, Provenance.Of("inpaint"))
            .Map(v => v * _standardisation.Deviation + _standardisation.Mean);
        var line = Grey(gap.Gap.Linear(sections));
        var predicted = line.Map(v => v);
        var (before, after) = Whole(gap.Rows[0], gap.Rows.Length);
        for (var t = 0; t < gap.Rows.Length; t++)
            _prediction?.Predict(gap.Rows[t], before, after, window)?.CopyTo(predicted.Data, t * size);
        return [line, predicted, Grey(_regression!.Rows(sections, gap.Gap))];
    }

    private Volume<float>[] Samples(Trust trust, StackGap gap, Box window, Volume<float> expected, IReadOnlyList<int> numbers, Volume<float>? known, CancellationToken cancellation) =>
        _sampling!(trust.Temperature).Draw(_stack, [gap], expected, window, numbers, known, trust.Noise, cancellation);

    /// <summary>What the result is the weighted mean of.</summary>
    private static float[][] Results(Volume<float> expected, Volume<float>[] samples, Trust trust, Volume<float>? known) =>
        [expected.Data, MeanOf(samples).Data, .. trust.Noise is null ? Array.Empty<float[]>() : [known!.Data]];

    /// <summary>What is known in a window, noise and all, NaN where it is missing; null where nothing is.</summary>
    private Volume<float>? Known(Box window)
    {
        var known = _stack.Crop(window);
        var any = false;
        for (int z = 0, i = 0; z < window.Shape.Z; z++)
        {
            for (var y = 0; y < window.Shape.Y; y++)
            {
                for (var x = 0; x < window.Shape.X; x++, i++)
                {
                    if (_missing[window.Z + z, window.Y + y, window.X + x] && !_missing.IsNoisy(window.Z + z))
                        known.Data[i] = float.NaN;
                    else
                        any = true;
                }
            }
        }
        return any ? known : null;
    }

    private static Volume<float> MeanOf(Volume<float>[] samples)
    {
        var mean = samples[0].Map(v => v / samples.Length);
        foreach (var sample in samples.Skip(1))
            TensorPrimitives.MultiplyAdd(sample.Data, 1f / samples.Length, mean.Data, mean.Data);
        return mean;
    }

    /// <summary>Copies of the stack (and what else is given) in which missing voxels are what <paramref name="fill"/> says of them, tile by tile.</summary>
    private Volume<float>[] Filled(string step, Volume<float>? further, Func<StackGap, Box, Volume<float>[]> fill, IProgress<double>? progress, CancellationToken cancellation)
    {
        var filled = new Volume<float>((float[])_stack.Data.Clone(), _stack.Shape, _stack.VoxelSize, _stack.Origin, _dense.Observed.Provenance.With(step));
        Volume<float>[] results = further is null ? [filled] : [filled, further];
        var (least, most) = Range();
        var tiles = _missing.Runs.SelectMany(run => Tiles(run).Select(tile => (Gap: GapAbout(run.First, run.Count), Tile: tile)))
            .Where(t => Enumerable.Range(t.Tile.Z, t.Tile.Shape.Z).Any(z => _missing.Touches(z, t.Tile))).ToArray();
        for (var i = 0; i < tiles.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            var (gap, tile) = tiles[i];
            var window = tile.Widened(GapSampling.Halo, _stack.Shape);
            var said = fill(gap, window);
            TensorPrimitives.Clamp(said[0].Data, least, most, said[0].Data);
            foreach (var (source, target) in said.Zip(results))
                Paste(source, window, tile, target);
            progress?.Report((i + 1.0) / tiles.Length);
        }
        return results;
    }

    private void Paste(Volume<float> source, Box window, Box tile, Volume<float> target)
    {
        for (var z = tile.Z; z < tile.Z + tile.Shape.Z; z++)
        {
            for (var y = tile.Y; y < tile.Y + tile.Shape.Y; y++)
            {
                for (var x = tile.X; x < tile.X + tile.Shape.X; x++)
                {
                    if (_missing[z, y, x])
                        target.Data[target.Index(z, y, x)] = source.Data[source.Index(z - window.Z, y - window.Y, x - window.X)];
                }
            }
        }
    }

    private (float Least, float Most) Range()
    {
        var (least, most) = (float.PositiveInfinity, float.NegativeInfinity);
        foreach (var z in Enumerable.Range(0, _stack.Shape.Z).Where(_dense.IsObserved))
            (least, most) = (Math.Min(least, TensorPrimitives.Min<float>(_stack.Section(z))), Math.Max(most, TensorPrimitives.Max<float>(_stack.Section(z))));
        return (least, most);
    }

    private IEnumerable<Box> Tiles((int First, int Count) run)
    {
        for (var y = 0; y < _stack.Shape.Y; y += _configuration.Tile)
        {
            for (var x = 0; x < _stack.Shape.X; x += _configuration.Tile)
                yield return new Box(run.First, y, x, new Shape3(run.Count, Math.Min(_configuration.Tile, _stack.Shape.Y - y), Math.Min(_configuration.Tile, _stack.Shape.X - x)));
        }
    }

    /// <summary>What was measured for runs of one length.</summary>
    /// <param name="Weights">Of the straight line, the linear filter and the networks in what is expected.</param>
    /// <param name="Result">Of what is expected, the mean of samples, and a noisy section itself in the result.</param>
    /// <param name="Temperature">Scale of the noise with which samples are as sharp as sections.</param>
    /// <param name="Errors">What error to expect; null where it was not measured.</param>
    /// <param name="Noise">Of each section of the run, grey values; null where nothing is known of them.</param>
    private sealed record Trust(MemberWeights Weights, MemberWeights Result, double Temperature = 1, SpreadModel? Errors = null, double[]? Noise = null);
}
