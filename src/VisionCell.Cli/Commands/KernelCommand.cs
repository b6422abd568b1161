using System.CommandLine;
using VisionCell.Cli.CommandLine;
using VisionCell.Notebooks.Jupyter;

namespace VisionCell.Cli.Commands;

/// <summary><c>visioncell kernel install|uninstall|run</c>: the C# kernel for Jupyter.</summary>
internal static class KernelCommand
{
    public static Command Create() => new("kernel", "The C# kernel for Jupyter.") { CreateInstall(), CreateUninstall(), CreateRun() };

    private static Option<string?> Prefix() => new("--prefix") { HelpName = "DIR", Description = "A Python or system prefix such as /usr/local; the user's own Jupyter folder where left out." };

    private static Command CreateInstall()
    {
        var prefix = Prefix();
        var command = new Command("install", $"Register the kernel as {KernelSpec.PrimaryName}, or as {KernelSpec.SecondaryName} beside an installed dotnet-interactive.") { prefix };
        command.SetAction(parsed =>
        {
            Console.Out.WriteLine(KernelSpec.Install(Self.Command, parsed.GetValue(prefix)));
            return ExitCode.Done;
        });
        return command;
    }

    private static Command CreateUninstall()
    {
        var prefix = Prefix();
        var command = new Command("uninstall", "Remove what install registered, and nothing else.") { prefix };
        command.SetAction(parsed =>
        {
            var removed = KernelSpec.Uninstall(parsed.GetValue(prefix));
            foreach (var folder in removed)
                Console.Out.WriteLine(folder);
            if (removed.Count == 0)
                Messages.Of(parsed).Notice("nothing of ours was registered there");
            return ExitCode.Done;
        });
        return command;
    }

    private static SelfSignalledCommand CreateRun()
    {
        var connection = new Option<string>("--connection-file") { HelpName = "FILE", Required = true, Description = "Ports and key, as Jupyter writes them." };
        var command = new SelfSignalledCommand("run", "Serve one Jupyter client; Jupyter itself calls this.");
        command.Options.Add(connection);
        command.SetAction(async (parsed, cancellation) =>
        {
            await JupyterKernel.RunAsync(parsed.GetRequiredValue(connection), Messages.Of(parsed).Notice, cancellation);
            return ExitCode.Done;
        });
        return command;
    }
}
