using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.DotNet.Interactive;

namespace VisionCell.Notebooks.Sessions;

/// <summary>
/// A C# notebook session: cells run one after the other, each seeing the variables, types and usings of those before, with top-level
/// await and a trailing expression as its value.
///
/// A running cell can be interrupted, also in <c>while (true) {}</c>; the session's variables stay. Out of reach of an interrupt are
/// native code until it returns, and threads that the cell started itself and that do not observe
/// <see cref="KernelInvocationContext.CancellationToken"/>.
/// </summary>
public sealed class CSharpSession : IDisposable
{
    private static readonly HashSet<Assembly> Registered = [];

    private readonly SemaphoreSlim _oneAtATime = new(1, 1);
    private readonly CellThread _thread = new();
    private readonly List<Submission> _submissions = [];
    private object?[] _instances = new object?[64];
    private int _instanceCount = 1;
    private int _executed;

    /// <summary>Starts a session.</summary>
    /// <param name="baseDirectory">The notebook's folder, to which <c>#r</c> and <c>#load</c> are relative; by default the current directory.</param>
    public CSharpSession(string? baseDirectory = null)
    {
        BaseDirectory = Path.GetFullPath(baseDirectory ?? Environment.CurrentDirectory);
        Compiler = new SubmissionCompiler(BaseDirectory);
        ConsoleRouter.Install();
    }

    /// <summary>The folder to which <c>#r</c> and <c>#load</c> are relative.</summary>
    public string BaseDirectory { get; }

    /// <summary>
    /// Is called once for each assembly that a cell references with <c>#r</c>: the place to register formatters for types that
    /// cannot carry the TypeFormatterSource attribute.
    /// </summary>
    public Action<Assembly>? AssemblyReferenced { get; set; }

    internal SubmissionCompiler Compiler { get; }

    /// <summary>The cells that compiled so far, oldest first.</summary>
    internal IReadOnlyList<Submission> Submissions
    {
        get
        {
            lock (_submissions)
                return [.. _submissions];
        }
    }

    /// <summary>Runs a cell, after those that were submitted before have ended.</summary>
    /// <param name="code">C# script.</param>
    /// <param name="sink">Receives what the cell shows, while it runs, from any thread.</param>
    /// <param name="cellName">Stands for the file in error messages; by default <c>cell</c> and a number.</param>
    /// <param name="keep">False evaluates without leaving a trace in the session.</param>
    /// <param name="interrupt">Interrupts the cell.</param>
    public async Task<CellResult> ExecuteAsync(
        string code, Action<CellOutput> sink, string? cellName = null, bool keep = true, CancellationToken interrupt = default)
    {
        await _oneAtATime.WaitAsync(CancellationToken.None);
        try
        {
            if (keep)
                _executed++;
            string name = cellName ?? $"cell {_executed}";
            Submission submission = await Task.Run(() => Compile(code, name, interrupt), interrupt);
            return await RunAsync(submission, sink, keep, interrupt);
        }
        catch (CellCompilationException e)
        {
            return new CellResult(CellStatus.Failed, null, CellErrors.Of(e));
        }
        catch (CellRefusedException e)
        {
            return new CellResult(CellStatus.Failed, null, CellErrors.Of(e));
        }
        catch (OperationCanceledException) when (interrupt.IsCancellationRequested)
        {
            return new CellResult(CellStatus.Interrupted, null, CellErrors.Interrupted());
        }
        catch (Exception e)
        {
            return new CellResult(CellStatus.Failed, null, CellErrors.Of(e));
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    /// <summary>
    /// Compiles a cell that uses what most first cells use, and throws it away, so that the first real cell does not pay for loading
    /// the compiler.
    /// </summary>
    public Task WarmUpAsync(CancellationToken cancellationToken = default) =>
        Task.Run(
            () =>
            {
                var other = new SubmissionCompiler(BaseDirectory);
                Submission warm = other.Compile(
                    "using System.Numerics; var warm = new[] { 1, 2 }; await Task.CompletedTask; $\"{warm.Sum()}\"", "warm-up", null, cancellationToken);
                MimeBundle.Of(warm.HasValue);
            },
            cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        _thread.Dispose();
        _oneAtATime.Dispose();
    }

    private Submission Compile(string code, string name, CancellationToken interrupt)
    {
        CSharpCompilation? previous;
        lock (_submissions)
            previous = _submissions.Count > 0 ? _submissions[^1].Compilation : null;
        return Compiler.Compile(code, name, previous, interrupt);
    }

    private async Task<CellResult> RunAsync(Submission submission, Action<CellOutput> sink, bool keep, CancellationToken interrupt)
    {
        NoteReferences(submission.Compilation, sink);
        if (submission.Factory is not { } factory)
        {
            Advance(submission, keep);
            return new CellResult(CellStatus.Succeeded, null, null);
        }

        if (_instanceCount == _instances.Length)
            Array.Resize(ref _instances, 2 * _instances.Length);
        object?[] instances = keep ? _instances : [.. _instances];
        var context = new KernelInvocationContext(sink, interrupt);
        try
        {
            MimeBundle? value = await _thread.RunAsync(
                async () =>
                {
                    KernelInvocationContext.Current = context;
                    object? result = await factory(instances);
                    return submission.HasValue ? MimeBundle.Of(result) : null;
                },
                context,
                e => sink(new StreamOutput(true, string.Join('\n', CellErrors.Of(e).Traceback) + "\n")),
                interrupt);
            return new CellResult(CellStatus.Succeeded, value, null);
        }
        finally
        {
            // A cell that failed or was stopped leaves the variables that it had set.
            Advance(submission, keep);
        }
    }

    private void Advance(Submission submission, bool keep)
    {
        if (!keep)
            return;
        lock (_submissions)
            _submissions.Add(submission);
        if (_instanceCount < _instances.Length && _instances[_instanceCount] is not null)
            _instanceCount++;
    }

    // Types that the library cannot mark itself (a plotting package's charts) are registered by a class that the assembly names in an
    // attribute simply called FormatterRegistrationAttribute, with a property Type RegistrationType; its static Register() is called.
    private void NoteReferences(CSharpCompilation compilation, Action<CellOutput> sink)
    {
        foreach (MetadataReference reference in compilation.DirectiveReferences)
        {
            if (reference is not PortableExecutableReference { FilePath: { } path })
                continue;
            Assembly assembly = Assembly.Load(AssemblyName.GetAssemblyName(path));
            lock (Registered)
            {
                if (!Registered.Add(assembly))
                    continue;
            }

            NoteOtherBuild(compilation, path, sink);
            object? convention = assembly.GetCustomAttributes().FirstOrDefault(a => a.GetType().Name == "FormatterRegistrationAttribute");
            if (convention?.GetType().GetProperty("RegistrationType")?.GetValue(convention) is Type registration)
                registration.GetMethod("Register", BindingFlags.Public | BindingFlags.Static, [])?.Invoke(null, null);
            AssemblyReferenced?.Invoke(assembly);
        }
    }

    private void NoteOtherBuild(CSharpCompilation compilation, string path, Action<CellOutput> sink)
    {
        foreach (SyntaxTree tree in compilation.SyntaxTrees)
        {
            foreach (var directive in ((Microsoft.CodeAnalysis.CSharp.Syntax.CompilationUnitSyntax)tree.GetRoot()).GetReferenceDirectives())
            {
                if (Compiler.Resolver.FullPath(directive.File.ValueText, tree.FilePath) is { } asked && asked != path
                    && Path.GetFileName(asked) == Path.GetFileName(path) && AssemblyLocator.ModuleId(asked) != AssemblyLocator.ModuleId(path))
                {
                    sink(new StreamOutput(true, $"{asked} is another build than the one that this kernel runs on; {path} is used.\n"));
                }
            }
        }
    }
}
