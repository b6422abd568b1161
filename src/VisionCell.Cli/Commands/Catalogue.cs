using System.CommandLine;
using VisionCell.Cli.CommandLine;

namespace VisionCell.Cli.Commands;

/// <summary>All commands, in the order that help shows.</summary>
internal static class Catalogue
{
    /// <summary>The root with every command under it.</summary>
    public static RootCommand Build()
    {
        var root = new RootCommand("Reconstructs isotropic volumes from sparse stacks of electron-microscopy sections, and says how far they can be trusted.")
        {
            DemoCommand.Create(),
            InfoCommand.Create(),
            ConvertCommand.Create(),
            PreprocessCommand.Create(),
            ReconstructCommand.Create(),
            InpaintCommand.Create(),
            PretrainCommand.Create(),
            BenchmarkCommand.Create(),
            EvaluateCommand.Create(),
            MeshCommand.Create(),
            ExportCommand.Create(),
            ViewCommand.Create(),
            VideoCommand.Create(),
            FiguresCommand.Create(),
            RunsCommand.Create(),
            SweepCommand.Create(),
            NotebookCommand.Create(),
            KernelCommand.Create(),
            DataCommand.Create(),
            JobsCommand.Create(),
            DoctorCommand.Create(),
        };
        root.HelpName = "visioncell";
        root.Options.Add(CommonOptions.Quiet);
        root.Options.Add(CommonOptions.Verbose);
        return root;
    }
}
