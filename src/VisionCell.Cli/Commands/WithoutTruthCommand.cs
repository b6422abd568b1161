using System.CommandLine;
using VisionCell.Acquisition;
using VisionCell.Cli.CommandLine;
using VisionCell.Evaluation;
using VisionCell.Pipeline;
using VisionCell.Volumes;

namespace VisionCell.Cli.Commands;

/// <summary><c>visioncell evaluate without-truth STACK</c>: what can be said of methods on a stack whose gaps nobody has seen.</summary>
internal static class WithoutTruthCommand
{
    public static Command Create()
    {
        var stack = VolumeArguments.Volume("STACK", "A sparse stack.");
        var methods = new Option<string>("--methods") { HelpName = "A,B,C", Description = $"Of {string.Join(", ", Methods.All.Select(m => m.Name))}; each is trained four times.", DefaultValueFactory = _ => "nearest,linear,cubic" };
        var thick = new Option<bool>("--thick") { Description = "Sections are as thick as they are apart, without gaps." };
        var positions = VolumeArguments.ZPositions();
        var voxelSize = CommonOptions.VoxelSize();
        var minutes = CommonOptions.Minutes();
        var steps = CommonOptions.Steps();
        var seed = CommonOptions.Seed();
        var fromScratch = CommonOptions.FromScratch();
        var prior = CommonOptions.Prior();
        var diffusionPrior = CommonOptions.DiffusionPrior();
        var device = CommonOptions.Device();
        var json = CommonOptions.JsonReport();
        var command = new Command("without-truth", "Judge methods on a sparse stack alone: sections left out and found again, two halves compared, contradiction to what was observed.")
        {
            stack, methods, thick, positions, voxelSize, minutes, steps, seed, fromScratch, prior, diffusionPrior, device, json,
        };
        command.SetAction((parsed, cancellation) =>
        {
            var messages = Messages.Of(parsed);
            var names = parsed.GetRequiredValue(methods).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            foreach (var name in names)
                Methods.Require(name);
            var options = parsed.TrainingOf(minutes, steps, seed, fromScratch, prior, diffusionPrior, device, cancellation);
            var path = parsed.GetRequiredValue(stack);
            var volume = VolumeArguments.At(VolumeArguments.Read(path, parsed.VoxelSizeOf(voxelSize), messages, cancellation), parsed.GetValue(positions));
            if (volume.VoxelSize.IsIsotropic())
                throw new BadInputException($"{path}: voxel size {volume.VoxelSize} is isotropic: take it for the truth with 'visioncell benchmark', or give the real distance between sections with --voxel-size");
            var sparse = SparseVolume.FromStack(volume, parsed.GetValue(thick));
            var report = messages.RunSteps("evaluate", bar => WithoutTruth.Run(sparse, DataRange.Of(volume), ScoreOptions.Name(path), names, options, new BenchmarkBar(names, bar, messages)));
            if (parsed.GetValue(json) is not { } file)
            {
                Results.PrintJson(report);
                return Task.FromResult(ExitCode.Done);
            }
            AtomicWrite.Text(file, Results.ToJson(report) + "\n");
            messages.Notice($"{file}: {report.Protocol.Id}; {report.Extrapolation}");
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }
}
