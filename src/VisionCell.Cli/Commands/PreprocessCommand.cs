using System.CommandLine;
using System.Globalization;
using VisionCell.Cli.CommandLine;
using VisionCell.Formats;
using VisionCell.Preprocessing;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Cli.Commands;

/// <summary><c>visioncell preprocess IN --out DIR</c>: evens intensities, aligns, denoises.</summary>
internal static class PreprocessCommand
{
    public static Command Create()
    {
        var input = VolumeArguments.Volume("IN");
        var voxelSize = CommonOptions.VoxelSize();
        var output = CommonOptions.OutputDirectory("Folder of the run: preprocessed.zarr, transforms.json, run.json.");
        var preset = new Option<string?>("--preset") { HelpName = string.Join('|', Presets.All.Keys), Description = "Configuration for a way of taking stacks; fib-sem where neither it nor --config is given." };
        var config = new Option<string?>("--config") { HelpName = "C", Description = "Configuration as JSON; --save-config writes one to start from." };
        var saveConfig = new Option<string?>("--save-config") { HelpName = "C", Description = "Write the configuration, every default in it, to this file, too." };
        var command = new Command("preprocess", "Even out intensities, align and denoise the sections of a stack.") { input, voxelSize, output, preset, config, saveConfig };
        command.SetAction((parsed, cancellation) =>
        {
            var messages = Messages.Of(parsed);
            var configuration = ConfigurationOf(parsed.GetValue(preset), parsed.GetValue(config));
            if (parsed.GetValue(saveConfig) is { } path)
                Configuration.Write(path, configuration);
            var stack = VolumeArguments.Read(parsed.GetRequiredValue(input), parsed.VoxelSizeOf(voxelSize), messages, cancellation);
            Run(stack, configuration, parsed.GetRequiredValue(output), messages, cancellation);
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    private static PreprocessingConfiguration ConfigurationOf(string? preset, string? config)
    {
        if (preset is not null && config is not null)
            throw new BadInputException("--preset and --config both name a configuration: give one of them");
        return config is not null ? Configuration.Read<PreprocessingConfiguration>(config) : Presets.Parse(preset ?? "fib-sem");
    }

    private static void Run(Volume stack, PreprocessingConfiguration configuration, string folder, Messages messages, CancellationToken cancellation)
    {
        var run = RunWorkspace.Open(folder, messages.Notices);
        var volume = Path.Combine(run.Root, "preprocessed.zarr");
        var stage = run.Stage("preprocess", ContentHash.Of(stack), configuration, CodeVersion.Current, stage =>
        {
            var result = messages.RunSteps("preprocessing", steps => PreprocessingPipeline.Run(stack, configuration, new Sections(steps), cancellation));
            foreach (var notice in result.Report.Notices)
                messages.Notice(notice);
            stage.Figure("sectionsMoved", result.Report.Moved);
            stage.Figure("largestShiftPixels", result.Report.LargestShift);
            result.Transforms.Write(stage.Output(Path.Combine(run.Root, "transforms.json")));
            messages.Run("writing", progress =>
            {
                VolumeFormats.Write(result.Volume, stage.Output(volume), progress, cancellation);
                return volume;
            });
            messages.Notice(string.Create(CultureInfo.InvariantCulture, $"{result.Report.Moved} of {stack.Shape.Z} sections moved, by {result.Report.LargestShift:0.0} pixels at most"));
        });
        Console.Out.WriteLine(volume);
        if (stage.Reused)
            messages.Notice($"{volume}: unchanged since the last run");
    }

    private sealed class Sections(IProgress<Step> steps) : IProgress<PreprocessingProgress>
    {
        public void Report(PreprocessingProgress value) => steps.Report(new Step((double)value.Done / value.Total, $"{value.Step}: section {value.Done} of {value.Total}"));
    }
}
