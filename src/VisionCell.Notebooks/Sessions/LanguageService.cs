using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Completion;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Host.Mef;
using Microsoft.CodeAnalysis.Text;

namespace VisionCell.Notebooks.Sessions;

/// <summary>A completion.</summary>
/// <param name="Text">What replaces the span.</param>
/// <param name="Kind">As the compiler calls it: Method, Property, Local, Keyword …</param>
public sealed record CompletionMatch(string Text, string Kind);

/// <summary>Completions for one position.</summary>
/// <param name="Start">Where the text that they replace begins, in UTF-16 units.</param>
/// <param name="End">Where it ends.</param>
/// <param name="Matches">In alphabetical order.</param>
public sealed record Completions(int Start, int End, IReadOnlyList<CompletionMatch> Matches);

/// <summary>Whether a cell can be run as it stands.</summary>
public enum CellCompleteness
{
    /// <summary>Yes.</summary>
    Complete,

    /// <summary>More lines are expected.</summary>
    Incomplete,

    /// <summary>No further line can repair it.</summary>
    Invalid,
}

/// <summary>What the compiler knows about code that is being written, in the light of the cells that a session has run.</summary>
public sealed class LanguageService : IDisposable
{
    private readonly CSharpSession _session;
    private readonly Lock _gate = new();
    private AdhocWorkspace? _workspace;
    private readonly List<(Submission Submission, ProjectId Project)> _chain = [];

    /// <summary>Serves the cells of <paramref name="session"/>.</summary>
    public LanguageService(CSharpSession session) => _session = session;

    /// <summary>Whether a cell can be run as it stands.</summary>
    public static CellCompleteness Completeness(string code)
    {
        SyntaxTree tree = CSharpSyntaxTree.ParseText(code, SubmissionCompiler.ParseOptions);
        if (!SyntaxFactory.IsCompleteSubmission(tree))
            return CellCompleteness.Incomplete;
        return tree.GetDiagnostics().Any(d => d.Severity == DiagnosticSeverity.Error) ? CellCompleteness.Invalid : CellCompleteness.Complete;
    }

    /// <summary>What can stand at a position.</summary>
    public async Task<Completions> CompleteAsync(string code, int position, CancellationToken cancellationToken = default)
    {
        Document document = DocumentFor(code);
        CompletionService service = CompletionService.GetService(document)!;
        CompletionList list = await service.GetCompletionsAsync(document, position, cancellationToken: cancellationToken);
        string typed = code[list.Span.Start..position];
        CompletionMatch[] matches = [.. list.ItemsList
            .Where(i => i.InlineDescription.Length == 0) // of a namespace that the cell has not opened
            .Where(i => i.FilterText.StartsWith(typed, StringComparison.OrdinalIgnoreCase))
            .Select(i => new CompletionMatch(i.DisplayText, i.Tags.FirstOrDefault() ?? string.Empty))
            .DistinctBy(m => m.Text)
            .OrderBy(m => m.Text, StringComparer.OrdinalIgnoreCase)];
        return matches.Length == 0 ? new Completions(position, position, []) : new Completions(list.Span.Start, list.Span.End, matches);
    }

    /// <summary>Signature and documentation of what stands at a position, or null.</summary>
    public async Task<string?> InspectAsync(string code, int position, CancellationToken cancellationToken = default)
    {
        Document document = DocumentFor(code);
        SemanticModel model = (await document.GetSemanticModelAsync(cancellationToken))!;
        SyntaxNode root = (await document.GetSyntaxRootAsync(cancellationToken))!;
        if (SymbolDescription.At(root, model, Math.Clamp(position, 0, code.Length), cancellationToken) is not { } symbol)
            return null;
        return SymbolDescription.Of(symbol, model, cancellationToken);
    }

    /// <summary>Loads the services, which the first completion would otherwise wait for.</summary>
    public Task WarmUpAsync(CancellationToken cancellationToken = default) => CompleteAsync("System.Console.Wr", 17, cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _workspace?.Dispose();

    // A project for each cell that ran, chained as submissions, and one for the code in question. The chain is kept and only grows.
    private Document DocumentFor(string code)
    {
        lock (_gate)
        {
            _workspace ??= new AdhocWorkspace(MefHostServices.DefaultHost);
            IReadOnlyList<Submission> submissions = _session.Submissions;
            Solution solution = _workspace.CurrentSolution;
            for (int i = _chain.Count; i < submissions.Count; i++)
            {
                (solution, DocumentId added) = Append(solution, submissions[i].Source, i > 0 ? _chain[i - 1].Project : null);
                _chain.Add((submissions[i], added.ProjectId));
            }

            _workspace.TryApplyChanges(solution);
            (solution, DocumentId id) = Append(_workspace.CurrentSolution, code, _chain.Count > 0 ? _chain[^1].Project : null);
            return solution.GetDocument(id)!;
        }
    }

    private (Solution Solution, DocumentId Document) Append(Solution solution, string code, ProjectId? previous)
    {
        var project = ProjectId.CreateNewId();
        string name = "cell" + project.Id.ToString("N");
        var info = ProjectInfo.Create(
            project,
            VersionStamp.Create(),
            name,
            name,
            LanguageNames.CSharp,
            compilationOptions: _session.Compiler.OptionsFor(name),
            parseOptions: SubmissionCompiler.ParseOptions,
            projectReferences: previous is null ? [] : [new ProjectReference(previous)],
            metadataReferences: _session.Compiler.References,
            isSubmission: true);
        var document = DocumentId.CreateNewId(project);
        solution = solution.AddProject(info).AddDocument(
            document, "cell.csx", TextLoader.From(TextAndVersion.Create(SourceText.From(code, Encoding.UTF8), VersionStamp.Create())));
        return (solution.WithDocumentSourceCodeKind(document, SourceCodeKind.Script), document);
    }
}
