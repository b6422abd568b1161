using System.CommandLine;
using VisionCell.Cli.CommandLine;
using VisionCell.Learning;
using VisionCell.Pipeline;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Cli.Commands;

/// <summary><c>visioncell pretrain VOLUME… --out DIR</c>: weights that methods start from, learnt from isotropic volumes.</summary>
internal static class PretrainCommand
{
    public static Command Create()
    {
        var volumes = new Argument<string[]>("VOLUME") { Arity = ArgumentArity.OneOrMore, Description = "Isotropic volumes of other specimens than those to be reconstructed." };
        var voxelSize = CommonOptions.VoxelSize();
        var output = CommonOptions.OutputDirectory("Folder for prior.safetensors; give it to --prior.");
        var network = new Option<string>("--network") { HelpName = "NAME", DefaultValueFactory = _ => Pretraining.Networks[0], Description = $"What to train: {string.Join(" or ", Pretraining.Networks)}." };
        var skeleton = new Option<string?>("--skeleton") { HelpName = "FILE", Description = "For diffusion: weights of the network gap, trained on the same volumes, whose residual it models." };
        var steps = CommonOptions.Steps();
        var minutes = new Option<double?>("--minutes") { HelpName = "M", Description = "Time in place of steps; the steps of the recipe where both are left out." };
        var batch = new Option<int?>("--batch") { HelpName = "N", Description = "Examples a step; the recipe's 8 suit a processor, 64 a GPU." };
        var rate = new Option<double?>("--rate") { HelpName = "R", Description = "Highest learning rate; the recipe's where left out, of which half suits going on from a prior." };
        var prior = new Option<string?>("--prior") { HelpName = "FILE", Description = "Weights to go on from, of the same command; fresh ones where left out." };
        var seed = CommonOptions.Seed();
        var device = CommonOptions.Device();
        var draws = new Option<int?>("--draws") { HelpName = "N", Description = "Draw a batch so many times a step and average: N times the batch in the memory of one. One for each process of --mpi where left out." };
        var mpi = new Option<bool>("--mpi") { Description = "Share the draws of each step among the processes that mpirun or srun started, one a device. All must see the same files." };
        var command = new Command("pretrain", "Train on isotropic volumes what super-resolution and diffusion start from. Interrupted, it goes on where it was when run again.") { volumes, voxelSize, output, network, skeleton, steps, minutes, batch, draws, mpi, rate, prior, seed, device };
        command.SetAction((parsed, cancellation) =>
        {
            using var group = parsed.GetValue(mpi) ? MpiGroup.Join() : null;
            var leads = group is not { Rank: > 0 };
            var messages = leads ? Messages.Of(parsed) : new Messages(quiet: true);
            if (parsed.GetValue(batch) is { } size and (< 1 or > 4096))
                throw new BadInputException($"--batch {size}: must be 1 to 4096");
            if (parsed.GetValue(minutes) is { } time && !(time is > 0 and <= 100_000))
                throw new BadInputException(FormattableString.Invariant($"--minutes {time}: must be above 0 and at most 100000"));
            if (parsed.GetValue(rate) is { } highest && !(highest is > 0 and <= 1))
                throw new BadInputException(FormattableString.Invariant($"--rate {highest}: must be above 0 and at most 1"));
            var asked = parsed.DeviceOf(device);
            var number = parsed.StepsOf(steps, minutes);
            Volume[] read = [.. parsed.GetRequiredValue(volumes).Select(path => VolumeArguments.Read(path, parsed.VoxelSizeOf(voxelSize), messages, cancellation))];
            var path = messages.RunSteps("pretrain", progress => Pretraining.Run(parsed.GetRequiredValue(network), read, parsed.GetRequiredValue(output), new TrainingOptions(
                Budget: parsed.GetValue(minutes) is { } budget ? TimeSpan.FromMinutes(budget) : null,
                Seed: parsed.GetValue(seed),
                Progress: new Relay<TrainingProgress>(p => progress.Report(new Step(p.Fraction, FormattableString.Invariant($"step {p.Step}, {p.Elapsed.TotalSeconds:0} s, loss {p.Loss:0.000}")))),
                Steps: number,
                Prior: parsed.GetValue(prior),
                Device: asked,
                Notice: leads ? parsed.NoticeOnce() : null,
                Cancellation: cancellation,
                Draws: parsed.GetValue(draws) ?? group?.Size ?? 1,
                Group: group), parsed.GetValue(batch), parsed.GetValue(rate), parsed.GetValue(skeleton)));
            if (leads)
                Console.Out.WriteLine(path);
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }
}
