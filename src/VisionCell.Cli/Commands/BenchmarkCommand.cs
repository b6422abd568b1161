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
        var seeds = new Option<int>("--seeds") { HelpName = "N", Description = "Repeat everything random with N seeds, from --seed on, and report means; 3 for a table.", DefaultValueFactory = _ => 1 };
        var labels = ScoreOptions.Labels();
        var border = ScoreOptions.Border();
        var mask = ScoreOptions.Mask();
        var json = CommonOptions.JsonReport();
        var command = new Command("benchmark", "Simulate a sparse acquisition of an isotropic volume, reconstruct it by each method, score what was held out.") { volume, voxelSize, degrade, methods, minutes, steps, seed, seeds, labels, border, mask, fromScratch, prior, diffusionPrior, device, json };
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
            var further = new BenchmarkOptions
            {
                Seeds = parsed.GetValue(seeds),
                Labels = parsed.LabelsOf(labels, truth.VoxelSize, messages, cancellation),
                LabelsName = ScoreOptions.Name(parsed.GetValue(labels)),
                Border = parsed.GetValue(border),
                Mask = parsed.MaskOf(mask, truth.VoxelSize, messages, cancellation),
            };
            var report = messages.RunSteps("benchmark", bar => Benchmark.Run(truth, ScoreOptions.Name(path), sampling, names, options, new BenchmarkBar(names, bar, messages), further));
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
        if (report.Segmentation is { } bounds)
        {
            Results.PrintTable(
            [
                ["segmentation", "VOI split", "merge", "ARAND", "Dice", "IoU", "segments"],
                Line("truth (ceiling)", bounds.Ceiling), Line("linear (floor)", bounds.Floor),
                .. report.Methods.Where(m => m.Segmentation is not null).Select(m => Line(m.Name, m.Segmentation!)),
            ]);
        }
        messages.Notice($"{path}: {report.Protocol!.Id}; {report.Scored}");
    }

    private static string[] Line(string name, SegmentationScore score) =>
        [name, Number(score.Split, "0.00"), Number(score.Merge, "0.00"), Number(score.AdaptedRand, "0.000"), Number(score.Dice, "0.000"), Number(score.IntersectionOverUnion, "0.000"), $"{score.Segments}"];

    private static string Number(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "-";
}
