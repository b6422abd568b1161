using System.CommandLine;

namespace VisionCell.Cli.Commands;

/// <summary><c>visioncell export PROGRAM VOLUME</c>: a volume for another program, one child command each.</summary>
internal static class ExportCommand
{
    public static Command Create() => new("export", "Write a volume and its surface for another program.")
    {
        ExportBlenderCommand.Create(),
        ExportUnityCommand.Create(),
        ExportNeuroglancerCommand.Create(),
    };
}
