using System.CommandLine;

namespace VisionCell.Cli.CommandLine;

/// <summary>A command that answers signals itself: the kernel, where an interrupt stops a cell and not the process.</summary>
internal sealed class SelfSignalledCommand(string name, string description) : Command(name, description);
