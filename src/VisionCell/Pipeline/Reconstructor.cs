using System.Diagnostics;
using VisionCell.Acquisition;
using VisionCell.Evaluation;
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
        var path = Path.Combine(run.Volumes, $"{methodName}.zarr");
        using var work = new ReconstructionWork(stack, methodName, run, training, withUncertainty, tiling ?? new Tiling());
        run.RecordSeed(methodName, training.Seed);
        var result = run.Stage(StageOf(methodName), stack.Hash, work.Configuration, CodeVersion.Current, stage =>
        {
            PeakMemory.Start();
            var clock = Stopwatch.StartNew();
            work.Prepare(progress, log => stage.Output(log));
            stage.Figure("trainSeconds", Math.Round(clock.Elapsed.TotalSeconds, 3));
            foreach (var (finding, value) in work.Findings)
                stage.Figure(finding, value);
            clock.Restart();
            foreach (var target in work.Targets)
            {
                Relay<double> Report(string name) => new(f => progress?.Report(new ReconstructionProgress(name, f, null)));
                var times = work.Fill(target, work.Tiles, Report(target.Activity));
                if (target.IsResult && Seams.Of(box => target.Image.Read(box, training.Cancellation).ToFloat32(), [.. work.Tiles.Select(Looked)], training.Cancellation) is var seam && double.IsFinite(seam))
                    stage.Figure("seam", Math.Round(seam, 4));
                var filled = clock.Elapsed;
                target.Image.Complete(stage.Output(target.Path), stack.IsotropicProvenance(methodName), Report("write"), training.Cancellation);
                if (target.IsResult)
                {
                    stage.Figure("inferSeconds", Math.Round(clock.Elapsed.TotalSeconds, 3));
                    stage.Figure("readSeconds", Math.Round(times.Read.TotalSeconds, 3));
                    stage.Figure("writeSeconds", Math.Round(times.Write.TotalSeconds, 3));
                    stage.Figure("waitSeconds", Math.Round(times.Waited.TotalSeconds, 3));
                    stage.Figure("completeSeconds", Math.Round((clock.Elapsed - filled).TotalSeconds, 3));
                }
            }
            foreach (var model in work.WriteModel())
                stage.Output(model);
            stage.Figure("peakMemoryMb", Math.Round(PeakMemory.ReadMb()));
        });
        return (path, result.Reused);
    }

    /// <summary>The rows of a tile at whose borders steps are looked for: one row of chunks, since more would be much reading and say the same.</summary>
    private static Box Looked(Box tile)
    {
        var first = tile.Shape.Z / 2 / Tiling.Multiple * Tiling.Multiple;
        return tile with { Z = tile.Z + first, Shape = tile.Shape with { Z = Math.Min(Tiling.Multiple, tile.Shape.Z - first) } };
    }

    /// <summary>Where the reports of a method's training are kept (<see cref="TrainingLog"/>); there is no file for a method that does not train.</summary>
    public static string TrainingLogPath(RunWorkspace run, string methodName) => LoggedTraining.Path(run, methodName);

    /// <summary>Name of the stage in the run's record.</summary>
    internal static string StageOf(string methodName) => $"reconstruct-{methodName}";

    /// <summary>Where the error to expect at each voxel is written.</summary>
    public static string UncertaintyPath(RunWorkspace run, string methodName) => Path.Combine(run.Volumes, $"{methodName}-uncertainty.zarr");

    /// <summary>Fills the whole isotropic grid block by block.</summary>
    /// <param name="method">A trained method.</param>
    /// <param name="sparse">What was observed.</param>
    /// <param name="progress">Share done, 0 to 1.</param>
    /// <param name="cancellation">Stops between blocks and within them.</param>
    public static Volume<float> Fill(IReconstructionMethod method, SparseVolume sparse, IProgress<double>? progress = null, CancellationToken cancellation = default) =>
        BlockFill.Run(sparse, method.Name, block => method.Reconstruct(sparse, block, cancellation), progress, cancellation);
}
