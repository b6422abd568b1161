using System.CommandLine;
using System.CommandLine.Parsing;
using VisionCell.Cli.CommandLine;
using VisionCell.Formats;
using VisionCell.Pipeline;
using VisionCell.Pipeline.Cluster;
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
        var memory = new Option<string>("--memory") { HelpName = "SIZE", DefaultValueFactory = _ => "1024", Description = "Memory for the sections, for example 512M, 4G or 4GiB; a number alone is MB. An OME-Zarr stack that needs more is read by blocks, and trained on a block of this size from its middle." };
        var json = CommonOptions.Json();
        var command = new Command("reconstruct", "Reconstruct an isotropic volume from a sparse stack. Interrupted, it goes on where it was when run again.") { input, voxelSize, output, method, thick, positions, minutes, steps, seed, fromScratch, prior, diffusionPrior, device, uncertainty, memory, json };
        var slurm = new SlurmArguments();
        slurm.AddTo(command);
        var zarr = new ZarrArguments();
        zarr.AddTo(command);
        // What the jobs of a cluster call.
        var prepare = new Option<bool>("--prepare") { Hidden = true };
        var tiles = new Option<int[]>("--tile") { Hidden = true, AllowMultipleArgumentsPerToken = true };
        command.Options.Add(prepare);
        command.Options.Add(tiles);
        command.SetAction((parsed, cancellation) =>
        {
            var messages = Messages.Of(parsed);
            var name = parsed.GetRequiredValue(method);
            // A wrong name or time is found before the volume is read.
            Methods.Require(name);
            var options = parsed.TrainingOf(minutes, steps, seed, fromScratch, prior, diffusionPrior, device, cancellation);
            var tiling = new Tiling { InMemory = Math.Max(1_000_000, MemorySize.Parse(parsed.GetRequiredValue(memory))) / sizeof(float), Image = zarr.Of(parsed) ?? new OmeZarrOptions() };
            var (isThick, at) = (parsed.GetValue(thick), parsed.GetValue(positions));
            var stack = StackArguments.Open(parsed.GetRequiredValue(input), parsed.VoxelSizeOf(voxelSize), at, isThick, tiling.InMemory, messages, cancellation);
            var outline = stack.Outline;
            if (outline.Sampling.ExactPitch == 1)
                throw new BadInputException($"{parsed.GetRequiredValue(input)}: voxel size {outline.Observed.VoxelSize} is isotropic already; give the real distance between sections with --voxel-size");
            messages.Notice(StackArguments.Assumption(outline, isThick));
            var run = RunWorkspace.Open(parsed.GetRequiredValue(output), messages.Notices);
            if (parsed.GetValue(prepare) || parsed.GetValue(tiles) is { Length: > 0 } || slurm.Of(parsed) is not null)
            {
                using var shared = new SharedReconstruction(stack, name, run, options, parsed.GetValue(uncertainty), tiling);
                if (slurm.Of(parsed) is { } asked)
                {
                    if (shared.IsDone)
                    {
                        messages.Notice($"{name}: unchanged since the last run, nothing submitted");
                        return Task.FromResult(ExitCode.Done);
                    }
                    var job = Slurm.Submit(JobOf(shared, run.Root, $"reconstruct-{name}", TaskArguments(parsed), slurm.Shares(parsed, shared.Tiles), asked), run.Root, Self.Command, anew: true);
                    Console.Out.WriteLine(string.Join(Environment.NewLine, job.Submissions.Select(s => $"{s.Part}  {s.Id}")));
                    messages.Notice($"{shared.Tiles} blocks in {job.Tasks.Count} tasks; 'visioncell jobs status {run.Root}' says how far they are");
                    return Task.FromResult(ExitCode.Done);
                }
                messages.RunSteps(name, bar =>
                {
                    var steps = new TrainingSteps(name, bar, messages);
                    if (parsed.GetValue(prepare))
                        shared.Prepare(steps);
                    else
                        shared.Fill(parsed.GetValue(tiles)!, steps);
                    return 0;
                });
                return Task.FromResult(ExitCode.Done);
            }
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

    /// <summary>The command line as given, without what is only for the machine that submits, and with paths that hold on every node.</summary>
    private static string[] TaskArguments(ParseResult parsed)
    {
        List<string> arguments = [parsed.CommandResult.Command.Name];
        foreach (var result in parsed.CommandResult.Children)
        {
            if (result is ArgumentResult argument)
                arguments.AddRange(argument.Tokens.Select(t => t.Value.Contains("://", StringComparison.Ordinal) ? t.Value : Path.GetFullPath(t.Value)));
            if (result is OptionResult { Implicit: false } option && !SlurmArguments.Has(option.Option.Name) && option.Option.Name != "--json")
                arguments.AddRange([option.Option.Name, .. option.Tokens.Select(t => option.Option.Name is "--out" or "--prior" or "--diffusion-prior" or "--z-positions" ? Path.GetFullPath(t.Value) : t.Value)]);
        }
        return [.. arguments];
    }

    /// <summary>Training is a job of its own, the tiles an array, and the whole is completed by the command itself, which finds all tiles written.</summary>
    private static ClusterJob JobOf(SharedReconstruction shared, string root, string name, string[] arguments, IReadOnlyList<int[]> shares, SlurmOptions options) => new()
    {
        Name = name,
        Before = new ClusterTask([.. arguments, "--prepare"], shared.Prepared),
        Tasks = [.. shares.Select(tiles => new ClusterTask([.. arguments, "--tile", .. tiles.Select(t => t.ToString(System.Globalization.CultureInfo.InvariantCulture))], [.. tiles.SelectMany(shared.MarksOf)]))],
        After = new ClusterTask(arguments, []),
        Slurm = options,
        Submissions = ClusterJob.In(root).Contains(name) ? ClusterJob.Read(root, name).Submissions : [],
    };
}
