using System.CommandLine;
using VisionCell.Cli.CommandLine;
using VisionCell.Pipeline;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Cli.Commands;

/// <summary><c>visioncell reconstruct IN --out DIR</c>: from a sparse stack to an isotropic volume.</summary>
internal static class ReconstructCommand
{
    public static Command Create()
    {
        var input = VolumeArguments.Volume("IN");
        var voxelSize = CommonOptions.VoxelSize();
        var output = CommonOptions.OutputDirectory("Folder of the run: volumes/METHOD.zarr, checkpoints/, run.json.");
        var method = new Option<string>("--method") { HelpName = "M", DefaultValueFactory = _ => "superresolution", Description = $"One of {string.Join(", ", Methods.All.Select(m => $"{m.Name} ({m.Summary})"))}." };
        var thick = new Option<bool>("--thick") { Description = "Each section averages its whole thickness, up to the next one; thin sections with gaps where left out." };
        var positions = VolumeArguments.ZPositions();
        var minutes = CommonOptions.Minutes();
        var steps = CommonOptions.Steps();
        var seed = CommonOptions.Seed();
        var fromScratch = CommonOptions.FromScratch();
        var prior = CommonOptions.Prior();
        var diffusionPrior = CommonOptions.DiffusionPrior();
        var device = CommonOptions.Device();
        var uncertainty = new Option<bool>("--uncertainty") { Description = "Write volumes/METHOD-uncertainty.zarr as well: the absolute error to expect at each voxel." };
        var memory = new Option<double>("--memory") { HelpName = "MB", DefaultValueFactory = _ => 1024, Description = "Memory for the sections. An OME-Zarr stack that needs more is read by blocks, and trained on a block of this size from its middle." };
        var json = CommonOptions.Json();
        var command = new Command("reconstruct", "Reconstruct an isotropic volume from a sparse stack. Interrupted, it goes on where it was when run again.") { input, voxelSize, output, method, thick, positions, minutes, steps, seed, fromScratch, prior, diffusionPrior, device, uncertainty, memory, json };
        command.SetAction((parsed, cancellation) =>
        {
            var messages = Messages.Of(parsed);
            var name = parsed.GetRequiredValue(method);
            // A wrong name or time is found before the volume is read.
            Methods.Require(name);
            var options = parsed.TrainingOf(minutes, steps, seed, fromScratch, prior, diffusionPrior, device, cancellation);
            var tiling = new Tiling { InMemory = (long)(Math.Max(1, parsed.GetValue(memory)) * 1e6 / sizeof(float)) };
            var (isThick, at) = (parsed.GetValue(thick), parsed.GetValue(positions));
            var stack = StackArguments.Open(parsed.GetRequiredValue(input), parsed.VoxelSizeOf(voxelSize), at, isThick, tiling.InMemory, messages, cancellation);
            var outline = stack.Outline;
            if (outline.Sampling.ExactPitch == 1)
                throw new BadInputException($"{parsed.GetRequiredValue(input)}: voxel size {outline.Observed.VoxelSize} is isotropic already; give the real distance between sections with --voxel-size");
            messages.Notice(StackArguments.Assumption(outline, isThick));
            var run = RunWorkspace.Open(parsed.GetRequiredValue(output), messages.Notices);
            var (path, reused) = messages.RunSteps(name, bar =>
                Reconstructor.Run(stack, name, run, options, new TrainingSteps(name, bar, messages), parsed.GetValue(uncertainty), tiling));
            if (parsed.GetValue(json))
                Results.PrintJson(new { path, uncertainty = parsed.GetValue(uncertainty) ? Reconstructor.UncertaintyPath(run, name) : null, reused, method = name, shape = new[] { stack.IsotropicShape.Z, stack.IsotropicShape.Y, stack.IsotropicShape.X }, voxelSizeNm = new[] { outline.IsotropicVoxelSize.Z, outline.IsotropicVoxelSize.Y, outline.IsotropicVoxelSize.X } });
            else
                Console.Out.WriteLine(path);
            messages.Notice($"{path}: {stack.IsotropicShape}, {outline.IsotropicVoxelSize}{(reused ? ", unchanged since the last run" : "")}");
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }
}
