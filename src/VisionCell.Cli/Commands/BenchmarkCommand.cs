using System.CommandLine;
using System.Globalization;
using VisionCell.Acquisition;
using VisionCell.Cli.CommandLine;
using VisionCell.Evaluation;
using VisionCell.Pipeline;

namespace VisionCell.Cli.Commands;

/// <summary><c>visioncell benchmark VOLUME --degrade D --methods a,b</c>: methods compared on a simulated acquisition.</summary>
internal static class BenchmarkCommand
{
    public static Command Create()
    {
        var volume = VolumeArguments.Volume(description: "An isotropic volume, the truth.");
        var voxelSize = CommonOptions.VoxelSize();
        var degrade = new Option<string>("--degrade") { HelpName = "decimate:N|pool:N", Required = true, Description = "The acquisition to simulate: one of N sections kept, or N sections averaged; N may be broken, as 2.5." };
        var methods = new Option<string>("--methods") { HelpName = "A,B,C", Required = true, Description = $"Of {string.Join(", ", Methods.All.Select(m => m.Name))}." };
        var minutes = CommonOptions.Minutes();
        var steps = CommonOptions.Steps();
        var seed = CommonOptions.Seed();
        var fromScratch = CommonOptions.FromScratch();
        var prior = CommonOptions.Prior();
        var diffusionPrior = CommonOptions.DiffusionPrior();
        var device = CommonOptions.Device();
        var json = CommonOptions.JsonReport();
        var command = new Command("benchmark", "Simulate a sparse acquisition of an isotropic volume, reconstruct it by each method, score what was held out.") { volume, voxelSize, degrade, methods, minutes, steps, seed, fromScratch, prior, diffusionPrior, device, json };
        command.SetAction((parsed, cancellation) =>
        {
            var messages = Messages.Of(parsed);
            var sampling = AxialSampling.Parse(parsed.GetRequiredValue(degrade));
            var names = parsed.GetRequiredValue(methods).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            foreach (var name in names)
                Methods.Require(name);
            var options = parsed.TrainingOf(minutes, steps, seed, fromScratch, prior, diffusionPrior, device, cancellation);
            var path = parsed.GetRequiredValue(volume);
            var truth = VolumeArguments.Read(path, parsed.VoxelSizeOf(voxelSize), messages, cancellation);
            var report = messages.RunSteps("benchmark", bar => Benchmark.Run(truth, Path.GetFileName(Path.TrimEndingDirectorySeparator(path)), sampling, names, options, new Progress(names, bar, messages)));
            Show(report, parsed.GetValue(json), messages);
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    private static void Show(BenchmarkReport report, string? path, Messages messages)
    {
        if (path is null)
        {
            Console.Out.WriteLine(report.ToJson());
            return;
        }
        report.Write(path);
        if (messages.Quiet)
            return;
        Results.PrintTable(
        [
            ["method", "PSNR dB", "SSIM xy", "xz", "yz", "high freq.", "train s", "infer s", "MB", "device"],
            .. report.Methods.Select(m => new[]
            {
                m.Name, Number(m.Psnr, "0.00"), Number(m.SsimXy, "0.000"), Number(m.SsimXz, "0.000"), Number(m.SsimYz, "0.000"), Number(m.HighFrequencyRatio, "0.00"),
                Number(m.TrainSeconds, "0.0"), Number(m.InferSeconds, "0.0"), Number(m.PeakMemoryMb, "0"), m.Device ?? "",
            }),
        ]);
        messages.Notice($"{path}: {report.Scored}");
    }

    private static string Number(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "-";

    private sealed class Progress(IReadOnlyList<string> methods, IProgress<Step> steps, Messages messages) : IProgress<BenchmarkProgress>
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
}
