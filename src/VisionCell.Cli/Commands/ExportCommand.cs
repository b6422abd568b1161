using System.CommandLine;

namespace VisionCell.Cli.Commands;

/// <summary><c>visioncell export PROGRAM VOLUME</c>: a volume for another program, one child command each.</summary>
internal static class ExportCommand
{
    public static Command Create() => new("export", "Write a volume as a scene for another program.")
    {
        ExportBlenderCommand.Create(),
    };
}
