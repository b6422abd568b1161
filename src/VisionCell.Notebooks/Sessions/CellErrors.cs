using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace VisionCell.Notebooks.Sessions;

/// <summary>Turns failures into what the reader of a notebook needs: the line and column, or the frames of their own code.</summary>
internal static partial class CellErrors
{
    // A missing bracket can cause a hundred follow-up errors that tell nothing new.
    private const int MostErrors = 10;

    // Recursion without end fails tens of thousands of frames deep.
    private const int MostFrames = 30;

    public static CellError Of(CellCompilationException compilation)
    {
        var lines = new List<string>();
        foreach (Diagnostic error in compilation.Errors.Take(MostErrors))
        {
            lines.Add(Describe(error));
            AddSource(lines, error.Location);
        }

        if (compilation.Errors.Length > MostErrors)
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"and {compilation.Errors.Length - MostErrors} more errors"));
        return new CellError("CompilationError", Describe(compilation.Errors[0]), lines);
    }

    public static CellError Of(CellRefusedException refusal) => new("NotSupported", refusal.Message, [refusal.Message]);

    public static CellError Interrupted() =>
        new("Interrupted", "The cell was interrupted; the session's variables are kept.", ["The cell was interrupted; the session's variables are kept."]);

    public static CellError Of(Exception exception)
    {
        while (exception is AggregateException { InnerExceptions.Count: 1 } or TargetInvocationException { InnerException: not null })
            exception = exception.InnerException!;
        var lines = new List<string>();
        for (Exception? e = exception; e is not null; e = e.InnerException)
        {
            string prefix = lines.Count == 0 ? string.Empty : "caused by ";
            lines.Add($"{prefix}{e.GetType().FullName}: {e.Message}");
            lines.AddRange(UserFrames(e));
        }

        return new CellError(exception.GetType().Name, exception.Message, lines);
    }

    private static string Describe(Diagnostic error)
    {
        LinePosition start = error.Location.GetMappedLineSpan().StartLinePosition;
        string where = error.Location.IsInSource
            ? string.Create(CultureInfo.InvariantCulture, $"{error.Location.GetMappedLineSpan().Path}({start.Line + 1},{start.Character + 1}): ")
            : string.Empty;
        return $"{where}error {error.Id}: {error.GetMessage(CultureInfo.InvariantCulture)}";
    }

    private static void AddSource(List<string> lines, Location location)
    {
        if (location.SourceTree is not { } tree)
            return;
        TextLine line = tree.GetText().Lines.GetLineFromPosition(location.SourceSpan.Start);
        string text = line.ToString();
        int column = location.SourceSpan.Start - line.Start;
        int length = Math.Max(1, Math.Min(location.SourceSpan.Length, text.Length - column));
        lines.Add("    " + text);
        lines.Add("    " + string.Concat(text.Take(column).Select(c => c == '\t' ? '\t' : ' ')) + new string('^', length));
    }

    // From the throwing frame down to the last one of the user's; what lies below is this kernel.
    private static string[] UserFrames(Exception exception)
    {
        StackFrame[] frames = new StackTrace(exception, fNeedFileInfo: true).GetFrames();
        int last = Array.FindLastIndex(frames, f => IsUserCode(f.GetMethod()));
        string[] lines = [.. frames.Take(last + 1).Where(f => !IsPlumbing(f.GetMethod())).Select(Describe)];
        return lines.Length <= MostFrames
            ? lines
            : [.. lines.Take(MostFrames / 2), string.Create(CultureInfo.InvariantCulture, $"   ... {lines.Length - MostFrames} more"), .. lines.TakeLast(MostFrames / 2)];
    }

    private static bool IsUserCode(MethodBase? method) =>
        method?.Module.Assembly.GetName().Name?.StartsWith(SubmissionCompiler.SubmissionLoadContext.Prefix, StringComparison.Ordinal) == true;

    private static bool IsPlumbing(MethodBase? method) =>
        method?.DeclaringType?.Namespace is "System.Runtime.CompilerServices" or "System.Runtime.ExceptionServices";

    private static string Describe(StackFrame frame)
    {
        MethodBase method = frame.GetMethod()!;
        // The compiler makes the name of a cell a path; for a library the path says where to look.
        string? path = IsUserCode(method) ? Path.GetFileName(frame.GetFileName()) : frame.GetFileName();
        string file = path is not null ? " in " + path : string.Empty;
        string line = file.Length > 0 ? string.Create(CultureInfo.InvariantCulture, $":line {frame.GetFileLineNumber()}") : string.Empty;
        return $"   at {NameOf(method)}{file}{line}";
    }

    private static string NameOf(MethodBase method)
    {
        // The body of an async or iterator method is the MoveNext of a generated class named after it: <Name>d__3, or
        // <<Initialize>>d__0 for the top level of a cell; a local function or lambda is <Outer>g__Name|0_0 or <Outer>b__0.
        string type = method.DeclaringType?.Name ?? string.Empty;
        string name = method.Name == "MoveNext" && Generated().Match(type) is { Success: true } machine ? machine.Groups["name"].Value : method.Name;
        if (LocalFunction().Match(name) is { Success: true } local)
            name = local.Groups["name"].Value;
        if (name is "<Initialize>" or "<Main>" or "<Factory>")
            return "the cell";
        if (name.Contains(">b__", StringComparison.Ordinal))
            name = "a lambda";
        string parameters = method.Name == "MoveNext" ? string.Empty
            : string.Join(", ", method.GetParameters().Select(p => p.ParameterType.Name + " " + p.Name));
        string owner = IsUserCode(method) ? string.Empty : method.DeclaringType?.FullName + ".";
        return $"{owner}{name}({parameters})";
    }

    [GeneratedRegex(@"^<(?<name><?\w+>?)>d__\d+")]
    private static partial Regex Generated();

    [GeneratedRegex(@"^<.*>g__(?<name>\w+)\|")]
    private static partial Regex LocalFunction();
}
