using System.Diagnostics;
using VisionCell.Acquisition;
using VisionCell.Evaluation;
using VisionCell.Reconstruction;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Pipeline;

/// <summary>What the benchmark is doing.</summary>
/// <param name="Method">Method at work.</param>
/// <param name="Activity"><c>train</c>, <c>reconstruct</c>, <c>score</c> or <c>segment</c>.</param>
/// <param name="Training">Where training stands, while it trains.</param>
public readonly record struct BenchmarkProgress(string Method, string Activity, TrainingProgress? Training);

/// <summary>What a benchmark does beyond scoring each method once.</summary>
public sealed record BenchmarkOptions
{
    /// <summary>How often everything random is repeated, with seeds that follow the training's own.</summary>
    public int Seeds { get; init; } = 1;

    /// <summary>Objects on the grid of the volume, to ask how they can be told apart; null for no such question.</summary>
    public LabelVolume? Labels { get; init; }

    /// <summary>How the report names the labels.</summary>
    public string LabelsName { get; init; } = "labels";

    /// <summary>How volumes are segmented.</summary>
    public SegmentationConfiguration Segmentation { get; init; } = new();

    /// <summary>Pixels along y and x that do not count, from each edge.</summary>
    public int Border { get; init; }

    /// <summary>Voxels on the grid of the volume that count; all where left out.</summary>
    public Volume<byte>? Mask { get; init; }
}

/// <summary>
/// Compares methods on one isotropic volume: simulates the sparse acquisition, lets each method see only what was acquired, and
/// scores it against the voxels that were held out.
/// </summary>
public static class Benchmark
{
    /// <summary>Runs the methods one after the other; what a method builds on and was trained before is not trained again, nor is its time counted twice.</summary>
    /// <param name="volume">The isotropic volume, the truth.</param>
    /// <param name="name">How the report names it.</param>
    /// <param name="degradation">How sections sample it.</param>
    /// <param name="methods">Names of the methods (<see cref="Methods"/>), in the order of the report.</param>
    /// <param name="training">Time and seed of each training.</param>
    /// <param name="progress">Told what is done.</param>
    /// <param name="options">Seeds, labels, borders.</param>
    /// <exception cref="BadInputException">A method is not known or named twice, the volume is not isotropic or too small, or holds a value that is not finite; labels or mask do not fit it.</exception>
    /// <exception cref="OperationCanceledException">Interrupted.</exception>
    public static BenchmarkReport Run(
        Volume volume,
        string name,
        AxialSampling degradation,
        IReadOnlyList<string> methods,
        TrainingOptions training,
        IProgress<BenchmarkProgress>? progress = null,
        BenchmarkOptions? options = null)
    {
        options ??= new BenchmarkOptions();
        if (methods.Count == 0)
            throw new BadInputException($"no method named; known are {string.Join(", ", Methods.All.Select(m => m.Name))}");
        if (methods.GroupBy(m => m).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new BadInputException($"method '{twice.Key}' is named {twice.Count()} times; name each once");
        if (options.Seeds < 1)
            throw new BadInputException($"{options.Seeds} seeds: at least 1 is needed");
        if (!volume.VoxelSize.IsIsotropic())
            throw new BadInputException($"'{name}' has a voxel size of {volume.VoxelSize}: a benchmark needs an isotropic volume to take for the truth; for an anisotropic stack use 'visioncell reconstruct'");
        if (options.Labels is { } given && given.Shape != volume.Shape)
            throw new BadInputException($"{options.LabelsName}: labels have {given.Shape} voxels, '{name}' has {volume.Shape}: give labels on the same grid");
        if (options.Mask is { } mask && mask.Shape != volume.Shape)
            throw new BadInputException($"the mask has {mask.Shape} voxels, '{name}' has {volume.Shape}: give a mask on the same grid");
        // All names are checked before the first long training.
        foreach (var method in methods)
            Methods.Require(method);
        var truth = volume.ToFloat32();
        var sparse = degradation.Acquire(truth);
        using (var set = new MethodSet(training.Device, training.Notice))
        {
            foreach (var method in methods)
                Methods.Check(set[method], sparse);
        }
        var box = Box.Of(sparse.IsotropicShape);
        var region = ScoredRegion.HeldOut(degradation, sparse.Sections).Without(truth.Unobserved).WithoutBorder(box.Shape, options.Border);
        if (options.Mask is not null)
            region = region.WithMask(options.Mask.Crop(box));
        var range = DataRange.Of(volume);
        var trial = new Trial(sparse, truth.Crop(box), region, range, options.Labels?.Take(box.Shape.Z), options, progress);
        int[] seeds = [.. Enumerable.Range(training.Seed, options.Seeds)];
        var bounds = trial.Bounds(training.Cancellation);
        var scores = seeds.Select(seed =>
        {
            using var set = new MethodSet(training.Device, training.Notice);
            return methods.Select(method => trial.Score(set[method], training with { Seed = seed })).ToArray();
        }).ToArray();
        return BenchmarkReport.Of(name, volume.VoxelSize, degradation.ToString(), training.Seed, region, range, [.. methods.Select((_, m) => SeedMeans.Of([.. scores.Select(s => s[m])], seeds))]) with
        {
            Segmentation = bounds,
            Protocol = Protocol.Of(degradation, range, seeds, options.Border, options.Mask is not null),
        };
    }

    /// <summary>What every method is given and judged by.</summary>
    private sealed record Trial(SparseVolume Sparse, Volume<float> Reference, ScoredRegion Region, DataRange Range, LabelVolume? Labels, BenchmarkOptions Options, IProgress<BenchmarkProgress>? Progress)
    {
        /// <summary>What segmentation makes of the truth and of linear interpolation; null without labels.</summary>
        public SegmentationBounds? Bounds(CancellationToken cancellation)
        {
            if (Labels is null)
                return null;
            Progress?.Report(new BenchmarkProgress("linear", "segment", null));
            using var linear = new AxialInterpolation(InterpolationKernel.Linear);
            return new SegmentationBounds(
                Options.LabelsName,
                SegmentationScore.Of(Reference, Labels, Options.Segmentation, cancellation),
                SegmentationScore.Of(linear.Reconstruct(Sparse, Box.Of(Sparse.IsotropicShape), cancellation), Labels, Options.Segmentation, cancellation),
                Options.Segmentation);
        }

        public MethodScore Score(IReconstructionMethod method, TrainingOptions training)
        {
            var cancellation = training.Cancellation;
            PeakMemory.Start();
            Progress?.Report(new BenchmarkProgress(method.Name, "train", null));
            var clock = Stopwatch.StartNew();
            method.Train(Sparse, training with { Progress = Progress is null ? null : new Relay<TrainingProgress>(p => Progress.Report(new BenchmarkProgress(method.Name, "train", p))) });
            var trained = clock.Elapsed;

            Progress?.Report(new BenchmarkProgress(method.Name, "reconstruct", null));
            clock.Restart();
            var block = Box.Of(Sparse.IsotropicShape);
            var reconstruction = method.Reconstruct(Sparse, block, cancellation);
            var inferred = clock.Elapsed;
            var memory = PeakMemory.ReadMb();

            Progress?.Report(new BenchmarkProgress(method.Name, "score", null));
            var uncertainty = method.Uncertainty(Sparse, block, cancellation) is { } spread
                ? UncertaintyScore.Of(reconstruction, Reference, spread, Region, cancellation)
                : null;
            var score = MethodScore.Of(method.Name, Evaluator.Score(reconstruction, Reference, Region, Range.Value, cancellation), trained.TotalSeconds, inferred.TotalSeconds, memory, method.Device, uncertainty) with
            {
                Blocks = BlockErrors.Of(reconstruction, Reference, Region, Range.Value, training.Seed, cancellation),
                Measures = Measures.Of(reconstruction, Reference, Region, Range.Value, new MeasureOptions { Sparse = Sparse }, cancellation),
            };
            if (Labels is null)
                return score;
            Progress?.Report(new BenchmarkProgress(method.Name, "segment", null));
            return score with { Segmentation = SegmentationScore.Of(reconstruction, Labels, Options.Segmentation, cancellation) };
        }
    }
}
