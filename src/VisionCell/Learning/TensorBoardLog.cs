using VisionCell.Runs;

namespace VisionCell.Learning;

/// <summary>
/// The reports of a training as TensorBoard event files: <c>tensorboard --logdir FOLDER</c> shows loss, learning rate and gain while it runs,
/// pictures of what the network makes of an example, and how its weights are distributed. A training that is resumed adds a file.
/// </summary>
/// <param name="folder">Where the event file goes; made with the first report, so that a method that does not train leaves none.</param>
public sealed class TensorBoardLog(string folder) : IProgress<TrainingProgress>, IProgress<TrainingSnapshot>
{
    private readonly EventFile _events = new(folder);

    /// <inheritdoc/>
    public void Report(TrainingProgress value)
    {
        _events.Scalar($"{Prefix(value.Stage)}loss", value.Step, value.Loss);
        _events.Scalar($"{Prefix(value.Stage)}learning rate", value.Step, value.LearningRate);
        if (value.ValidationGain is { } gain)
            _events.Scalar("gain over linear, dB", value.Step, gain);
    }

    /// <inheritdoc/>
    public void Report(TrainingSnapshot value)
    {
        foreach (var (name, values) in value.Weights)
            _events.Histogram($"{Prefix(value.Stage)}{name}", value.Step, values);
        foreach (var picture in value.Pictures)
            _events.Picture($"{Prefix(value.Stage)}{picture.Name}", value.Step, picture.Pixels, picture.Width);
    }

    private static string Prefix(string stage) => stage.Length == 0 ? "" : $"{stage}/";
}
