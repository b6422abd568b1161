using TorchSharp;
using TorchSharp.Modules;
using VisionCell.Runs;

namespace VisionCell.Learning;

/// <summary>
/// The reports of a training as TensorBoard event files: <c>tensorboard --logdir FOLDER</c> shows loss, learning rate and gain while it runs.
/// A training that is resumed adds a file.
/// </summary>
/// <param name="folder">Where the event file goes; made where it is missing.</param>
public sealed class TensorBoardLog(string folder) : IProgress<TrainingProgress>
{
    // Made with the first report, so that a method that does not train leaves no empty file.
    private SummaryWriter? _writer;

    /// <inheritdoc/>
    public void Report(TrainingProgress value)
    {
        _writer ??= torch.utils.tensorboard.SummaryWriter(Directory.CreateDirectory(folder).FullName, "", createRunName: false);
        var stage = value.Stage.Length == 0 ? "" : $"{value.Stage}/";
        _writer.add_scalar($"{stage}loss", (float)value.Loss, value.Step);
        _writer.add_scalar($"{stage}learning rate", (float)value.LearningRate, value.Step);
        if (value.ValidationGain is { } gain)
            _writer.add_scalar("gain over linear, dB", (float)gain, value.Step);
    }
}
