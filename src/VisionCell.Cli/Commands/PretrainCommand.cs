using System.CommandLine;
using VisionCell.Cli.CommandLine;
using VisionCell.Runs;
using VisionCell.SuperResolution;
using VisionCell.Volumes;

namespace VisionCell.Cli.Commands;

/// <summary><c>visioncell pretrain VOLUME… --out DIR</c>: weights that super-resolution starts from, learnt from isotropic volumes.</summary>
internal static class PretrainCommand
{
    public static Command Create()
    {
        var volumes = new Argument<string[]>("VOLUME") { Arity = ArgumentArity.OneOrMore, Description = "Isotropic volumes of other specimens than those to be reconstructed." };
        var voxelSize = CommonOptions.VoxelSize();
        var output = CommonOptions.OutputDirectory("Folder for prior.safetensors; give it to --prior.");
        var steps = new Option<int?>("--steps") { HelpName = "N", Description = "Optimiser steps; those of the recipe where left out." };
        var seed = CommonOptions.Seed();
        var command = new Command("pretrain", "Train on isotropic volumes what super-resolution starts from. Interrupted, it goes on where it was when run again.") { volumes, voxelSize, output, steps, seed };
        command.SetAction((parsed, cancellation) =>
        {
            var messages = Messages.Of(parsed);
            if (parsed.GetValue(steps) is < 1 and var few)
                throw new BadInputException($"--steps {few}: must be at least 1");
            Volume[] read = [.. parsed.GetRequiredValue(volumes).Select(path => VolumeArguments.Read(path, parsed.VoxelSizeOf(voxelSize), messages, cancellation))];
            var path = messages.RunSteps("pretrain", progress => Pretraining.Run(read, parsed.GetRequiredValue(output), new TrainingOptions(
                Seed: parsed.GetValue(seed),
                Progress: new Relay<TrainingProgress>(p => progress.Report(new Step(p.Fraction, FormattableString.Invariant($"step {p.Step}, {p.Elapsed.TotalSeconds:0} s, error {p.Loss:0.000} of linear interpolation's")))),
                Steps: parsed.GetValue(steps),
                Cancellation: cancellation)));
            Console.Out.WriteLine(path);
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }
}
