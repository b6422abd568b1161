using System.Diagnostics;
using System.Text.Json;
using VisionCell.Acquisition;
using VisionCell.Formats;
using VisionCell.Learning;
using VisionCell.Reconstruction;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Pipeline;

/// <summary>What a reconstruction is doing.</summary>
/// <param name="Activity"><c>train</c>, <c>reconstruct</c>, <c>uncertainty</c> or <c>write</c>.</param>
/// <param name="Fraction">Share of it done, 0 to 1.</param>
/// <param name="Training">Where training stands, while it trains.</param>
public readonly record struct ReconstructionProgress(string Activity, double Fraction, TrainingProgress? Training);

/// <summary>
/// From a sparse stack to an isotropic volume in the folder of a run: trains the method (going on from its checkpoint), fills the
/// isotropic grid block by block, and writes <c>volumes/METHOD.zarr</c> in the voxel type of the stack. What is unchanged is not
/// done again.
/// </summary>
public static class Reconstructor
{
    /// <summary>Reconstructs a stack.</summary>
    /// <param name="stack">The sparse stack as read; its voxel type is that of the result.</param>
    /// <param name="sparse">The same with its sampling.</param>
    /// <param name="methodName">Name of the method (<see cref="Methods"/>).</param>
    /// <param name="run">Where checkpoints and the result go.</param>
    /// <param name="training">Time, seed, interruption; the checkpoint folder is the run's.</param>
    /// <param name="progress">Told what is done.</param>
    /// <param name="withUncertainty">Whether <c>volumes/METHOD-uncertainty.zarr</c> is written as well: the absolute error to expect at each voxel, float32.</param>
    /// <returns>Path of the isotropic volume, and whether it was reused.</returns>
    /// <exception cref="BadInputException">The method is not known, or the stack cannot be learnt from.</exception>
    /// <exception cref="OperationCanceledException">Interrupted; run it again to go on.</exception>
    public static (string Path, bool Reused) Run(
        Volume stack,
        SparseVolume sparse,
        string methodName,
        RunWorkspace run,
        TrainingOptions training,
        IProgress<ReconstructionProgress>? progress = null,
        bool withUncertainty = false) => Run(StackSource.Of(stack, sparse), methodName, run, training, progress, withUncertainty);

    /// <summary>Reconstructs a stack in memory or on disk.</summary>
    /// <param name="stack">The stack; its voxel type is that of the result.</param>
    /// <param name="methodName">Name of the method (<see cref="Methods"/>).</param>
    /// <param name="run">Where checkpoints and the result go.</param>
    /// <param name="training">Time, seed, interruption; the checkpoint folder is the run's.</param>
    /// <param name="progress">Told what is done.</param>
    /// <param name="withUncertainty">Whether the absolute error to expect is written as well.</param>
    /// <param name="tiling">Tiles and memory; null for the defaults.</param>
    /// <returns>Path of the isotropic volume, and whether it was reused.</returns>
    /// <exception cref="BadInputException">The method is not known, or the stack cannot be learnt from.</exception>
    /// <exception cref="OperationCanceledException">Interrupted; run it again to go on.</exception>
    public static (string Path, bool Reused) Run(
        StackSource stack,
        string methodName,
        RunWorkspace run,
        TrainingOptions training,
        IProgress<ReconstructionProgress>? progress = null,
        bool withUncertainty = false,
        Tiling? tiling = null)
    {
        using var set = new MethodSet(training.Device, training.Notice);
        var method = set[methodName];
        var tiles = tiling ?? new Tiling();
        Methods.Check(method, stack.Outline);
        var path = Path.Combine(run.Volumes, $"{methodName}.zarr");
        var configuration = new
        {
            method = methodName,
            sampling = stack.Outline.Sampling.ToString(),
            minutes = training.Budget?.TotalMinutes,
            steps = training.Steps,
            seed = training.Seed,
            fromScratch = training.FromScratch,
            prior = training.Prior is { } prior ? ContentHash.OfFile(prior) : null,
            diffusionPrior = training.DiffusionPrior is { } diffusionPrior ? ContentHash.OfFile(diffusionPrior) : null,
            uncertainty = withUncertainty,
            excerpt = stack.IsInMemory || method.Halo is null ? (long?)null : tiles.InMemory,
        };
        run.RecordSeed(methodName, training.Seed);
        var result = run.Stage($"reconstruct-{methodName}", stack.Hash, configuration, CodeVersion.Current, stage =>
        {
            PeakMemory.Start();
            var clock = Stopwatch.StartNew();
            // What depends on the whole stack needs it in memory.
            var sparse = stack.IsInMemory || method.Halo is null || stack.Shape.Count <= tiles.InMemory ? stack.Whole(training.Cancellation) : null;
            Train(method, sparse ?? stack.Excerpt(tiles.InMemory, training.Cancellation), run, stage, training, progress);
            stage.Figure("trainSeconds", Math.Round(clock.Elapsed.TotalSeconds, 3));
            foreach (var (finding, value) in method.Findings)
                stage.Figure(finding, value);
            foreach (var model in method.WriteModel(run.Checkpoints))
                stage.Output(model);
            clock.Restart();
            void Fill(string activity, string destination, VoxelType type, Func<SparseVolume, Box, Volume<float>> fill)
            {
                Relay<double> Report(string name) => new(f => progress?.Report(new ReconstructionProgress(name, f, null)));
                var boxes = tiles.Of(stack.IsotropicShape, method.Halo is not null);
                var work = WorkFolder(run, methodName, activity, ContentHash.Combine(stack.Hash, JsonSerializer.Serialize(configuration), $"{type} {tiles}", CodeVersion.Current, WeightsHash(run)));
                var image = new OmeZarrTiles(work, stack.IsotropicShape, type, stack.Outline.IsotropicVoxelSize, stack.Outline.IsotropicOrigin);
                TiledReconstruction.Fill(stack, sparse, method.Halo, boxes, (part, box) => fill(part, box), type, image, Report(activity), training.Cancellation);
                if (activity == "reconstruct" && TiledReconstruction.Seam(image, boxes, training.Cancellation) is var seam && double.IsFinite(seam))
                    stage.Figure("seam", Math.Round(seam, 4));
                image.Complete(stage.Output(destination), stack.IsotropicProvenance(method.Name), Report("write"), training.Cancellation);
            }
            Fill("reconstruct", path, stack.VoxelType, (part, box) => method.Reconstruct(part, box, training.Cancellation));
            stage.Figure("inferSeconds", Math.Round(clock.Elapsed.TotalSeconds, 3));
            if (withUncertainty)
            {
                Fill("uncertainty", UncertaintyPath(run, methodName), VoxelType.Float32, (part, box) => method.Uncertainty(part, box, training.Cancellation)
                    ?? throw new BadInputException($"'{methodName}' does not tell how large an error to expect of this stack: leave the uncertainty out, or take superresolution and a larger stack"));
            }
            stage.Figure("peakMemoryMb", Math.Round(PeakMemory.ReadMb()));
        });
        return (path, result.Reused);
    }

    /// <summary>Where the reports of a method's training are kept (<see cref="TrainingLog"/>); there is no file for a method that does not train.</summary>
    public static string TrainingLogPath(RunWorkspace run, string methodName) => Path.Combine(run.Checkpoints, $"{methodName}.training.json");

    /// <summary>Where the error to expect at each voxel is written.</summary>
    public static string UncertaintyPath(RunWorkspace run, string methodName) => Path.Combine(run.Volumes, $"{methodName}-uncertainty.zarr");

    /// <summary>Fills the whole isotropic grid block by block.</summary>
    /// <param name="method">A trained method.</param>
    /// <param name="sparse">What was observed.</param>
    /// <param name="progress">Share done, 0 to 1.</param>
    /// <param name="cancellation">Stops between blocks and within them.</param>
    public static Volume<float> Fill(IReconstructionMethod method, SparseVolume sparse, IProgress<double>? progress = null, CancellationToken cancellation = default) =>
        BlockFill.Run(sparse, method.Name, block => method.Reconstruct(sparse, block, cancellation), progress, cancellation);

    /// <summary>Of the weights that were trained: what other ones made is not gone on with.</summary>
    private static string WeightsHash(RunWorkspace run) => ContentHash.Combine([..
        Directory.EnumerateFiles(run.Checkpoints, "*.safetensors").Where(file => !file.EndsWith(".training.safetensors", StringComparison.Ordinal)).Order(StringComparer.Ordinal).Select(ContentHash.OfFile)]);

    /// <summary>The folder that an image is made in; those of earlier runs with other inputs are removed.</summary>
    private static string WorkFolder(RunWorkspace run, string methodName, string activity, string key)
    {
        var prefix = $".{methodName}-{activity}-";
        var folder = Path.Combine(run.Volumes, prefix + key[..16]);
        foreach (var other in Directory.EnumerateDirectories(run.Volumes, prefix + "*").Where(other => other != folder).ToArray())
            Directory.Delete(other, recursive: true);
        return folder;
    }

    private static void Train(
        IReconstructionMethod method, SparseVolume sparse, RunWorkspace run, StageRun stage, TrainingOptions training, IProgress<ReconstructionProgress>? progress)
    {
        var path = TrainingLogPath(run, method.Name);
        var log = new TrainingLog();
        log.TakeOver(path);
        var board = new TensorBoardLog(Path.Combine(run.Checkpoints, "tensorboard", method.Name));
        var trained = false;
        try
        {
            method.Train(sparse, training with
            {
                CheckpointDirectory = run.Checkpoints,
                Snapshots = training.Snapshots is { } watching ? new Relay<TrainingSnapshot>(s => { board.Report(s); watching.Report(s); }) : board,
                Progress = new Relay<TrainingProgress>(p =>
                {
                    trained = true;
                    log.Report(p);
                    board.Report(p);
                    training.Progress?.Report(p);
                    progress?.Report(new ReconstructionProgress("train", p.Fraction, p));
                }),
            });
        }
        catch (OperationCanceledException) when (trained)
        {
            log.Write(path);
            throw;
        }
        if (trained)
            log.Write(stage.Output(path));
        else if (File.Exists(path))
            stage.Output(path);
    }
}
