using System.Diagnostics;
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
        bool withUncertainty = false)
    {
        using var set = new MethodSet(training.Device, training.Notice);
        var method = set[methodName];
        if (!sparse.IsEven && !method.TakesUnevenSections)
            throw new BadInputException($"'{methodName}' takes sections for evenly spaced, and these lie at {sparse.Sections} positions of their own: use nearest, linear or cubic, which place them truly");
        var path = Path.Combine(run.Volumes, $"{methodName}.zarr");
        var configuration = new
        {
            method = methodName,
            sampling = sparse.Sampling.ToString(),
            minutes = training.Budget?.TotalMinutes,
            steps = training.Steps,
            seed = training.Seed,
            fromScratch = training.FromScratch,
            prior = training.Prior is { } prior ? ContentHash.OfFile(prior) : null,
            uncertainty = withUncertainty,
        };
        run.RecordSeed(methodName, training.Seed);
        var result = run.Stage($"reconstruct-{methodName}", ContentHash.Of(stack), configuration, CodeVersion.Current, stage =>
        {
            var clock = Stopwatch.StartNew();
            Train(method, sparse, run, stage, training, progress);
            stage.Figure("trainSeconds", Math.Round(clock.Elapsed.TotalSeconds, 3));
            foreach (var (finding, value) in method.Findings)
                stage.Figure(finding, value);
            foreach (var model in method.WriteModel(run.Checkpoints))
                stage.Output(model);
            clock.Restart();
            Relay<double> Report(string activity) => new(f => progress?.Report(new ReconstructionProgress(activity, f, null)));
            var volume = Fill(method, sparse, Report("reconstruct"), training.Cancellation);
            stage.Figure("inferSeconds", Math.Round(clock.Elapsed.TotalSeconds, 3));
            VolumeFormats.Write(volume.ConvertTo(stack.VoxelType), stage.Output(path), Report("write"), training.Cancellation);
            if (!withUncertainty)
                return;
            var uncertainty = BlockFill.Run(sparse, method.Name, block => method.Uncertainty(sparse, block, training.Cancellation)
                ?? throw new BadInputException($"'{methodName}' does not tell how large an error to expect of this stack: leave the uncertainty out, or take superresolution and a larger stack"), Report("uncertainty"), training.Cancellation);
            VolumeFormats.Write(uncertainty, stage.Output(UncertaintyPath(run, methodName)), Report("write"), training.Cancellation);
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
