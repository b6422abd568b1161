using System.CommandLine;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Cli.CommandLine;

/// <summary>Options that several commands share, so that they read and behave alike.</summary>
internal static class CommonOptions
{
    /// <summary>On every command: the stack trace of a failure.</summary>
    public static Option<bool> Verbose { get; } = new("--verbose") { Description = "Show where a failure happened.", Recursive = true };

    /// <summary>On every command: results and errors only.</summary>
    public static Option<bool> Quiet { get; } = new("--quiet") { Description = "No notices and no progress, only results and errors.", Recursive = true };

    /// <summary><c>--voxel-size Z,Y,X</c> in nanometres.</summary>
    public static Option<string?> VoxelSize() => new("--voxel-size")
    {
        HelpName = "Z,Y,X",
        Description = "Voxel size in nm, in the order Z,Y,X; may be left out where the file says it, overrides the file where both speak.",
    };

    /// <summary><c>--out DIR</c>, required.</summary>
    public static Option<string> OutputDirectory(string description) => new("--out") { HelpName = "DIR", Description = description, Required = true };

    /// <summary>The result as JSON on standard output.</summary>
    public static Option<bool> Json() => new("--json") { Description = "Print the result as JSON." };

    /// <summary><c>--json REPORT</c>: where a report goes.</summary>
    public static Option<string?> JsonReport() => new("--json") { HelpName = "REPORT", Description = "Write the report (one JSON object) to this file instead of standard output." };

    /// <summary><c>--seed S</c>.</summary>
    public static Option<int> Seed() => new("--seed") { HelpName = "S", Description = "Seed of everything random.", DefaultValueFactory = _ => 1 };

    /// <summary><c>--minutes N</c>.</summary>
    public static Option<double?> Minutes() => new("--minutes") { HelpName = "N", Description = "Training time of each method that trains; its own default where left out." };

    /// <summary><c>--steps N</c>.</summary>
    public static Option<int?> Steps() => new("--steps") { HelpName = "N", Description = "Optimiser steps in place of a time: the same seed then gives the same weights each time." };

    /// <summary><c>--from-scratch</c>.</summary>
    public static Option<bool> FromScratch() => new("--from-scratch") { Description = "Learn from the stack alone, without the weights that come with the library." };

    /// <summary><c>--prior FILE</c>.</summary>
    public static Option<string?> Prior() => new("--prior") { HelpName = "FILE", Description = "Weights that 'pretrain' made, in place of those that come with the library." };

    /// <summary><c>--diffusion-prior FILE</c>.</summary>
    public static Option<string?> DiffusionPrior() => new("--diffusion-prior") { HelpName = "FILE", Description = "Weights that 'pretrain --network diffusion' made, in place of those that come with the library." };

    /// <summary><c>--device auto|cpu|cuda:N</c>.</summary>
    public static Option<string> Device() => new("--device") { HelpName = "auto|cpu|cuda:N", Description = "Where networks and kernels run; auto takes the first GPU that can be used, else the processor.", DefaultValueFactory = _ => "auto" };

    /// <summary>How methods are trained, of the options above; a GPU that can't be used is told in one line.</summary>
    /// <exception cref="BadInputException">Time or steps are out of range or both given, the device is not known, or a prior is given and forbidden at once.</exception>
    public static TrainingOptions TrainingOf(this ParseResult parsed, Option<double?> minutes, Option<int?> steps, Option<int> seed, Option<bool> fromScratch, Option<string?> prior, Option<string?> diffusionPrior, Option<string> device, CancellationToken cancellation) =>
        parsed.GetValue(fromScratch) && parsed.GetValue(prior) is { } path
            ? throw new BadInputException($"--from-scratch and --prior {path} exclude each other: leave one out")
            : new TrainingOptions(parsed.BudgetOf(minutes), parsed.GetValue(seed), Steps: parsed.StepsOf(steps, minutes), FromScratch: parsed.GetValue(fromScratch), Prior: parsed.GetValue(prior), DiffusionPrior: parsed.GetValue(diffusionPrior), Device: parsed.DeviceOf(device), Notice: parsed.NoticeOnce(), Cancellation: cancellation);

    /// <summary>The value of <see cref="Device"/>.</summary>
    /// <exception cref="BadInputException">It is none.</exception>
    public static string DeviceOf(this ParseResult parsed, Option<string> option)
    {
        var device = parsed.GetRequiredValue(option);
        DeviceName.Ordinal(device);
        return device;
    }

    /// <summary>Shows lines on standard error, the same one only once.</summary>
    public static Action<string> NoticeOnce(this ParseResult parsed)
    {
        var (messages, said) = (Messages.Of(parsed), new HashSet<string>());
        return line =>
        {
            if (said.Add(line))
                messages.Notice(line);
        };
    }

    /// <summary>The value of <see cref="VoxelSize()"/>.</summary>
    /// <exception cref="BadInputException">It is not three positive numbers.</exception>
    public static VoxelSize? VoxelSizeOf(this ParseResult parsed, Option<string?> option) =>
        parsed.GetValue(option) is { } text ? Volumes.VoxelSize.Parse(text) : null;

    /// <summary>The value of <see cref="Steps"/>.</summary>
    /// <exception cref="BadInputException">It is under 1, or a time is given as well.</exception>
    public static int? StepsOf(this ParseResult parsed, Option<int?> option, Option<double?> minutes) => parsed.GetValue(option) switch
    {
        null => null,
        < 1 and var few => throw new BadInputException($"--steps {few}: must be at least 1"),
        _ when parsed.GetValue(minutes) is not null => throw new BadInputException("--minutes and --steps exclude each other; give one"),
        var steps => steps,
    };

    /// <summary>The value of <see cref="Minutes"/> as a time.</summary>
    /// <exception cref="BadInputException">It is negative, zero or not finite.</exception>
    public static TimeSpan? BudgetOf(this ParseResult parsed, Option<double?> option) => parsed.GetValue(option) switch
    {
        null => null,
        > 0 and <= 100_000 and var minutes => TimeSpan.FromMinutes(minutes),
        var minutes => throw new BadInputException(FormattableString.Invariant($"--minutes {minutes}: must be more than 0 and at most 100,000")),
    };
}
