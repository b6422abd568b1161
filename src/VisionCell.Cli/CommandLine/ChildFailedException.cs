namespace VisionCell.Cli.CommandLine;

/// <summary>A process of ours failed and said why; its line and exit code are passed on.</summary>
internal sealed class ChildFailedException(string message, int code) : Exception(message)
{
    /// <summary>Its exit code.</summary>
    public int Code => code;
}
