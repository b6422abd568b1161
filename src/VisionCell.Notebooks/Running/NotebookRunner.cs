using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using VisionCell.Figures;
using VisionCell.Notebooks.Sessions;
using VisionCell.Volumes;

namespace VisionCell.Notebooks.Running;

/// <summary>Where a run of a notebook stands.</summary>
/// <param name="Notebook">Its name, without folder and extension.</param>
/// <param name="Cell">The code cell that begins, from 1; one more than <paramref name="Cells"/> at the end.</param>
/// <param name="Cells">How many code cells it has.</param>
/// <param name="Elapsed">Since the run began.</param>
/// <param name="Heading">The last heading or first line of text before the cell: what it is about.</param>
public sealed record NotebookProgress(string Notebook, int Cell, int Cells, TimeSpan Elapsed, string Heading)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Notebook}: cell {Math.Min(Cell, Cells)} of {Cells}, {Elapsed.TotalSeconds:F0} s{(Heading.Length > 0 ? ": " + Heading : string.Empty)}");
}

/// <summary>What a run of a notebook left.</summary>
/// <param name="Notebook">Its name, without folder and extension.</param>
/// <param name="Title">Its first heading, or its name.</param>
/// <param name="ExecutedPath">The executed notebook.</param>
/// <param name="HtmlPath">The page, which needs no network.</param>
/// <param name="Duration">How long the cells took.</param>
/// <param name="Parameters">Those given.</param>
/// <param name="Error">Null where all cells succeeded.</param>
public sealed record NotebookRun(
    string Notebook, string Title, string ExecutedPath, string HtmlPath, TimeSpan Duration, IReadOnlyDictionary<string, string> Parameters, string? Error)
{
    /// <summary>What an earlier run, perhaps of another process, left at <paramref name="executedPath"/>.</summary>
    /// <exception cref="BadInputException">There is no executed notebook.</exception>
    public static NotebookRun Read(string executedPath)
    {
        NotebookDocument notebook = NotebookDocument.Read(executedPath);
        if (notebook.Root["metadata"]?["papermill"] is not JsonObject record)
            throw new BadInputException($"{executedPath}: was not executed by this program, so nothing says how the run went; run it first.");
        string name = Path.GetFileNameWithoutExtension(executedPath);
        var parameters = (record["parameters"] as JsonObject ?? []).ToDictionary(p => p.Key, p => p.Value?.ToString() ?? string.Empty, StringComparer.Ordinal);
        return new NotebookRun(
            name,
            NotebookHtml.TitleOf(notebook) ?? name,
            executedPath,
            Path.ChangeExtension(executedPath, ".html"),
            TimeSpan.FromSeconds(record["duration"]?.GetValue<double>() ?? 0),
            parameters,
            record["visioncell_error"]?.GetValue<string>());
    }
}

/// <summary>A cell failed. What was executed is on disk; the command line answers with exit code 1.</summary>
public sealed class NotebookFailedException(string message, NotebookRun run) : Exception(message)
{
    /// <summary>What the run left, the error included.</summary>
    public NotebookRun Run { get; } = run;
}

/// <summary>
/// Runs a notebook without Jupyter: all code cells in order in one session, each output kept, the executed notebook and a page of it
/// written.
///
/// The run takes place in the calling process and makes the notebook's folder the current directory, so that a process runs one
/// notebook at a time. Run several notebooks in a process each (<see cref="NotebookProcess"/>): native memory and everything that
/// a library keeps once a notebook then starts afresh, as in Jupyter.
/// </summary>
public static class NotebookRunner
{
    private static readonly SemaphoreSlim OneAtATime = new(1, 1);

    /// <summary>Runs a notebook.</summary>
    /// <param name="path">The .ipynb file; it is not changed.</param>
    /// <param name="parameters">Values by the names that its cell tagged <c>parameters</c> declares.</param>
    /// <param name="outDir">Receives <c>name.ipynb</c> and <c>name.html</c>.</param>
    /// <param name="progress">Is told of each cell.</param>
    /// <param name="cancellationToken">Interrupts the running cell; what was executed is written as <c>name.interrupted.ipynb</c> and <c>.html</c>.</param>
    /// <exception cref="BadInputException">The notebook cannot be read, or a parameter does not suit it.</exception>
    /// <exception cref="NotebookFailedException">A cell failed.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public static async Task<NotebookRun> RunAsync(
        string path,
        IReadOnlyDictionary<string, string> parameters,
        string outDir,
        IProgress<NotebookProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        string full = Path.GetFullPath(path);
        string target = Path.GetFullPath(outDir);
        NotebookDocument notebook = NotebookDocument.Read(full);
        NotebookParameters.Inject(notebook, parameters, path);
        string name = Path.GetFileNameWithoutExtension(full);
        if (Path.GetDirectoryName(full) == target)
            throw new BadInputException($"{outDir}: holds the notebook itself, which the executed copy would replace; give another folder.");
        Directory.CreateDirectory(target);

        await OneAtATime.WaitAsync(cancellationToken);
        string before = Environment.CurrentDirectory;
        try
        {
            Environment.CurrentDirectory = Path.GetDirectoryName(full)!;
            PlotlyScript.BeginPage();
            using var session = new CSharpSession(Path.GetDirectoryName(full)!);
            var watch = Stopwatch.StartNew();
            (string? error, bool interrupted) = await ExecuteCellsAsync(session, notebook, name, watch, progress, cancellationToken);
            NoteRun(notebook, parameters, watch.Elapsed, error);
            string stem = Path.Combine(target, interrupted ? name + ".interrupted" : name);
            notebook.Write(stem + ".ipynb");
            string title = NotebookHtml.TitleOf(notebook) ?? name;
            AtomicWrite.Text(stem + ".html", NotebookHtml.Render(notebook, title));
            var run = new NotebookRun(name, title, stem + ".ipynb", stem + ".html", watch.Elapsed, parameters, error);
            if (interrupted)
                throw new OperationCanceledException($"{path} was interrupted; what was executed is in {stem}.ipynb.", cancellationToken);
            return error is null ? run : throw new NotebookFailedException($"{path}: {error}", run);
        }
        finally
        {
            Environment.CurrentDirectory = before;
            OneAtATime.Release();
        }
    }

    private static async Task<(string? Error, bool Interrupted)> ExecuteCellsAsync(
        CSharpSession session, NotebookDocument notebook, string name, Stopwatch watch, IProgress<NotebookProgress>? progress, CancellationToken cancellationToken)
    {
        foreach (JsonNode? cell in notebook.Cells.Where(c => NotebookDocument.IsOfType(c!, "code")))
        {
            cell!["outputs"] = new JsonArray();
            cell["execution_count"] = null;
        }

        int cells = notebook.Cells.Count(c => NotebookDocument.IsOfType(c!, "code"));
        var outputs = new NotebookOutputs();
        int count = 0;
        string heading = string.Empty;
        string? error = null;
        bool interrupted = false;
        foreach (JsonNode? cell in notebook.Cells)
        {
            if (NotebookDocument.IsOfType(cell!, "markdown"))
                heading = NotebookHtml.FirstLine(NotebookDocument.SourceOf(cell!)) ?? heading;
            if (!NotebookDocument.IsOfType(cell!, "code"))
                continue;
            count++;
            progress?.Report(new NotebookProgress(name, count, cells, watch.Elapsed, heading));
            var collected = new JsonArray();
            cell!["outputs"] = collected;
            outputs.Begin(collected);
            DateTime started = DateTime.UtcNow;
            CellResult result = await session.ExecuteAsync(
                NotebookDocument.SourceOf(cell), outputs.Add, $"cell {count}", interrupt: cancellationToken);
            outputs.End(result, count);
            cell["execution_count"] = count;
            NoteTimes(cell, started, DateTime.UtcNow);
            if (!result.Succeeded)
            {
                interrupted = result.Status == CellStatus.Interrupted;
                error = $"cell {count}: {result.Error!.Name}: {result.Error.Message}";
                break;
            }

            if (cancellationToken.IsCancellationRequested)
            {
                interrupted = true;
                break;
            }
        }

        outputs.Close();
        progress?.Report(new NotebookProgress(name, cells + 1, cells, watch.Elapsed, error ?? "done"));
        return (error, interrupted);
    }

    // The keys are those that Jupyter itself writes (metadata.execution) and that papermill writes (metadata.papermill).
    private static void NoteTimes(JsonNode cell, DateTime started, DateTime ended)
    {
        JsonObject metadata = cell["metadata"] as JsonObject ?? [];
        cell["metadata"] = metadata;
        metadata["execution"] = new JsonObject
        {
            ["iopub.execute_input"] = started.ToString("O", CultureInfo.InvariantCulture),
            ["shell.execute_reply"] = ended.ToString("O", CultureInfo.InvariantCulture),
        };
    }

    private static void NoteRun(NotebookDocument notebook, IReadOnlyDictionary<string, string> parameters, TimeSpan duration, string? error)
    {
        JsonObject metadata = notebook.Root["metadata"] as JsonObject ?? [];
        notebook.Root["metadata"] = metadata;
        metadata["papermill"] = new JsonObject
        {
            ["parameters"] = new JsonObject(parameters.Select(p => KeyValuePair.Create(p.Key, (JsonNode?)p.Value))),
            ["duration"] = Math.Round(duration.TotalSeconds, 3),
            ["end_time"] = DateTime.UtcNow.ToString("O", CultureInfo.InvariantCulture),
            ["exception"] = error is not null,
            ["visioncell_error"] = error,
        };
    }
}
