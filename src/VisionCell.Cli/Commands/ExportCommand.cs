using System.CommandLine;

namespace VisionCell.Cli.Commands;

/// <summary><c>visioncell export …</c>: a volume for another program.</summary>
internal static class ExportCommand
{
    public static Command Create() => new("export", "Write a volume and its surface for another program.")
    {
        ExportNeuroglancerCommand.Create(),
        ExportUnityCommand.Create(),
    };
}
