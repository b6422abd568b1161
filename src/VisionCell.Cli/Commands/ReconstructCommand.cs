using System.CommandLine;
using VisionCell.Acquisition;
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
        var seed = CommonOptions.Seed();
        var fromScratch = CommonOptions.FromScratch();
        var prior = CommonOptions.Prior();
        var device = CommonOptions.Device();
        var uncertainty = new Option<bool>("--uncertainty") { Description = "Write volumes/METHOD-uncertainty.zarr as well: the absolute error to expect at each voxel." };
        var json = CommonOptions.Json();
        var command = new Command("reconstruct", "Reconstruct an isotropic volume from a sparse stack. Interrupted, it goes on where it was when run again.") { input, voxelSize, output, method, thick, positions, minutes, seed, fromScratch, prior, device, uncertainty, json };
        command.SetAction((parsed, cancellation) =>
        {
            var messages = Messages.Of(parsed);
            var name = parsed.GetRequiredValue(method);
            // A wrong name or time is found before the volume is read.
            Methods.Require(name);
            var options = parsed.TrainingOf(minutes, seed, fromScratch, prior, device, cancellation);
            var stack = VolumeArguments.At(VolumeArguments.Read(parsed.GetRequiredValue(input), parsed.VoxelSizeOf(voxelSize), messages, cancellation), parsed.GetValue(positions));
            var sparse = SparseVolume.FromStack(stack, parsed.GetValue(thick));
            if (sparse.Sampling.Pitch == 1)
                throw new BadInputException($"{parsed.GetRequiredValue(input)}: voxel size {stack.VoxelSize} is isotropic already; give the real distance between sections with --voxel-size");
            var run = RunWorkspace.Open(parsed.GetRequiredValue(output), messages.Notices);
            var (path, reused) = messages.RunSteps(name, steps =>
                Reconstructor.Run(stack, sparse, name, run, options, new TrainingSteps(name, steps, messages), parsed.GetValue(uncertainty)));
            if (parsed.GetValue(json))
                Results.PrintJson(new { path, uncertainty = parsed.GetValue(uncertainty) ? Reconstructor.UncertaintyPath(run, name) : null, reused, method = name, shape = new[] { sparse.IsotropicShape.Z, sparse.IsotropicShape.Y, sparse.IsotropicShape.X }, voxelSizeNm = new[] { sparse.IsotropicVoxelSize.Z, sparse.IsotropicVoxelSize.Y, sparse.IsotropicVoxelSize.X } });
            else
                Console.Out.WriteLine(path);
            messages.Notice($"{path}: {sparse.IsotropicShape}, {sparse.IsotropicVoxelSize}{(reused ? ", unchanged since the last run" : "")}");
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    private sealed class TrainingSteps(string method, IProgress<Step> steps, Messages messages) : IProgress<ReconstructionProgress>
    {
        private string? _activity;

        public void Report(ReconstructionProgress value)
        {
            if (_activity != value.Activity)
                messages.Stage($"{method}: {_activity = value.Activity}");
            steps.Report(new Step(value.Fraction, value.Training is { } training ? $"{value.Activity}: {Training.Describe(training)}" : value.Activity));
        }
    }
}
