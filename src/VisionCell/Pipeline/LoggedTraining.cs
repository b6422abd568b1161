using VisionCell.Learning;
using VisionCell.Runs;

namespace VisionCell.Pipeline;

/// <summary>Training within a run: checkpoints, reports and TensorBoard events under its folder, of earlier, interrupted runs too.</summary>
internal static class LoggedTraining
{
    /// <summary>Where the reports of a training are kept (<see cref="TrainingLog"/>).</summary>
    public static string Path(RunWorkspace run, string name) => System.IO.Path.Combine(run.Checkpoints, $"{name}.training.json");

    /// <summary>Trains.</summary>
    /// <param name="name">Of what is trained.</param>
    /// <param name="run">The run.</param>
    /// <param name="stage">The stage whose output the reports are.</param>
    /// <param name="training">Time, seed, interruption; the checkpoint folder is the run's.</param>
    /// <param name="progress">Told what is done.</param>
    /// <param name="train">The training.</param>
    public static T Run<T>(string name, RunWorkspace run, StageRun stage, TrainingOptions training, IProgress<ReconstructionProgress>? progress, Func<TrainingOptions, T> train)
    {
        var path = Path(run, name);
        var log = new TrainingLog();
        log.TakeOver(path);
        var board = new TensorBoardLog(System.IO.Path.Combine(run.Checkpoints, "tensorboard", name));
        var reported = false;
        T trained;
        try
        {
            trained = train(training with
            {
                CheckpointDirectory = run.Checkpoints,
                Snapshots = board,
                Progress = new Relay<TrainingProgress>(p =>
                {
                    reported = true;
                    log.Report(p);
                    board.Report(p);
                    training.Progress?.Report(p);
                    progress?.Report(new ReconstructionProgress("train", p.Fraction, p));
                }),
            });
        }
        catch (OperationCanceledException) when (reported)
        {
            log.Write(path);
            throw;
        }
        if (reported)
            log.Write(stage.Output(path));
        else if (File.Exists(path))
            stage.Output(path);
        return trained;
    }
}
