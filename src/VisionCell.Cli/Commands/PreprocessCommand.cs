using System.CommandLine;
using System.Globalization;
using VisionCell.Cli.CommandLine;
using VisionCell.Formats;
using VisionCell.Preprocessing;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Cli.Commands;

/// <summary><c>visioncell preprocess IN --out DIR</c>: repairs, aligns and denoises a stack that need not fit in memory.</summary>
internal static class PreprocessCommand
{
    public static Command Create()
    {
        var input = VolumeArguments.Volume("IN");
        var voxelSize = CommonOptions.VoxelSize();
        var output = CommonOptions.OutputDirectory("Folder of the run: preprocessed.zarr, transforms.json, preprocessing.json, run.json.");
        var preset = new Option<string?>("--preset") { HelpName = string.Join('|', Presets.All.Keys), Description = "Configuration for a way of taking stacks; fib-sem where neither it nor --config is given." };
        var config = new Option<string?>("--config") { HelpName = "C", Description = "Configuration as JSON; --save-config writes one to start from." };
        var saveConfig = new Option<string?>("--save-config") { HelpName = "C", Description = "Write the configuration, every default in it, to this file, too." };
        var damaged = new Option<string?>("--damaged") { HelpName = "keep|exclude|replace", Description = "What is done with damaged sections, whatever the configuration says." };
        var denoise = new Option<string?>("--denoise") { HelpName = "none|non-local-means|blind-spot", Description = "How sections are denoised, whatever the configuration says; blind-spot trains a network on the stack." };
        var positions = VolumeArguments.ZPositions();
        var command = new Command("preprocess", "Find damaged sections, take out stripes, shading and flicker, align and denoise a stack. Interrupted, it goes on where it was when run again.")
        {
            input, voxelSize, output, preset, config, saveConfig, damaged, denoise, positions,
        };
        command.SetAction((parsed, cancellation) =>
        {
            var messages = Messages.Of(parsed);
            var configuration = With(ConfigurationOf(parsed.GetValue(preset), parsed.GetValue(config)), parsed.GetValue(damaged), parsed.GetValue(denoise));
            if (parsed.GetValue(saveConfig) is { } path)
                Configuration.Write(path, configuration);
            Run(parsed.GetRequiredValue(input), parsed.VoxelSizeOf(voxelSize), parsed.GetValue(positions), configuration, parsed.GetRequiredValue(output), messages, cancellation);
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

    private static PreprocessingConfiguration With(PreprocessingConfiguration configuration, string? damaged, string? denoise)
    {
        if (denoise is not null)
            configuration = configuration.WithDenoising(denoise);
        if (damaged is null)
            return configuration;
        var action = damaged switch
        {
            "keep" => DamageAction.Keep,
            "exclude" => DamageAction.Exclude,
            "replace" => DamageAction.Replace,
            _ => throw new BadInputException($"--damaged '{damaged}': give keep, exclude or replace"),
        };
        var looked = configuration.Damage ?? new DamageConfiguration();
        return configuration with { Damage = new DamageConfiguration(action, looked.Threshold, looked.Window) };
    }

    private static void Run(
        string input, VoxelSize? asked, string? positionsPath, PreprocessingConfiguration configuration, string folder, Messages messages, CancellationToken cancellation)
    {
        var (reader, size) = VolumeFormats.OpenSections(input, asked, messages.Notice);
        using var _ = reader;
        var positions = positionsPath is null ? null : SectionLayout.ReadPositions(positionsPath, reader.Info.Shape.Z);
        var run = RunWorkspace.Open(folder, messages.Notices);
        var outputs = new PreprocessingOutputs(Path.Combine(run.Root, "preprocessed.zarr"), Path.Combine(run.Root, "transforms.json"), Path.Combine(run.Root, "preprocessing.json"));
        var inputs = ContentHash.Combine(messages.Run("hashing", _ => run.RecordData("input", input)), size.ToString(), string.Join(',', positions?.Select(p => p.ToString("R", CultureInfo.InvariantCulture)) ?? []));
        var stage = run.Stage("preprocess", inputs, configuration, CodeVersion.Current, stage =>
        {
            var work = WorkFolder(run.Root, ContentHash.Combine(inputs, Configuration.ToJson(configuration), CodeVersion.Current));
            var report = messages.RunSteps("preprocessing", steps => StackPreprocessing.Run(reader, size, configuration, work, outputs, positions, new Sections(steps, messages), cancellation));
            Directory.Delete(Path.GetDirectoryName(work)!, recursive: true);
            stage.Output(outputs.Volume);
            stage.Output(outputs.Transforms);
            stage.Output(outputs.Report);
            foreach (var notice in report.Notices)
                messages.Notice(notice);
            stage.Figure("sectionsMoved", report.Moved);
            stage.Figure("largestShiftPixels", report.LargestShift);
            stage.Figure("sectionsReplaced", report.Replaced.Count);
            stage.Figure("sectionsExcluded", report.Excluded.Count);
            messages.Notice(string.Create(CultureInfo.InvariantCulture, $"{report.Moved} of {reader.Info.Shape.Z} sections moved, by {report.LargestShift:0.0} pixels at most; {report.Replaced.Count} replaced, {report.Excluded.Count} excluded"));
        });
        Console.Out.WriteLine(outputs.Volume);
        if (stage.Reused)
            messages.Notice($"{outputs.Volume}: unchanged since the last run");
    }

    /// <summary>Folder to work in for these inputs; what others left behind is of no use any more.</summary>
    private static string WorkFolder(string root, string key)
    {
        var parent = Path.Combine(root, ".preprocess");
        var own = Path.Combine(parent, key[..16]);
        if (Directory.Exists(parent))
        {
            foreach (var other in Directory.GetDirectories(parent).Where(f => f != own))
                Directory.Delete(other, recursive: true);
        }
        return own;
    }

    private sealed class Sections(IProgress<Step> steps, Messages messages) : IProgress<PreprocessingProgress>
    {
        private string? _step;

        public void Report(PreprocessingProgress value)
        {
            if (_step != value.Step)
                messages.Stage($"preprocessing: {_step = value.Step}");
            steps.Report(new Step((double)value.Done / value.Total, value.Step == "learn" ? "learn" : $"{value.Step}: section {value.Done} of {value.Total}"));
        }
    }
}
