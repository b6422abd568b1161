using VisionCell.Learning;
using VisionCell.Runs;

namespace VisionCell.Pipeline;

/// <summary>Training within a run: checkpoints, reports and TensorBoard events under its folder, of earlier, interrupted runs too.</summary>
internal static class LoggedTraining
{
    /// <summary>Where the reports of a training are kept (<see cref="TrainingLog"/>).</summary>
    public static string Path(RunWorkspace run, string name) => System.IO.Path.Combine(run.Checkpoints, $"{name}.training.json");

    /// <summary>Trains, or reads the weights that were trained.</summary>
    /// <param name="name">Of what is trained.</param>
    /// <param name="run">The run.</param>
    /// <param name="training">Time, seed, interruption; the checkpoint folder is the run's.</param>
    /// <param name="progress">Told what is done.</param>
    /// <param name="logged">Told where the reports lie, if there are any.</param>
    /// <param name="mayTrain">False where the weights must be there already.</param>
    /// <param name="train">The training.</param>
    /// <exception cref="InvalidOperationException">The weights are not there.</exception>
    public static T Run<T>(
        string name, RunWorkspace run, TrainingOptions training, IProgress<ReconstructionProgress>? progress, Action<string>? logged, bool mayTrain, Func<TrainingOptions, T> train)
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
                Snapshots = training.Snapshots is { } watching ? new Relay<TrainingSnapshot>(s =>
                {
                    board.Report(s);
                    watching.Report(s);
                }) : board,
                Progress = new Relay<TrainingProgress>(p =>
                {
                    if (!mayTrain)
                        throw new InvalidOperationException($"the weights of '{name}' are not in {run.Checkpoints}: they were trained on another stack or with other options");
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
        if (reported || File.Exists(path))
            logged?.Invoke(path);
        if (reported)
            log.Write(path);
        return trained;
    }
}
