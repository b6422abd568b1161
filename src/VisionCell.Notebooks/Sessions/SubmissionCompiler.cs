using System.Collections.Immutable;
using System.Globalization;
using System.Reflection;
using System.Runtime.Loader;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Emit;
using Microsoft.CodeAnalysis.Text;

namespace VisionCell.Notebooks.Sessions;

/// <summary>A compiled cell: the code of one step of the chain of submissions that make a session.</summary>
/// <param name="Source">As the user wrote it.</param>
/// <param name="Compilation">Which the next cell builds on.</param>
/// <param name="Factory">Runs it, given the instances of the cells before; null where it holds only directives and usings.</param>
/// <param name="HasValue">Whether it ends in an expression without a semicolon.</param>
internal sealed record Submission(string Source, CSharpCompilation Compilation, Func<object?[], Task<object?>>? Factory, bool HasValue);

/// <summary>
/// Compiles cells as C# script submissions, each on top of the one before. The compiler is used directly rather than through
/// Microsoft.CodeAnalysis.CSharp.Scripting, because a session that can be interrupted has to keep its variables when a cell is stopped
/// midway, and because references have to bind to the assemblies that the host itself runs on (docs/decisions/notebook-kernel.md).
/// </summary>
internal sealed class SubmissionCompiler(string baseDirectory)
{
    /// <summary>Namespaces open in every cell: those of dotnet-interactive, and its functions callable by bare name.</summary>
    public static readonly ImmutableArray<string> Usings =
    [
        "System", "System.IO", "System.Text", "System.Collections", "System.Collections.Generic", "System.Linq", "System.Threading.Tasks",
        "Microsoft.DotNet.Interactive", "Microsoft.DotNet.Interactive.Kernel", "Microsoft.DotNet.Interactive.Formatting",
    ];

    public static readonly CSharpParseOptions ParseOptions = new(LanguageVersion.Latest, DocumentationMode.Parse, SourceCodeKind.Script);

    private static readonly ImmutableDictionary<string, ReportDiagnostic> Silenced =
        new[] { "CS1701", "CS1702", "CS1705" }.ToImmutableDictionary(id => id, _ => ReportDiagnostic.Suppress);

    private readonly SubmissionLoadContext _context = new();
    private int _count;

    public ReferenceResolver Resolver { get; } = new(baseDirectory);

    public ImmutableArray<MetadataReference> References { get; } =
    [
        .. AssemblyLocator.Framework.Select(ReferenceResolver.Reference),
        ReferenceResolver.Reference(typeof(Microsoft.DotNet.Interactive.Formatting.Formatter).Assembly.Location),
        ReferenceResolver.Reference(typeof(Microsoft.AspNetCore.Html.IHtmlContent).Assembly.Location),
        ReferenceResolver.Reference(typeof(SubmissionCompiler).Assembly.Location),
    ];

    public CSharpCompilationOptions OptionsFor(string className) =>
        new CSharpCompilationOptions(
            OutputKind.DynamicallyLinkedLibrary,
            scriptClassName: className,
            usings: Usings,
            // Loops over voxels run at full speed; the price is that a trace may name the start of a statement that was folded into the next.
            optimizationLevel: OptimizationLevel.Release,
            allowUnsafe: true,
            warningLevel: 0,
            concurrentBuild: true,
            sourceReferenceResolver: new SourceFileResolver([], baseDirectory),
            metadataReferenceResolver: Resolver,
            assemblyIdentityComparer: DesktopAssemblyIdentityComparer.Default)
        .WithSpecificDiagnosticOptions(Silenced);

    /// <summary>Compiles and loads a cell.</summary>
    /// <param name="code">The cell.</param>
    /// <param name="cellName">Stands for the file in messages.</param>
    /// <param name="previous">The cell before, or null.</param>
    /// <param name="cancellationToken">Stops the compilation.</param>
    /// <exception cref="CellRefusedException">It uses something that this kernel does not do.</exception>
    /// <exception cref="CellCompilationException">It has errors.</exception>
    public Submission Compile(string code, string cellName, CSharpCompilation? previous, CancellationToken cancellationToken)
    {
        int number = Interlocked.Increment(ref _count);
        SyntaxTree tree = CSharpSyntaxTree.ParseText(SourceText.From(code, Encoding.UTF8), ParseOptions, cellName, cancellationToken);
        Directives.Check(tree, cancellationToken);
        string name = string.Create(CultureInfo.InvariantCulture, $"{SubmissionLoadContext.Prefix}{_context.Id}#{number}");
        CSharpCompilation plain = CSharpCompilation.CreateScriptCompilation(
            name, tree, References, OptionsFor(string.Create(CultureInfo.InvariantCulture, $"Cell{number}")), previous, typeof(object));
        SyntaxTree guarded = GuardRewriter.Rewrite(plain, tree, cancellationToken);
        CSharpCompilation compilation = plain.ReplaceSyntaxTree(tree, guarded);

        using var assembly = new MemoryStream();
        using var symbols = new MemoryStream();
        EmitResult emitted = Emit(compilation, assembly, symbols, cancellationToken);
        if (HasErrors(emitted.Diagnostics))
        {
            // The columns of messages are those of the cell as it was written. Code that only its guarded form breaks runs unguarded.
            ImmutableArray<Diagnostic> errors = [.. plain.GetDiagnostics(cancellationToken).Where(d => d.Severity == DiagnosticSeverity.Error)];
            if (errors.Length > 0)
                throw new CellCompilationException(errors);
            (compilation, guarded) = (plain, tree);
            emitted = Emit(compilation, assembly, symbols, cancellationToken);
        }

        LoadReferences(compilation);
        // Without errors the compiler refuses to emit only where there is no code: usings, directives, comments.
        if (!emitted.Success)
            return new Submission(code, compilation, null, false);
        assembly.Position = 0;
        symbols.Position = 0;
        return new Submission(code, compilation, Entry(_context.Add(name, assembly, symbols), compilation, cancellationToken), HasValue(guarded, compilation));
    }

    private static EmitResult Emit(CSharpCompilation compilation, MemoryStream assembly, MemoryStream symbols, CancellationToken cancellationToken)
    {
        assembly.SetLength(0);
        symbols.SetLength(0);
        var options = new EmitOptions(debugInformationFormat: DebugInformationFormat.PortablePdb);
        return compilation.Emit(assembly, symbols, options: options, cancellationToken: cancellationToken);
    }

    private static bool HasErrors(ImmutableArray<Diagnostic> diagnostics) => diagnostics.Any(d => d.Severity == DiagnosticSeverity.Error);

    private static Func<object?[], Task<object?>>? Entry(Assembly assembly, CSharpCompilation compilation, CancellationToken cancellationToken)
    {
        if (compilation.GetEntryPoint(cancellationToken) is not { } entry)
            return null;
        Type type = assembly.GetType(entry.ContainingType.MetadataName, throwOnError: true)!;
        MethodInfo method = type.GetMethod(entry.MetadataName, BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)!;
        return method.CreateDelegate<Func<object?[], Task<object?>>>();
    }

    private static bool HasValue(SyntaxTree tree, CSharpCompilation compilation)
    {
        if (((CompilationUnitSyntax)tree.GetRoot()).Members.LastOrDefault()
            is not GlobalStatementSyntax { Statement: ExpressionStatementSyntax { SemicolonToken.IsMissing: true } last })
            return false;
        return compilation.GetSemanticModel(tree).GetTypeInfo(last.Expression).Type is not { SpecialType: SpecialType.System_Void };
    }

    private static void LoadReferences(CSharpCompilation compilation)
    {
        foreach (MetadataReference reference in compilation.DirectiveReferences)
        {
            if (reference is PortableExecutableReference { FilePath: { } path })
                AssemblyLocator.Load(path);
        }
    }

    /// <summary>Holds a session's cells, so that later ones find the earlier ones by name.</summary>
    internal sealed class SubmissionLoadContext() : AssemblyLoadContext("notebook session")
    {
        /// <summary>Starts the name of every cell's assembly.</summary>
        public const string Prefix = "\u211B";

        private readonly Dictionary<string, Assembly> _submissions = new(StringComparer.Ordinal);

        public string Id { get; } = Guid.NewGuid().ToString("N");

        public Assembly Add(string name, Stream assembly, Stream symbols)
        {
            lock (_submissions)
                return _submissions[name] = LoadFromStream(assembly, symbols);
        }

        protected override Assembly? Load(AssemblyName assemblyName)
        {
            lock (_submissions)
                return _submissions.GetValueOrDefault(assemblyName.Name!);
        }
    }
}
