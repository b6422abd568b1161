namespace VisionCell.Cli.CommandLine;

/// <summary>What the process answers; scripts and schedulers rely on these numbers.</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Done = 0;

    /// <summary>Anything that is none of the others: a defect, a full disk, a failing notebook cell.</summary>
    public const int Failed = 1;

    /// <summary>The command line itself is wrong.</summary>
    public const int WrongUse = 2;

    /// <summary>A file or value that cannot be used, or something missing from the machine.</summary>
    public const int BadInput = 3;

    /// <summary>Interrupted by a signal; the same command goes on where a run can be resumed.</summary>
    public const int Interrupted = 4;
}
