using System.Text.RegularExpressions;
using VisionCell.Volumes;

namespace VisionCell.Pipeline.Cluster;

/// <summary>How a container is run.</summary>
public enum ContainerRuntime
{
    /// <summary><c>apptainer exec</c> (formerly Singularity).</summary>
    Apptainer,

    /// <summary>NVIDIA's plugin of Slurm: <c>srun --container-image</c>.</summary>
    Pyxis,
}

/// <summary>What tasks ask of Slurm; null leaves it to the cluster. Values are passed on as sbatch takes them (slurm.schedmd.com/sbatch.html).</summary>
public sealed partial record SlurmOptions
{
    private readonly int _retries = 3;
    private readonly int _restarts = 20;
    private readonly int _warning = 120;
    private readonly string? _time;

    /// <summary>Partition, or several separated by commas.</summary>
    public string? Partition { get; init; }

    /// <summary>Account that is charged.</summary>
    public string? Account { get; init; }

    /// <summary>Quality of service.</summary>
    public string? Qos { get; init; }

    /// <summary>Generic resources of each task, for example <c>gpu:1</c>.</summary>
    public string? Gres { get; init; }

    /// <summary>Memory of each task, for example <c>8G</c>.</summary>
    public string? Memory { get; init; }

    /// <summary>Processors of each task.</summary>
    public int? Processors { get; init; }

    /// <summary>Most time of each task, for example <c>02:00:00</c> or minutes.</summary>
    /// <exception cref="BadInputException">It is none of sbatch's forms.</exception>
    public string? Time
    {
        get => _time;
        init => _time = value is null || TimeForm().IsMatch(value) ? value : throw new BadInputException($"time limit '{value}': give minutes, hours:minutes:seconds or days-hours:minutes:seconds");
    }

    /// <summary>Most tasks at once; null for as many as the cluster lets run.</summary>
    public int? AtOnce { get; init; }

    /// <summary>How often a task that fails is tried again before it is given up; 3, since a full disk or a lost node is often over by then.</summary>
    /// <exception cref="BadInputException">Outside 0 to 100.</exception>
    public int Retries
    {
        get => _retries;
        init => _retries = value is >= 0 and <= 100 ? value : throw new BadInputException($"{value} retries: must be 0 to 100");
    }

    /// <summary>How often a task that reaches its time limit is queued again, to go on from what it had done; 20, so that one whose single block takes longer than the limit does not go on for ever.</summary>
    /// <exception cref="BadInputException">Outside 0 to 10,000.</exception>
    public int Restarts
    {
        get => _restarts;
        init => _restarts = value is >= 0 and <= 10_000 ? value : throw new BadInputException($"{value} restarts: must be 0 to 10,000");
    }

    /// <summary>How long before the time limit a task is told to save what it has, s; 120, because Slurm may send the signal up to a minute early or late.</summary>
    /// <exception cref="BadInputException">Outside 1 to 65,535, sbatch's own limit.</exception>
    public int WarningSeconds
    {
        get => _warning;
        init => _warning = value is >= 1 and <= 65_535 ? value : throw new BadInputException($"warning {value} s before the time limit: must be 1 to 65,535");
    }

    /// <summary>Shell lines that make the command runnable on a node, for example <c>module load dotnet</c>; null for none.</summary>
    public string? Setup { get; init; }

    /// <summary>Container image that tasks run in, with <c>visioncell</c> on its PATH; null to run the command by the path that it was submitted with, on a file system that nodes share.</summary>
    public string? Container { get; init; }

    /// <summary>What runs the container.</summary>
    public ContainerRuntime Runtime { get; init; }

    [GeneratedRegex(@"^(\d+|\d+:\d\d(:\d\d)?|\d+-\d+(:\d\d){0,2})$")]
    private static partial Regex TimeForm();
}
