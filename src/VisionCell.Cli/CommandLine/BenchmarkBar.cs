using VisionCell.Pipeline;

namespace VisionCell.Cli.CommandLine;

/// <summary>How far several methods are, as a bar or as lines.</summary>
internal sealed class BenchmarkBar(IReadOnlyList<string> methods, IProgress<Step> steps, Messages messages) : IProgress<BenchmarkProgress>
{
    public void Report(BenchmarkProgress value)
    {
        var index = Math.Max(0, methods.ToList().IndexOf(value.Method));
        var within = value.Activity == "train" ? value.Training?.Fraction ?? 0 : 1;
        // Off a terminal, each stage is worth a line of its own; the steps within are thinned out.
        if (value.Training is null)
            messages.Stage($"{value.Method}: {value.Activity}");
        steps.Report(new Step((index + within) / methods.Count, value.Training is { } training ? $"{value.Method}: {Training.Describe(training)}" : $"{value.Method}: {value.Activity}"));
    }
}
