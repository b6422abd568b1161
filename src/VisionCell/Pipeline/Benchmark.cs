using System.Diagnostics;
using VisionCell.Acquisition;
using VisionCell.Evaluation;
using VisionCell.Reconstruction;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Pipeline;

/// <summary>What the benchmark is doing.</summary>
/// <param name="Method">Method at work.</param>
/// <param name="Activity"><c>train</c>, <c>reconstruct</c> or <c>score</c>.</param>
/// <param name="Training">Where training stands, while it trains.</param>
public readonly record struct BenchmarkProgress(string Method, string Activity, TrainingProgress? Training);

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
    /// <exception cref="BadInputException">A method is not known or named twice, the volume is not isotropic or too small, or holds a value that is not finite.</exception>
    /// <exception cref="OperationCanceledException">Interrupted.</exception>
    public static BenchmarkReport Run(
        Volume volume,
        string name,
        AxialSampling degradation,
        IReadOnlyList<string> methods,
        TrainingOptions training,
        IProgress<BenchmarkProgress>? progress = null)
    {
        if (methods.Count == 0)
            throw new BadInputException($"no method named; known are {string.Join(", ", Methods.All.Select(m => m.Name))}");
        if (methods.GroupBy(m => m).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new BadInputException($"method '{twice.Key}' is named {twice.Count()} times; name each once");
        if (!volume.VoxelSize.IsIsotropic())
            throw new BadInputException($"'{name}' has a voxel size of {volume.VoxelSize}: a benchmark needs an isotropic volume to take for the truth; for an anisotropic stack use 'visioncell reconstruct'");
        // All names are checked before the first long training.
        foreach (var method in methods)
            Methods.Require(method);
        using var set = new MethodSet(training.Device, training.Notice);
        var truth = volume.ToFloat32();
        var sparse = degradation.Acquire(truth);
        foreach (var method in methods)
            Methods.Check(set[method], sparse);
        var region = ScoredRegion.HeldOut(degradation, sparse.Sections).Without(truth.Unobserved);
        var reference = truth.Crop(Box.Of(sparse.IsotropicShape));
        var range = DataRange.Of(volume);
        var scores = methods.Select(method => Score(set[method], sparse, reference, region, range, training, progress)).ToList();
        return BenchmarkReport.Of(name, volume.VoxelSize, degradation.ToString(), training.Seed, region, range, scores);
    }

    private static MethodScore Score(
        IReconstructionMethod method,
        SparseVolume sparse,
        Volume<float> reference,
        ScoredRegion region,
        DataRange range,
        TrainingOptions training,
        IProgress<BenchmarkProgress>? progress)
    {
        var cancellation = training.Cancellation;
        PeakMemory.Start();
        progress?.Report(new BenchmarkProgress(method.Name, "train", null));
        var clock = Stopwatch.StartNew();
        method.Train(sparse, training with { Progress = progress is null ? null : new Relay<TrainingProgress>(p => progress.Report(new BenchmarkProgress(method.Name, "train", p))) });
        var trained = clock.Elapsed;

        progress?.Report(new BenchmarkProgress(method.Name, "reconstruct", null));
        clock.Restart();
        var block = Box.Of(sparse.IsotropicShape);
        var reconstruction = method.Reconstruct(sparse, block, cancellation);
        var inferred = clock.Elapsed;
        var memory = PeakMemory.ReadMb();

        progress?.Report(new BenchmarkProgress(method.Name, "score", null));
        var uncertainty = method.Uncertainty(sparse, block, cancellation) is { } spread
            ? UncertaintyScore.Of(reconstruction, reference, spread, region, cancellation)
            : null;
        return MethodScore.Of(
            method.Name,
            Evaluator.Score(reconstruction, reference, region, range.Value, cancellation),
            trained.TotalSeconds,
            inferred.TotalSeconds,
            memory,
            method.Device,
            uncertainty);
    }
}
