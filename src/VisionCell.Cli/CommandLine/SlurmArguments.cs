using System.CommandLine;
using VisionCell.Pipeline.Cluster;
using VisionCell.Volumes;

namespace VisionCell.Cli.CommandLine;

/// <summary>Options of commands that can be run on a cluster.</summary>
internal sealed class SlurmArguments
{
    private const string Local = "local";
    private const string OnSlurm = "slurm";

    private readonly Option<string> _executor = new("--executor") { HelpName = "local|slurm", DefaultValueFactory = _ => Local, Description = "Where it runs: here, or as jobs of a Slurm cluster ('visioncell jobs' then follows them). IN and DIR must be seen by all nodes." };
    private readonly Option<string?> _partition = new("--partition") { HelpName = "P", Description = "Slurm: partition." };
    private readonly Option<string?> _account = new("--account") { HelpName = "A", Description = "Slurm: account." };
    private readonly Option<string?> _qos = new("--qos") { HelpName = "Q", Description = "Slurm: quality of service." };
    private readonly Option<string?> _gres = new("--gres") { HelpName = "R", Description = "Slurm: resources of each task, for example gpu:1." };
    private readonly Option<string?> _memory = new("--mem") { HelpName = "SIZE", Description = "Slurm: memory of each task, for example 8G." };
    private readonly Option<int?> _processors = new("--cpus-per-task") { HelpName = "N", Description = "Slurm: processors of each task." };
    private readonly Option<string?> _time = new("--time") { HelpName = "LIMIT", Description = "Slurm: time of each task; one that reaches it saves what it has and is queued again." };
    private readonly Option<int?> _atOnce = new("--tasks-at-once") { HelpName = "N", Description = "Slurm: most tasks at once." };
    private readonly Option<int?> _perTask = new("--blocks-per-task") { HelpName = "N", Description = "Slurm: blocks that a task does one after the other; as few as make at most 1,000 tasks where left out." };
    private readonly Option<int?> _retries = new("--retries") { HelpName = "N", Description = "Slurm: how often a task that fails is tried again; 3 where left out." };
    private readonly Option<string?> _setup = new("--setup") { HelpName = "SHELL", Description = "Slurm: shell line before the command, for example 'module load dotnet'." };
    private readonly Option<string?> _container = new("--container") { HelpName = "IMAGE", Description = "Slurm: container that tasks run in." };
    private readonly Option<string> _runtime = new("--container-runtime") { HelpName = "apptainer|pyxis", DefaultValueFactory = _ => "apptainer", Description = "Slurm: what runs the container." };

    private IEnumerable<Option> All => [_executor, _partition, _account, _qos, _gres, _memory, _processors, _time, _atOnce, _perTask, _retries, _setup, _container, _runtime];

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in All)
            command.Options.Add(option);
    }

    /// <summary>Whether an option is for the machine that submits alone.</summary>
    public static bool Has(string option) => new SlurmArguments().All.Any(o => o.Name == option);

    /// <summary>What is asked of Slurm; null where the command is to run here.</summary>
    /// <exception cref="BadInputException">A value is out of range, or not known.</exception>
    public SlurmOptions? Of(ParseResult parsed) => parsed.GetRequiredValue(_executor) switch
    {
        Local => null,
        OnSlurm => new SlurmOptions
        {
            Partition = parsed.GetValue(_partition),
            Account = parsed.GetValue(_account),
            Qos = parsed.GetValue(_qos),
            Gres = parsed.GetValue(_gres),
            Memory = parsed.GetValue(_memory),
            Processors = parsed.GetValue(_processors),
            Time = parsed.GetValue(_time),
            AtOnce = parsed.GetValue(_atOnce),
            Retries = parsed.GetValue(_retries) ?? new SlurmOptions().Retries,
            Setup = parsed.GetValue(_setup),
            Container = parsed.GetValue(_container),
            Runtime = parsed.GetRequiredValue(_runtime) switch
            {
                "apptainer" => ContainerRuntime.Apptainer,
                "pyxis" => ContainerRuntime.Pyxis,
                var other => throw new BadInputException($"container runtime '{other}': known are apptainer and pyxis"),
            },
        },
        var other => throw new BadInputException($"executor '{other}': known are local and slurm"),
    };

    /// <summary>Which blocks each task does.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="blocks">Number of blocks.</param>
    public IReadOnlyList<int[]> Shares(ParseResult parsed, int blocks)
    {
        var least = (blocks + Slurm.MostTasks - 1) / Slurm.MostTasks;
        var size = parsed.GetValue(_perTask) ?? least;
        return size >= least ? [.. Enumerable.Range(0, blocks).Chunk(size)]
            : throw new BadInputException($"--blocks-per-task {size}: {blocks} blocks make more than {Slurm.MostTasks} tasks then; give {least} or more");
    }
}
