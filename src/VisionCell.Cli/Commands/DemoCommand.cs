using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using VisionCell.Cli.CommandLine;
using VisionCell.Figures;
using VisionCell.Formats;
using VisionCell.Meshing;
using VisionCell.Notebooks.Running;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Cli.Commands;

/// <summary><c>visioncell demo</c>: the notebooks in order on the bundled sample, each a stage of one run.</summary>
internal static class DemoCommand
{
    /// <summary>The parameter by which every notebook takes the folder of the run.</summary>
    internal const string OutputParameter = "output";

    public static Command Create()
    {
        var output = new Option<string>("--out") { HelpName = "DIR", DefaultValueFactory = _ => Path.Combine("out", "demo"), Description = "Folder of the run." };
        var command = new Command("demo", "Run the notebooks in order on the bundled sample; what is unchanged is not run again.") { output };
        command.SetAction((parsed, cancellation) => Task.FromResult(Run(parsed.GetRequiredValue(output), Messages.Of(parsed), cancellation)));
        return command;
    }

    private static int Run(string folder, Messages messages, CancellationToken cancellation)
    {
        var notebooks = Directory.EnumerateFiles(Path.Combine(Installation.Root, "notebooks"), "*.ipynb").Order(StringComparer.Ordinal).ToList();
        if (notebooks.Count == 0)
            throw new BadInputException($"{Path.Combine(Installation.Root, "notebooks")}: holds no notebook");
        var clock = Stopwatch.StartNew();
        var run = RunWorkspace.Open(folder, messages.Notices);
        // A notebook reads what those before it left, so that each stage depends on all before.
        var inputs = ContentHash.OfFolder(Path.Combine(Installation.Root, "data-manifests", "samples"));
        var code = ContentHash.Combine(CodeVersion.Current, typeof(NotebookRunner).Assembly.ManifestModule.ModuleVersionId.ToString("N"));
        var executed = new List<string>();
        try
        {
            for (var i = 0; i < notebooks.Count; i++)
            {
                var name = Path.GetFileNameWithoutExtension(notebooks[i]);
                var path = Path.Combine(run.Notebooks, name + ".ipynb");
                inputs = ContentHash.Combine(inputs, ContentHash.OfFile(notebooks[i]));
                executed.Add(path);
                var label = string.Create(CultureInfo.InvariantCulture, $"[{i + 1}/{notebooks.Count}]");
                run.Stage($"notebook-{name}", inputs, new { notebook = name }, code, stage =>
                {
                    stage.Output(path);
                    stage.Output(Path.ChangeExtension(path, ".html"));
                    Execute(notebooks[i], run, line => messages.Notice($"{label} {line}"), cancellation);
                });
            }
        }
        finally
        {
            // Also after a failure: the page then shows which cell failed.
            var done = executed.Where(File.Exists).Select(NotebookRun.Read).ToList();
            var page = NotebookIndex.Write(run.Root, done, "Vision Cell: the bundled sample", Result(run));
            Console.Out.WriteLine(page);
        }
        messages.Notice(string.Create(CultureInfo.InvariantCulture, $"{notebooks.Count} notebooks in {clock.Elapsed.TotalSeconds:0} s"));
        return ExitCode.Done;
    }

    /// <summary>The reconstruction to turn in the hand, on the first page: sections, volume and surface. None after a failure.</summary>
    private static List<Figure> Result(RunWorkspace run)
    {
        var path = Path.Combine(run.Volumes, "superresolution.zarr");
        if (!Directory.Exists(path))
            return [];
        var volume = VolumeFormats.Read(path);
        var coarse = FigureData.GetReduced(volume, new Shape3(64, 64, 64));
        var surface = MarchingCubes.Extract(coarse, IsoThreshold.Suggest(coarse), new MarchingCubesOptions(InsideIsBelow: true));
        return
        [
            Show.Sections(volume, "The isotropic volume, super-resolved from every eighth section"),
            Show.Volume(volume, "Stained membranes"),
            Show.Mesh(MeshDecimation.Decimate(surface, 60_000), "Surface of what is dark"),
        ];
    }

    private static void Execute(string notebook, RunWorkspace run, Action<string> take, CancellationToken cancellation)
    {
        string? failure = null;
        void Line(string line)
        {
            if (line.StartsWith("visioncell: ", StringComparison.Ordinal))
                failure = line["visioncell: ".Length..];
            else
                take(line);
        }
        var parameters = new Dictionary<string, string> { [OutputParameter] = run.Root };
        var code = NotebookProcess.RunAsync(Self.Command, notebook, parameters, run.Notebooks, Line, cancellation).GetAwaiter().GetResult();
        if (code != ExitCode.Done)
            throw new ChildFailedException(failure ?? $"{notebook}: its process ended with code {code}", code);
    }
}
