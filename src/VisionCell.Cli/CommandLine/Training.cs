using System.Globalization;
using VisionCell.Runs;

namespace VisionCell.Cli.CommandLine;

/// <summary>A running training in words.</summary>
internal static class Training
{
    public static string Describe(TrainingProgress training) => string.Create(CultureInfo.InvariantCulture,
        $"{(training.Stage.Length == 0 ? "" : $"{training.Stage}: ")}step {training.Step}, {training.Elapsed.TotalSeconds:0} s, loss {training.Loss:0.0000}{(training.ValidationGain is { } gain ? $", {gain:+0.00;-0.00} dB over linear" : "")}");
}
