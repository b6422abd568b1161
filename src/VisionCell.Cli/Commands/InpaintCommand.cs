using System.CommandLine;
using VisionCell.Acquisition;
using VisionCell.Cli.CommandLine;
using VisionCell.Pipeline;
using VisionCell.Runs;

namespace VisionCell.Cli.Commands;

/// <summary><c>visioncell inpaint STACK --out DIR</c>: missing sections and masked regions filled in.</summary>
internal static class InpaintCommand
{
    public static Command Create()
    {
        var input = VolumeArguments.Volume("STACK");
        var voxelSize = CommonOptions.VoxelSize();
        var output = CommonOptions.OutputDirectory("Folder of the run: volumes/inpainted.zarr, checkpoints/, run.json.");
        var sections = new Option<string?>("--sections") { HelpName = "LIST", Description = "Missing sections from 0, as 12,40-42. Where neither these nor noisy ones nor a mask are given: those that the stack's own record marks as not observed, as preprocess leaves it." };
        var noisy = new Option<string?>("--noisy") { HelpName = "LIST", Description = "Sections that are there but noisier than the others, as 12,40-42: denoised by what they and their neighbours say." };
        var mask = new Option<string?>("--mask") { HelpName = "VOLUME", Description = "Volume of the stack's shape, not 0 where a voxel is missing." };
        var result = new Option<InpaintingResult>("--result") { HelpName = "mean|sample|regression", DefaultValueFactory = _ => InpaintingResult.Mean, Description = "What takes the place of what is missing: the mean of samples (closest), one sample (as sharp as the sections, one of many), or the regression alone." };
        var minutes = CommonOptions.Minutes();
        var steps = CommonOptions.Steps();
        var seed = CommonOptions.Seed();
        var prior = CommonOptions.Prior();
        var diffusionPrior = CommonOptions.DiffusionPrior();
        var device = CommonOptions.Device();
        var uncertainty = new Option<bool>("--uncertainty") { Description = "Write volumes/inpainted-uncertainty.zarr as well: the absolute error to expect at each missing voxel." };
        var json = CommonOptions.Json();
        var command = new Command("inpaint", "Fill in missing sections and masked regions of a stack and denoise single noisy sections; other voxels stay as they are. Interrupted, training goes on where it was when run again.") { input, voxelSize, output, sections, noisy, mask, result, minutes, steps, seed, prior, diffusionPrior, device, uncertainty, json };
        command.SetAction((parsed, cancellation) =>
        {
            var messages = Messages.Of(parsed);
            var named = parsed.GetValue(sections) is { } list ? MissingVoxels.Parse(list) : null;
            var options = new TrainingOptions(parsed.BudgetOf(minutes), parsed.GetValue(seed), Steps: parsed.StepsOf(steps, minutes), Prior: parsed.GetValue(prior), DiffusionPrior: parsed.GetValue(diffusionPrior), Device: parsed.DeviceOf(device), Notice: parsed.NoticeOnce(), Cancellation: cancellation);
            var stack = VolumeArguments.Read(parsed.GetRequiredValue(input), parsed.VoxelSizeOf(voxelSize), messages, cancellation);
            var marked = parsed.GetValue(mask) is { } path ? VolumeArguments.Read(path, stack.VoxelSize, messages, cancellation).ToFloat32() : null;
            var denoised = parsed.GetValue(noisy) is { } those ? MissingVoxels.Parse(those) : null;
            var missing = MissingVoxels.Of(stack.Shape, named ?? (marked is null && denoised is null ? [.. stack.Unobserved] : []), marked, denoised);
            messages.Notice($"{missing.Count:N0} voxels are missing or noisy, in {missing.Runs.Sum(r => r.Count)} sections");
            var run = RunWorkspace.Open(parsed.GetRequiredValue(output), messages.Notices);
            var (written, reused) = messages.RunSteps("inpaint", bar => Inpainter.Run(stack, missing, parsed.GetValue(result), run, options, new TrainingSteps("inpaint", bar, messages), parsed.GetValue(uncertainty)));
            if (parsed.GetValue(json))
                Results.PrintJson(new { path = written, reused, missingVoxels = missing.Count, runs = missing.Runs.Select(r => new[] { r.First, r.Count }) });
            else
                Console.Out.WriteLine(written);
            messages.Notice($"{written}: {stack.Shape}{(reused ? ", unchanged since the last run" : "")}; sections of which anything was replaced are marked as not observed");
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }
}
