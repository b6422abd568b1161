using VisionCell.Notebooks.Sessions;

namespace Microsoft.DotNet.Interactive;

/// <summary>
/// The cell that is running, as dotnet-interactive names it: a notebook that displays, updates or observes cancellation through
/// this type runs unchanged under both kernels.
/// </summary>
public sealed class KernelInvocationContext
{
    private static readonly AsyncLocal<KernelInvocationContext?> Ambient = new();

    private readonly Action<CellOutput> _sink;

    internal KernelInvocationContext(Action<CellOutput> sink, CancellationToken cancellationToken)
    {
        _sink = sink;
        CancellationToken = cancellationToken;
    }

    /// <summary>
    /// The context of the cell that started the current flow of execution (tasks and threads that a cell starts inherit it), or
    /// null outside of any cell.
    /// </summary>
    public static KernelInvocationContext? Current
    {
        get => Ambient.Value;
        internal set => Ambient.Value = value;
    }

    /// <summary>
    /// Is cancelled as soon as the user interrupts the cell. Long library work that is given this token can stop cleanly; code that
    /// does not observe it is stopped by force a moment later.
    /// </summary>
    public CancellationToken CancellationToken { get; }

    /// <summary>Shows a value now, in the MIME types given or in those that its type prefers.</summary>
    /// <returns>A handle whose <see cref="DisplayedValue.Update"/> replaces what is shown.</returns>
    public DisplayedValue Display(object? value, params string[] mimeTypes)
    {
        string[] types = mimeTypes ?? [];
        return Show(MimeBundle.Of(value, types), types);
    }

    /// <summary>Shows text as the given MIME type, without formatting it.</summary>
    public DisplayedValue DisplayAs(string value, string mimeType, params string[] additionalMimeTypes)
    {
        string[] types = [mimeType, .. additionalMimeTypes ?? []];
        return Show(MimeBundle.Literal(value, types), types);
    }

    internal void Publish(CellOutput output) => _sink(output);

    private DisplayedValue Show(MimeBundle bundle, string[] mimeTypes)
    {
        string id = Guid.NewGuid().ToString("N");
        _sink(new DisplayOutput(bundle, id));
        return new DisplayedValue(id, mimeTypes, this);
    }
}
