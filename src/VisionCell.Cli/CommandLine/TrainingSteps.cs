using VisionCell.Pipeline;

namespace VisionCell.Cli.CommandLine;

/// <summary>Training and what comes after it, as the steps of a command.</summary>
/// <param name="what">What is trained.</param>
/// <param name="steps">Told of each.</param>
/// <param name="messages">Told of each activity.</param>
internal sealed class TrainingSteps(string what, IProgress<Step> steps, Messages messages) : IProgress<ReconstructionProgress>
{
    private string? _activity;

    public void Report(ReconstructionProgress value)
    {
        if (_activity != value.Activity)
            messages.Stage($"{what}: {_activity = value.Activity}");
        steps.Report(new Step(value.Fraction, value.Training is { } training ? $"{value.Activity}: {Training.Describe(training)}" : value.Activity));
    }
}
